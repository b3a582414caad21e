"""Distort the test images of one replicate of a data set."""

from msgspec import convert

from onebit_rf.data.dataset import data_root
from onebit_rf.data.distorted import write_distorted
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        record, seed = snakemake.params.dataset, int(snakemake.wildcards.seed)
        write_distorted(
            snakemake.output[0],
            record=convert(record, DATASETS.get(record["kind"])),
            seed=seed,
            root=data_root(snakemake.config["data_root"]),
            params={"dataset": record, "seed": seed},
            progress=lambda distortions: progress(distortions, "distortions"),
        )

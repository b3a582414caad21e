"""Make one replicate of a data set."""

from msgspec import convert

from onebit_rf.data.dataset import data_root, write_dataset
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        record, seed = snakemake.params.dataset, int(snakemake.wildcards.seed)
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        write_dataset(snakemake.output[0], dataset, {"dataset": record, "seed": seed})

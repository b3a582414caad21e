"""Compute the features of the test rows on the second path for one data set, network, law and seed."""

from msgspec import convert

from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.features.second_path import extract_second_path
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        record, network = snakemake.params.dataset, snakemake.params.network
        law, seed, shift = snakemake.params.law, int(snakemake.wildcards.seed), snakemake.params.shift
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        extract_second_path(
            snakemake.output[0],
            dataset=dataset,
            law=law,
            widths=network["widths"],
            activation=network["activation"],
            seed=seed,
            shift=shift,
            params={"dataset": record, "network": network, "law": law, "seed": seed, "shift": shift},
            weights=next(iter(snakemake.input.get("weights", [])), None),
            progress=lambda depths: progress(depths, "features"),
        )

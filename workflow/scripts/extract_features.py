"""Compute the features of every depth for one data set, network, law and seed."""

from msgspec import convert

from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.features.extract import extract_features
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        record, network = snakemake.params.dataset, snakemake.params.network
        law, seed = snakemake.params.law, int(snakemake.wildcards.seed)
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        extract_features(
            snakemake.output[0],
            dataset=dataset,
            law=law,
            widths=network["widths"],
            activation=network["activation"],
            seed=seed,
            params={"dataset": record, "network": network, "law": law, "seed": seed},
            weights=next(iter(snakemake.input.get("weights", [])), None),
            step=snakemake.params.step,
            progress=lambda depths: progress(depths, "features"),
        )

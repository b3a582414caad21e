"""Compute the features of every depth for one data set, network, law and seed."""

from onebit_rf.features import extract_features
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        network = snakemake.params.network
        extract_features(
            snakemake.output[0],
            data=snakemake.input.data[0],
            weights=snakemake.input.weights[0],
            law=snakemake.wildcards.law,
            widths=network["widths"],
            activation=network["activation"],
            params={**snakemake.wildcards, **network},
            progress=lambda depths: progress(depths, "features"),
        )

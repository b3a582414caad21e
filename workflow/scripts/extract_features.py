"""Compute the features of every depth for one data set, network, law and seed."""

from onebit_rf.features.extract import extract_features
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params
        extract_features(
            snakemake.output[0],
            data=snakemake.input.data[0],
            weights=snakemake.input.weights[0],
            encoding=params.encoding,
            widths=params.network["widths"],
            activation=params.network["activation"],
            params={**snakemake.wildcards, **params.network, "dataset_record": params.dataset},
            progress=lambda depths: progress(depths, "features"),
        )

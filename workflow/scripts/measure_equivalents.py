"""Hold the features of one cell of an experiment, law and seed against their Gaussian equivalents at every depth."""

from onebit_rf.equivalents.stage import measure_equivalents
from onebit_rf.jobs.job import job, progress

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params
        measure_equivalents(
            snakemake.output[0],
            features=snakemake.input.features[0],
            names=params.names,
            **params.model,
            **params.task,
            law=params.law,
            seed=int(snakemake.wildcards.seed),
            progress=lambda depths: progress(depths, "equivalents"),
        )

"""Train and measure the read-outs of one experiment, law and seed at every depth."""

from onebit_rf.jobs.job import job, progress
from onebit_rf.readout.stage import train_readout

if __name__ == "__main__":
    with job(snakemake):
        experiment, wildcards = snakemake.params.experiment, snakemake.wildcards
        train_readout(
            snakemake.output[0],
            features=snakemake.input.features[0],
            data=snakemake.input.data[0],
            experiment=experiment,
            depths=snakemake.params.depths,
            law=wildcards.law,
            seed=int(wildcards.seed),
            progress=lambda depths: progress(depths, "read-outs"),
        )

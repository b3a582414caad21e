"""Train and measure the read-outs of one cell of an experiment, law and seed at every depth."""

from msgspec import convert

from onebit_rf.config.task import AnyTask
from onebit_rf.jobs.job import job, progress
from onebit_rf.readout.stage import train_readout

if __name__ == "__main__":
    with job(snakemake):
        params, wildcards = snakemake.params, snakemake.wildcards
        train_readout(
            snakemake.output[0],
            features=snakemake.input.features[0],
            second_path=next(iter(snakemake.input.get("second_path", [])), None),
            names=params.names,
            task=convert(params.task, AnyTask),
            dims=params.dims,
            activation=params.activation,
            spectrum=params.spectrum,
            outputs=params.outputs,
            law=params.law,
            seed=int(wildcards.seed),
            progress=lambda depths: progress(depths, "read-outs"),
        )

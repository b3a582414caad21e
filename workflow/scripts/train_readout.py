"""Train and measure the read-outs of one experiment, law and seed at every depth."""

from msgspec import convert

from onebit_rf.config.experiment import LabelsExperiment, TeacherExperiment
from onebit_rf.jobs.job import job, progress
from onebit_rf.readout.stage import train_readout

if __name__ == "__main__":
    with job(snakemake):
        params, wildcards = snakemake.params, snakemake.wildcards
        train_readout(
            snakemake.output[0],
            features=snakemake.input.features[0],
            name=wildcards.experiment,
            experiment=convert(params.experiment, TeacherExperiment | LabelsExperiment),
            dims=params.dims,
            activation=params.activation,
            spectrum=params.spectrum,
            law=wildcards.law,
            seed=int(wildcards.seed),
            progress=lambda depths: progress(depths, "read-outs"),
        )

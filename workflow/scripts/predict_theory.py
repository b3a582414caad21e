"""Predict the test error of one experiment at every depth and sample size."""

from msgspec import convert

from onebit_rf.config.experiment import TeacherExperiment
from onebit_rf.jobs.job import job
from onebit_rf.theory.stage import predict_theory

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params
        model = {"dims": params.dims, "activation": params.activation, "spectrum": params.spectrum}
        predict_theory(
            snakemake.output[0],
            name=snakemake.wildcards.experiment,
            experiment=convert(params.experiment, TeacherExperiment),
            params={"experiment": params.experiment, **model},
            **model,
        )

"""Predict the test error of one experiment at every depth and sample size."""

from msgspec import convert

from onebit_rf.config.experiment import TeacherExperiment, problem
from onebit_rf.jobs.job import job
from onebit_rf.theory.stage import predict_theory

if __name__ == "__main__":
    with job(snakemake):
        params, experiment = snakemake.params, convert(snakemake.params.experiment, TeacherExperiment)
        problems = {
            readout: [
                problem(experiment, params.dims[: depth + 1], params.activation, params.spectrum, readout)
                for depth in range(1, len(params.dims))
            ]
            for readout in experiment.readouts
        }
        record = {name: params[name] for name in ("experiment", "dims", "activation", "spectrum")}
        predict_theory(snakemake.output[0], snakemake.wildcards.experiment, problems, record)

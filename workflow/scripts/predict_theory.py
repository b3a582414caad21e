"""Predict the test error of one cell of an experiment at every depth and sample size."""

from msgspec import convert

from onebit_rf.config.task import TeacherTask, problem
from onebit_rf.jobs.job import job
from onebit_rf.theory.stage import predict_theory

if __name__ == "__main__":
    with job(snakemake):
        params, task = snakemake.params, convert(snakemake.params.task, TeacherTask)
        problems = {
            readout: [
                problem(task, params.dims[: depth + 1], params.activation, params.spectrum, readout)
                for depth in range(1, len(params.dims))
            ]
            for readout in task.readouts
        }
        record = {name: params[name] for name in ("names", "task", "dims", "activation", "spectrum")}
        predict_theory(snakemake.output[0], params.names, problems, record)

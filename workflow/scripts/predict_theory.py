"""Predict the test error of one cell of an experiment at every depth and sample size."""

from msgspec import convert

from onebit_rf.config.task import TeacherTask, problem
from onebit_rf.jobs.job import job
from onebit_rf.model.readouts import READOUTS
from onebit_rf.theory.stage import Case, predict_theory

if __name__ == "__main__":
    with job(snakemake):
        params, task = snakemake.params, convert(snakemake.params.task, TeacherTask)
        kinds = {readout: READOUTS.get(readout) for readout in task.readouts}
        cases = {
            readout: Case(
                [
                    problem(task, params.dims[: depth + 1], params.activation, params.spectrum, readout)
                    for depth in range(1, len(params.dims))
                ],
                kind.options.get("bits"),
                task.second_path,
                task.sharpness and kind.learner == "ridge",
            )
            for readout, kind in kinds.items()
            if kind.predicted
        }
        record = {name: params[name] for name in ("names", "task", "dims", "activation", "spectrum")}
        predict_theory(snakemake.output[0], params.names, cases, record)

"""Predict the test error of one experiment at every depth and sample size."""

from itertools import product
from typing import Any

import numpy as np

from onebit_rf.config.experiment import problem, sample_sizes
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import TableWriter
from onebit_rf.theory import predict_curve


def predict_theory(path: str, experiment: dict[str, Any], dataset: dict[str, Any], network: dict[str, Any]) -> None:
    """Write a table of schema `theory`: every read-out, depths 1…L, n = 1…n_max."""
    n_train = np.arange(1, sample_sizes(experiment)[-1] + 1)
    params = {"experiment": experiment, "dataset": dataset, "network": network}
    with TableWriter(path, "theory", params) as writer:
        for readout, depth in product(experiment["readouts"], range(1, len(network["widths"]) + 1)):
            curve = predict_curve(problem(experiment, dataset, network, readout, depth), n_train)
            writer.write(
                depth=depth,
                n_train=n_train,
                readout=readout,
                value=[point.error for point in curve],
                kappa=[point.kappa[-1] for point in curve],
                df=[point.df[-1] for point in curve],
                **{
                    name: [getattr(point, name) for point in curve]
                    for name in ("converged", "reason", "residual", "iterations")
                },
            )


if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params
        predict_theory(snakemake.output[0], params.experiment, params.dataset, params.network)

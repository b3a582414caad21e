"""The theory stage: the prediction for every read-out, depth and sample size of an experiment; needs no data."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.config.experiment import TeacherExperiment, problem
from onebit_rf.model.readouts import READOUTS
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.theory import THEORY
from onebit_rf.theory.prediction import predict_curve


def predict_theory(
    path: str | Path,
    name: str,
    experiment: TeacherExperiment,
    dims: Sequence[int],
    activation: str,
    spectrum: str,
    params: dict[str, Any],
) -> None:
    """Write the table `theory` of one experiment: every read-out, depths 1…L, n = 1…n_max.

    Args:
        path: the table.
        name: of the experiment.
        experiment: its record.
        dims: (d_0, …, d_L).
        activation: φ.
        spectrum: of Σ_0.
        params: what the table's provenance records.
    """
    n_train = np.arange(1, experiment.n_train.sizes()[-1] + 1)
    with TableWriter(path, THEORY, params) as writer:
        for readout, depth in product(experiment.readouts, range(1, len(dims))):
            task = problem(experiment, dims[: depth + 1], activation, spectrum, readout)
            curve = predict_curve(task, n_train)
            writer.write(
                experiment=name,
                depth=depth,
                n_train=n_train,
                readout=readout,
                metric="error_rate" if READOUTS.get(readout).classifies else "mse",
                value=[point.error for point in curve],
                kappa=[point.kappa[-1] for point in curve],
                df=[point.df[-1] for point in curve],
                **{
                    field: [getattr(point, field) for point in curve]
                    for field in ("converged", "reason", "residual", "iterations")
                },
            )

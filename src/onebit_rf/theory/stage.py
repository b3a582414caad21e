"""The theory stage: the prediction for every read-out, depth and sample size of an experiment; needs no data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.theory import THEORY
from onebit_rf.theory.prediction import predict_curve

OWN = ("converged", "reason", "residual", "iterations")
# Whether the loss is the square → metric of the table → field of a prediction.
METRICS = {True: {"mse": "error", "train_mse": "train_error", "gap": "gap"}, False: {"error_rate": "error"}}


def predict_theory(
    path: str | Path, names: Mapping[str, Any], problems: Mapping[str, Sequence[Problem]], params: dict[str, Any]
) -> None:
    """Write the table `theory` of one cell of an experiment.

    Args:
        path: the table.
        names: the columns `experiment` and `cell`, and the swept leaves with their values.
        problems: read-out → its problems at depths 1…L, each predicted at n = 1…n_train.
        params: what the table's provenance records.
    """
    with TableWriter(path, THEORY.sweeping(names), params) as writer:
        for readout, problem in ((readout, problem) for readout, depths in problems.items() for problem in depths):
            n_train = np.arange(1, problem.n_train + 1)
            curve = predict_curve(problem, n_train)
            own = {name: [getattr(point, name) for point in curve] for name in OWN}
            last = {name: [getattr(point, name)[-1] for point in curve] for name in ("kappa", "df")}
            for metric, name in METRICS[problem.loss == "square"].items():
                writer.write(
                    **names,
                    depth=len(problem.dims) - 1,
                    n_train=n_train,
                    readout=readout,
                    metric=metric,
                    value=[getattr(point, name) for point in curve],
                    **last,
                    **own,
                )

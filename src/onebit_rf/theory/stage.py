"""The theory stage: the prediction for every read-out, depth and sample size of an experiment; needs no data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.theory import THEORY
from onebit_rf.theory.prediction import Prediction, predict_curve

OWN = ("converged", "reason", "residual", "iterations")
# Metric of the table → field of a prediction, of a read-out as it is trained and of one that is rounded.
TRAINED = {"mse": "error", "train_mse": "train_error", "gap": "gap", "error_rate": "error_rate"}
ROUNDED = {"mse": "rounded_error", "train_mse": "rounded_train_error", "error_rate": "rounded_error_rate"}
SHARPNESS = {"lambda_max": "lambda_max", "lambda_finite": "lambda_finite", "trace": "trace"}
SECOND = {"shifted_mse": "shifted_error", "shifted_error_rate": "shifted_error_rate"}
SECOND_ROUNDED = {"shifted_mse": "rounded_error", "shifted_error_rate": "rounded_error_rate"}


@dataclass(frozen=True)
class Case:
    """What one read-out is predicted for.

    Attributes:
        problems: at depths 1…L, each at n = 1…n_train.
        bits: to which the read-out is rounded; else None.
        second_path: what is tested beside what was trained; else None.
        with_sharpness: whether λ_max and trace are predicted, too.
    """

    problems: Sequence[Problem]
    bits: int | None = None
    second_path: SecondPath | None = None
    with_sharpness: bool = False


def predict_theory(
    path: str | Path, names: Mapping[str, Any], cases: Mapping[str, Case], params: dict[str, Any]
) -> None:
    """Write the table `theory` of one cell of an experiment.

    Args:
        path: the table.
        names: the columns `experiment` and `cell`, and the swept leaves with their values.
        cases: read-out → what it is predicted for.
        params: what the table's provenance records.
    """
    with TableWriter(path, THEORY.sweeping(names), params) as writer:
        for readout, case in cases.items():
            for problem in case.problems:
                n_train = np.arange(1, problem.n_train + 1)
                for metric, values, curve in _metrics(problem, n_train, case):
                    last = {name: [getattr(point, name)[-1] for point in curve] for name in ("kappa", "df")}
                    writer.write(
                        **names,
                        depth=len(problem.dims) - 1,
                        n_train=n_train,
                        readout=readout,
                        metric=metric,
                        value=values,
                        **last,
                        **{name: [getattr(point, name) for point in curve] for name in OWN},
                    )


def _metrics(
    problem: Problem, n_train: np.ndarray, case: Case
) -> Iterator[tuple[str, Sequence[float], list[Prediction]]]:
    """Yield the metrics of a read-out with their values, and the predictions that these are from."""
    first = SecondPath(readout_bits=case.bits) if case.bits else None
    curve = predict_curve(problem, n_train, first)
    values = _fields(curve, ROUNDED if case.bits else TRAINED)
    if case.bits:
        with np.errstate(invalid="ignore"):  # both are inf where the read-out diverges
            values["gap"] = np.add(values["mse"], problem.noise**2) - values["train_mse"]
    yield from ((metric, numbers, curve) for metric, numbers in values.items())
    if case.second_path:
        curve = predict_curve(problem, n_train, replace(case.second_path, readout_bits=case.bits))
        fields = _fields(curve, SECOND_ROUNDED if case.bits else SECOND)
        yield from ((metric, numbers, curve) for metric, numbers in fields.items())
    if case.with_sharpness:
        curve = predict_curve(problem, n_train, with_sharpness=True)
        yield from ((metric, numbers, curve) for metric, numbers in _fields(curve, SHARPNESS).items())


def _fields(curve: list[Prediction], wanted: Mapping[str, str]) -> dict[str, list[float]]:
    """Return metric → its values, of the fields that apply."""
    columns = {metric: [getattr(point, name) for point in curve] for metric, name in wanted.items()}
    return {metric: values for metric, values in columns.items() if values[0] is not None}

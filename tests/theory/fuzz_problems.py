"""Random problems and second paths: no exception, no warning, no impossible number; the same path, the same error.

python tests/theory/fuzz_problems.py 10000 [SEED]
"""

import sys
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory import Prediction, predict_curve

ERRORS = ("error", "train_error", "shifted_error", "rounded_error", "rounded_train_error")
RATES = ("error_rate", "shifted_error_rate", "rounded_error_rate")


def between(generator: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def draw(generator: np.random.Generator) -> tuple[Problem, SecondPath, list[int]]:
    """A problem, a second path and three numbers of samples."""

    def one_of(*values):
        return values[generator.integers(len(values))]

    dims = tuple(int(between(generator, 2, 20_000)) for _ in range(generator.integers(2, 8)))
    labels, loss = one_of(("linear", "square"), ("linear", "square"), ("sign", "square"), ("linear", "logistic"))
    if loss != "square":
        loss = one_of("logistic", "squared-hinge")
    linear = labels == "linear" and loss == "square"
    problem = Problem(
        dims,
        1,
        one_of(*ACTIVATIONS.names()),
        one_of("identity", "power:0.5", "power:1.5"),
        noise=one_of(0.0, between(generator, 1e-3, 1e2)) if linear else 0.0,
        ridge=one_of(0.0, between(generator, 1e-9, 1e6)) if loss == "square" else 0.0,
        penalty=0.0 if loss == "square" else between(generator, 1e-6, 1e4),
        labels=labels,
        loss=loss,
        teacher=one_of("normal", "normal", "uniform:0,1"),
    )
    path = SecondPath(
        one_of(0.0, between(generator, 1e-6, 1e2)),
        one_of(1.0, -1.0, between(generator, 0.1, 10)),
        one_of(1.0, generator.uniform(-1, 1)),
        one_of(1.0, (2 / np.pi) ** 0.5, generator.uniform(-1, 1)),
        one_of(0.0, between(generator, 1e-3, 10)) if loss == "square" else 0.0,
        one_of(None, 1, 2, 4, 12) if loss == "square" else None,
    )
    return problem, path, [max(1, int(dims[-1] * between(generator, 0.01, 100))) for _ in range(3)]


def faults_of(problem: Problem, n_train: int, point: Prediction) -> list[str]:
    """What is impossible in a prediction."""
    if not point.converged:
        return [] if point.reason else ["neither converged nor a reason"]
    errors = {name: getattr(point, name) for name in ERRORS if getattr(point, name) is not None}
    rates = {name: getattr(point, name) for name in RATES if getattr(point, name) is not None}
    faults = [f"{name} {value}" for name, value in errors.items() if not 0 <= value < np.inf]
    faults += [f"{name} {value}" for name, value in rates.items() if not 0 <= value <= 1]
    # Below 20 rows or columns the limit's largest eigenvalue may lie below the mean one.
    least = min(n_train, problem.dims[-1])
    if point.trace is not None and least >= 20 and point.lambda_max < point.trace / least * (1 - 1e-9):
        faults.append(f"lambda_max {point.lambda_max} below the mean eigenvalue {point.trace / least}")
    return faults


def check(problem: Problem, path: SecondPath, n_train: list[int]) -> list[str]:
    """The faults of one problem on a path, and on the path that is the first; [] if it is refused in one line."""
    try:
        points = predict_curve(problem, n_train, path, with_sharpness=True)
        same = predict_curve(problem, n_train, SecondPath())
    except OnebitError as error:
        return ["more than one line"] if "\n" in str(error) else []
    faults = [fault for n, point in zip(n_train, points, strict=True) for fault in faults_of(problem, n, point)]
    # With an offset both sides are averages over it of numbers that are equal but for rounding.
    close = 1e-9 if problem.labels == "sign" else 0.0
    for point in (point for point in same if point.converged):
        if point.shifted_error is not None and abs(point.shifted_error - point.error) > close * point.error:
            faults.append(f"on the same path {point.shifted_error}, not {point.error}")
        if point.shifted_error_rate is not None and abs(point.shifted_error_rate - point.error_rate) > 1e-7:
            faults.append(f"on the same path the rate {point.shifted_error_rate}, not {point.error_rate}")
    best = [predict_curve(replace(problem, ridge=ridge), n_train) for ridge in BEST] if is_plain(problem) else []
    nothing = predict_curve(replace(problem, ridge=1e12), n_train) if best else []
    for n, zero, *others in zip(n_train, nothing, *best, strict=False):
        least = min(point.error for point in others if point.converged)
        if least > zero.error * (1 + 1e-6):
            faults.append(f"n {n}: {least} at the best ridge, more than {zero.error} of predicting 0")
    return faults


BEST = (1e-3, 1.0, 1e3, 1e6, 1e9, 1e12)


def is_plain(problem: Problem) -> bool:
    """Whether the error of predicting 0 is known: linear labels by ridge."""
    return problem.labels == "linear" and problem.loss == "square"


def fuzz(count: int, seed: int) -> Counter:
    """Check `count` problems and return their faults; warnings are errors."""
    generator, faults = np.random.default_rng(seed), Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(count):
            drawn = draw(generator)
            for fault in check(*drawn):
                faults[f"{fault}: {drawn}"] += 1
    return faults


if __name__ == "__main__":
    found = fuzz(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(*found, sep="\n")
    print(f"{sys.argv[1]} problems, {len(found)} with faults")

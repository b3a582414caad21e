"""Ridge, minimum norm and least squares on a teacher's labels, at every sample size from one factorisation."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import Rows, Sample, of_labels, train_errors


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Train ridge regression with λ = `problem.ridge`; yield excess MSE, training MSE and gap by each estimator.

    teacher_averaged is exact over A* and ε, recorded at every n, and there for teachers of mean 0 and variance 1;
    sampled_teacher is the mean over the K teachers. The gap is that of the labels with their noise, E + σ² − R_train.
    """
    curve, noise = LearningCurve(sample.train, sample.n_train, problem.ridge), problem.noise
    if TEACHERS.get(problem.teacher).standard:
        n, error = curve.averaged_error(sample.test, noise)
        errors = {"mse": error, "train_mse": curve.averaged_train_error(noise)}
        yield from _rows({"n_train": n, "estimator": "teacher_averaged"}, errors, noise)
    fits, reason = curve.fit(sample.labels)
    test = _mean_square(sample.test, fits - sample.teachers[:, None])
    errors = {"mse": test, "train_mse": train_errors(sample.train, sample.labels, fits, sample.n_train)}
    residual = of_labels(errors["train_mse"], sample.labels, sample.n_train)
    known = {"n_train": sample.n_train, "estimator": "sampled_teacher", "reason": reason, "train_residual": residual}
    yield from _rows(known, errors, noise)


def _rows(known: Rows, errors: dict[str, np.ndarray], noise: float) -> Iterator[Rows]:
    """Yield the rows of both errors and of their gap."""
    gap = errors["mse"] + noise**2 - errors["train_mse"]
    yield from ({**known, "metric": metric, "value": value} for metric, value in {**errors, "gap": gap}.items())


def _mean_square(test: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Mean over test rows and teachers of (x·e)² for the errors e of shape (p, g, K): shape (g,)."""
    p, grid, teachers = errors.shape
    return np.mean((test @ errors.reshape(p, -1)).reshape(-1, grid, teachers) ** 2, axis=(0, 2))

"""Ridge, minimum norm and least squares on a teacher's labels, at every sample size from one factorisation."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import Rows, Sample, relative_residual


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Train ridge regression with λ = `problem.ridge`; yield the excess MSE by one or both estimators.

    teacher_averaged is exact over A* and ε, recorded at every n, and there for teachers of mean 0 and variance 1;
    sampled_teacher is the mean over the K teachers.
    """
    curve = LearningCurve(sample.train, sample.n_train, problem.ridge)
    if TEACHERS.get(problem.teacher).standard:
        n, error = curve.averaged_error(sample.test, problem.noise)
        yield {"n_train": n, "estimator": "teacher_averaged", "value": error}
    fits, reason = curve.fit(sample.labels)
    yield {
        "n_train": sample.n_train,
        "estimator": "sampled_teacher",
        "value": _mean_square(sample.test, fits - sample.teachers[:, None]),
        "reason": reason,
        "train_residual": relative_residual(sample.train, sample.labels, fits, sample.n_train),
    }


def _mean_square(test: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Mean over test rows and teachers of (x·e)² for the errors e of shape (p, g, K): shape (g,)."""
    p, grid, teachers = errors.shape
    return np.mean((test @ errors.reshape(p, -1)).reshape(-1, grid, teachers) ** 2, axis=(0, 2))

"""The interpolator that stochastic mirror descent ends at, found from its dual."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.problem import Problem
from onebit_rf.readout.interpolators import Interpolator, interpolate_bregman
from onebit_rf.readout.sample import Rows, Sample

UNSOLVED = "the dual of the interpolator was not solved to its tolerance"


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Find the interpolator of least Bregman divergence of `problem.mirror`; yield its excess MSE."""
    potential, teachers = MIRRORS.get(problem.mirror), range(sample.labels.shape[1])
    fits = [
        [interpolate_bregman(sample.train[:n], sample.labels[:n, k], potential) for k in teachers]
        for n in sample.n_train
    ]
    yield rows_of(fits, sample, UNSOLVED)


def rows_of(fits: list[list[Interpolator]], sample: Sample, unsolved: str) -> Rows:
    """The columns of fits [n][teacher]: means over the teachers, and whether all of them were found."""
    converged = np.array([all(fit.converged for fit in row) for row in fits])
    return {
        "n_train": sample.n_train,
        "estimator": "sampled_teacher",
        "value": np.mean([[_excess_error(fit, sample, k) for k, fit in enumerate(row)] for row in fits], axis=1),
        "converged": converged,
        "reason": np.where(converged, "", unsolved),
        "train_residual": np.max([[fit.residual for fit in row] for row in fits], axis=1),
    }


def _excess_error(fit: Interpolator, sample: Sample, k: int) -> float:
    readout = fit.weights * sample.train.shape[1] ** -0.5
    return np.mean((sample.test @ (readout - sample.teachers[:, k])) ** 2)

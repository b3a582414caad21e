"""Stochastic mirror descent itself, and how far from its limit it ends."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.problem import Problem
from onebit_rf.readout.interpolators import Interpolator, descend_stochastically, interpolate_bregman
from onebit_rf.readout.mirror import rows_of
from onebit_rf.readout.sample import Rows, Sample

UNFINISHED = "mirror descent, or the interpolator that it is held against, did not reach its tolerance"


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Run stochastic mirror descent with `problem.mirror`; yield its excess MSE and its distance to the limit."""
    teachers = range(sample.labels.shape[1])
    fits = [[_descend(problem, sample, n, k) for k in teachers] for n in sample.n_train]
    rows = rows_of([[fit for fit, _ in row] for row in fits], sample, UNFINISHED)
    yield {**rows, "distance": np.max([[distance for _, distance in row] for row in fits], axis=1)}


def _descend(problem: Problem, sample: Sample, n: int, k: int) -> tuple[Interpolator, float]:
    """Fit teacher k on n samples; return the fit and its distance to the limit relative to the way there."""
    potential, train, labels = MIRRORS.get(problem.mirror), sample.train[:n], sample.labels[:n, k]
    limit = interpolate_bregman(train, labels, potential)
    fit = descend_stochastically(train, labels, potential, stream(sample.seed, "descent", sample.depth, n, k))
    distance = np.linalg.norm(fit.weights - limit.weights) / np.linalg.norm(limit.weights - potential.start)
    return replace(fit, converged=fit.converged and limit.converged), distance

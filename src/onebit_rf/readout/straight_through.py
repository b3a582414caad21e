"""Quantization-aware training of the read-out: gradient descent through the rounding, straight through."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.grids import grid
from onebit_rf.model.problem import Problem
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.ridge import measured
from onebit_rf.readout.sample import Rows, Sample

STEPS = 1000  # of full-batch descent; the best of them is kept
RATE = 1.0  # of the largest stable step, 1/λ_max(XᵀX + λ)


def learn(problem: Problem, sample: Sample, bits: int) -> Iterator[Rows]:
    """Descend |y − X Q(a)|² + λ|a|² in a as if Q(a) were a, from the ridge read-out; yield the errors of the best Q(a).

    Q rounds to a grid of `bits` scaled by the root mean square of a, as rounding after training does. Best is what
    fits the training labels best: rounded iterates do not converge, they wander.
    """
    start, reason = LearningCurve(sample.train, sample.n_train, problem.ridge).fit(sample.labels)
    fits = [
        _descend(sample.train[:n], sample.labels[:n], start[:, i], problem.ridge, bits)
        for i, n in enumerate(sample.n_train)
    ]
    yield from measured(np.stack(fits, axis=1), problem, sample, reason)


def _descend(train: np.ndarray, labels: np.ndarray, start: np.ndarray, ridge: float, bits: int) -> np.ndarray:
    """Return the best rounded iterate of every column, shape (p, K)."""
    step = RATE / (np.linalg.norm(train, 2) ** 2 + ridge)
    latent, best = start.copy(), grid(bits).round_scaled(start)
    least = np.sum((labels - train @ best) ** 2, axis=0)
    for _ in range(STEPS):
        rounded = grid(bits).round_scaled(latent)
        missed = labels - train @ rounded
        loss = np.sum(missed**2, axis=0)
        better = loss < least
        best[:, better], least[better] = rounded[:, better], loss[better]
        latent = latent + step * (train.T @ missed - ridge * latent)
    return best

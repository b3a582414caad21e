"""What every read-out of a teacher is trained on: one depth's features with the labels of random teachers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS

Rows = dict[str, Any]  # columns of the readout table that a learner fills


@dataclass(frozen=True)
class Sample:
    """Features of one depth with the labels of K random teachers.

    Attributes:
        train, test: F (N, p) and T (m, p), float64.
        teachers: a* = A*/√p, one per column, shape (p, K).
        labels: F a* + σε, or sign(F a*), shape (N, K).
        targets: T a*, or its signs: what is predicted at test, free of noise, shape (m, K).
        second: T' (m, p), the test rows on the second path; None where there is none.
        readout_noise: s of the second path, where η/√p with Var η = s² is added to the read-out.
        n_train: sample sizes, increasing.
        seed, depth: names of the random streams.
    """

    train: np.ndarray
    test: np.ndarray
    teachers: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    second: np.ndarray | None
    readout_noise: float
    n_train: np.ndarray
    seed: int
    depth: int

    def draw_readout_noise(self, outputs: int) -> np.ndarray:
        """η/√p, shape (p, K)."""
        width = self.train.shape[1]
        eta = stream(self.seed, "readout_noise", self.depth).standard_normal((width, outputs))
        return self.readout_noise * width**-0.5 * eta


def draw_sample(
    train: np.ndarray,
    test: np.ndarray,
    second: np.ndarray | None,
    readout_noise: float,
    problem: Problem,
    n_train: np.ndarray,
    teachers: int,
    seed: int,
    depth: int,
) -> Sample:
    """Draw K = `teachers` teachers and label noise; all laws of the weights get the same A* and ε."""
    shape = (train.shape[1], teachers)
    a = TEACHERS.get(problem.teacher).sample(stream(seed, "teacher", depth), shape) * shape[0] ** -0.5
    noise = stream(seed, "label_noise", depth).standard_normal((len(train), shape[1]))
    labels, targets = train @ a + problem.noise * noise, test @ a
    if problem.labels == "sign":
        labels, targets = np.sign(labels), np.sign(targets)
    return Sample(train, test, a, labels, targets, second, readout_noise, n_train, seed, depth)


def square_errors(rows: np.ndarray, fits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean over rows and outputs of (y − x·â)² for the read-outs â of shape (p, g, K) and targets (m, K): (g,)."""
    return np.mean((predicted(rows, fits) - targets[:, None]) ** 2, axis=(0, 2))


def error_rates(rows: np.ndarray, fits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Share of rows and outputs where the sign of x·â is not that of the target: shape (g,)."""
    return np.mean(predicted(rows, fits) * targets[:, None] <= 0, axis=(0, 2))


def predicted(rows: np.ndarray, fits: np.ndarray) -> np.ndarray:
    """x·â for rows (m, p) and read-outs (p, g, K): shape (m, g, K)."""
    p, grid, outputs = fits.shape
    return (rows @ fits.reshape(p, -1)).reshape(len(rows), grid, outputs)


def train_errors(train: np.ndarray, labels: np.ndarray, fits: np.ndarray, n_train: np.ndarray) -> np.ndarray:
    """|y − F_n â_n|² per row and output over the first n rows, for each n: shape (g,)."""
    missed = predicted(train, fits) - labels[:, None, :]
    leading = np.arange(len(train))[:, None] < n_train
    return np.sum(np.mean(missed**2, axis=2) * leading, axis=0) / n_train


def relative_residual(train: np.ndarray, labels: np.ndarray, fits: np.ndarray, n_train: np.ndarray) -> np.ndarray:
    """|y − F_n â_n|/|y| over the first n rows, for each n: shape (g,)."""
    return of_labels(train_errors(train, labels, fits, n_train), labels, n_train)


def of_labels(train_mse: np.ndarray, labels: np.ndarray, n_train: np.ndarray) -> np.ndarray:
    """|y − F_n â_n|/|y| from the training errors: shape (g,)."""
    return np.sqrt(train_mse * n_train / np.cumsum(np.mean(labels**2, axis=1))[n_train - 1])

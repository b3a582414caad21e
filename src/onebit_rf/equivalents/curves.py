"""Learning curves of rows whose second moment at test is given: ridge regression, averaged over teachers and noise."""

from collections.abc import Sequence

import numpy as np

from onebit_rf.readout.learning_curve import LearningCurve


def root(moment: np.ndarray) -> np.ndarray:
    """Return the symmetric R with R² = `moment`, a symmetric matrix without negative eigenvalues but for rounding."""
    values, vectors = np.linalg.eigh(moment)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def train_sets(rows: np.ndarray, n: int) -> list[np.ndarray]:
    """Return as many disjoint sets of n rows as there are."""
    return [rows[first : first + n] for first in range(0, len(rows) - n + 1, n)]


def averaged_errors(
    fitted: Sequence[np.ndarray], moment: np.ndarray, n_train: np.ndarray, ridge: float, noise: float
) -> np.ndarray:
    """Return the mean over the sets of E_{A*,ε} (x·(a* − â_n))² for each n, shape (g,).

    The error sees the test rows T through TᵀT/m alone, so that a root of the moment takes their place: p rows √p R.

    Args:
        fitted: sets of train rows (N, p), float64, N = n_train[-1].
        moment: E xxᵀ of the test rows, or the mean over some, shape (p, p).
        n_train: increasing sample sizes.
        ridge, noise: λ and σ.

    Raises:
        numpy.linalg.LinAlgError: where λ = 0 and the features are linearly dependent.
    """
    test = np.sqrt(len(moment)) * root(moment)
    errors = []
    for train in fitted:
        n, error = LearningCurve(train, n_train, ridge).averaged_error(test, noise)
        errors.append(error[np.searchsorted(n, n_train)])
    return np.mean(errors, axis=0)

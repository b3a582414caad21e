"""Sharpness of the square loss: the spectrum of XᵀX/n, half the Hessian of |y − Xa|²/n, of the train features."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.readout.sample import Rows


def measure(train: np.ndarray, n_train: np.ndarray) -> Iterator[Rows]:
    """Yield λ_max and trace of XᵀX/n of the first n rows for each n: neither labels nor read-outs enter.

    λ_max by Lanczos iterations on the smaller of XXᵀ and XᵀX, to its rounding.
    """
    squares = np.cumsum(np.sum(train**2, axis=1))[n_train - 1] / n_train
    largest = [_largest(train[:n]) / n for n in n_train]
    for metric, value in (("lambda_max", np.array(largest)), ("trace", squares)):
        yield {"n_train": n_train, "estimator": "features", "metric": metric, "value": value}


def _largest(rows: np.ndarray) -> float:
    """Return the largest eigenvalue of XXᵀ for X of shape (n, p)."""
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    if len(gram) < 3:  # too small for Lanczos
        return float(np.linalg.eigvalsh(gram)[-1])
    from scipy.sparse.linalg import eigsh  # 0.1 s that read-outs without sharpness need not take

    return float(eigsh(gram, k=1, which="LA", v0=np.ones(len(gram)), return_eigenvectors=False)[0])

"""Fits of ridge to rows of one's own, tested on random rows that they were not trained on."""

import numpy as np
from scipy import linalg
from scipy.special import stdtrit

from onebit_rf.jobs.seeds import stream


def fit_ridge(x: np.ndarray, y: np.ndarray, ridge: float) -> np.ndarray:
    """Return â (p, K) of rows (n, p) and targets (n, K), by the smaller of the matrices XᵀX and XXᵀ.

    Without ridge it is the solution of minimum norm; eigenvalues below the rounding of the matrix, as features that are
    0 on all but other rows leave them, count as 0.
    """
    n, p = x.shape
    gram = x.T @ x if n > p else x @ x.T
    if ridge > 0:
        gram.flat[:: len(gram) + 1] += ridge
        return linalg.solve(gram, x.T @ y, assume_a="pos") if n > p else x.T @ linalg.solve(gram, y, assume_a="pos")
    inverse = linalg.pinvh(gram)
    return inverse @ (x.T @ y) if n > p else x.T @ (inverse @ y)


def measure(
    features: np.ndarray, targets: np.ndarray, n_train: np.ndarray, ridges: np.ndarray, seed: int, draws: int
) -> np.ndarray:
    """Return MSE and accuracy of fits to random rows on all others, shape (draws, g, 2); accuracy NaN for a number.

    The rows of a draw are the same for all widths and laws, and those of a small n are among those of a large.

    Args:
        features: of all rows, shape (N, p).
        targets: a column for each output, shape (N, K); one-hot where K > 1.
        n_train: n < N, shape (g,).
        ridges: λ of each n, shape (g,).
        seed: of the draws.
        draws: how many.
    """
    features, found = features.astype(np.float64), np.full((draws, len(n_train), 2), np.nan)
    for draw in range(draws):
        rows = stream(seed, "own_data", draw).permutation(len(features))
        for at, (n, ridge) in enumerate(zip(n_train, ridges, strict=True)):
            train, test = np.split(rows, [n])
            outputs = (features @ fit_ridge(features[train], targets[train], ridge))[test]
            found[draw, at, 0] = np.mean((outputs - targets[test]) ** 2)
            if targets.shape[1] > 1:
                found[draw, at, 1] = np.mean(outputs.argmax(axis=1) == targets[test].argmax(axis=1))
    return found


def summarise(fits: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of a check from fits of shape (networks, draws ≥ 2, g, 2): means, halves of 95 % intervals.

    The networks are those of the prediction, so that only the draws of rows within each scatter.
    """
    networks, draws = fits.shape[:2]
    error = np.sqrt(fits.var(axis=1, ddof=1).mean(axis=0) / (networks * draws))
    half, mean = stdtrit(networks * (draws - 1), 0.975) * error, fits.mean(axis=(0, 1))
    columns = {"measured": mean[:, 0], "measured_half": half[:, 0]}
    return columns if np.isnan(mean).any() else columns | {"accuracy": mean[:, 1], "accuracy_half": half[:, 1]}

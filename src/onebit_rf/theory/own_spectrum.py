"""Ridge on any target from the features' own second moments, measured on a pool of rows: section 13 of the theory.

Of features x ∈ R^p, Σ = E x xᵀ with eigenpairs (s_i, u_i): about the origin, for the read-out has no intercept, so
that a mean of the features is an eigen-direction like any other. Of targets y, c_i = u_i·E[x y] and E y². With these
of the very law of the rows, deterministic equivalents give R_test of ridge λ on n samples,

    κ (n − df) = λ        df = Σ s_i/(s_i + κ)        df2 = Σ (s_i/(s_i + κ))²        σ² = E y² − Σ c_i²/s_i
    R_test = (κ² Σ c_i²/(s_i (s_i + κ)²) + σ²)/(1 − df2/n)        R_train = (1 − df/n)² R_test

A pool of N rows has moments of its own, in which the target is explained too well and the small s_i are too small. What
it shows at z, the law shows at κ = z/(1 − df/N); with df and df2 of the pool's s_i at z in all that follows,

    z (n − df) = λ (1 − df/N)
    R_test = (z² Σ c_i²/(s_i (s_i + z)²) + σ²)/((1 − df/n)(1 − df/N) + (df − df2)(1/n − 1/N))

N = ∞ gives back the lines above, n = N generalised cross-validation on the pool, and least squares, λ = 0 and n > p,
has N/(N − p) σ² in the place of σ². Sources: Schröder, Dmitriev, Cui, Loureiro, arXiv 2402.13999; Wei, Hu, Steinhardt,
arXiv 2203.06176, for cross-validation.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.theory.square import ridge_kappa

_BLOCK = 4096  # rows that are brought to float64 together
_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class Moments:
    """Second moments of features and targets in the eigenbasis of Σ = E x xᵀ.

    Attributes:
        eigenvalues: s_i > 0, shape (r,): r is the rank of Σ.
        coefficients: c_i = u_i·E[x y], a column for each of k targets, shape (r, k).
        second_moment: E y², shape (k,).
        rows: N > r, the rows that they are means over; inf where they are those of the law itself.
    """

    eigenvalues: np.ndarray
    coefficients: np.ndarray
    second_moment: np.ndarray
    rows: float = np.inf

    @property
    def explained(self) -> np.ndarray:
        """c_i²/s_i, what direction i explains of E y², mean over the targets; shape (r,)."""
        return np.mean(self.coefficients**2, axis=1) / self.eigenvalues

    @property
    def unexplained(self) -> float:
        """σ² = E y² − Σ c_i²/s_i, mean over the targets: of the rows of the pool, not of new ones."""
        return max(float(np.mean(self.second_moment) - self.explained.sum()), 0.0)


def estimate(features: np.ndarray, targets: np.ndarray) -> Moments:
    """Return the moments of a pool: features (N, p) and targets (N, k), about the origin and in float64.

    Directions that no row has beyond the rounding of float64, as dead units leave them, are dropped.

    Raises:
        OnebitError: unless N > p, if a number is not finite, or if all features are 0.
    """
    return diagonalise(features, targets)[0]


def diagonalise(features: np.ndarray, targets: np.ndarray) -> tuple[Moments, np.ndarray]:
    """Return the moments of a pool and the eigenvectors u_i, columns of shape (p, r); as `estimate`."""
    (rows, p), k = features.shape, targets.shape[1]
    if rows <= p:
        raise OnebitError(f"own_spectrum: needs more rows, train and test, than features; got {rows} rows of {p}")
    gram, cross = np.zeros((p, p)), np.zeros((p, k))
    for start in range(0, rows, _BLOCK):
        block = features[start : start + _BLOCK].astype(np.float64)
        gram += block.T @ block
        cross += block.T @ targets[start : start + _BLOCK]
    if not (np.isfinite(gram).all() and np.isfinite(cross).all() and gram.any()):
        raise OnebitError("own_spectrum: needs finite features and targets, and features that are not all 0")
    eigenvalues, vectors = np.linalg.eigh(gram / rows)
    seen = eigenvalues > p * np.finfo(float).eps * eigenvalues[-1]
    vectors = vectors[:, seen]
    second_moment = np.mean(targets**2, axis=0, dtype=np.float64)
    return Moments(eigenvalues[seen], vectors.T @ cross / rows, second_moment, rows), vectors


def solve_level(moments: Moments, n_train: np.ndarray, ridge: float) -> np.ndarray:
    """Return z ≥ 0 with z (n − df) = λ (1 − df/N), κ where N = ∞, for each n of `n_train`, shape (g,).

    The left less the right side is convex in z, and z > 0 is its outermost zero, unless λ = 0 and n ≥ r, where z = 0.
    For N = ∞ and the mean of s_i the zero lies above (Jensen), and Newton's method descends from there.
    """
    s, rank, share = moments.eigenvalues, moments.eigenvalues.size, 1 / moments.rows
    level = ridge_kappa(np.full(n_train.shape, s.mean()), n_train / rank, np.full(n_train.shape, ridge / rank))
    for _ in range(_MAX_ITERATIONS):
        z = level[:, None]
        used, empty = s / (s + z), z / (s + z)
        value = (n_train - rank) * level + (z * empty).sum(axis=1) - ridge * (1 - share * used.sum(axis=1))
        slope = n_train - (used**2 * (1 + share * ridge / s)).sum(axis=1)
        step = np.where(value > 0, value / np.where(value > 0, slope, 1.0), 0.0)
        level = level - step
        if not np.any(step > 1e-9 * level):
            break
    return level


def predict(moments: Moments, n_train: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return R_test and R_train, means over the targets, of ridge λ on n new rows of the law of the pool's; each (g,).

    λ = 0 is minimum norm for n < r and least squares for n > r; at n = r R_test is inf, or 0 if σ = 0.

    ASSUME: the rows are as good as Gaussian: all that is known of them is s_i, c_i and E y².

    Args:
        moments: of features and targets.
        n_train: n ≥ 1, shape (g,).
        ridge: λ ≥ 0 in |y − Xa|² + λ|a|².
    """
    n, s, share = np.asarray(n_train, dtype=np.float64), moments.eigenvalues, 1 / moments.rows
    z = solve_level(moments, n, ridge)[:, None]
    empty = z / (s + z)
    fresh = 1 - share * s.size + share * empty.sum(axis=1)  # 1 − df/N
    left = ridge * fresh / z[:, 0] if ridge > 0 else np.maximum(n - s.size, 0.0)  # n − df without its cancellation
    missed = empty**2 @ moments.explained + moments.unexplained
    shown = left / n * fresh + (1 / n - share) * (empty * s / (s + z)).sum(axis=1)
    test = np.where(shown > 0, missed / np.where(shown > 0, shown, 1.0), np.where(missed > 0, np.inf, 0.0))
    return test, np.where(left > 0, (left / n) ** 2 * np.where(left > 0, test, 0.0), 0.0)

"""Ridge with λ by leave-one-out, in closed form, of features that are never in memory at once.

With rows φ_i of the centred features Φ (n, p) and G = ΦᵀΦ, the fit without row i misses it by
e_i(λ) = (y_i − ŷ_i)/(1 − 1/n − h_i), h_i = φ_iᵀ(G + λ)⁻¹φ_i, where 1/n is what the intercept takes (Allen's PRESS).
Where n ≤ p the same comes from K = ΦΦᵀ: e_i(λ) = α_i/(g_i − 1/(nλ)), α = (K + λ)⁻¹y, g_i = (K + λ)⁻¹_ii.

Either matrix, of m = min(n, p) rows, is brought to tridiagonal form Q T Qᵀ in its own memory. Then every λ costs some m
operations a row, by the factors L D Lᵀ of T + λ (Eldén, BIT 17, 1977), and no second matrix is needed. The features
come in blocks of rows, more than once: the memory is 8 m² bytes and a few blocks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

from onebit_rf.errors import OnebitError

BLOCK_NUMBERS = 1 << 21  # of a block's features: 16 MB in float64
Rows = Callable[[slice], np.ndarray]  # rows → their features, float32 (rows, p)


@dataclass(frozen=True)
class LeaveOneOut:
    """A fit, with its errors along the grid of λ.

    Attributes:
        ridges: the grid of λ, shape (g,).
        errors: leave-one-out mean square error at each, over rows and outputs, shape (g,); inf where T + λ has no
            factors, as λ is below the rounding of the Gram matrix.
        ridge: the λ of the least error.
        weights: Â of the features as they are, shape (p, K).
        intercept: shape (K,).
    """

    ridges: np.ndarray
    errors: np.ndarray
    ridge: float
    weights: np.ndarray
    intercept: np.ndarray


def fit_leave_one_out(
    features: Rows, n: int, p: int, y: np.ndarray, ridges: np.ndarray | None = None, intercept: bool = True
) -> LeaveOneOut:
    """Fit ridge, |Y − ΦA|² + λ|A|², at the λ of the grid with the least leave-one-out error.

    Args:
        features: rows → their features; asked for the same rows more than once.
        n, p: rows and features.
        y: targets Y, shape (n, K).
        ridges: λ > 0, shape (g,); None takes `default_ridges`.
        intercept: whether features and targets are centred.

    Raises:
        OnebitError: every λ is so small that T + λ has no factors.
    """
    data = _Data(features, n, p, y.astype(np.float64), intercept)
    return _by_rows(data, ridges) if n <= p else _by_features(data, ridges)


def default_ridges(trace: float, m: int) -> np.ndarray:
    """Return λ from 10⁻⁶ to 10 times the mean eigenvalue of the Gram matrix, two a decade."""
    return 10.0 ** np.arange(-6, 1.25, 0.5) * (trace / m or 1.0)


class _Data:
    """Rows in blocks, with the means that are taken off where there is an intercept."""

    def __init__(self, features: Rows, n: int, p: int, y: np.ndarray, intercept: bool) -> None:
        self.features, self.n, self.p, self.intercept = features, n, p, intercept
        self.y_mean = y.mean(axis=0) * intercept
        self.y = y - self.y_mean
        size = max(16, BLOCK_NUMBERS // p)
        self.blocks = [slice(first, min(first + size, n)) for first in range(0, n, size)]

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the blocks and their features in float64, in the same memory each time."""
        memory = np.empty((self.blocks[0].stop, self.p))
        for block in self.blocks:
            phi = memory[: block.stop - block.start]
            np.copyto(phi, self.features(block))
            yield block, phi

    def uncentred(self, mean: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the intercept of weights of the centred rows."""
        return self.y_mean - mean @ weights


def _by_features(data: _Data, ridges: np.ndarray | None) -> LeaveOneOut:
    """The Gram matrix of features, then the rows once more."""
    gram, sums = np.zeros((data.p, data.p), order="F"), np.zeros(data.p)
    moments = np.zeros((data.p, data.y.shape[1]))
    for rows, phi in data:
        gram = blas.dsyrk(1.0, phi.T, beta=1.0, c=gram, lower=1, overwrite_c=1)
        sums += phi.sum(axis=0)
        moments += phi.T @ data.y[rows]
    mean = sums / data.n * data.intercept
    gram = blas.dsyr(-float(data.n), mean, lower=1, a=gram, overwrite_a=1)
    ridges = default_ridges(np.trace(gram), data.p) if ridges is None else ridges
    form = Tridiagonal(gram)
    factors = form.factors(ridges)
    fits, taken = factors.solve(form.rotate(moments.T)), data.intercept / data.n

    def squares(rows: slice, phi: np.ndarray) -> np.ndarray:
        phi -= mean
        z = form.rotate(phi)
        missed = data.y[rows] - np.einsum("mgk,mi->gik", fits, z, optimize=True)
        return np.sum((missed / (1 - taken - factors.quadratic(z))[:, :, None]) ** 2, axis=(1, 2))

    errors, at = _least(sum(squares(rows, phi) for rows, phi in data), data, factors)
    weights = form.rotate_back(fits[:, at])
    return LeaveOneOut(ridges, errors, float(ridges[at]), weights, data.uncentred(mean, weights))


def _by_rows(data: _Data, ridges: np.ndarray | None) -> LeaveOneOut:
    """The Gram matrix of rows, from pairs of blocks, whose features are made anew for each."""
    mean = sum(phi.sum(axis=0) for _, phi in data) / data.n * data.intercept
    gram = np.zeros((data.n, data.n), order="F")
    for i, (rows, phi) in enumerate(data):
        phi -= mean
        gram[rows, rows] = phi @ phi.T
        for others in data.blocks[:i]:
            gram[rows, others] = phi @ (data.features(others) - mean).T
    trace = np.trace(gram)
    ridges = default_ridges(trace, data.n) if ridges is None else ridges
    # The constant is a null vector of the centred matrix. It gets the mean eigenvalue, so that what the intercept takes
    # is not much larger than the rest, from which it is subtracted.
    constant = data.intercept * (trace / data.n or 1.0)
    gram += constant / data.n
    form = Tridiagonal(gram)
    factors = form.factors(ridges)
    duals = factors.solve(form.rotate(data.y.T))
    taken = data.intercept / (data.n * (constant + ridges))[:, None]

    def squares(rows: slice) -> np.ndarray:
        z = form.rotate(np.eye(rows.stop - rows.start, data.n, rows.start))
        alpha = np.einsum("mgk,mi->gik", duals, z, optimize=True)
        return np.sum((alpha / (factors.quadratic(z) - taken)[:, :, None]) ** 2, axis=(1, 2))

    errors, at = _least(sum(map(squares, data.blocks)), data, factors)
    alpha = form.rotate_back(duals[:, at])
    weights = sum((phi - mean).T @ alpha[rows] for rows, phi in data)
    return LeaveOneOut(ridges, errors, float(ridges[at]), weights, data.uncentred(mean, weights))


def _least(errors: np.ndarray, data: _Data, factors: "Factors") -> tuple[np.ndarray, int]:
    """The mean errors, and where they are least."""
    errors = np.where(factors.exist(), errors / data.y.size, np.inf)
    if np.isinf(errors).all():
        raise OnebitError("ridges: all are below the rounding of the Gram matrix; take larger ones")
    return errors, int(np.argmin(errors))


class Tridiagonal:
    """A symmetric matrix A = Q T Qᵀ of order m, T tridiagonal, in the memory of A, of which it reads the lower half.

    Q leaves the first coordinate as it is; the rest of it, of order m − 1, lies where A was.
    """

    def __init__(self, matrix: np.ndarray) -> None:
        """`matrix`: float64, Fortran order."""
        m = len(matrix)
        matrix, self.diagonal, self.beside, tau, _ = lapack.dsytrd(matrix, lower=1, lwork=64 * m, overwrite_a=1)
        # The reflectors stand in A's columns below the diagonal. Begun one number later, the same memory is a matrix of
        # m rows that has them on top, and below them what was the first row of A.
        rest = matrix.ravel(order="K")[1 : 1 + m * (m - 1)].reshape((m, m - 1), order="F")
        rest[m - 1 :] = 0
        if m > 1:
            rest, *_ = lapack.dorgqr(rest, tau, lwork=64 * m, overwrite_a=1)
        self._rest = rest[: m - 1]

    def rotate(self, rows: np.ndarray) -> np.ndarray:
        """Return Qᵀ x of rows x (r, m), as columns (m, r)."""
        columns = np.empty(rows.shape[::-1])
        columns[0] = rows[:, 0]
        np.matmul(self._rest.T, rows[:, 1:].T, out=columns[1:])
        return columns

    def rotate_back(self, columns: np.ndarray) -> np.ndarray:
        """Return Q z of columns z (m, K)."""
        return np.concatenate([columns[:1], self._rest @ columns[1:]])

    def factors(self, ridges: np.ndarray) -> "Factors":
        """Return the factors of T + λ for λ (g,); all of D is NaN past a pivot that is not above 0."""
        pivots, below = np.empty((len(self.diagonal), len(ridges))), np.empty((len(self.beside), len(ridges)))
        pivots[0] = self.diagonal[0] + ridges
        for k, beside in enumerate(self.beside):
            below[k] = beside / np.where(pivots[k] > 0, pivots[k], np.nan)
            pivots[k + 1] = self.diagonal[k + 1] + ridges - beside * below[k]
        return Factors(np.where(pivots > 0, pivots, np.nan), below)


@dataclass(frozen=True)
class Factors:
    """T + λ = L D Lᵀ for each λ of a grid (g,): D, shape (m, g), and what L has below its diagonal, (m − 1, g)."""

    pivots: np.ndarray
    below: np.ndarray

    def exist(self) -> np.ndarray:
        """Say for which λ of (g,) T + λ is positive definite, rounding included."""
        return (self.pivots > 0).all(axis=0)

    def solve(self, columns: np.ndarray) -> np.ndarray:
        """Return (T + λ)⁻¹z of columns z (m, K), shape (m, g, K); NaN where there are no factors."""
        pivots, below = self.pivots[:, :, None], self.below[:, :, None]
        solved = np.repeat(columns[:, None], self.pivots.shape[1], axis=1)
        for k, factor in enumerate(below):
            solved[k + 1] -= factor * solved[k]
        solved /= pivots
        for k, factor in reversed(list(enumerate(below))):
            solved[k] -= factor * solved[k + 1]
        return solved

    def quadratic(self, columns: np.ndarray) -> np.ndarray:
        """Return zᵀ(T + λ)⁻¹z of columns z (m, r), shape (g, r).

        With u = L⁻¹z it is Σ_k u_k²/D_k, u_k = z_k − L_{k,k−1}u_{k−1}.
        """
        pivots, below = self.pivots[:, :, None], self.below[:, :, None]
        u = np.tile(columns[0], (self.pivots.shape[1], 1))
        total, square = u * u / pivots[0], np.empty_like(u)
        for z, factor, weight in zip(columns[1:], below, 1 / pivots[1:], strict=True):
            np.multiply(u, factor, out=u)
            np.subtract(z, u, out=u)
            np.multiply(u, u, out=square)
            np.multiply(square, weight, out=square)
            np.add(total, square, out=total)
        return total

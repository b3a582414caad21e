"""Fits of every sample size at once: one Cholesky factorisation is the whole learning curve.

Let F (N × p) be the train features, T (m × p) the test features, K = F Fᵀ + λI = C Cᵀ and B = C⁻¹ F Tᵀ. The factor
of the first n samples is the leading n × n block of C, and the rows of B nest alike. So, for every n at once,

    bias      |T − T F_nᵀ K_n⁻¹ F_n|² = |T|² − |B_n|² − λ s_n
    variance  s_n = |T F_nᵀ K_n⁻¹|²   = Σ_{i,j≤n} H_ij (B Bᵀ)_ij,   H = C⁻¹C⁻ᵀ

are running sums; H nests because C⁻¹ is lower triangular. λ = 0 is minimum-norm interpolation, valid for n ≤ p.

Past the threshold (λ = 0, n > p) least squares is updated sample by sample: with R Rᵀ = F_0ᵀF_0 of the first n_0 > p
samples, whitened features F R⁻ᵀ turn the later samples into ridge regression with λ = 1 around the solution of the
first n_0, and the same nested factorisation serves again.

Everything is float64 and level-3 BLAS: N²p + 2Nmp + N³/3 + N²m flops serve all n.
"""

from functools import cached_property

import numpy as np
from scipy import linalg

DEPENDENT = "linearly dependent features: minimum-norm least squares from singular values"


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    """Lower factor of a symmetric matrix, which is overwritten (the transpose of a C array is Fortran's order).

    Raises:
        numpy.linalg.LinAlgError: it is singular but for rounding: a pivot is below p ε of its diagonal entry.
    """
    rounding = len(matrix) * np.finfo(float).eps * matrix.diagonal()
    factor = linalg.cholesky(matrix.T, lower=True, overwrite_a=True, check_finite=False)
    if np.any(factor.diagonal() ** 2 <= rounding):
        raise np.linalg.LinAlgError("linearly dependent")
    return factor


def _solve(factor: np.ndarray, rhs: np.ndarray, transposed: bool = False) -> np.ndarray:
    return linalg.solve_triangular(factor, rhs, lower=True, trans=int(transposed), check_finite=False)


class NestedRidge:
    """Ridge fits with parameter λ on the first n of N samples, n = 0…N; λ = 0 (N ≤ p) is minimum-norm.

    Args:
        features: F, shape (N, p), float64.
        ridge: λ ≥ 0 in |y − Fa|² + λ|a|².

    Raises:
        numpy.linalg.LinAlgError: on first use, where F Fᵀ + λI is not numerically positive definite.
    """

    def __init__(self, features: np.ndarray, ridge: float) -> None:
        self.features, self.ridge = features, ridge

    @cached_property
    def factor(self) -> np.ndarray:
        """C, lower triangular, C Cᵀ = F Fᵀ + λI."""
        gram = self.features @ self.features.T
        gram.flat[:: len(gram) + 1] += self.ridge
        return _cholesky(gram)

    @cached_property
    def _inverse(self) -> np.ndarray:
        """C⁻¹, lower triangular."""
        return linalg.lapack.dtrtri(self.factor, lower=1)[0]

    @cached_property
    def _inverse_products(self) -> np.ndarray:
        """H = C⁻¹C⁻ᵀ; K_n⁻¹ has the same eigenvalues as the leading n × n block of H."""
        return self._inverse @ self._inverse.T

    def fit(self, labels: np.ndarray, n_train: np.ndarray) -> np.ndarray:
        """â_n = F_nᵀ K_n⁻¹ y_n for the labels (N, k) at each n of `n_train` (g,): shape (p, g, k).

        K_n⁻¹ y_n is a back substitution with C⁻¹y cut to its first n entries: the zeros behind them stay zeros, so
        one triangular solve serves all n.
        """
        forward = _solve(self.factor, labels)[:, None, :]
        cut = np.where(np.arange(len(labels))[:, None, None] < n_train[:, None], forward, 0.0)
        n, grid, outputs = cut.shape
        dual = _solve(self.factor, cut.reshape(n, grid * outputs), transposed=True)
        return (self.features.T @ dual).reshape(-1, grid, outputs)

    def running_sums(
        self, test: np.ndarray, with_variance: bool, first: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return |B_n|² and s_n (zeros unless wanted) for n = 0…N, each of shape (N + 1,).

        With B¹ of the same inputs on a `first` path, 2⟨B¹_n, B_n⟩ − |B_n|² takes the place of |B_n|².
        """
        cross = _solve(self.factor, self.features @ test.T)
        seen = cross if first is None else 2 * _solve(self.factor, self.features @ first.T) - cross
        gained = np.sum(seen * cross, axis=1), np.zeros(len(cross))
        if with_variance:
            products = self._inverse_products * (cross @ cross.T)
            # Row and column n add to the leading block: twice the part left of the diagonal, and the diagonal.
            gained[1][:] = 2 * np.tril(products, -1).sum(axis=1) + np.diag(products)
        seen, variance = (np.concatenate([[0.0], np.cumsum(gain)]) for gain in gained)
        return seen, variance

    def dual_traces(self) -> tuple[np.ndarray, np.ndarray]:
        """Return tr K_n⁻¹ and tr K_n⁻² for n = 0…N, each of shape (N + 1,)."""
        products = self._inverse_products
        gained = (
            np.sum(self._inverse**2, axis=1),
            2 * np.sum(np.tril(products, -1) ** 2, axis=1) + np.diag(products) ** 2,
        )
        first, second = (np.concatenate([[0.0], np.cumsum(gain)]) for gain in gained)
        return first, second


class LearningCurve:
    """Minimum-norm, least-squares or ridge fits of a linear read-out on the first n train rows, for many n.

    Args:
        train: F, shape (N, p), float64.
        n_train: increasing sample sizes, 1 ≤ n ≤ N, at which labels are fitted. With ridge = 0, the first one
            above p is where the updates past the threshold start.
        ridge: λ ≥ 0; 0 is minimum-norm interpolation for n ≤ p and least squares for n > p.
    """

    def __init__(self, train: np.ndarray, n_train: np.ndarray, ridge: float = 0.0) -> None:
        self.train, self.n_train, self.ridge = train, np.asarray(n_train), ridge
        p, last = train.shape[1], self.n_train[-1]
        self._split = np.searchsorted(self.n_train, p, side="right") if ridge == 0 else len(self.n_train)
        self._below = NestedRidge(train[: min(last, p) if ridge == 0 else last], ridge)

    @cached_property
    def _start(self) -> int:
        """n_0: the first sample size above p."""
        return int(self.n_train[self._split])

    @cached_property
    def _whitener(self) -> np.ndarray:
        """R, lower triangular, R Rᵀ = F_0ᵀF_0 of the first n_0 samples."""
        first = self.train[: self._start]
        return _cholesky(first.T @ first)

    @cached_property
    def _above(self) -> NestedRidge:
        return NestedRidge(_solve(self._whitener, self.train[self._start : self.n_train[-1]].T).T, 1.0)

    def fit(self, labels: np.ndarray) -> tuple[np.ndarray, str]:
        """Read-outs â_n fitted to `labels` (N, k): shape (p, g, k), one for each n of `n_train`; and a remark.

        Where the features are linearly dependent (dead units, repeated images) the normal equations break down;
        the minimum-norm least-squares solution is then computed from a singular value decomposition per n, and the
        remark, else empty, says so.
        """
        try:
            return self._fit(labels), ""
        except np.linalg.LinAlgError:
            # NumPy takes singular values below max(n, p) ε of the largest for 0; SciPy's ε alone leaves rounding in.
            fits = [np.linalg.lstsq(self.train[:n], labels[:n], rcond=None)[0] for n in self.n_train]
            return np.stack(fits, axis=1), DEPENDENT

    def _fit(self, labels: np.ndarray) -> np.ndarray:
        below, above = np.split(self.n_train, [self._split])
        parts = []
        if len(below):
            parts.append(self._below.fit(labels[: len(self._below.features)], below))
        if len(above):
            n_0, first = self._start, self.train[: self._start]
            base = _solve(self._whitener, _solve(self._whitener, first.T @ labels[:n_0]), transposed=True)
            later = labels[n_0 : self.n_train[-1]] - self.train[n_0 : self.n_train[-1]] @ base
            update = self._above.fit(later, above - n_0)
            update = _solve(self._whitener, update.reshape(len(base), -1), transposed=True).reshape(update.shape)
            parts.append(base[:, None, :] + update)
        return np.concatenate(parts, axis=1)

    def averaged_error(
        self, test: np.ndarray, noise: float, second: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return every n and E_{A*,ε} |T a* − T'â_n|²/m, the excess error averaged over teachers and noise.

        a* = A*/√p with iid entries of unit variance; labels F a* + σε. Covers n = 1…n_max but for p < n < n_0
        with λ = 0, where no factorisation is at hand. With T' = T_second, M = F_nᵀK_n⁻¹ and B' like B,

            |T − T' M F_n|² = |T|² − 2⟨B_n, B'_n⟩ + |B'_n|² − λ |T' M|²

        Args:
            test: T, shape (m, p).
            noise: σ.
            second: T', the same inputs on a second path; T where there is none.
        """
        (m, p), last = test.shape, test if second is None else second
        first = None if second is None else test
        seen, variance = self._below.running_sums(last, noise > 0 or self.ridge > 0, first)
        bias = np.sum(test**2) - seen - self.ridge * variance
        n, error = [np.arange(1, len(bias))], [(bias / p + noise**2 * variance)[1:] / m]
        if self._split < len(self.n_train):
            whitened = _solve(self._whitener, last.T).T
            seen, _ = self._above.running_sums(whitened, with_variance=False)
            n.append(np.arange(self._start, self._start + len(seen)))
            error.append((np.sum((test - last) ** 2) / p + noise**2 * (np.sum(whitened**2) - seen)) / m)
        return np.concatenate(n), np.concatenate(error)

    def averaged_train_error(self, noise: float) -> np.ndarray:
        """Return E_{A*,ε} |y − F_n â_n|²/n for every n that `averaged_error` returns.

        With ridge y − F_n â_n = λ K_n⁻¹ y, so that it is λ² [(tr K_n⁻¹ − λ tr K_n⁻²)/p + σ² tr K_n⁻²]/n; without, 0 up
        to n = p and σ² (n − p)/n past it.
        """
        p = self.train.shape[1]
        if self.ridge > 0:
            first, second = self._below.dual_traces()
            n = np.arange(1, len(first))
            return self.ridge**2 * ((first - self.ridge * second) / p + noise**2 * second)[1:] / n
        n = np.arange(1, len(self._below.features) + 1)
        if self._split < len(self.n_train):
            n = np.concatenate([n, np.arange(self._start, self.n_train[-1] + 1)])
        return noise**2 * np.maximum(n - p, 0) / n

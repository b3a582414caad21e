"""Ridge on any target from rows whose leverage scatters, as that of images does: section 13 of the theory.

A row is x = √τ g, g Gaussian of covariance Σ and E τ = 1, and what x does not tell of y may depend on τ. With the
eigenvalues s_i of Σ, df = Σ s_i/(s_i + κ), df2 = Σ (s_i/(s_i + κ))² and what a row misses at κ, e = y − x·β_κ with
β_κ = (Σ + κ)^{-1} E x y, ridge λ on n samples has

    u = τδ/(1 + τδ)        E u = df/n        λ = κ df/δ        q = n df2/df²
    R_test = E e² + V        V = q E[u² e²/τ]/(1 − q E u²)

u is the share of a sample's own label in its fit, V the variance of the fit. For τ = 1 this is the theory of
`own_spectrum`; λ = 0 has δ = ∞ and u = 1 where n < p, and κ = 0 where n > p.

A pool of N rows is such a sample, and its fit to all rows with λ = Nz shows every one of these quantities: u_i is the
leverage h_i = x_i·(Σ_N + z)^{-1}x_i/N, so that τ_i δ_N = h_i/(1 − h_i), and E (y − x·â)² is leave-one-out,

    e_i² = (r_i/(1 − h_i))² − τ_i V_N        V_N = q_N E[h²(r/(1 − h))²/τ]        κ = z/a        df = df_N(z)
    df − df2 = G/(1 − b G/(a c N))        G = df_N − df2_N
    a, b, c = E of τ(1 − h), τ²(1 − h)² and τ(1 − h)², r_i the residual of the fit

At n = N the prediction is leave-one-out itself. Derived here; sources: El Karoui, arXiv 1311.2445, for leverages that
scatter, and those of `own_spectrum`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.theory.own_spectrum import Moments, diagonalise, solve_level

_BLOCK = 1024  # rows whose fits at all levels are in memory together
_A_DECADE = 8  # levels, between which errors are interpolated
_ABOVE_NONE = np.array([0.0, 0.003, 0.03, 0.1, 0.2])  # z over that of λ = 0, less 1
_ALL = 1 - 1e-9  # shares df/n beyond are 1: λ = 0
_LEAST_LEFT = 1e-9  # 1 − h; of a row that has a direction to itself both r and 1 − h are 0
_LARGEST = 30  # times the median τ, and its inverse; one such row would otherwise say what all are like
_ROUNDING = 1e-9  # of the error at the largest λ; mean squares below its negative are not trusted, see `risk`
_DECADES = 14  # of λ below the largest known
_ALIKE = 1e-9  # errors that differ by less are the same, and λ = 0 is then taken
_LEAST_ERROR = 1e-12  # of the error at the largest λ: where there is no noise the logarithm needs one
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class Risk:
    """R_test as a function of λ ≥ 0, interpolated; inf where it diverges or is not known.

    Attributes:
        ridge: increasing from 0, shape (g,).
        error: R_test there; finite for the largest.
    """

    ridge: np.ndarray
    error: np.ndarray

    @cached_property
    def _curve(self) -> Callable[[np.ndarray], np.ndarray]:
        from scipy.interpolate import CubicSpline

        errors = np.maximum(self.error[self._known], _LEAST_ERROR * self.error[-1])
        return CubicSpline(np.log(self.ridge[1] + self.ridge[self._known]), np.log(errors))

    @property
    def _known(self) -> np.ndarray:
        return np.isfinite(self.error)

    def __call__(self, ridge: np.ndarray) -> np.ndarray:
        """Return R_test of each λ, shape (m,); beyond the largest that is known as there."""
        known = self.ridge[self._known]
        found = np.exp(self._curve(np.log(self.ridge[1] + np.clip(ridge, known[0], known[-1]))))
        return np.where(ridge == 0, self.error[0], np.where(ridge < known[0], np.inf, found))


@dataclass(frozen=True)
class Survey:
    """What a pool of N rows shows at levels z_1 < z_2 < … of its ridge.

    Attributes:
        kappa, df, df2: of the law, shape (g,).
        leverage: τ_i, mean 1 at each level, shape (N, g).
        missed: e_i², mean over the targets, less what the fit's own variance adds, shape (N, g).
    """

    kappa: np.ndarray
    df: np.ndarray
    df2: np.ndarray
    leverage: np.ndarray
    missed: np.ndarray

    def risk(self, n: int) -> Risk:
        """Return R_test(λ) of n samples, known at those levels that n samples can have.

        Where a few rows are so unlike all others that V_N is too large for them, as mean squares below 0 show, it is
        not known.

        ASSUME: a row's leverage is one number for all directions, and beside it rows are as good as Gaussian.
        """
        usable = self.df <= n / _ALL
        kappa, df, df2 = self.kappa[usable], self.df[usable], self.df2[usable]
        tau, missed = self.leverage[:, usable], self.missed[:, usable]
        response = solve_response(tau, df / n)
        own = share_of_own(tau, df / n)
        strength = n * df2 / df**2
        left = 1 - strength * np.mean(own**2, axis=0)
        spread = strength * np.mean(own**2 * missed / tau, axis=0)
        variance = np.where(left > 1e-9, spread / np.where(left > 1e-9, left, 1.0), np.where(spread > 0, np.inf, 0.0))
        ridge, error = kappa * df / response, missed.mean(axis=0) + variance
        rising = np.concatenate([[True], np.diff(np.maximum.accumulate(ridge)) > 0])
        trusted = (df2 > 0) & (np.minimum(missed.mean(axis=0), spread) >= -_ROUNDING * error[-1])
        return Risk(ridge[rising], np.where(trusted, error, np.inf)[rising])


def survey(features: np.ndarray, targets: np.ndarray, n_train: np.ndarray) -> Survey:
    """Survey a pool, features (N, p) and targets (N, k), at levels from λ = 0 of each n to where nothing is learned.

    Raises:
        OnebitError: unless N > p, if a number is not finite, or if the features of half of the rows are 0.
    """
    moments, vectors = diagonalise(features, targets)
    level, s = levels(moments, n_train), moments.eigenvalues
    shrunk = 1 / (s[:, None] + level)  # (r, g)
    slopes = (shrunk[:, :, None] * moments.coefficients[:, None, :]).reshape(s.size, -1)
    leverage, residual = (np.empty((len(features), level.size)) for _ in range(2))
    for start in range(0, len(features), _BLOCK):
        rows = slice(start, start + _BLOCK)
        scores = features[rows].astype(np.float64) @ vectors
        fits = (scores @ slopes).reshape(len(scores), level.size, -1)
        leverage[rows] = scores**2 @ shrunk / len(features)
        residual[rows] = np.mean((targets[rows, None, :] - fits) ** 2, axis=2)
    return _of_the_law(level, s, leverage, residual)


def levels(moments: Moments, n_train: np.ndarray) -> np.ndarray:
    """Return 0, a grid of z, and those next to λ = 0 for each n below the rank; shape (g,)."""
    s = moments.eigenvalues
    low, high = np.log10(s.min()) - 2, np.log10(s.sum()) + 2
    grid = 10 ** np.linspace(low, high, int((high - low) * _A_DECADE) + 2)
    below = np.unique(n_train[n_train < s.size]).astype(np.float64)
    ends = solve_level(moments, below, 0.0)[:, None] * (1 + _ABOVE_NONE)
    return np.unique(np.concatenate([[0.0], grid, ends.ravel()]))


def _of_the_law(level: np.ndarray, s: np.ndarray, leverage: np.ndarray, residual: np.ndarray) -> Survey:
    """Return what leverages h_i and squared residuals r_i² of the fits to N rows say of their law; (N, g) each."""
    rows, used = len(leverage), s[:, None] / (s[:, None] + level)
    left = np.maximum(1 - leverage, _LEAST_LEFT)
    tau = leverage / left
    usual = np.median(tau, axis=0)
    if not usual.all():
        raise OnebitError("own_rows: needs features that are not 0 for half of the rows")
    tau = np.clip(tau, usual / _LARGEST, usual * _LARGEST)
    tau /= tau.mean(axis=0)
    df, gap = used.sum(axis=0), (used * (1 - used)).sum(axis=0)
    own = share_of_own(tau, df / rows)
    a, b, c = (np.mean(kind, axis=0) for kind in (tau * (1 - own), (tau * (1 - own)) ** 2, tau * (1 - own) ** 2))
    df2 = df - gap / (1 - b * gap / (a * c * rows))
    left_out = residual / left**2
    variance = rows * df2 / df**2 * np.mean(own**2 * left_out / tau, axis=0)
    return Survey(level / a, df, df2, tau, left_out - tau * variance)


def share_of_own(tau: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return u = τδ/(1 + τδ) of mean `share`, shape (N, g)."""
    response = solve_response(tau, share)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(response), 1.0, tau * response / (1 + tau * response))


def solve_response(tau: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return δ with the mean over rows of τδ/(1 + τδ) = share, for τ (N, g) of mean 1 and share (g,); inf for share 1.

    The mean is concave in δ and, by Jensen, at most δ/(1 + δ): Newton's method ascends from share/(1 − share).
    """
    full = share > _ALL
    wanted = np.where(full, 0.5, share)
    delta = wanted / (1 - wanted)
    for _ in range(_MAX_ITERATIONS):
        own = tau / (1 + tau * delta)
        step = (wanted - delta * own.mean(axis=0)) / np.mean(own * (1 - delta * own), axis=0)
        delta = delta + np.maximum(step, 0.0)
        if not np.any(step > 1e-12 * delta):
            break
    return np.where(full, np.inf, delta)


def best_ridge(risks: Sequence[Risk]) -> float:
    """Return λ ≥ 0 at which the mean of R_test(λ) over networks is least; the largest known if nothing can be learned.

    R_test may have several minima, so that log λ is searched on a grid, and then on ever finer ones around the best.
    """

    def mean(ridge: np.ndarray) -> np.ndarray:
        return np.mean([risk(ridge) for risk in risks], axis=0)

    largest = min(risk.ridge[-1] for risk in risks)
    decades = np.linspace(-_DECADES, 0, 6 * _DECADES + 1)
    for _ in range(3):  # each makes the steps some 40 times finer: λ to 2e-4 of itself, the error to about its square
        errors = mean(largest * 10**decades)
        at = int(np.argmin(errors))
        best, least = largest * 10 ** decades[at], errors[at]
        decades = np.linspace(decades[max(at - 1, 0)], decades[min(at + 1, decades.size - 1)], decades.size)
    return 0.0 if mean(np.zeros(1))[0] <= least * (1 + _ALIKE) else float(best)

"""Sharpness: trace and largest eigenvalue of XᵀX/n, section 12 of the theory.

The Hessian of |y − Xa|²/n is 2 XᵀX/n whatever the labels are. XᵀX/n shows at z = a (1 + v/n) what Σ_L shows at a, and
its spectrum ends where dz/da = 1 − f/n vanishes (v and f of `theory.above`). Two kinds of eigenvalue can stand above
that edge: the mean of features that are not odd, and a largest eigenvalue of Σ_0 that is alone.

Sources: Silverstein, Choi, J. Multivariate Anal. 54 (1995), 295, for the edge; Baik, Silverstein, arXiv math/0408165,
for outliers; El Karoui, arXiv math/0503109, and Lee, Schnelli, arXiv 1409.4979, for the fluctuations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import Problem
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.theory.above import Atoms, Rung, View, climb, graded_atoms, rungs_of
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.freedom import TOLERANCE

# Of the law of the largest eigenvalue of real matrices, β = 1 (Bornemann, arXiv 0904.1581).
TRACY_WIDOM_MEAN, TRACY_WIDOM_DEVIATION = -1.2065335745820, 1.6077810345810**0.5

UNSOLVED = "the edge of the spectrum was not found to 1e-9"
RARE = "the edge hangs on neurons of a bias so large that a layer of this width has none"

_LAST_STEP = 1e-10  # relative; z is stationary at the edge, so that its own error is the square
_MAX_ITERATIONS = 100  # about 8 are needed, 30 next to the edge of a narrow layer
_MANY, _COARSE = 64, 33  # above 64 n the search starts from what it found at 33
_BLOCK = 200_000  # numbers of samples times nodes solved together: 25 MB of temporaries
# Up to a share of 0.2 simulated bulks ended within 2 % of edge and shift, at 0.4 5 % below, at 0.6 anywhere.
_RARE_SHARE = 0.1


@dataclass(frozen=True)
class Sharpness:
    """Trace and largest eigenvalue of XᵀX/n at N sample sizes; each array has shape (N,).

    Attributes:
        trace: E tr XᵀX/n = p (s_L + μ_L²).
        lambda_max: the largest eigenvalue in the limit; NaN if not converged.
        edge: where the bulk of the spectrum ends: lambda_max, unless an outlier stands above. NaN where that is not
            known although lambda_max is: below an outlier of Σ_0, which seldom comes alone, and where it was refused.
        scale: of the fluctuations at the edge, n^{−2/3} included; NaN where the edge is.
        residual: relative distance of the solution to the root sought.
        converged: whether lambda_max may be used.
        reason: why not; empty if converged.
    """

    trace: np.ndarray
    lambda_max: np.ndarray
    edge: np.ndarray
    scale: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    reason: np.ndarray


# Heights a_0 − λ_1 of shape (N,) → values that rise through 1 at the root, their slopes, and the views of Σ_L.
Level = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, View]]


@lru_cache(maxsize=32)
def _spectrum(spectrum: str, dim: int) -> tuple[Atoms, Atoms | None, float]:
    """Return the atoms of Σ_0, those without its largest eigenvalue where that is simple, and tr Σ_0/d_0."""
    values = np.sort(SPECTRA.get(spectrum).eigenvalues(dim))[::-1]
    alone = dim > 1 and values[0] > values[1] > 0
    return graded_atoms(values), graded_atoms(values[1:]) if alone else None, float(values.mean())


def _root(level: Level, top: float, start: np.ndarray) -> tuple[np.ndarray, View, np.ndarray]:
    """Return the heights at which `level` rises through 1, the views from there, and the relative steps of a_0 left.

    Newton's method within a bracket: a height is too small if the climb from it is not valid or its level is below 1.

    Args:
        level: see Level.
        top: λ_1.
        start: heights > 0, shape (N,).
    """
    height, low, high = start, np.zeros(start.shape), np.full(start.shape, np.inf)
    for _ in range(_MAX_ITERATIONS):
        value, slope, view = level(height)
        small = ~(view.valid & (value >= 1))
        low, high = np.where(small, height, low), np.where(small, high, height)
        # Where the level is positive it is close to a power of the height, which is solved in one step.
        power = height * np.exp(np.clip(-np.log(np.abs(value)) * value / (slope * height), -5, 5))
        newton = np.where(value > 0, power, height + (1 - value) / slope)
        left = np.where(view.valid, np.abs(newton - height) / (top + height), np.inf)
        done = left < _LAST_STEP
        if done.all():
            break
        halved = np.where(low > 0, np.sqrt(low * high), 0.25 * height)
        halved = np.where(np.isinf(high), 4 * height, halved)
        height = np.where(done, height, np.where((newton > low) & (newton < high), newton, halved))
    return height, view, left


def _edge_level(
    atoms: Atoms, rungs: Sequence[Rung], n_train: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, np.ndarray, View]:
    """Return n/f, which is 1 at the edge, its slope and the view: a Level of `height`."""
    view = climb(atoms, rungs, height)
    value = n_train / view.second
    return value, 2 * value * view.third * view.slope / (view.second * (atoms.values[0] + height)), view


def _edge_views(atoms: Atoms, rungs: Sequence[Rung], n_train: np.ndarray) -> tuple[View, np.ndarray]:
    """Return the views from the edges, f = n, and the steps left, for n of shape (N,)."""

    def guess(samples: np.ndarray) -> np.ndarray:
        # Each width smears the spectrum about as n does. Between the heights of λ_1 alone and of Σ_0 far below a_0.
        smear = 1 / samples + sum(1 / rung.wide for rung in rungs)
        alone = atoms.values[0] * np.sqrt(smear * atoms.counts[0])
        return np.sqrt(alone * np.sqrt(smear * (atoms.counts @ atoms.values**2)))

    start, top = guess(n_train), atoms.values[0]
    if n_train.size > _MANY and np.ptp(n_train) > 0:
        coarse = np.geomspace(n_train.min(), n_train.max(), _COARSE)
        found, _, _ = _root(partial(_edge_level, atoms, rungs, coarse), top, guess(coarse))
        start = np.exp(np.interp(np.log(n_train), np.log(coarse), np.log(found)))
    blocks, nodes = [], max(atoms.values.size, *(rung.weights.size for rung in rungs))
    parts = 1 + n_train.size * nodes // _BLOCK
    for samples, heights in zip(np.array_split(n_train, parts), np.array_split(start, parts), strict=True):
        _, view, left = _root(partial(_edge_level, atoms, rungs, samples), top, heights)
        blocks.append(([getattr(view, field.name) for field in fields(View)], left))
    columns = [np.concatenate(column) for column in zip(*(view for view, _ in blocks), strict=True)]
    return View(*columns), np.concatenate([left for _, left in blocks])


@lru_cache(maxsize=64)
def _own_outlier(activation: str, dims: tuple[int, ...], spectrum: str) -> View | None:
    """Return the view from λ_1 of Σ_0 of the spectrum of the others, if λ_1 is simple and stands above them in Σ_L."""
    _, others, variance = _spectrum(spectrum, dims[0])
    if others is None:
        return None
    height = SPECTRA.get(spectrum).eigenvalues(dims[0]).max() - others.values[:1]
    view = climb(others, rungs_of(activation, dims, variance), height)
    return view if view.valid[0] and view.rare_share[0] <= _RARE_SHARE else None


@lru_cache(maxsize=64)
def _mean_outlier(activation: str, dims: tuple[int, ...], spectrum: str) -> tuple[View, float] | None:
    """Return the view from the eigenvalue of Σ_L + m mᵀ above Σ_L, m·(a − Σ_L)^{-1}m = 1, and the step left."""
    atoms, _, variance = _spectrum(spectrum, dims[0])
    rungs, top = rungs_of(activation, dims, variance), atoms.values[0]

    def level(height: np.ndarray) -> tuple[np.ndarray, np.ndarray, View]:
        view = climb(atoms, rungs, height, with_mean=True)
        return 1 / view.mean, -view.mean_slope * view.slope / (view.mean**2 * (top + height)), view

    # High above the spectrum a_L is a_0 times the gains of the layers, and the root is |m|².
    gain = np.prod([rung.wide / rung.narrow * (rung.weights @ rung.rho1_sq) for rung in rungs])
    _, view, left = _root(level, top, np.array([rungs[-1].wide * (rungs[-1].weights @ rungs[-1].mean ** 2) / gain]))
    return (view, float(left[0])) if left[0] <= TOLERANCE else None


def sharpness(problem: Problem, n_train: Sequence[float] | np.ndarray) -> Sharpness:
    """Return trace and largest eigenvalue of XᵀX/n in the limit, for each number of samples in `n_train`.

    The problem's dimensions, activation and spectrum count; the Hessian does not depend on the rest.

    Raises:
        OnebitError: if the spectrum of the inputs is not given, or an n is no number > 0.
    """
    samples = np.asarray(n_train, dtype=np.float64)
    if problem.spectrum is None:
        raise OnebitError("spectrum: the theory needs the spectrum of the inputs' covariance")
    if (wrong := samples[~((samples > 0) & (samples < np.inf))]).size:
        raise OnebitError(f"n_train: must be finite numbers > 0, got {wrong[0]:g}")
    atoms, _, variance = _spectrum(problem.spectrum, problem.dims[0])
    rungs = rungs_of(problem.activation, problem.dims, variance)
    last = equivalent_layers(problem.activation, len(rungs), variance)[-1]
    trace = np.full(samples.shape, problem.dims[-1] * (last.variance + last.mean_sq))
    with np.errstate(all="ignore"):  # what leaves the range of double precision is told by the residual
        view, left = _edge_views(atoms, rungs, samples)
        edge, scale = view.seen(samples), view.point * np.cbrt(view.third / samples) * samples ** (-2 / 3)
        outlier, of_inputs, outlier_left = _outliers(problem, samples)
    found, apart = (left <= TOLERANCE) & np.isfinite(edge) & np.isfinite(scale), outlier > -np.inf
    known = found & (view.rare_share <= _RARE_SHARE) & ~of_inputs
    reason = np.where(known | apart, "", np.where(found, RARE, UNSOLVED))
    edge, scale = np.where(known, edge, np.nan), np.where(known, scale, np.nan)
    lambda_max, residual = np.where(apart, outlier, edge), np.where(apart, outlier_left, left)
    return Sharpness(trace, lambda_max, edge, scale, residual, reason == "", reason)


def _outliers(problem: Problem, n_train: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the largest outlier of XᵀX/n or −inf, whether Σ_0 has one that is left, and the residual; shapes (N,).

    What stands above the spectrum of Σ_L at a stands above that of XᵀX/n, at z(a), if dz/da > 0 there, which is f < n.
    """
    key = problem.activation, problem.dims, problem.spectrum
    place, residual, of_inputs = np.full(n_train.shape, -np.inf), np.zeros(n_train.shape), np.zeros(n_train.shape, bool)
    if (view := _own_outlier(*key)) is not None:
        of_inputs = view.second < n_train
        place = np.where(of_inputs, view.seen(n_train), place)
    if not ACTIVATIONS.get(problem.activation).odd and (found := _mean_outlier(*key)) is not None:
        view, left = found
        higher = (view.second < n_train) & (view.seen(n_train) > place)
        place, residual = np.where(higher, view.seen(n_train), place), np.where(higher, left, residual)
    return place, of_inputs, residual


def edge_fluctuation(found: Sharpness) -> tuple[np.ndarray, np.ndarray]:
    """Return mean − edge and standard deviation of the largest eigenvalue of the bulk; shapes (N,).

    At finite size it is edge + scale · TW_1 with the Tracy–Widom law for real matrices and

        scale³ = a³ (g/n)/n² = z''(m)/(2 n²),   m = −1/a,  at the edge

    to leading order: corrections of relative order 1/n to the eigenvalue are left out. NaN where the edge is.
    """
    return TRACY_WIDOM_MEAN * found.scale, TRACY_WIDOM_DEVIATION * found.scale

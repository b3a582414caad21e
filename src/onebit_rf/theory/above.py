"""The spectra of the features' covariances seen from above: the κ chain of section 3 at κ_ℓ = −a_ℓ, section 12.

From a point a above the spectrum of Σ_ℓ one sees sums over its eigenvalues λ,

    v = Σ λ/(a − λ) = −df        f = Σ λ²/(a − λ)² = df2        g = Σ λ² a/(a − λ)³

and the climb from layer to layer carries them as sums of positive terms, as long as every a_ℓ lies above the edge of
its layer: from there on a_ℓ rises with a_{ℓ−1}, and f falls from ∞ to 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.theory.equivalents import bias_nodes, equivalent_layers, hermite_coefficients
from onebit_rf.theory.spectrum import lagrange_weights

# A bin of log λ is at most as wide as its distance from λ_1, above which the poles lie: the interpolant of a function
# with a pole there errs by 5.8^−nodes.
_BIN_NODES = 18
_MAX_ITERATIONS = 100


@dataclass(frozen=True)
class Atoms:
    """The spectrum of Σ_0 seen from above: Σ_i F(λ_i) = Σ_j c_j F(λ_j), the largest eigenvalue first and exact.

    Attributes:
        values: λ_j > 0, shape (m,).
        depths: λ_1 − λ_j, shape (m,).
        counts: c_j, shape (m,); some may be negative.
    """

    values: np.ndarray
    depths: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Rung:
    """Layer ℓ as the climb needs it; arrays on the nodes of its bias b have shape (k,).

    Attributes:
        wide, narrow: d_ℓ and d_{ℓ−1}.
        weights: probabilities of the nodes.
        rho1_sq, rho2_sq: ρ1²(b) and ρ2²(b).
        mean: f0(b).
        pull: ρ1(b) b f0(b)/μ² with μ² = |m|²/d of the layer's input; 0 if μ = 0.
        along: ρ1² (b²/μ² − 1)/(d_{ℓ−1} μ²), by which the weights along m differ from those across; 0 if μ = 0.
        rare: nodes so far out that of d_ℓ neurons less than one is beyond.
    """

    wide: int
    narrow: int
    weights: np.ndarray
    rho1_sq: np.ndarray
    rho2_sq: np.ndarray
    mean: np.ndarray
    pull: np.ndarray
    along: np.ndarray
    rare: np.ndarray


@dataclass(frozen=True)
class View:
    """The spectrum of Σ_ℓ seen from points a above it; each array has shape (N,).

    Attributes:
        point: a.
        first, second, third: v, f and g.
        slope: dlog a/dlog a_0.
        valid: whether a and the points below it are above the edges of their layers.
        rare_share: largest share of a layer's rare nodes in E[ρ1⁴/(a − S)²], which decides where its edge is.
        mean: h = m·(a − Σ)^{-1}m; 0 if it was not asked for.
        mean_slope: dh/dlog a.
        mean_rest: m·Σ(a − Σ)^{-1}m = a h − |m|².
    """

    point: np.ndarray
    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    slope: np.ndarray
    valid: np.ndarray
    rare_share: np.ndarray
    mean: np.ndarray
    mean_slope: np.ndarray
    mean_rest: np.ndarray

    def seen(self, n_train: np.ndarray) -> np.ndarray:
        """Return z = a (1 + v/n), where XᵀX/n shows what Σ_L shows at a."""
        return self.point * (1 + self.first / n_train)


def graded_atoms(values: np.ndarray) -> Atoms:
    """Return eigenvalues as few atoms: the largest as it is, the others moved onto Chebyshev nodes of log λ.

    Args:
        values: eigenvalues ≥ 0, shape (d,), at least one positive.
    """
    distinct, counts = np.unique(values[values > 0], return_counts=True)
    distances = np.log(distinct[-1] / distinct)
    nodes = np.cos(np.pi * (np.arange(_BIN_NODES) + 0.5) / _BIN_NODES)
    kept, numbers = [distinct[-1:]], [counts[-1:].astype(float)]
    near = distances[-2] if distinct.size > 1 else np.inf
    while near <= distances[0]:
        width = min(near, 1.0)
        inside = (distances >= near) & (distances < near + width)
        if inside.sum() <= _BIN_NODES:
            kept.append(distinct[inside])
            numbers.append(counts[inside].astype(float))
        else:
            local = np.repeat(2 * (distances[inside] - near) / width - 1, counts[inside])
            kept.append(distinct[-1] * np.exp(-near - 0.5 * width * (1 + nodes)))
            numbers.append(lagrange_weights(np.clip(local, -1, 1), nodes))
        near += width
    atoms = np.concatenate(kept)
    return Atoms(atoms, atoms[0] - atoms, np.concatenate(numbers))


@lru_cache(maxsize=64)
def rungs_of(activation: str, dims: tuple[int, ...], variance: float) -> tuple[Rung, ...]:
    """Return the layers of a network whose centred inputs have tr Σ_0/d_0 = `variance`."""
    layers, mean_sq, rungs = equivalent_layers(activation, len(dims) - 1, variance), 0.0, []
    for (narrow, wide), layer in zip(pairwise(dims), layers, strict=True):
        bias, weights = np.sqrt(mean_sq) * bias_nodes(mean_sq)[0], layer.weights
        mean, rho1, _ = hermite_coefficients(ACTIVATIONS.get(activation), bias, variance)
        pull = rho1 * bias * mean / mean_sq if mean_sq > 0 else np.zeros(1)
        along = layer.rho1_sq * (bias**2 / mean_sq - 1) / (narrow * mean_sq) if mean_sq > 0 else np.zeros(1)
        beyond = np.minimum(np.cumsum(weights), np.cumsum(weights[::-1])[::-1])
        rungs.append(Rung(wide, narrow, weights, layer.rho1_sq, layer.rho2_sq, mean, pull, along, beyond < 0.5 / wide))
        variance, mean_sq = layer.variance, layer.mean_sq
    return tuple(rungs)


def climb(atoms: Atoms, rungs: Sequence[Rung], height: np.ndarray, with_mean: bool = False) -> View:
    """Return the view of Σ_L from the points over a_0 = λ_1 + `height`, `height` > 0 of shape (N,)."""
    point = atoms.values[0] + height
    inverse = 1 / (height[:, None] + atoms.depths)
    filled = atoms.values * inverse
    squared = filled * filled
    sums = filled @ atoms.counts, squared @ atoms.counts, point * ((squared * inverse) @ atoms.counts)
    zero = np.zeros(point.shape)
    view = View(point, *sums, np.ones(point.shape), np.ones(point.shape, bool), zero, zero, zero, zero)
    for rung in rungs:
        view = _climb_one(view, rung, with_mean)
    return view


def _climb_one(below: View, rung: Rung, with_mean: bool) -> View:
    """Return the view of Σ_ℓ from that of Σ_{ℓ−1}: sums of positive terms wherever it is valid.

    Let α = a_{ℓ−1}, γ = d_ℓ/d_{ℓ−1}, S = ρ2² + ρ1² α v/d_{ℓ−1} and G = 1/(a − S), with v, f, g of layer ℓ−1 and
    averages over the bias on the right:

        1 = γ α E[ρ1² G]                          fixes a = a_ℓ
        r = 1 − f (γα)² E[ρ1⁴ G²]/d_ℓ             > 0 above the edge of Σ_ℓ
        e = γ α a E[ρ1² G²]/r                     = dlog α/dlog a
        c = e α f/d_{ℓ−1},   T = S + ρ1² c        dS/dlog a = −ρ1² c
        w = γ α E[ρ1² G (G T − e + 1)²]           variance of G T under the weights γ α ρ1² G, whose mean is e − 1
        v_ℓ = d_ℓ E[S G]      f_ℓ = d_ℓ E[G² (S² + ρ1² a c)]
        g_ℓ = d_ℓ a (E[G³ T²] + E[ρ1² G²] α (f w + e² g)/(d_{ℓ−1} r))

    For odd φ E is one term: a = ρ2² + ρ1² α (d_ℓ + v)/d_{ℓ−1},  e = (d_ℓ + v_ℓ)/(d_ℓ − f),  f_ℓ = (f + v_ℓ) e − v_ℓ.
    """
    linear, per_narrow = rung.weights * rung.rho1_sq, below.point / rung.narrow
    gain = rung.wide * per_narrow
    strength = rung.rho2_sq + rung.rho1_sq * (per_narrow * below.first)[:, None]
    point = _next_point(gain, strength, linear)
    inverse = 1 / (point[:, None] - strength)
    squared = inverse * inverse
    moment, quartic = squared @ linear, squared * (linear * rung.rho1_sq)
    total = quartic.sum(axis=1)
    room = 1 - below.second * gain**2 * total / rung.wide
    growth = gain * point * moment / room
    drift = growth * per_narrow * below.second
    moved = strength + rung.rho1_sq * drift[:, None]
    spread = gain * ((inverse * (inverse * moved - (growth - 1)[:, None]) ** 2) @ linear)
    bend = per_narrow * (below.second * spread + growth**2 * below.third) / room
    mean = below.mean, below.mean_slope, below.mean_rest
    return View(
        point,
        rung.wide * ((strength * inverse) @ rung.weights),
        rung.wide * ((squared * strength**2) @ rung.weights + point * drift * moment),
        rung.wide * point * ((squared * inverse * moved**2) @ rung.weights + moment * bend),
        below.slope / growth,
        below.valid & (room > 0),
        np.maximum(below.rare_share, (quartic @ rung.rare) / total),
        *(_carry_mean(below, rung, growth, drift, point, strength) if with_mean else mean),
    )


def _next_point(gain: np.ndarray, strength: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Return the root a > max S of γ α E[ρ1²/(a − S)] = 1.

    1/E[ρ1²/(a − S)] is a harmonic mean and so concave in a: Newton's method ascends to the root from any point below
    it, such as the root for the mean of S (Jensen) and the root for any one node.

    Args:
        gain: γ α, shape (N,).
        strength: S, shape (N, k).
        linear: ρ1² times the probabilities of the nodes, shape (k,).
    """
    point = strength @ linear / linear.sum() + gain * linear.sum()
    if linear.size == 1:
        return point
    point = np.maximum(point, (strength + gain[:, None] * linear).max(axis=1))
    for _ in range(_MAX_ITERATIONS):
        inverse = 1 / (point[:, None] - strength)
        value, slope = gain * (inverse @ linear), gain * ((inverse * inverse) @ linear)
        step = value * (value - 1) / slope
        point = point + step
        if not np.any(np.abs(step) > 1e-14 * point):
            break
    return point


def _carry_mean(
    below: View, rung: Rung, growth: np.ndarray, drift: np.ndarray, point: np.ndarray, strength: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return h = m·(a − Σ)^{-1}m, dh/dlog a and k = m·Σ(a − Σ)^{-1}m = a h − |m|² of layer ℓ.

    It is H1 of section 10 at κ = −a. With Ψ = γ E[G ρ1 b f0]/μ², ω = γ E[G ρ1² (b²/μ² − 1)]/(dμ²), and α, k of layer
    ℓ−1 on the right:

        h_ℓ = d_ℓ E[G f0²] + Ψ² q          k_ℓ = d_ℓ E[S G f0²] + a Ψ² q          q = α k/(1 − ω α k)
    """
    inverse = 1 / (point[:, None] - strength)
    fall = -inverse * inverse * (point[:, None] + rung.rho1_sq * drift[:, None])  # dG/dlog a
    square, ratio = rung.weights * rung.mean**2, rung.wide / rung.narrow
    pull, along = ratio * rung.weights * rung.pull, ratio * rung.weights * rung.along
    psi, psi_slope, omega, omega_slope = inverse @ pull, fall @ pull, inverse @ along, fall @ along
    drive = below.point * below.mean_rest
    drive_slope = growth * (drive + below.point**2 * (below.mean + below.mean_slope))
    room = 1 - omega * drive
    drive, drive_slope = drive / room, (drive_slope + omega_slope * drive**2) / room**2
    mean = rung.wide * (inverse @ square) + psi**2 * drive
    slope = rung.wide * (fall @ square) + 2 * psi * psi_slope * drive + psi**2 * drive_slope
    return mean, slope, rung.wide * ((strength * inverse) @ square) + point * psi**2 * drive

"""A second path from the inputs to the read-out, section 10 of the theory: â is trained on x_L and tested on x_L'.

The two paths' covariances enter through pairs P of matrices at layer ℓ, and of each through two traces only,

    h(P) = tr P(Σ + κ)^{-1}        T(P) = tr P − κ h(P) = tr PΣ(Σ + κ)^{-1}

and their slopes along the chain: Δ = E x (x' − x)ᵀ and D = E (x' − x)(x' − x)ᵀ. With E x x'ᵀ = Σ + Δ and
E x' x'ᵀ = Σ + 2Δ + D everything is exactly that of one path where Δ = D = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from onebit_rf.model.grids import grid
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory.averages import Neurons
from onebit_rf.theory.cross import CrossLayer
from onebit_rf.theory.directions import Directions, at_inputs, climb_directions
from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain
from onebit_rf.theory.slopes import along, over, times

_SMALLEST = 1e-2  # entries of â that are smaller yet, of neurons that hardly ever speak, count as so large


@dataclass(frozen=True)
class Pair:
    """The traces T(P) and h(P) of a pair of paths at the last layer, with their slopes in log κ_L, each (2, N)."""

    power: np.ndarray
    trace: np.ndarray

    def square(self, signal: float | np.ndarray, test_error: np.ndarray, n_train: np.ndarray, dim: int) -> np.ndarray:
        """Return E âᵀPâ = E a*² (tr P − 2κh + κ²g) + R_test (h − κg)/n of shape (N,), where κg = −dh/dlog κ.

        Args:
            signal: E A*², so that E a*² = signal/p.
            test_error: R_test = E + σ².
            n_train: n.
            dim: p.
        """
        return signal * self.power.sum(axis=0) / dim + test_error * self.trace.sum(axis=0) / n_train


@dataclass(frozen=True)
class Ascent:
    """Both paths at layer L, for N chains.

    Attributes:
        near: the pair Δ.
        apart: the pair D.
        same: the pair Σ_L.
        identity: the pair I: of |â|².
        directions: of the means; None for odd φ, which has none.
        neurons: averages over the last layer.
        layer: the last layer.
    """

    near: Pair
    apart: Pair
    same: Pair
    identity: Pair
    directions: Directions | None
    neurons: Neurons
    layer: CrossLayer

    @property
    def offset(self) -> np.ndarray:
        """Γ with its slope in log κ_L, (2, N)."""
        return np.zeros_like(self.near.power) if self.directions is None else self.directions.offset


@dataclass(frozen=True)
class Paths:
    """The layers of a problem, on both paths.

    Attributes:
        dims: (d_0, …, d_L).
        layers, crosses: the layers 1…L on the first and on both paths.
        path: what the inputs are on the second: Δ = (t − 1) Σ_0, D = ((t − 1)² + u − t²) Σ_0 + v I.
        norm_variance: Var(|x_0|²)/d_0².
    """

    dims: Sequence[int]
    layers: Sequence[Layer]
    crosses: Sequence[CrossLayer]
    path: SecondPath
    norm_variance: float


def climb(chain: Chain, paths: Paths, gain: np.ndarray | None = None) -> Ascent:
    """Carry the pairs Δ and D and the directions of the means up the layers.

    Layer by layer, with d = d_{ℓ−1}, k = κ_{ℓ−1}, a = k c (d_ℓ/d) E_b[G ρ1 ρ1'], 1 on equal paths, and T of ℓ−1:

        Z_Δ = a T_Δ + (a − 1) T_Σ          Z_D = a² T_D + 2a (a − 1) T_Δ + (a − 1)² T_Σ
        T_ℓ = d_ℓ E_b[S G f] + (κ_ℓ/k) Z   h_ℓ = d_ℓ E_b[G f] − Z/k       f = C of Δ, E Var(Δ | b') of D

    Args:
        chain: solved.
        paths: the layers.
        gain: scales the last layer's outputs on the second path, (N, k) for its neurons.
    """
    dims, path = paths.dims, paths.path
    t, v = path.input_gain * path.input_overlap, path.input_noise**2
    own = np.stack([dims[0] * chain.powers[0], -chain.kappa[0] * chain.df2[0]])  # T(Σ_0)
    near = (t - 1) * own
    apart = ((t - 1) ** 2 + path.input_gain**2 * (1 - path.input_overlap**2)) * own
    apart = apart + v * np.stack([chain.df[0], -chain.gap[0]])  # T(I) = df
    directions = None if paths.crosses[0].norm is None else at_inputs(chain, paths.norm_variance)
    for index, (layer, cross) in enumerate(zip(paths.layers, paths.crosses, strict=True), start=1):
        if gain is not None and index == len(paths.layers):
            cross = cross.scaled(gain)
        below, dim, here = dims[index - 1], dims[index], Neurons(chain, layer, index)
        k, growth = chain.kappa[index - 1], chain.growth[index - 1]
        kappa = np.stack([k, growth * k])
        moved = times(kappa, dim / below * here.resolvent(cross.rho1 * cross.rho1_apart))  # a − 1
        kept = moved + np.array([[1.0], [0.0]])
        same = np.stack([below * chain.powers[index - 1], -growth * k * chain.df2[index - 1]])
        near, apart = along(near, growth), along(apart, growth)
        z_near = times(kept, near) + times(moved, same)
        z_apart = times(kept, times(kept, apart) + 2 * times(moved, near)) + times(moved, times(moved, same))
        lost = over(kappa)
        traces = [dim * here.resolvent(f) - times(lost, z) for f, z in ((cross.cross, z_near), (cross.apart, z_apart))]
        ratio = np.stack([here.kappa / k, (1 - growth) * here.kappa / k])
        near = dim * here.filled(cross.cross) + times(ratio, z_near)
        apart = dim * here.filled(cross.apart) + times(ratio, z_apart)
        if directions is not None:
            directions = climb_directions(here, cross, dim, directions, growth)
    one, kappa_l = np.ones(paths.layers[-1].weights.size), chain.kappa[-1]
    return Ascent(
        near=Pair(near, traces[0]),
        apart=Pair(apart, traces[1]),
        same=Pair(np.stack([dim * chain.power, -kappa_l * chain.df2[-1]]), np.stack([chain.df[-1], -chain.gap[-1]])),
        identity=Pair(dim * here.filled(one), dim * here.resolvent(one)),
        directions=directions,
        neurons=here,
        layer=cross,
    )


@dataclass(frozen=True)
class Tested:
    """A read-out as it is tested, arrays of shape (N,); y = x_L·a* up to the labels' noise.

    Attributes:
        error: E' = E (x_L·a* − x_L'·â)².
        overlap: E (x_L·a*)(x_L'·â).
        square: E (x_L'·â)².
        size: |â|².
        spread: E |x_L'|², what noise of unit variance on every entry of â adds to the error.
        dim: p.
    """

    error: np.ndarray
    overlap: np.ndarray
    square: np.ndarray
    size: np.ndarray
    spread: float
    dim: int

    def noisy(self, variance: float | np.ndarray) -> "Tested":
        """Return the read-out with independent noise on its entries."""
        added = variance * self.spread
        return replace(self, error=self.error + added, square=self.square + added)


def tested(
    ascent: Ascent, chain: Chain, signal: float, error: np.ndarray, noise: float, n_train: np.ndarray, dim: int
) -> Tested:
    """Return what becomes of a ridge read-out of excess test error E on the second path.

    With the quadratic form  q(P) = (E A*²/p)(tr P − 2κh + κ²g) + R_test (h − κg)/n  and R_test = E + σ²,

        E' = E + q(D) − 2 ((E A*²/p) κ (h − κg) − R_test (h − κg)/n)(Δ)
             + E A*² ((e − 1)² μ² + R − κ (2Γ + Γ')/p) + R_test (Γ + Γ')/n,       Γ' = dΓ/dlog κ,

    the last line being the error of the means.

    Args:
        ascent: both paths.
        chain: solved.
        signal: E A*².
        error: E on the first path.
        noise: σ.
        n_train: n.
        dim: p.
    """
    rest, out, gamma = error + noise**2, ascent.layer.outputs, ascent.offset
    near, apart, same = ascent.near, ascent.apart, ascent.same

    def square(pair: Pair) -> np.ndarray:
        return pair.square(signal, rest, n_train, dim)

    linear = -signal * near.power[1] / dim - rest * near.trace.sum(axis=0) / n_train
    learned = rest * gamma.sum(axis=0) / n_train - signal * chain.kappa[-1] * (gamma[0] + gamma.sum(axis=0)) / dim
    mean_sq, mean_gain, mean_rest = signal * out.mean_sq, out.mean_gain, signal * out.mean_rest
    return Tested(
        error=error + square(apart) - 2 * linear + (mean_gain - 1) ** 2 * mean_sq + mean_rest + learned,
        overlap=signal * (same.power[0] + near.power[0]) / dim + mean_gain * mean_sq,
        square=square(same) + 2 * square(near) + square(apart) + mean_gain**2 * mean_sq + mean_rest + learned,
        size=square(ascent.identity),
        spread=dim * (out.second_variance + out.second_mean_sq),
        dim=dim,
    )


def tested_classes(ascent: Ascent, pull: np.ndarray, scatter: np.ndarray, variance: float, dim: int) -> np.ndarray:
    """Return the error rate on the second path of a classifier by a convex loss, of odd φ; shape (N,).

    Its weights act like (Σ_L + κ)^{-1}((m̂/V̂) Σ_L A* + (√q̂/V̂) Σ_L^{1/2} G), so that

        m' = (m̂/V̂) T(X)/p     q' = (m̂/V̂)² (tr Y − 2κh + κ²g)/p + (q̂/V̂²)(h − κg)/p     rate = arccos(m'/√(ρq'))/π

    with X = Σ + Δ and Y = Σ + 2Δ + D.

    Args:
        ascent: both paths.
        pull, scatter: m̂/V̂ and q̂/V̂².
        variance: ρ.
        dim: p.
    """
    overlap = pull * (ascent.same.power[0] + ascent.near.power[0]) / dim
    pairs = ((1, ascent.same), (2, ascent.near), (1, ascent.apart))
    square = sum(count * pair.square(pull**2, scatter, dim, dim) for count, pair in pairs)
    return np.arctan2(np.sqrt(np.maximum(variance * square - overlap**2, 0.0)), overlap) / np.pi


def rounded(
    chain: Chain, paths: Paths, bits: int, signal: float, error: np.ndarray, noise: float, n_train: np.ndarray
) -> tuple[Tested, np.ndarray]:
    """Return a read-out rounded to a grid of b bits as it is tested on the second path, and its training error R_q.

    Given their neuron the entries of â are normal, of the variance v² |â|²/p, v(b)² = A(b)/E_b A. Rounding is then a
    shrinkage and a noise that is uncorrelated with it (Bussgang),

        a_q = c(b) â + η,    c = E[g Q(v g)]/v,    p Var η = |â|² (E Q(v g)² − c² v²)

    which is a read-out that is not rounded, on a second path whose outputs are multiplied by c(b). With h, g of the
    covariance of both paths, X = Σ + Δ, and training inputs that go through the second path, too,

        R_q = E_q + σ² − 2 (h/n) M + (h/n)² R_test,    M = σ² + (E A*²/p) κ (df − h + κg) + R_test (h − κg)/n

    Args:
        chain: solved.
        paths: the layers.
        bits: b.
        signal, error, noise, n_train: as in `tested`.
    """
    dim, rest = paths.dims[-1], error + noise**2
    weights = paths.layers[-1].weights
    sizes = Neurons(chain, paths.layers[-1], len(paths.layers)).sizes(signal, rest * dim / n_train)
    size = sizes @ weights
    spread = np.sqrt(sizes / size[:, None])
    spread = np.where(spread > _SMALLEST, spread, _SMALLEST)  # NaN too, of what was not solved
    gained, square = grid(bits).moments(spread)
    ascent = climb(chain, paths, gained / spread)
    found = tested(ascent, chain, signal, error, noise, n_train, dim)
    added = size * (((square - gained**2) * paths.crosses[-1].second_moment) @ weights)
    found = replace(found, error=found.error + added, square=found.square + added)
    shown, moved = ascent.same.trace[0] + ascent.near.trace[0], (ascent.same.trace + ascent.near.trace).sum(axis=0)
    missed = noise**2 + signal * chain.kappa[-1] * (chain.df[-1] - moved) / dim + rest * moved / n_train
    train = found.error + noise**2 - 2 * shown / n_train * missed + (shown / n_train) ** 2 * rest
    return found, np.maximum(train, 0.0)

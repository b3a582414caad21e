"""A second path from the inputs to the read-out, section 10 of the theory: â is trained on x_L and tested on x_L'.

The two paths' covariances enter through pairs P of matrices at layer ℓ, and of each through two traces only,

    h(P) = tr P(Σ + κ)^{-1}        T(P) = tr P − κ h(P) = tr PΣ(Σ + κ)^{-1}

and their slopes along the chain: Δ = E x (x' − x)ᵀ and D = E (x' − x)(x' − x)ᵀ. With E x x'ᵀ = Σ + Δ and
E x' x'ᵀ = Σ + 2Δ + D everything is exactly that of one path where Δ = D = 0. Numbers that vary along the chain are kept
as arrays (2, N): the value, and its slope in log κ_ℓ. Their sums are sums; `_times` is the product.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from onebit_rf.model.grids import grid
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory.cross import CrossLayer
from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain


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
        means: m·Gm, m·Gm⁺ and m⁺·Gm⁺ with their slopes in log κ_L, m⁺ = m' − e m, G = (Σ_L + κ_L)^{-1}; (3, 2, N).
        layer: the last layer.
    """

    near: Pair
    apart: Pair
    same: Pair
    identity: Pair
    means: np.ndarray
    layer: CrossLayer

    @property
    def offset(self) -> np.ndarray:
        """Γ = m⁺·Gm⁺ − (m·Gm⁺)²/(m·Gm) with its slope, (2, N): what m' has beyond its share of m."""
        if self.layer.outputs.mean_sq == 0:
            return np.zeros(self.means.shape[1:])
        first, both, second = self.means
        slope = both[0] / first[0]
        return np.stack([second[0] - slope * both[0], second[1] - 2 * slope * both[1] + slope**2 * first[1]])


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of two numbers with slopes, (2, N) each."""
    return np.stack([a[0] * b[0], a[0] * b[1] + a[1] * b[0]])


def _inverse(a: np.ndarray) -> np.ndarray:
    """Return 1/a of a number with its slope, (2, N)."""
    return np.stack([1 / a[0], -a[1] / a[0] ** 2])


class _Climb:
    """Averages over the neurons of layer ℓ, with their slopes in log κ_ℓ.

    With G = 1/(κ + S), S = ρ2² + ρ1² q, and q' = dq/dlog κ_ℓ = e q (1 − η):
    E_b[G f], slope −E_b[G² (κ + ρ1² q') f], and E_b[S G f] = E_b[f] − κ E_b[G f].
    """

    def __init__(self, chain: Chain, layer: Layer, index: int) -> None:
        self.kappa, q = chain.kappa[index], chain.q[index - 1]
        self.weights = layer.weights
        slope = chain.growth[index - 1] * q * chain.df2[index - 1] / chain.df[index - 1]
        self.strength = layer.rho2_sq + layer.rho1_sq * q[:, None]
        self.inverse = 1 / (self.kappa[:, None] + self.strength)
        self.strength_slope = layer.rho1_sq * slope[:, None]

    def resolvent(self, values: np.ndarray) -> np.ndarray:
        """E_b[G f]."""
        mass = self.weights * values
        falling = self.inverse**2 * (self.kappa[:, None] + self.strength_slope)
        return np.stack([self.inverse @ mass, -(falling @ mass)])

    def filled(self, values: np.ndarray) -> np.ndarray:
        """E_b[S G f]."""
        mass, kappa = self.weights * values, self.kappa[:, None]
        rising = kappa * (self.strength_slope - self.strength) * self.inverse**2
        return np.stack([(self.strength * self.inverse) @ mass, rising @ mass])


def climb(
    chain: Chain, dims: Sequence[int], layers: Sequence[Layer], crosses: Sequence[CrossLayer], path: SecondPath
) -> Ascent:
    """Carry the pairs Δ, D and the means up the layers.

    Layer by layer, with d = d_{ℓ−1}, k = κ_{ℓ−1}, a = k c (d_ℓ/d) E_b[G ρ1 ρ1'], 1 on equal paths, and T of ℓ−1:

        Z_Δ = a T_Δ + (a − 1) T_Σ          Z_D = a² T_D + 2a (a − 1) T_Δ + (a − 1)² T_Σ
        T_ℓ = d_ℓ E_b[S G f] + (κ_ℓ/k) Z   h_ℓ = d_ℓ E_b[G f] − Z/k       f = C of Δ, E Var(Δ | b') of D

    Args:
        chain: solved.
        dims: (d_0, …, d_L).
        layers, crosses: the layers 1…L on the first and on both paths.
        path: says what the inputs are on the second: Δ = (t − 1) Σ_0, D = ((t − 1)² + u − t²) Σ_0 + v I.
    """
    own = np.stack([dims[0] * chain.powers[0], -chain.kappa[0] * chain.df2[0]])  # T(Σ_0)
    t, spread, v = (
        path.input_gain * path.input_overlap,
        path.input_gain**2 * (1 - path.input_overlap**2),
        path.input_noise**2,
    )
    near = (t - 1) * own
    apart = ((t - 1) ** 2 + spread) * own + v * np.stack([chain.df[0], -chain.gap[0]])  # T(I) = df
    means = np.zeros((3, 2, chain.kappa.shape[1]))
    for index, (layer, cross) in enumerate(zip(layers, crosses, strict=True), start=1):
        below, dim, here = dims[index - 1], dims[index], _Climb(chain, layer, index)
        k, growth = chain.kappa[index - 1], chain.growth[index - 1]
        kappa_below = np.stack([k, growth * k])
        moved = _times(kappa_below, dim / below * here.resolvent(cross.rho1 * cross.rho1_apart))  # a − 1
        kept = moved + np.array([[1.0], [0.0]])
        same = np.stack([below * chain.powers[index - 1], -growth * k * chain.df2[index - 1]])
        near, apart, means = (along * np.stack([np.ones_like(growth), growth]) for along in (near, apart, means))
        z_near = _times(kept, near) + _times(moved, same)
        z_apart = _times(kept, _times(kept, apart) + 2 * _times(moved, near)) + _times(moved, _times(moved, same))
        means = _climb_means(here, cross, (below, dim), means, kappa_below, kept)
        over = _inverse(kappa_below)
        traces = [dim * here.resolvent(f) - _times(over, z) for f, z in ((cross.cross, z_near), (cross.apart, z_apart))]
        ratio = here.kappa / k
        ratio = np.stack([ratio, (1 - growth) * ratio])
        near = dim * here.filled(cross.cross) + _times(ratio, z_near)
        apart = dim * here.filled(cross.apart) + _times(ratio, z_apart)
    one, dim, kappa = np.ones(layers[-1].weights.size), dims[-1], chain.kappa[-1]
    return Ascent(
        near=Pair(near, traces[0]),
        apart=Pair(apart, traces[1]),
        same=Pair(np.stack([dim * chain.power, -kappa * chain.df2[-1]]), np.stack([chain.df[-1], -chain.gap[-1]])),
        identity=Pair(dim * here.filled(one), dim * here.resolvent(one)),
        means=means,
        layer=crosses[-1],
    )


def _climb_means(
    here: _Climb, cross: CrossLayer, dims: tuple[int, int], means: np.ndarray, k: np.ndarray, kept: np.ndarray
) -> np.ndarray:
    """Return H1 = m·Gm, H4 = m·Gm⁺ and H5 = m⁺·Gm⁺ of layer ℓ, with m⁺ = m' − e m, from those below; (3, 2, N).

    With Ψ_f = (d_ℓ/d) E_b[G ρ1 b f]/μ²,  Q1 = k (d μ² − k H1),  Q4 = −k² H4,  Q5 = k (d R − k H5)  of layer ℓ−1,

        H1 = d_ℓ E[G f0²] − Ψ0² Q1        H4 = d_ℓ E[G f0 f⁺] − Ψ0 Ψ⁺ Q1 − Ψ0 (a/k) Q4
        H5 = d_ℓ E[G (f⁺² + Var(f0' | b))] − Ψ⁺² Q1 − 2Ψ⁺ (a/k) Q4 − (a/k)² Q5

    where f⁺ = f0' − e f0 with the e of layer ℓ. Along m the rows of W are longer for neurons of large bias, whose
    weight G ρ1² differs: there 1/k becomes 1/k + d μ² ω with ω = (d_ℓ/d) E_b[G ρ1² (b²/μ² − 1)]/(d μ²), and Q1, Q4, Q5
    become Q1/(1 + ω Q1), Q4/(1 + ω Q1), Q5 − ω Q4²/(1 + ω Q1). Where μ = 0 below, the terms of Ψ and Q vanish.
    """
    below, dim = dims
    f0, apart = cross.mean, cross.mean_apart
    raised = dim * np.stack([here.resolvent(f) for f in (f0**2, f0 * apart, apart**2 + cross.scatter)])
    mean_sq, rest = cross.inputs.mean_sq, cross.inputs.mean_rest
    if mean_sq == 0:
        return raised
    along, across = (dim / below / mean_sq * here.resolvent(cross.rho1 * cross.bias * f) for f in (f0, apart))
    k_sq, full = _times(k, k), np.array([[1.0], [0.0]])
    q1 = _times(k, below * mean_sq * full - _times(k, means[0]))
    q4 = -_times(k_sq, means[1])
    q5 = _times(k, below * rest * full - _times(k, means[2]))
    excess = (cross.bias**2 / mean_sq - 1) * cross.rho1**2
    omega = dim / below / (below * mean_sq) * here.resolvent(excess)
    spike = _inverse(full + _times(omega, q1))
    q5 = q5 - _times(_times(omega, spike), _times(q4, q4))
    q1, q4 = _times(q1, spike), _times(q4, spike)
    share = _times(_inverse(k), kept)
    by_means = _times(along, q1), _times(across, q1)
    return raised - np.stack(
        [
            _times(along, by_means[0]),
            _times(along, by_means[1] + _times(share, q4)),
            _times(across, by_means[1] + 2 * _times(share, q4)) + _times(share, _times(share, q5)),
        ]
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

    def rounded(self, bits: int) -> "Tested":
        """Return the read-out rounded to a grid of b bits: a_q = c â + η, η of variance (c − c²)|â|²/p per entry.

        The entries of â are normal in the limit, so that η is uncorrelated with â (Bussgang).
        """
        gain = grid(bits).gain
        shrunk = replace(
            self,
            error=self.error + (1 - gain) * (2 * self.overlap - (1 + gain) * self.square),
            overlap=gain * self.overlap,
            square=gain**2 * self.square,
        )
        return shrunk.noisy(gain * (1 - gain) * self.size / self.dim)


def tested(
    ascent: Ascent, chain: Chain, signal: float, error: np.ndarray, noise: float, n_train: np.ndarray, dim: int
) -> Tested:
    """Return what becomes of a ridge read-out of excess test error E on the second path.

    With the quadratic form  q(P) = (E A*²/p)(tr P − 2κh + κ²g) + R_test (h − κg)/n  and R_test = E + σ²,

        E' = E + q(D) − 2 ((E A*²/p) κ (h − κg) − R_test (h − κg)/n)(Δ)
             + (e − 1)² μ² + R − (E A*²/p) κ (2Γ + Γ') + R_test (Γ + Γ')/n,       Γ' = dΓ/dlog κ,

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

"""Degrees of freedom climb the layers: the κ chain, section 3 of the theory.

With df_ℓ(κ) = E tr Σ_ℓ(Σ_ℓ + κ)^{-1}, D_ℓ = df_ℓ/d_ℓ, γ_ℓ = d_ℓ/d_{ℓ−1} and, on the bias nodes of layer ℓ,

    q_ℓ = κ_{ℓ−1} D_{ℓ−1}      S_ℓ = ρ2² + ρ1² q_ℓ      D_ℓ = E_b[S_ℓ/(κ_ℓ + S_ℓ)]
    1/κ_{ℓ−1} = γ_ℓ E_b[ρ1²/(κ_ℓ + S_ℓ)]

the q's determine everything: downward from κ_L they give κ_{L−1} … κ_0, and upward from κ_0 they give new q's.
That map q → F(q) adds, multiplies and divides positive numbers only, and it is increasing and concave. So it has
one fixed point, Newton's method descends to it from the upper bound q_ℓ = s_{ℓ−1} without a bracket, and no step
subtracts nearly equal numbers: narrow middle layers, n → p and extreme κ cost no accuracy. What fixes κ_L (samples
and a ridge, or κ_L itself) is the `top` of the chain.

Sources: Schröder, Cui, Dmitriev, Loureiro, arXiv 2302.00401; Bosch, Panahi, Hassibi, arXiv 2302.06210.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.spectrum import Spectrum

TOLERANCE = 1e-9  # on the residual of a converged chain
_LAST_STEP = 1e-7  # the steps shrink quadratically: after one of 1e-7 the rest is rounding
_MAX_ITERATIONS = 100  # far from the fixed point a step about halves q; 15 steps are rarely exceeded

# κ_L and ∂κ_L/∂q_L, shape (N,), given S_L on the bias nodes, shape (N, k), and the last layer.
Top = Callable[[np.ndarray, Layer], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Chain:
    """The solved chain at N values of what fixes κ_L; row ℓ of the arrays of shape (L + 1, N) is layer ℓ.

    Attributes:
        kappa: κ_ℓ, shape (L + 1, N).
        df: df_ℓ(κ_ℓ), shape (L + 1, N).
        gap: df_ℓ − df2_ℓ = −κ_ℓ df_ℓ' ≥ 0, free of cancellation, shape (L + 1, N).
        df2: df_ℓ + κ_ℓ df_ℓ' = tr Σ_ℓ²(Σ_ℓ + κ_ℓ)^{-2}, shape (L + 1, N).
        powers: tr Σ_ℓ²(Σ_ℓ + κ_ℓ)^{-1}/d_ℓ = (tr Σ_ℓ − κ_ℓ df_ℓ)/d_ℓ, shape (L + 1, N).
        power2: tr Σ_L³(Σ_L + κ_L)^{-2}/p = powers[L] − κ_L df2_L/p, shape (N,).
        q: q_1 … q_L, shape (L, N).
        growth: e_ℓ = dlog κ_{ℓ−1}/dlog κ_ℓ, shape (L, N).
        residual: max_ℓ |F_ℓ(q)/q_ℓ − 1|, shape (N,).
        iterations: Newton steps, common to the N values.
    """

    kappa: np.ndarray
    df: np.ndarray
    gap: np.ndarray
    df2: np.ndarray
    powers: np.ndarray
    power2: np.ndarray
    q: np.ndarray
    growth: np.ndarray
    residual: np.ndarray
    iterations: int

    @property
    def power(self) -> np.ndarray:
        """tr Σ_L²(Σ_L + κ_L)^{-1}/p, shape (N,)."""
        return self.powers[-1]


def given_kappa(kappa: np.ndarray) -> Top:
    """Return the top that sets κ_L = `kappa` > 0, shape (N,)."""
    return lambda strength, layer: (kappa, np.zeros_like(kappa))


def solve_chain(spectrum: Spectrum, dims: Sequence[int], layers: Sequence[Layer], top: Top, size: int = 1) -> Chain:
    """Return the fixed point q = F(q) by Newton's method from above, with df, df2 at every layer.

    Args:
        spectrum: of Σ_0.
        dims: (d_0, …, d_L).
        layers: the Gaussian equivalents of layers 1…L.
        top: what fixes κ_L, for N = `size` values at once.
        size: N.
    """
    gammas = [wide / narrow for narrow, wide in pairwise(dims)]
    bounds = [spectrum.mean, *(layer.variance for layer in layers[:-1])]
    q = [np.full(size, bound) for bound in bounds]
    for iteration in range(1, _MAX_ITERATIONS + 1):  # noqa: B007 (used after the loop)
        strengths, kappa, kappa_slopes = _descend(layers, gammas, q, top)
        new_q, q_slopes = _ascend(spectrum, layers, strengths, kappa)
        steps = _newton_steps([new - old for new, old in zip(new_q, q, strict=True)], kappa_slopes, q_slopes)
        # In exact arithmetic no step leaves the positive numbers; rounding may, far from the fixed point.
        q, before = [np.maximum(old + step, 1e-3 * old) for old, step in zip(q, steps, strict=True)], q
        if not _relative_change(q, before).max() > _LAST_STEP:
            break
    strengths, kappa, _ = _descend(layers, gammas, q, top)
    residual = _relative_change(_ascend(spectrum, layers, strengths, kappa)[0], q)
    df, gap, df2, powers, power2, growth = _freedom(spectrum, dims, layers, q, strengths, kappa)
    return Chain(np.array(kappa), df, gap, df2, powers, power2, np.array(q), growth, residual, iteration)


def _relative_change(new: list[np.ndarray], old: list[np.ndarray]) -> np.ndarray:
    """Return max_ℓ |new_ℓ/old_ℓ − 1|, shape (N,)."""
    return np.max([np.abs(a / b - 1) for a, b in zip(new, old, strict=True)], axis=0)


def _descend(
    layers: Sequence[Layer], gammas: list[float], q: list[np.ndarray], top: Top
) -> tuple[list[np.ndarray], list[np.ndarray], list[tuple[np.ndarray, np.ndarray]]]:
    """Return S_1…S_L, κ_0…κ_L and the slopes (∂κ_{ℓ−1}/∂κ_ℓ, ∂κ_{ℓ−1}/∂q_ℓ), ℓ = 1…L, then (0, ∂κ_L/∂q_L).

    1/κ_{ℓ−1} = γ_ℓ E_b[ρ1²/(κ_ℓ + S_ℓ)] from the top down, at given q.
    """
    strengths = [layer.rho2_sq + layer.rho1_sq * row[:, None] for layer, row in zip(layers, q, strict=True)]
    last, top_slope = top(strengths[-1], layers[-1])
    kappa, slopes = [last], [(np.zeros_like(last), top_slope)]
    for gamma, layer, strength in zip(gammas[::-1], layers[::-1], strengths[::-1], strict=True):
        inverse = 1 / (kappa[0][:, None] + strength)
        below = 1 / (gamma * (inverse @ (layer.weights * layer.rho1_sq)))
        squared = inverse * inverse
        scale = gamma * below * below
        by_kappa = scale * (squared @ (layer.weights * layer.rho1_sq))
        by_q = scale * (squared @ (layer.weights * layer.rho1_sq**2))
        kappa.insert(0, below)
        slopes.insert(0, (by_kappa, by_q))
    return strengths, kappa, slopes


def _ascend(
    spectrum: Spectrum, layers: Sequence[Layer], strengths: list[np.ndarray], kappa: list[np.ndarray]
) -> tuple[list[np.ndarray], list[tuple[np.ndarray, np.ndarray]]]:
    """Return F_1…F_L and their slopes (∂F_{ℓ+1}/∂κ_ℓ, ∂F_{ℓ+1}/∂q_ℓ): F_{ℓ+1} = κ_ℓ D_ℓ.

    For ℓ = 0, κ D = Σ_j w_j κ λ_j/(κ + λ_j); above, κ D = E_b[κ S/(κ + S)].
    """
    filled = spectrum.values / (spectrum.values + kappa[0][:, None])
    new_q, slopes = [kappa[0] * (filled @ spectrum.weights)], [((filled * filled) @ spectrum.weights, 0.0)]
    for kappa_l, layer, strength in zip(kappa[1:-1], layers, strengths, strict=False):
        filled = strength / (kappa_l[:, None] + strength)
        empty = kappa_l[:, None] / (kappa_l[:, None] + strength)
        new_q.append(kappa_l * (filled @ layer.weights))
        slopes.append(((filled * filled) @ layer.weights, (empty * empty) @ (layer.weights * layer.rho1_sq)))
    return new_q, slopes


def _newton_steps(
    defects: list[np.ndarray],
    kappa_slopes: list[tuple[np.ndarray, np.ndarray]],
    q_slopes: list[tuple[np.ndarray, np.ndarray]],
) -> list[np.ndarray]:
    """Return the steps dq that solve dq − F'(q) dq = F(q) − q = `defects`, layer by layer in O(L).

    Eliminating from the bottom leaves dq_ℓ = A_ℓ dκ_{ℓ−1} + c_ℓ and dκ_{ℓ−1} (1 − β_ℓ A_ℓ) = α_ℓ dκ_ℓ + β_ℓ c_ℓ;
    at the top dκ_L = (∂κ_L/∂q_L) dq_L closes the system, which is then solved downward.
    """
    rate, offset = q_slopes[0][0], defects[0]
    rates, offsets = [], []
    for layer, (alpha, beta) in enumerate(kappa_slopes[:-1]):
        pivot = 1 - beta * rate
        rates.append(rate * alpha / pivot)
        offsets.append(offset / pivot)
        if layer + 1 < len(defects):
            by_kappa, by_q = q_slopes[layer + 1]
            rate, offset = by_kappa + by_q * rates[-1], defects[layer + 1] + by_q * offsets[-1]
    top_slope = kappa_slopes[-1][1]
    step_kappa = top_slope * offsets[-1] / (1 - top_slope * rates[-1])
    steps = []
    for (alpha, beta), a, c in zip(kappa_slopes[-2::-1], rates[::-1], offsets[::-1], strict=True):
        steps.insert(0, a * step_kappa + c)
        step_kappa = alpha * step_kappa + beta * steps[0]
    return steps


def _freedom(
    spectrum: Spectrum,
    dims: Sequence[int],
    layers: Sequence[Layer],
    q: list[np.ndarray],
    strengths: list[np.ndarray],
    kappa: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return df, df − df2, df2, T = power at every layer, U = power2 at the last, and e: sums of positive terms.

    With η = (df_{ℓ−1} − df2_{ℓ−1})/df_{ℓ−1} = 1 − dlog q_ℓ/dlog κ_{ℓ−1} and k, r, g the shares of κ_ℓ, ρ2² and
    ρ1² q_ℓ in κ_ℓ + S_ℓ, averaged with weights ρ1²/(κ_ℓ + S_ℓ):  e = dlog κ_{ℓ−1}/dlog κ_ℓ = k/(k + r + g η),

        df − df2 = d_ℓ E_b[κ (ρ2² + ρ1² q (1 − e (1 − η)))/(κ + S)²]
        df2      = d_ℓ E_b[(S² + κ ρ1² q e (1 − η))/(κ + S)²]
        T_ℓ = E ρ1² T_{ℓ−1} + E_b[S²/(κ + S)]
        U_ℓ = E ρ1² ((1 − e) T_{ℓ−1} + e U_{ℓ−1}) + E_b[(S³ + ρ1² q e (1 − η) S (2κ + S))/(κ + S)²]
    """
    inverse = 1 / (spectrum.values + kappa[0][:, None])
    filled, empty = spectrum.values * inverse, kappa[0][:, None] * inverse
    df = [dims[0] * (filled @ spectrum.weights)]
    gap = [dims[0] * ((filled * empty) @ spectrum.weights)]
    df2 = [dims[0] * ((filled * filled) @ spectrum.weights)]
    powers, growths = [(spectrum.values * filled) @ spectrum.weights], []
    power2 = (spectrum.values * filled**2) @ spectrum.weights
    for dim, layer, q_l, strength, kappa_l in zip(dims[1:], layers, q, strengths, kappa[1:], strict=True):
        weights, linear, noise = layer.weights, layer.weights * layer.rho1_sq, layer.weights * layer.rho2_sq
        inverse = 1 / (kappa_l[:, None] + strength)
        squared, filled = inverse * inverse, strength * inverse
        eta = gap[-1] / df[-1]
        k = kappa_l * (squared @ linear)
        fixed = squared @ (noise * layer.rho1_sq) + eta * q_l * (squared @ (linear * layer.rho1_sq))  # r + g η
        growth, lag = k / (k + fixed), fixed / (k + fixed)  # e and 1 − e
        growths.append(growth)
        drive = q_l * growth * df2[-1] / df[-1]  # q e (1 − η)
        df.append(dim * (filled @ weights))
        gap.append(dim * kappa_l * (squared @ noise + q_l * (squared @ linear) * (lag + eta * growth)))
        df2.append(dim * ((filled * filled) @ weights + kappa_l * drive * (squared @ linear)))
        power2 = linear.sum() * (lag * powers[-1] + growth * power2) + (strength * filled**2) @ weights
        power2 = power2 + drive * ((filled * (1 + kappa_l[:, None] * inverse)) @ linear)
        powers.append(linear.sum() * powers[-1] + (strength * filled) @ weights)
    return np.array(df), np.array(gap), np.array(df2), np.array(powers), power2, np.array(growths)

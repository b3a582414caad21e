"""General mirror maps: the interpolator that stochastic mirror descent reaches, section 5 of the theory.

With v = A* + θZ, Z ~ N(0, 1), and the proximal map of the potential, two scalars (t, θ) solve

    E prox_t'(v) = δ        θ² = c_0 + c_1 V,    V = E (prox_t(v) − A*)²

Without label noise c_0 = 0, c_1 = 1/δ and E = κ_L δ/(1−δ) V: architecture and mirror factorise. With noise σ the
last layer's equivalent ρ1² W Σ_{L−1} Wᵀ + ρ2² gives c_0, c_1 and E. Sources: Akhtiamov, Ghane, Hassibi,
arXiv 2510.16250; Bosch, Panahi, Hassibi, arXiv 2302.06210, for the comparison theorem behind it.

This holds where the neurons of the last layer are alike: φ odd, or one layer and a law of A − A_0 that is symmetric.
For the rest see `neurons`.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain


@dataclass(frozen=True)
class Coupling:
    """What the architecture and the label noise contribute, each of shape (N,).

    θ² = floor + gain·V and E = σ-part + V-part: E = (Q σ² + P V)/(1 − Q).
    """

    floor: np.ndarray
    gain: np.ndarray
    from_noise: np.ndarray
    from_signal: np.ndarray

    def error(self, mean_square: np.ndarray) -> np.ndarray:
        """Return E given V."""
        return self.from_noise + self.from_signal * mean_square


def noiseless_coupling(chain: Chain, delta: np.ndarray) -> Coupling:
    """Return c_0 = 0, c_1 = 1/δ and E = κ_L δ/(1−δ) V."""
    zero = np.zeros_like(delta)
    return Coupling(zero, 1 / delta, zero, chain.kappa[-1] * delta / (1 - delta))


def noisy_coupling(chain: Chain, layer: Layer, dims: tuple[int, ...], samples: np.ndarray, noise: float) -> Coupling:
    """Return the coupling of one-node layers (odd φ) with label noise σ.

    With a = ρ1², b = ρ2² of layer L, κ' = κ_{L−1}, D = df_{L−1}/d_{L−1}, D2 = df2_{L−1}/d_{L−1}, γ = d_{L−1}/p:

        B = b + aκ'D     P = b − aκ'²D_κ = b + aκ'(D − D2)     Q = γ D2/δ     R = (aκ')² D2/γ
        τ² = (σ² + P V)/(1 − Q)     θ² = (R V + P τ²/δ)/B²     E = τ² − σ²

    n (1 − Q) = n − df2_{L−1} is written as b (p − n)/κ_L + (df − df2)_{L−1}, which cannot cancel.
    """
    a, b, delta = layer.rho1_sq[0], layer.rho2_sq[0], samples / dims[-1]
    kappa, width = chain.kappa[-2], dims[-2]
    strength = b + a * kappa * chain.df[-2] / width
    signal = b + a * kappa * chain.gap[-2] / width
    used = chain.df2[-2] / samples
    free = (b * (dims[-1] - samples) / chain.kappa[-1] + chain.gap[-2]) / samples
    spread = (a * kappa) ** 2 * chain.df2[-2] * dims[-1] / width**2
    gain = (spread + signal**2 / (free * delta)) / strength**2
    floor = signal * noise**2 / (free * delta * strength**2)
    return Coupling(floor, gain, used * noise**2 / free, signal / free)

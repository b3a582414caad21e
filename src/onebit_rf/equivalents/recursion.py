"""Mean and covariance of a layer's features given the weights, section 2 of the theory.

    Σ_ℓ ≈ D1 W_ℓ Σ_{ℓ−1} W_ℓᵀ D1 + D2,   D1 = diag ρ1(b_i, s_i),   D2 = diag ρ2²(b_i, s_i),   m_ℓ = f0(b_i, s_i)

Neuron i has the bias b_i = w_i·m_{ℓ−1}, and for its variance s_i the one that section 2 has for all, tr Σ_{ℓ−1}/d_{ℓ−1}
(`shared`), or its own, w_i·Σ_{ℓ−1}w_i (`own`). Both are the same in the limit; at finite size the rows w_i of Gaussian
weights differ in length, those of one-bit weights do not.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.theory.equivalents import hermite_coefficients

VARIANCES = ("shared", "own")


@dataclass(frozen=True)
class Moments:
    """Mean m (d,) and covariance Σ (d, d) of a layer's output."""

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def second(self) -> np.ndarray:
        """Σ + m mᵀ."""
        return self.covariance + np.outer(self.mean, self.mean)


def start(eigenvalues: np.ndarray) -> Moments:
    """Return the moments of the inputs.

    ASSUME: Σ_0 is diagonal, as the sampler of Gaussian inputs has it.
    """
    return Moments(np.zeros(len(eigenvalues)), np.diag(eigenvalues))


def step(below: Moments, weights: np.ndarray, activation: str, variance: str) -> Moments:
    """Return the moments above a layer W of shape (d_ℓ, d_{ℓ−1}); `variance` is one of VARIANCES."""
    pushed = weights @ below.covariance @ weights.T
    shared = np.full(len(weights), np.trace(below.covariance) / len(below.mean))
    s = shared if variance == "shared" else np.diag(pushed)
    mean, rho1, rho2_sq = hermite_coefficients(ACTIVATIONS.get(activation), weights @ below.mean, s)
    covariance = rho1[:, None] * pushed * rho1
    covariance.flat[:: len(mean) + 1] += rho2_sq
    return Moments(mean, covariance)

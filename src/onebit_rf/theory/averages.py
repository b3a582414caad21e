"""Averages over the neurons of a layer, with their slopes along the κ chain."""

import numpy as np

from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain


class Neurons:
    """Layer ℓ at N values of κ_ℓ; the averages of functions f of the bias have slopes in log κ_ℓ, (2, N).

    With G = 1/(κ + S), S = ρ2² + ρ1² q, and q' = dq/dlog κ_ℓ = e q (1 − η): the slope of E_b[G f] is
    −E_b[G² (κ + ρ1² q') f].

    Attributes:
        kappa: κ_ℓ, shape (N,).
        q: q_ℓ with its slope.
    """

    def __init__(self, chain: Chain, layer: Layer, index: int) -> None:
        """Take layer ℓ = `index` of a solved chain."""
        self.kappa, self._layer, q = chain.kappa[index], layer, chain.q[index - 1]
        self.q = np.stack([q, chain.growth[index - 1] * q * chain.df2[index - 1] / chain.df[index - 1]])
        self._strength = layer.rho2_sq + layer.rho1_sq * q[:, None]
        self._inverse = 1 / (self.kappa[:, None] + self._strength)
        self._strength_slope = layer.rho1_sq * self.q[1][:, None]

    def resolvent(self, values: np.ndarray) -> np.ndarray:
        """E_b[G f]."""
        falling = self._inverse**2 * (self.kappa[:, None] + self._strength_slope)
        return np.stack([self._mean(self._inverse, values), -self._mean(falling, values)])

    def filled(self, values: np.ndarray) -> np.ndarray:
        """E_b[S G f]."""
        rising = self.kappa[:, None] * (self._strength_slope - self._strength) * self._inverse**2
        return np.stack([self._mean(self._strength * self._inverse, values), self._mean(rising, values)])

    def sizes(self, signal: float, noise: np.ndarray) -> np.ndarray:
        """Return p E â_i² of the neurons, shape (N, k).

        With (G²)_ii = −dG/dκ it is  E A*² (1 − 2κ G + κ² (G²)_ii) + R_test (p/n)(G − κ (G²)_ii),  here as a sum:

            G² ( E A*² ((ρ2² + ρ1² q)² + κ ρ1² q') + R_test (p/n)(ρ2² + ρ1² (q − q')) )

        Args:
            signal: E A*².
            noise: R_test p/n, shape (N,).
        """
        steady = self._layer.rho2_sq + self._layer.rho1_sq * (self.q[0] - self.q[1])[:, None]
        taught = self._strength**2 + self.kappa[:, None] * self._strength_slope
        return self._inverse**2 * (signal * taught + noise[:, None] * steady)

    def _mean(self, factor: np.ndarray, values: np.ndarray) -> np.ndarray:
        """E_b of a factor (N, k) times values (k,) or (N, k)."""
        return factor @ (self._layer.weights * values) if values.ndim == 1 else (factor * values) @ self._layer.weights

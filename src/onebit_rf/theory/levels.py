"""The chain as a function of κ_L: solved at few points, then interpolated, with the slopes that Newton's method needs.

Resolvents such as df_L(κ) = tr Σ_L(Σ_L + κ)^{-1} are analytic in log κ up to a distance π from the real axis. On a
panel of log κ of length 2 their Chebyshev interpolant with 18 nodes is exact to rounding (it falls like 6.4^−nodes).
"""

from collections.abc import Callable

import numpy as np

from onebit_rf.theory.freedom import Chain

_PANEL = 2.0
_NODES = 18
_RANGE = 300.0  # of |log κ|, whose exponential squared is a double still


class Levels:
    """κ_L → df_L/p, df2_L/p with its slope in log κ, T = tr Σ_L²(Σ_L + κ)^{-1}/p and U = tr Σ_L³(Σ_L + κ)^{-2}/p.

    Args:
        chain_at: the chain given κ_L of shape (M,).
        width: p.
    """

    def __init__(self, chain_at: Callable[[np.ndarray], Chain], width: int) -> None:
        self.chain_at, self.width = chain_at, width
        self.residual = 0.0  # the largest of the chains solved so far
        self._panels: dict[int, np.ndarray] = {}  # panel → coefficients, shape (5, nodes)
        angles = np.pi * (np.arange(_NODES) + 0.5) / _NODES
        self._points = np.cos(angles)
        self._transform = 2 / _NODES * np.cos(np.arange(_NODES)[:, None] * angles)
        self._transform[0] *= 0.5

    def __call__(self, log_kappa: np.ndarray) -> np.ndarray:
        """Return df/p, df2/p, T, U and d(df2/p)/dlog κ at log κ_L of shape (N,): shape (5, N)."""
        position = np.clip(np.where(np.isnan(log_kappa), 0.0, log_kappa), -_RANGE, _RANGE) / _PANEL
        panel = np.floor(position).astype(int)
        present, which = np.unique(panel, return_inverse=True)
        self._solve([index for index in present.tolist() if index not in self._panels])
        coefficients = np.stack([self._panels[index] for index in present.tolist()])
        local = np.clip(2 * (position - panel) - 1, -1, 1)
        basis = np.cos(np.arange(_NODES)[:, None] * np.arccos(local))
        return np.einsum("nfk,kn->fn", coefficients[which], basis) + 0.0 * log_kappa  # NaN stays NaN

    def _solve(self, panels: list[int]) -> None:
        """Solve the chain on panels that no one has asked for yet."""
        if not panels:
            return
        centre = np.array(panels)[:, None] + 0.5
        chain = self.chain_at(np.exp(_PANEL * (centre + 0.5 * self._points)).ravel())
        self.residual = max(self.residual, float(chain.residual.max()))
        values = np.array([chain.df[-1] / self.width, chain.df2[-1] / self.width, chain.power, chain.power2])
        coefficients = values.reshape(4, len(panels), _NODES) @ self._transform.T
        slope = np.polynomial.chebyshev.chebder(coefficients[1], axis=-1) * (2 / _PANEL)
        slope = np.pad(slope, ((0, 0), (0, 1)))
        for place, index in enumerate(panels):
            self._panels[index] = np.vstack([coefficients[:, place], slope[place]])

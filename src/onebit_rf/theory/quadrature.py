"""Averages over standard normal variables: Σ_k w_k f(g_k) ≈ E f(g), g ~ N(0, 1).

Gauss–Legendre panels under the normal density where the integrand has kinks, one panel on either side of each, which
restores exponential convergence; equal steps where it is analytic but bends sharply.
"""

from functools import lru_cache

import numpy as np

from onebit_rf.model.normal import normal_density

TAIL = 9.5  # the normal mass beyond is 2e-21, below the rounding of the averages
_PANEL_NODES = 128  # a panel holds tanh(z), Var z ≤ 4, to 1e-13: its pole is at distance π/2 from the axis


@lru_cache(maxsize=8)
def normal_steps(step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes at equal steps on [−7, 7] and weights ∝ e^{−g²/2} that sum to 1.

    For f analytic within a of the real axis the error falls like e^{−2πa/step}, wherever f bends. Gauss–Hermite nodes
    get closer to one another only like 1/√count.
    """
    nodes = step * np.arange(-round(7 / step), round(7 / step) + 1)
    weights = normal_density(nodes)
    return nodes, weights / weights.sum()


@lru_cache(maxsize=16)
def gauss_legendre(n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes on [0, 1] and weights that sum to 1, each of shape (n_nodes,)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return 0.5 * (1 + nodes), 0.5 * weights


def panels(breakpoints: np.ndarray, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss–Legendre nodes and lengths-as-weights on each interval between breakpoints.

    Args:
        breakpoints: shape (..., k + 1), non-decreasing along the last axis; an empty interval has weight 0.
        n_nodes: nodes per interval.

    Returns:
        nodes and weights of shape (..., k·n_nodes): Σ_k w_k f(x_k) ≈ ∫ f(x) dx.
    """
    unit, unit_weights = gauss_legendre(n_nodes)
    left, length = breakpoints[..., :-1, None], np.diff(breakpoints, axis=-1)[..., None]
    shape = (*breakpoints.shape[:-1], -1)
    return (left + length * unit).reshape(shape), (length * unit_weights).reshape(shape)


def normal_panels(splits: np.ndarray, n_nodes: int = _PANEL_NODES) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of E f(g) for f smooth except at its `splits`.

    Args:
        splits: shape (..., k), the kinks of f in units of g, in ascending order; those beyond ±TAIL are harmless.
        n_nodes: nodes per panel.

    Returns:
        nodes and weights of shape (..., (k + 1)·n_nodes).
    """
    ends = np.full((*splits.shape[:-1], 1), TAIL)
    breakpoints = np.concatenate([-ends, np.clip(splits, -TAIL, TAIL), ends], axis=-1)
    nodes, lengths = panels(breakpoints, n_nodes)
    return nodes, lengths * normal_density(nodes)

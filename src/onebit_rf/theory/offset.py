"""Classes of features that have a mean: labels sign(b + u) with an offset b = m_L·a* ~ N(0, μ²) and u ~ N(0, ρ).

There is one offset for each teacher, and −b is as good as b: averages over it are integrals over b > 0.
"""

from functools import lru_cache

import numpy as np

from onebit_rf.model.normal import normal_density
from onebit_rf.theory.quadrature import TAIL, panels

_NODES = 40  # of b/μ > 0: error rates of steep and of flat classifiers agree with twice as many to 1e-12


@lru_cache(maxsize=1)
def offset_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Return nodes of |b|/μ and their probabilities, shape (40,) each."""
    nodes, lengths = panels(np.array([0.0, 0.3 * TAIL, TAIL]), _NODES // 2)
    return nodes, 2 * lengths * normal_density(nodes)


def error_given(offset: np.ndarray, threshold: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Return e = P(sign(h + u) ≠ sign(τ + v)) for u, v ~ N(0, 1) of correlation c, by Owen's T; any equal shapes.

        e = 2 T(h, (τ − ch)/(h√(1 − c²))) + 2 T(τ, (h − cτ)/(τ√(1 − c²)))        and arccos(c)/π if h = τ = 0

    where τ ≥ 0; with τ < 0 it is 1 − e of −τ and −c.

    Args:
        offset: h = b/√ρ ≥ 0.
        threshold: τ = β/√q, 0 where h is.
        odds: c/√(1 − c²).
    """
    from scipy.special import owens_t

    none, behind = offset == 0, threshold < 0
    h, tau = np.where(none, 1.0, offset), np.where(none, 1.0, np.abs(threshold))
    odds = np.where(behind, -odds, odds)
    root = np.hypot(1, odds)  # 1/√(1 − c²)

    def slope(here: np.ndarray, there: np.ndarray) -> np.ndarray:
        return (there - here) / here * root + 1 / (root + odds)

    with np.errstate(divide="ignore", over="ignore"):  # T(0, ∞) = 1/4
        both = 2 * (owens_t(h, slope(h, tau)) + owens_t(tau, slope(tau, h)))
    return np.where(none, np.arctan2(1.0, odds) / np.pi, np.where(behind, 1 - both, both))

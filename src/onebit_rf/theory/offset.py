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


def disagreement(
    offset: np.ndarray, intercept: np.ndarray, variance: np.ndarray, overlap: np.ndarray, square: np.ndarray
) -> np.ndarray:
    """Return P(sign(b + u) ≠ sign(β + f)) for (u, f) ~ N(0, [[ρ, m], [m, q]]), by Owen's T.

    With h = b/√ρ, k = β/√q and the correlation r it is 2 T(h, (k/h − r)/√(1 − r²)) + 2 T(k, (h/k − r)/√(1 − r²)), and 1
    more where h k < 0.

    Args:
        offset: b > 0.
        intercept: β.
        variance: ρ.
        overlap: m.
        square: q.
    """
    from scipy.special import owens_t

    size = np.sqrt(variance * square)
    r, sine = overlap / size, np.sqrt(np.maximum((size - overlap) * (size + overlap), 0.0)) / size
    h, k = offset / np.sqrt(variance), intercept / np.sqrt(square) + 0.0  # no −0
    with np.errstate(divide="ignore", invalid="ignore"):
        both = owens_t(h, (k / h - r) / sine) + owens_t(k, (h / k - r) / sine)
    return np.clip(2 * both + (k < 0), 0.0, 1.0)

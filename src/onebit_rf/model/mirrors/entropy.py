"""Negative entropy, ψ = A log A − A on A > 0, from A_0 = 1 where ψ' = 0."""

import numpy as np

from onebit_rf.model.mirrors import Mirror


def _prox(v: np.ndarray, t: np.ndarray) -> np.ndarray:
    """A + t log A = v: A = t ω(v/t − log t), where the Wright function ω(z) solves ω + log ω = z."""
    from scipy.special import wrightomega  # an import of 0.2 s that other mirrors do without

    return t * wrightomega(v / t - np.log(t))


mirror = Mirror(
    start=1.0,
    positive=True,
    potential=lambda a: a * np.log(np.maximum(a, np.finfo(float).tiny)) - a,
    gradient=np.log,
    inverse_gradient=np.exp,
    prox=_prox,
    prox_derivative=lambda a, t: a / (a + t),
)

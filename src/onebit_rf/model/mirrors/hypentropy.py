"""Hypentropy: the entropy's smooth relative on the whole line, ℓ2-like for |A| ≪ β."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.mirrors import Mirror, descend


def mirror(beta: float) -> Mirror:
    """Return ψ = A asinh(A/β) − √(A² + β²) + β, ψ' = asinh(A/β); prox in y = ψ'(A): β sinh y + t y = v, odd in v.

    Raises:
        OnebitError: unless 0 < β < ∞.
    """
    if not 0 < beta < float("inf"):
        raise OnebitError(f"mirror: hypentropy:BETA needs a finite BETA > 0, got {beta:g}")

    def prox(v: np.ndarray, t: np.ndarray) -> np.ndarray:
        size = np.abs(v)
        start = np.minimum(np.arcsinh(size / beta), size / t)
        y = descend(lambda y: (beta * np.sinh(y) + t * y - size, beta * np.cosh(y) + t), start)
        return np.copysign(beta * np.sinh(y), v)

    def prox_derivative(a: np.ndarray, t: np.ndarray) -> np.ndarray:
        inverse_curvature = np.hypot(a, beta)
        return inverse_curvature / (inverse_curvature + t)

    return Mirror(
        start=0.0,
        positive=False,
        potential=lambda a: a * np.arcsinh(a / beta) - a * a / (np.hypot(a, beta) + beta),
        gradient=lambda a: np.arcsinh(a / beta),
        inverse_gradient=lambda y: beta * np.sinh(y),
        prox=prox,
        prox_derivative=prox_derivative,
    )

"""The powers, ψ = |A|^q/q."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.mirrors import Mirror, descend, l2


def mirror(q: float) -> Mirror:
    """Return ψ = |A|^q/q, ψ' = sign(A)|A|^{q−1}; prox: A + t A^{q−1} = v for v ≥ 0, odd in v. q = 2 is ℓ2 itself.

    Raises:
        OnebitError: unless 1 < q < ∞.
    """
    if not 1 < q < float("inf"):
        raise OnebitError(f"mirror: q:Q needs a finite Q > 1, got {q:g}")
    if q == 2:
        return l2.mirror
    dual = 1 / (q - 1)  # (ψ')^{−1}(y) = sign(y)|y|^dual

    def prox(v: np.ndarray, t: np.ndarray) -> np.ndarray:
        size = np.abs(v)
        if q == 1.5:  # u = √A solves u² + t u = v
            size = (2 * size / (t + np.sqrt(t * t + 4 * size))) ** 2
        elif q == 3:
            size = 2 * size / (1 + np.sqrt(1 + 4 * t * size))
        elif q > 2:
            start = np.minimum(size, (size / t) ** dual)
            size = descend(lambda a: (a + t * a ** (q - 1) - size, 1 + t * (q - 1) * a ** (q - 2)), start)
        else:  # in y = A^{q−1}, where y^dual + t y is convex
            start = np.minimum(size ** (q - 1), size / t)
            size = descend(lambda y: (y**dual + t * y - size, dual * y ** (dual - 1) + t), start) ** dual
        return np.copysign(size, v)

    def prox_derivative(a: np.ndarray, t: np.ndarray) -> np.ndarray:
        if q >= 2:
            return 1 / (1 + t * (q - 1) * np.abs(a) ** (q - 2))
        inverse_curvature = np.abs(a) ** (2 - q)
        return inverse_curvature / (inverse_curvature + t * (q - 1))

    return Mirror(
        start=0.0,
        positive=False,
        potential=lambda a: np.abs(a) ** q / q,
        gradient=lambda a: np.copysign(np.abs(a) ** (q - 1), a),
        inverse_gradient=lambda y: np.copysign(np.abs(y) ** dual, y),
        prox=prox,
        prox_derivative=prox_derivative,
    )

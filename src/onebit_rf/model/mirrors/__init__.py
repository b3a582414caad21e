"""The potentials ψ of stochastic mirror descent, a file each.

Mirror descent from A_0 with the separable potential ψ ends at the interpolator of least Bregman divergence
D_ψ(A, A_0) = ψ(A) − ψ(A_0) − ψ'(A_0)(A − A_0), and the theory sees ψ through its proximal map

    prox_t(v) = argmin_A D_ψ(A, A_0) + (A − v)²/(2t),    i.e.   A + t (ψ'(A) − ψ'(A_0)) = v.

Where that has no closed form it is solved in the coordinate, A or ψ'(A), in which it is convex, by Newton's method
from a point above the root, from where no step can overshoot.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.registry import Registry

_MAX_STEPS = 60  # 4 to 8 are taken


@dataclass(frozen=True)
class Mirror:
    """A potential; every function acts elementwise on float64 arrays.

    Attributes:
        start: A_0, the entries of the first iterate.
        positive: whether ψ lives on A > 0 only.
        potential: ψ(A).
        gradient: ψ'(A).
        inverse_gradient: (ψ')^{−1}(y).
        prox: prox_t(v) given (v, t), which broadcast.
        prox_derivative: d prox_t(v)/dv given (A, t), A = prox_t(v): 1/(1 + t ψ''(A)).
    """

    start: float
    positive: bool
    potential: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    inverse_gradient: Callable[[np.ndarray], np.ndarray]
    prox: Callable[[np.ndarray, np.ndarray], np.ndarray]
    prox_derivative: Callable[[np.ndarray, np.ndarray], np.ndarray]


def descend(function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], start: np.ndarray) -> np.ndarray:
    """Return the roots of increasing convex functions, elementwise, by Newton's method from above.

    Args:
        function: returns value and slope at a point.
        start: no less than the root.
    """
    point = start
    for _ in range(_MAX_STEPS):
        value, slope = function(point)
        step = np.maximum(value, 0.0) / slope
        point = point - step
        if not np.any(step > 1e-15 * point):
            break
    return point


MIRRORS: Registry[Mirror] = Registry("model/mirrors", "mirror")

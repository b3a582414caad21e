"""The potentials ψ of stochastic mirror descent, one record each; adding one is adding a record.

Mirror descent from A_0 with the separable potential ψ ends at the interpolator of least Bregman divergence
D_ψ(A, A_0) = ψ(A) − ψ(A_0) − ψ'(A_0)(A − A_0), and the theory sees ψ through its proximal map

    prox_t(v) = argmin_A D_ψ(A, A_0) + (A − v)²/(2t),    i.e.   A + t (ψ'(A) − ψ'(A_0)) = v.

Where that has no closed form it is solved in the coordinate, A or ψ'(A), in which it is convex, by Newton's method
from a point above the root, from where no step can overshoot.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from onebit_rf.errors import OnebitError

_FORMS = "l2, q:Q with Q > 1, entropy or hypentropy:BETA with BETA > 0"
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


def _power(q: float) -> Mirror:
    """ψ = |A|^q/q, ψ' = sign(A)|A|^{q−1}; prox: A + t A^{q−1} = v for v ≥ 0, odd in v."""
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


_L2 = Mirror(
    start=0.0,
    positive=False,
    potential=lambda a: 0.5 * a * a,
    gradient=lambda a: a,
    inverse_gradient=lambda y: y,
    prox=lambda v, t: v / (1 + t),
    prox_derivative=lambda a, t: np.broadcast_to(1 / (1 + t), np.broadcast_shapes(np.shape(a), np.shape(t))),
)


def _entropy_prox(v: np.ndarray, t: np.ndarray) -> np.ndarray:
    """A + t log A = v: A = t ω(v/t − log t), where the Wright function ω(z) solves ω + log ω = z."""
    from scipy.special import wrightomega  # an import of 0.2 s that other mirrors do without

    return t * wrightomega(v / t - np.log(t))


# ψ = A log A − A on A > 0, from A_0 = 1 where ψ' = 0.
_ENTROPY = Mirror(
    start=1.0,
    positive=True,
    potential=lambda a: a * np.log(np.maximum(a, np.finfo(float).tiny)) - a,
    gradient=np.log,
    inverse_gradient=np.exp,
    prox=_entropy_prox,
    prox_derivative=lambda a, t: a / (a + t),
)


def _hypentropy(beta: float) -> Mirror:
    """ψ = A asinh(A/β) − √(A² + β²) + β, ψ' = asinh(A/β); prox in y = ψ'(A): β sinh y + t y = v, odd in v."""

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


@lru_cache(maxsize=64)
def get_mirror(name: str) -> Mirror:
    """Return the mirror called `l2`, `q:Q`, `entropy` or `hypentropy:BETA`.

    Raises:
        OnebitError: for any other string, unless Q > 1, unless BETA > 0.
    """
    kind, _, argument = name.partition(":")
    if name in ("l2", "entropy"):
        return _L2 if name == "l2" else _ENTROPY
    try:
        number = float(argument)
    except ValueError:
        number = float("nan")
    if kind == "q" and 1 < number < float("inf"):
        return _L2 if number == 2 else _power(number)
    if kind == "hypentropy" and 0 < number < float("inf"):
        return _hypentropy(number)
    raise OnebitError(f"mirror: must be {_FORMS}, got {name!r}")

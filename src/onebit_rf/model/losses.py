"""The losses of classification as functions of the margin z = y f, one record each; adding one is adding a record."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_MAX_STEPS = 60


@dataclass(frozen=True)
class Loss:
    """A convex, decreasing function of the margin; every function acts elementwise.

    Attributes:
        value: ℓ(z).
        slope: ℓ'(z) ≤ 0.
        curvature: ℓ''(z) ≥ 0, one-sided at a kink of ℓ'.
        prox: argmin_z ℓ(z) + (z − ω)²/(2V) given (ω, V), which broadcast.
        kinks: the margins where ℓ' is not smooth; there prox(ω, V) = ω.
    """

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    curvature: Callable[[np.ndarray], np.ndarray]
    prox: Callable[[np.ndarray, np.ndarray], np.ndarray]
    kinks: tuple[float, ...] = ()


def _sigmoid(z: np.ndarray) -> np.ndarray:
    """1/(1 + e^{−z}), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def _logistic_prox(omega: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Solve z = ω + V σ(−z), i.e. k(z) = (z − ω)(1 + e^z) − V = 0, where k is increasing and convex for z > ω.

    Newton's method descends to the root from above, by k/k' = (z − ω − V σ(−z))/(1 + (z − ω) σ(z)). Dropping e^z
    or 1 from 1 + e^z gives the bounds z − ω ≤ V and z − ω ≤ W(V e^−ω), the latter by the Wright function.
    """
    from scipy.special import wrightomega

    z = omega + np.minimum(variance, wrightomega(np.log(variance) - omega))
    for _ in range(_MAX_STEPS):
        rise = _sigmoid(z)
        step = np.maximum(z - omega - variance * (1 - rise), 0.0) / (1 + (z - omega) * rise)
        z = z - step
        if not np.any(step > 1e-8 * (1 + np.abs(z))):  # the next would be of the order of its square
            break
    return z


LOSSES: dict[str, Loss] = {
    "logistic": Loss(
        value=lambda z: np.logaddexp(0, -z),
        slope=lambda z: -_sigmoid(-z),
        curvature=lambda z: _sigmoid(z) * _sigmoid(-z),
        prox=_logistic_prox,
    ),
    # ASSUME: max(0, 1 − z)² without a factor 1/2, the definition of scikit-learn's LinearSVC.
    "squared-hinge": Loss(
        value=lambda z: np.maximum(1 - z, 0) ** 2,
        slope=lambda z: -2 * np.maximum(1 - z, 0),
        curvature=lambda z: 2.0 * (z < 1),
        prox=lambda omega, variance: np.where(omega < 1, (omega + 2 * variance) / (1 + 2 * variance), omega),
        kinks=(1.0,),
    ),
}

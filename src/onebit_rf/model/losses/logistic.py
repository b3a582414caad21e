"""The logistic loss, log(1 + e^{−z})."""

import numpy as np

from onebit_rf.model.losses import Loss

_MAX_STEPS = 60


def _sigmoid(z: np.ndarray) -> np.ndarray:
    """1/(1 + e^{−z}), without overflow and with all its digits where it is small."""
    small = np.exp(-np.abs(z))
    return np.where(z > 0, 1.0, small) / (1 + small)


def _prox(omega: np.ndarray, variance: np.ndarray) -> np.ndarray:
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


loss = Loss(
    value=lambda z: np.logaddexp(0, -z),
    slope=lambda z: -_sigmoid(-z),
    curvature=lambda z: _sigmoid(z) * _sigmoid(-z),
    prox=_prox,
)

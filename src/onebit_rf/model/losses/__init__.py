"""The losses of classification as functions of the margin z = y f, a file each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.registry import Registry


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


LOSSES: Registry[Loss] = Registry("model/losses", "loss", joiner="-")

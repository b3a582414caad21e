"""The squared hinge, max(0, 1 − z)²."""

import numpy as np

from onebit_rf.model.losses import Loss

# ASSUME: no factor 1/2, as in scikit-learn's LinearSVC.
loss = Loss(
    value=lambda z: np.maximum(1 - z, 0) ** 2,
    slope=lambda z: -2 * np.maximum(1 - z, 0),
    curvature=lambda z: 2.0 * (z < 1),
    prox=lambda omega, variance: np.where(omega < 1, (omega + 2 * variance) / (1 + 2 * variance), omega),
    kinks=(1.0,),
)

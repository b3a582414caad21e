"""ψ = A²/2: gradient descent itself."""

import numpy as np

from onebit_rf.model.mirrors import Mirror

mirror = Mirror(
    start=0.0,
    positive=False,
    potential=lambda a: 0.5 * a * a,
    gradient=lambda a: a,
    inverse_gradient=lambda y: y,
    prox=lambda v, t: v / (1 + t),
    prox_derivative=lambda a, t: np.broadcast_to(1 / (1 + t), np.broadcast_shapes(np.shape(a), np.shape(t))),
)

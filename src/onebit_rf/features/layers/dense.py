"""Weights as float32 numbers.

NumPy's own BLAS is as fast here as any float32 GEMM at hand, and importing nothing else saves a second a job.
"""

import numpy as np

from onebit_rf.features.layers import Encoding, Layer
from onebit_rf.model.activations import activate


def _make_layer(matrix: np.ndarray, gain: float = 1.0) -> Layer:
    matrix *= np.float32(gain * matrix.shape[1] ** -0.5)
    return lambda x, activation=None: activate(x @ matrix.T, activation)


encoding = Encoding(_make_layer, mix=lambda first, other, mask: np.where(mask, other, first))

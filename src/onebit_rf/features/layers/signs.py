"""Weights as one bit each, multiplied by the one-bit kernels: x Sᵀ/√d_{ℓ−1}."""

import numpy as np

from onebit_rf import kernels
from onebit_rf.features.layers import Encoding, Layer


def _make_layer(signs: kernels.SignMatrix, gain: float = 1.0) -> Layer:
    product = kernels.load(signs, scale=gain * signs.shape[1] ** -0.5)
    return lambda x, activation=None: product.apply(x, activation=activation)


def _mix(first: kernels.SignMatrix, other: kernels.SignMatrix, mask: np.ndarray) -> kernels.SignMatrix:
    taken = np.packbits(mask, axis=1, bitorder="little")
    return kernels.SignMatrix((first.bits & ~taken) | (other.bits & taken), first.d_in)


encoding = Encoding(_make_layer, _mix)

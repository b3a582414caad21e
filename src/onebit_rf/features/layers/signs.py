"""Weights as one bit each, multiplied by the one-bit kernels: x Sᵀ/√d_{ℓ−1}."""

from onebit_rf import kernels
from onebit_rf.features.layers import Encoding, Layer


def _make_layer(signs: kernels.SignMatrix) -> Layer:
    return kernels.load(signs, scale=signs.shape[1] ** -0.5).apply


encoding = Encoding(_make_layer)

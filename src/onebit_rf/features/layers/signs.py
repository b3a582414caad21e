"""Weights as one bit each, multiplied by the one-bit kernels: x Sᵀ/√d_{ℓ−1}."""

from pathlib import Path

from onebit_rf import kernels
from onebit_rf.features.layers import Encoding, Layer
from onebit_rf.tables.files import read_matrix
from onebit_rf.tables.weights import WEIGHTS


def _read_layer(path: str | Path, layer: int, fan_in: int) -> Layer:
    signs = kernels.SignMatrix(read_matrix(path, WEIGHTS["signs"], "bits", layer - 1), fan_in)
    return kernels.load(signs, scale=fan_in**-0.5).apply


encoding = Encoding(_read_layer)

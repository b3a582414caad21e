"""Weights as float32 numbers.

NumPy's own BLAS is as fast here as any float32 GEMM at hand, and importing nothing else saves a second a job.
"""

from pathlib import Path

from onebit_rf.features.layers import Encoding, Layer
from onebit_rf.tables.files import read_matrix
from onebit_rf.tables.weights import WEIGHTS


def _read_layer(path: str | Path, layer: int, fan_in: int) -> Layer:
    weights = read_matrix(path, WEIGHTS["dense"], "weights", layer - 1)
    return lambda x: x @ weights.T


encoding = Encoding(_read_layer)

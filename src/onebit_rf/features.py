"""Random features of every depth in one pass: x_ℓ = φ(W_ℓ x_{ℓ−1}) for ℓ = 1…L."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf import kernels
from onebit_rf.model.activations import get_activation
from onebit_rf.tables.files import TableWriter, read_matrix
from onebit_rf.weights.laws import read_gaussian, read_one_bit

Layer = Callable[[np.ndarray], np.ndarray]


def gaussian_layer(weights: np.ndarray) -> Layer:
    """Return x ↦ x Wᵀ in float32, W of shape (d_ℓ, d_{ℓ−1}).

    NumPy's own BLAS is as fast here as any float32 GEMM at hand, and importing nothing else saves a second a job.
    """
    return lambda x: x @ weights.T


def one_bit_layer(signs: kernels.SignMatrix) -> Layer:
    """Return x ↦ x Sᵀ/√d_{ℓ−1} in float32 for a packed sign matrix S of shape (d_ℓ, d_{ℓ−1})."""
    return kernels.load(signs, scale=signs.shape[1] ** -0.5).apply


def read_layers(path: str | Path, law: str, d_in: int, widths: Iterable[int]) -> Iterator[Layer]:
    """Read the layers of a weights table one at a time, so that only one is in memory."""
    fan_in = d_in
    for layer, width in enumerate(widths, start=1):
        if law == "gaussian":
            yield gaussian_layer(read_gaussian(path, layer))
        else:
            yield one_bit_layer(read_one_bit(path, layer, fan_in))
        fan_in = width


def propagate(x: np.ndarray, layers: Iterable[Layer], activation: str) -> Iterator[np.ndarray]:
    """Yield x_1, x_2, …, x_L, each of shape (rows, d_ℓ), float32."""
    phi = get_activation(activation).function
    for layer in layers:
        x = phi(layer(x))
        yield x


def extract_features(
    path: str | Path,
    data: str | Path,
    weights: str | Path,
    law: str,
    widths: list[int],
    activation: str,
    params: dict[str, Any],
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Read inputs and weights, write the features of all depths, one row group per depth."""
    x = read_matrix(data, "data", "x", 0)
    features = propagate(x, read_layers(weights, law, x.shape[1], widths), activation)
    with TableWriter(path, "features", params) as writer:
        for depth in progress(range(1, len(widths) + 1)):
            writer.write(depth=depth, x=next(features))

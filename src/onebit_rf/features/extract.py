"""The features stage: x_ℓ = φ(W_ℓ x_{ℓ−1}) for ℓ = 1…L in one pass."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.features.layers import ENCODINGS, Layer
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.tables.data import DATA
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_group, read_matrix


def read_layers(path: str | Path, encoding: str, d_in: int, widths: Iterable[int]) -> Iterator[Layer]:
    """Read the layers of a weights table one at a time, so that only one is in memory."""
    fan_in = d_in
    for layer, width in enumerate(widths, start=1):
        yield ENCODINGS.get(encoding).read_layer(path, layer, fan_in)
        fan_in = width


def propagate(x: np.ndarray, layers: Iterable[Layer], activation: str) -> Iterator[np.ndarray]:
    """Yield x_1, x_2, …, x_L, each of shape (rows, d_ℓ), float32."""
    phi = ACTIVATIONS.get(activation).function
    for layer in layers:
        x = phi(layer(x))
        yield x


def extract_features(
    path: str | Path,
    data: str | Path,
    weights: str | Path,
    encoding: str,
    widths: list[int],
    activation: str,
    params: dict[str, Any],
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Read inputs and weights, write the features of all depths, one row group per depth.

    Split and label of every row go along, so that the read-outs need no other table.
    """
    x = read_matrix(data, DATA, "x", 0)
    rows = read_group(data, DATA, 0, ["split", "label"])
    split, label = (rows[name].combine_chunks() for name in ("split", "label"))
    features = propagate(x, read_layers(weights, encoding, x.shape[1], widths), activation)
    with TableWriter(path, FEATURES, params) as writer:
        for depth in progress(range(1, len(widths) + 1)):
            writer.write(depth=depth, split=split, label=label, x=next(features))

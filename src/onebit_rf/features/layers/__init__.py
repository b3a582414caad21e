"""How a layer multiplies by its weights, a file for each encoding of them.

A new way to hold weights is a file here and a table in `onebit_rf.tables.weights`; frozen and learned weights that
are held alike are read alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onebit_rf.model.registry import Registry

Layer = Callable[[np.ndarray], np.ndarray]  # x ↦ x W_ℓᵀ, float32 (rows, d_{ℓ−1}) → (rows, d_ℓ)


@dataclass(frozen=True)
class Encoding:
    """A way to hold weights; read_layer: (path of a weights table, ℓ, d_{ℓ−1}) → the layer."""

    read_layer: Callable[[str | Path, int, int], Layer]


ENCODINGS: Registry[Encoding] = Registry("features/layers", "encoding")

"""How a layer multiplies by its weights, a file for each encoding of them; frozen and learned weights alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from onebit_rf.model.registry import Registry


class Layer(Protocol):
    """x ↦ φ(x W_ℓᵀ), float32 (rows, d_{ℓ−1}) → (rows, d_ℓ)."""

    def __call__(self, x: np.ndarray, activation: str | None = None) -> np.ndarray:
        """Return φ(x W_ℓᵀ); without an activation x W_ℓᵀ."""


@dataclass(frozen=True)
class Encoding:
    """A way to hold weights.

    Attributes:
        make_layer: √d_{ℓ−1} W_ℓ as the law draws it, and a number g → the layer of g W_ℓ.
        mix: (W, W̃, mask) → W with the entries of W̃ where the mask (d_ℓ, d_{ℓ−1}) is True.
    """

    make_layer: Callable[[Any, float], Layer]
    mix: Callable[[Any, Any, np.ndarray], Any]


ENCODINGS: Registry[Encoding] = Registry("features/layers", "encoding")

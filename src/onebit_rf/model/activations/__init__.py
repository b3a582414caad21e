"""The activation functions φ, a file each.

`function` keeps dtype and shape, so the same definition serves float32 features and float64 theory.
`kinks` are the points where φ is not smooth: the theory's quadrature splits its integrals there. `tensor`, (torch, z) →
φ(z), is φ of a tensor, which can be differentiated; networks whose φ has none can be frozen but not trained.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from onebit_rf.model.registry import Registry


@dataclass(frozen=True)
class Activation:
    """φ applied to an array elementwise; `odd` says φ(−z) = −φ(z)."""

    function: Callable[[np.ndarray], np.ndarray]
    odd: bool
    kinks: tuple[float, ...] = ()
    tensor: Callable[[Any, Any], Any] | None = None


ACTIVATIONS: Registry[Activation] = Registry("model/activations", "activation")


def activate(z: np.ndarray, activation: str | None) -> np.ndarray:
    """Replace z by φ(z) in its place, and return it; as it is where there is no activation.

    Raises:
        OnebitError: no such activation.
    """
    if activation is not None:
        np.copyto(z, ACTIVATIONS.get(activation).function(z))
    return z

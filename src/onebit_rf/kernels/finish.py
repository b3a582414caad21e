"""What every product does to its sums z: φ(scale·z), with one scale or one for each output."""

from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS

Scale = float | np.ndarray


def check_scale(scale: Any, d_out: int) -> Scale:
    """Return a scale as a float, or d_out of them as float32 (d_out,) of their own.

    Raises:
        OnebitError: neither one real number nor d_out of them.
    """
    numbers = np.asarray(scale)
    if numbers.dtype.kind not in "iuf" or numbers.shape not in ((), (d_out,)):
        raise OnebitError(f"scale: need a number or {(d_out,)} of them, got {numbers.dtype} {numbers.shape}")
    return np.array(numbers, np.float32, order="C") if numbers.ndim else float(numbers)


def activate(z: np.ndarray, activation: str | None) -> np.ndarray:
    """Apply φ to z in place, by the definition in `model/activations`; nothing where it is None.

    Raises:
        OnebitError: no such activation.
    """
    if activation is not None:
        np.copyto(z, ACTIVATIONS.get(activation).function(z))
    return z

"""The activation functions φ, one record each; adding one is adding a record.

`function` keeps dtype and shape, so the same definition serves float32 features and float64 theory.
`kinks` are the points where φ is not smooth: the theory's quadrature splits its integrals there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError

# 1/sqrt(2) as a Python float does not promote float32 arrays to float64.
_INV_SQRT2 = 2.0**-0.5
LEAKY_SLOPE = 0.01  # the slope for z < 0 that torch.nn.LeakyReLU takes by default


@dataclass(frozen=True)
class Activation:
    """φ applied to an array elementwise; `odd` says φ(−z) = −φ(z)."""

    function: Callable[[np.ndarray], np.ndarray]
    odd: bool
    kinks: tuple[float, ...] = ()


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _leaky_relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, LEAKY_SLOPE * z)


def _erf(z: np.ndarray) -> np.ndarray:
    from scipy.special import erf  # takes 0.2 s to import, which the jobs of other activations save

    return erf(z)


def _gelu(z: np.ndarray) -> np.ndarray:
    return 0.5 * z * (1 + _erf(_INV_SQRT2 * z))


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(np.tanh, odd=True),
    "erf": Activation(_erf, odd=True),
    "odd_sigmoid": Activation(lambda z: np.tanh(0.5 * z), odd=True),  # 2σ(z) − 1 = tanh(z/2)
    "relu": Activation(_relu, odd=False, kinks=(0.0,)),
    "leaky_relu": Activation(_leaky_relu, odd=False, kinks=(0.0,)),
    "gelu": Activation(_gelu, odd=False),
}


def get_activation(name: str) -> Activation:
    """Return the record called `name`; OnebitError lists the known names otherwise."""
    if name not in ACTIVATIONS:
        raise OnebitError(f"activation: unknown {name!r}; known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]

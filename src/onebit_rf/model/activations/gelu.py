"""GELU, z Φ(z) with the normal distribution function Φ."""

import numpy as np

from onebit_rf.model.activations import Activation
from onebit_rf.model.activations.erf import erf

# 1/sqrt(2) as a Python float does not promote float32 arrays to float64.
_INV_SQRT2 = 2.0**-0.5


def _gelu(z: np.ndarray) -> np.ndarray:
    return 0.5 * z * (1 + erf(_INV_SQRT2 * z))


activation = Activation(_gelu, odd=False, tensor=lambda torch, z: torch.nn.functional.gelu(z))

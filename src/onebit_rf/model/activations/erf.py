"""The error function erf z."""

import numpy as np

from onebit_rf.model.activations import Activation


def erf(z: np.ndarray) -> np.ndarray:
    """Return erf(z)."""
    from scipy.special import erf  # takes 0.2 s to import, which the jobs of other activations save

    return erf(z)


activation = Activation(erf, odd=True, tensor=lambda torch, z: torch.erf(z))

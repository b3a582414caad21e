"""sign z: features of one bit. Its slope is 0, so that networks of it are not trained."""

import numpy as np

from onebit_rf.model.activations import Activation

ROUNDING = 64  # units in the last place of numbers of order 1, more than the sums of a layer are off by


def _sign(z: np.ndarray) -> np.ndarray:
    """Return sign z, 0 where z is 0 but for rounding.

    ASSUME: sign 0 = 0. A sum of an even number d of signs, as one-bit weights make of these features, is 0 with
    probability √(2/(πd)): there the limit is approached like 1/√d, else like 1/d.
    """
    return np.sign(z) * (np.abs(z) > ROUNDING * np.finfo(z.dtype).eps)


activation = Activation(_sign, odd=True, kinks=(0.0,))

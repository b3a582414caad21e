"""W_ij = Q(G_ij)/√(c d): the very draw G that the Gaussian weights take, on the grid of b bits and least distortion.

c = E Q(g)² brings the variance back to 1/d; the correlation with G is √c. One bit is `one_bit`, held as numbers.
"""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.grids import Grid, grid
from onebit_rf.weights.laws import Law
from onebit_rf.weights.laws.gaussian import draw_gaussian

_MOST_BITS = 8  # a byte, where c is 1 − 9e-5


def law(bits: float) -> Law:
    """Return the law of weights on 2^b levels.

    Raises:
        OnebitError: unless 1 ≤ b ≤ 8 is a whole number.
    """
    q = grid_of("grid", bits)

    def quantise(g: np.ndarray) -> np.ndarray:
        return q.round(g) / np.float32(q.correlation)

    def draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
        return quantise(draw_gaussian(fan_out, fan_in, seed, layer))

    return Law("dense", draw, quantise)


def grid_of(name: str, bits: float) -> Grid:
    """Return the grid of the law NAME:BITS; raises as `law`."""
    if bits not in range(1, _MOST_BITS + 1):
        raise OnebitError(f"law: {name}:BITS needs whole BITS from 1 to {_MOST_BITS}, got {bits:g}")
    return grid(int(bits))

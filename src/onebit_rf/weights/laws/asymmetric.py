"""W_ij = s ⌊G_ij/s⌋/√(c d) clipped to −2^{b−1} … 2^{b−1} − 1 times s, the grid of two's complement: a control.

These are the weights of `grid:b` less s/2 each, s and c its step and gain: all that is wrong with them is their mean.
"""

import numpy as np

from onebit_rf.weights.laws import Law
from onebit_rf.weights.laws.gaussian import draw_gaussian
from onebit_rf.weights.laws.grid import grid_of


def law(bits: float) -> Law:
    """Return the law of weights on 2^b levels of which one more is negative, of mean −s/√(4cd) and variance 1/d.

    Raises:
        OnebitError: unless 1 ≤ b ≤ 8 is a whole number.
    """
    q = grid_of("asymmetric", bits)

    def draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
        levels = q.round(draw_gaussian(fan_out, fan_in, seed, layer)) - np.float32(q.step / 2)
        return levels / np.float32(q.correlation)

    return Law("dense", draw, silence=lambda fan_in: "their mean is not 0")

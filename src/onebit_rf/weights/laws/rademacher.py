"""W_ij = ±1/√d with fair signs of their own, independent of the Gaussian draw: one_bit in law, not draw by draw."""

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law
from onebit_rf.weights.signs import SignMatrix


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> SignMatrix:
    bits = stream(seed, "weights", "rademacher", layer).integers(0, 256, (fan_out, (fan_in + 7) // 8), dtype=np.uint8)
    bits[:, -1] &= 255 >> (-fan_in % 8)  # the bits past the last column are 0
    return SignMatrix(bits, fan_in)


law = Law("signs", _draw)

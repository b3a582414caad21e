"""W_ij = √(3/2)/√d times −1, 0 or 1, each with probability 1/3."""

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    signs = stream(seed, "weights", "ternary", layer).integers(-1, 2, (fan_out, fan_in), dtype=np.int8)
    return signs * np.float32(1.5**0.5)


law = Law("dense", _draw)

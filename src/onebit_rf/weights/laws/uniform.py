"""W_ij uniform on [−√3, √3]/√d."""

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    half = stream(seed, "weights", "uniform", layer).random((fan_out, fan_in), dtype=np.float32) - np.float32(0.5)
    return half * np.float32(12**0.5)


law = Law("dense", _draw)

"""W_ij ~ N(0, 1/d): the weights in full precision."""

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law


def draw_gaussian(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    """Draw G of layer ℓ, iid N(0, 1), shape (d_ℓ, d_{ℓ−1}), float32."""
    return stream(seed, "weights", layer).standard_normal((fan_out, fan_in), dtype=np.float32)


law = Law("dense", draw_gaussian, quantise=lambda g: g, normal=True)

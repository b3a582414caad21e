"""W_ij ~ N(0, 1), the Gaussian draw without its 1/√d: a control that the theory does not cover."""

import numpy as np

from onebit_rf.weights.laws import Law
from onebit_rf.weights.laws.gaussian import draw_gaussian


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    return draw_gaussian(fan_out, fan_in, seed, layer) * np.float32(fan_in**0.5)


law = Law("dense", _draw, silence=lambda fan_in: "their variance is 1, not 1/d")

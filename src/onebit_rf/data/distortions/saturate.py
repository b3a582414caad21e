"""Saturation: a S + b, clipped to [0, 1], in HSV, where S = (V − min(R, G, B))/V; hue and V = max(R, G, B) stay.

At the same hue the distances V − (R, G, B) are proportional to V S: they are V S (t_R, t_G, t_B) with t between 0 and
1. Grey has no hue and counts as red, t = (0, 1, 1), as in Python's colorsys: where b > 0 grey pixels turn reddish. An
image of one channel has no saturation, and stays as it is.
"""

import numpy as np

from onebit_rf.data.distortions import Distortion


def _apply(image: np.ndarray, constant: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    if image.shape[2] == 1:
        return image
    factor, more = constant
    value = image.max(axis=2, keepdims=True)
    chroma = value - image.min(axis=2, keepdims=True)  # V S
    red = np.broadcast_to([0.0, 1.0, 1.0], image.shape).copy()
    hue = np.divide(value - image, chroma, out=red, where=chroma > 0)  # t
    return value - hue * np.minimum(factor * chroma + more * value, value)


distortion = Distortion(
    constants=((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),  # (a, b)
    apply=_apply,
)

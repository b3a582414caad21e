"""Brightness: V + b, clipped to [0, 1], in HSV, where V = max(R, G, B); hue and saturation stay.

At the same hue and saturation R, G and B are proportional to V, so all three are multiplied by V'/V; black becomes
grey V'. Of a grey image the value itself is V.
"""

import numpy as np

from onebit_rf.data.distortions import Distortion


def _apply(image: np.ndarray, more: float, rng: np.random.Generator) -> np.ndarray:
    value = image.max(axis=2, keepdims=True)
    of_value = np.divide(image, value, out=np.ones_like(image), where=value > 0)
    return of_value * np.minimum(value + more, 1)


distortion = Distortion(
    constants=(0.05, 0.1, 0.15, 0.2, 0.3),  # b
    apply=_apply,
)

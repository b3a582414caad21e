"""Less contrast, m + c (x − m) about the mean m of each channel of the image."""

import numpy as np

from onebit_rf.data.distortions import Distortion


def _apply(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    mean = image.mean(axis=(0, 1))
    return mean + factor * (image - mean)


distortion = Distortion(
    constants=(0.75, 0.5, 0.4, 0.3, 0.15),  # c
    apply=_apply,
)

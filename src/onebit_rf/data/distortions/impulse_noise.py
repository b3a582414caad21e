"""Impulse noise, salt and pepper: a value becomes 0 or 1, each with probability p/2."""

import numpy as np

from onebit_rf.data.distortions import Distortion


def _apply(image: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Of a colour image every channel's value is drawn for itself."""
    u = rng.random(image.shape)
    return np.where(u < share, u < share / 2, image)


distortion = Distortion(
    constants=(0.01, 0.02, 0.03, 0.05, 0.07),  # p
    apply=_apply,
)

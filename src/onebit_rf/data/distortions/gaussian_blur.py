"""Gaussian blur: each channel convolved with exp(−(i² + j²)/2σ²), normalised, up to 4σ; the edge's values go on."""

import numpy as np

from onebit_rf.data.distortions import Distortion


def _apply(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter  # an import of 0.3 s that other distortions do without

    return gaussian_filter(image, sigma, mode="nearest", truncate=4, axes=(0, 1))


distortion = Distortion(
    constants=(0.4, 0.6, 0.7, 0.8, 1.0),  # σ in pixels
    apply=_apply,
)

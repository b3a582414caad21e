"""Gaussian noise, x + σ ε with ε ~ N(0, 1) at every value."""

from onebit_rf.data.distortions import Distortion

distortion = Distortion(
    constants=(0.04, 0.06, 0.08, 0.09, 0.10),  # σ
    apply=lambda image, sigma, rng: image + sigma * rng.standard_normal(image.shape),
)

"""Speckle noise, x + x σ ε with ε ~ N(0, 1) at every value: what is black stays so."""

from onebit_rf.data.distortions import Distortion

distortion = Distortion(
    constants=(0.06, 0.1, 0.12, 0.16, 0.2),  # σ
    apply=lambda image, sigma, rng: image * (1 + sigma * rng.standard_normal(image.shape)),
)

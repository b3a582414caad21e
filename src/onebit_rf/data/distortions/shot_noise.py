"""Shot noise, Poisson(c x)/c at every value: mean x, variance x/c; c is the number of photons that make white."""

from onebit_rf.data.distortions import Distortion

distortion = Distortion(
    constants=(500, 250, 100, 75, 50),  # c
    apply=lambda image, photons, rng: rng.poisson(photons * image) / photons,
)

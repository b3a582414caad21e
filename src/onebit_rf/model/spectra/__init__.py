"""The spectra of the input covariance Σ_0, a file each: the sampler and the theory draw on the same eigenvalues."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.registry import Registry


@dataclass(frozen=True)
class Spectrum:
    """The eigenvalues of Σ_0 in any dimension.

    Their mean is 1, so that every spectrum gives the first layer pre-activations of unit variance, tr Σ_0/d_0 = 1.

    Attributes:
        eigenvalues: d_0 → the eigenvalues, largest first, float64 (d_0,), mean 1.
    """

    eigenvalues: Callable[[int], np.ndarray]


SPECTRA: Registry[Spectrum] = Registry("model/spectra", "spectrum")

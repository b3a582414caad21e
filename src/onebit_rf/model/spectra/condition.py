"""Eigenvalues evenly spaced on a logarithmic scale, with a given condition number."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.spectra import Spectrum

MOST = 1e12  # beyond, float32 inputs and float64 factors keep nothing of the smallest directions


def spectrum(number: float) -> Spectrum:
    """Return λ_i ∝ C^{−(i−1)/(d−1)}, i = 1…d_0, of mean 1: largest over smallest is C.

    Raises:
        OnebitError: unless 1 ≤ C ≤ 1e12.
    """
    if not 1 <= number <= MOST:
        raise OnebitError(f"spectrum: condition:NUMBER needs a NUMBER from 1 to {MOST:g}, got {number:g}")

    def eigenvalues(dim: int) -> np.ndarray:
        decay = np.geomspace(1, 1 / number, dim)
        return decay / decay.mean()

    return Spectrum(eigenvalues)

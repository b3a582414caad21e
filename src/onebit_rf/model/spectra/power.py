"""A power law, λ_i ∝ i^−α."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.spectra import Spectrum

MOST = 100_000_000  # dimensions: their eigenvalues fill 0.8 GB


def spectrum(alpha: float) -> Spectrum:
    """Return λ_i = i^−α / mean_j(j^−α), i = 1…d_0.

    Raises:
        OnebitError: unless 0 ≤ α < ∞.
    """
    if not 0 <= alpha < float("inf"):
        raise OnebitError(f"spectrum: power:ALPHA needs a finite ALPHA ≥ 0, got {alpha:g}")

    def eigenvalues(dim: int) -> np.ndarray:
        if dim > MOST:
            raise OnebitError(f"spectrum: power:ALPHA is for up to {MOST:,} dimensions, got {dim:,}")
        decay = np.arange(1, dim + 1, dtype=np.float64) ** -alpha
        return decay / decay.mean()

    return Spectrum(eigenvalues)

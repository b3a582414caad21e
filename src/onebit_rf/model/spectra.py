"""The spectra of the input covariance Σ_0, by name: the sampler and the theory draw on the same eigenvalues."""

import numpy as np

from onebit_rf.errors import OnebitError

_FORMS = "identity or power:ALPHA with ALPHA ≥ 0"


def power_exponent(spectrum: str) -> float:
    """Return α of λ_i ∝ i^−α: 0 for `identity`, ALPHA for `power:ALPHA`.

    Raises:
        OnebitError: for any other string, and for an ALPHA that is negative or not finite.
    """
    kind, _, argument = spectrum.partition(":")
    if spectrum == "identity":
        return 0.0
    try:
        exponent = float(argument) if kind == "power" else float("nan")
    except ValueError:
        exponent = float("nan")
    if not 0 <= exponent < float("inf"):
        raise OnebitError(f"spectrum: must be {_FORMS}, got {spectrum!r}")
    return exponent


def eigenvalues(spectrum: str, dim: int) -> np.ndarray:
    """Return the eigenvalues of Σ_0, largest first: shape (dim,), float64, mean 1.

    λ_i = i^−α / mean_j(j^−α), i = 1…dim. The mean is 1 so that every spectrum gives the first layer
    pre-activations of unit variance, tr Σ_0/d_0 = 1.
    """
    exponent = power_exponent(spectrum)
    if exponent == 0:
        return np.ones(dim)
    decay = np.arange(1, dim + 1, dtype=np.float64) ** -exponent
    return decay / decay.mean()

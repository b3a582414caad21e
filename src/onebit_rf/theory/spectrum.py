"""The spectrum of Σ_0 as few weighted atoms: sums over 10⁴ eigenvalues at the price of some hundred.

The chain needs averages of smooth functions of log λ only, such as λ/(λ+κ), whose nearest poles are at distance π
from the real axis for every κ. On a bin of log λ of width 1 their Chebyshev interpolant with 12 nodes is exact to
the rounding (the error falls like 12.6^−nodes), so that each bin's eigenvalues may be moved onto its nodes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from onebit_rf.model.spectra import SPECTRA

_BIN_WIDTH = 1.0
_BIN_NODES = 12


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues as weighted atoms: Σ_j w_j f(λ_j) = (1/d_0) tr f(Σ_0).

    Attributes:
        values: λ_j ≥ 0, shape (m,).
        weights: w_j, shape (m,); they sum to 1 and, after compression, some may be negative.
    """

    values: np.ndarray
    weights: np.ndarray

    @property
    def mean(self) -> float:
        """tr Σ_0/d_0."""
        return float(self.weights @ self.values)

    @property
    def mean_square(self) -> float:
        """tr Σ_0²/d_0."""
        return float(self.weights @ self.values**2)


def lagrange_weights(points: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Return Σ_i l_j(x_i), shape (m,), for the Lagrange polynomials l_j of m Chebyshev nodes of the first kind.

    l_j(x) = (2/m) Σ'_k T_k(c_j) T_k(x), where the prime halves the term k = 0.
    """
    order = np.arange(nodes.size)[:, None]
    moments = np.cos(order * np.arccos(points)).sum(axis=1)  # Σ_i T_k(x_i)
    moments[0] *= 0.5
    return 2 / nodes.size * (moments @ np.cos(order * np.arccos(nodes)))


def compress(values: np.ndarray) -> Spectrum:
    """Return a Spectrum of at most 12 atoms per unit of log λ, or `values` themselves if those are fewer.

    Args:
        values: eigenvalues ≥ 0, shape (d,), at least one positive.
    """
    distinct, counts = np.unique(values, return_counts=True)
    log_values = np.log(distinct[distinct > 0])
    n_bins = int((log_values[-1] - log_values[0]) / _BIN_WIDTH) + 1
    if distinct.size <= _BIN_NODES * n_bins:
        return Spectrum(distinct, counts / values.size)
    nodes = np.cos(np.pi * (np.arange(_BIN_NODES) + 0.5) / _BIN_NODES)
    atoms, weights = [np.zeros(1)], [np.array([np.mean(values == 0)])]
    bins = ((np.log(values[values > 0]) - log_values[0]) / _BIN_WIDTH).astype(int)
    for index in np.unique(bins):
        centre = log_values[0] + _BIN_WIDTH * (index + 0.5)
        local = (np.log(values[values > 0][bins == index]) - centre) / (0.5 * _BIN_WIDTH)
        atoms.append(np.exp(centre + 0.5 * _BIN_WIDTH * nodes))
        weights.append(lagrange_weights(np.clip(local, -1, 1), nodes) / values.size)
    return Spectrum(np.concatenate(atoms), np.concatenate(weights))


@lru_cache(maxsize=32)
def named_spectrum(spectrum: str, dim: int) -> Spectrum:
    """Return the compressed eigenvalues of `spectrum` in dimension `dim`.

    Raises:
        OnebitError: if `spectrum` has no meaning.
    """
    return compress(SPECTRA.get(spectrum).eigenvalues(dim))

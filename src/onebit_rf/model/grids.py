"""Uniform grids of b bits with mean zero, of least distortion for a normal law: what weights are rounded to.

Q(g) = Δ (⌊g/Δ⌋ + ½), clipped to the 2^b levels ±Δ/2, ±3Δ/2, …; one bit is √(2/π) sign(g). Every threshold lies midway
between two levels, so that the distortion E(g − Q(g))² is least where E[g Q(g)] = E Q(g)².
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebinterpolate, chebpts1, chebval

from onebit_rf.errors import OnebitError
from onebit_rf.model.normal import normal_density

MOST_BITS = 12
_DEGREE = 160
_FINE = 40_000


@dataclass(frozen=True)
class Grid:
    """A grid for numbers of unit variance.

    Attributes:
        bits: b.
        step: Δ.
        gain: c = E[g Q(g)] = E Q(g)² for g ~ N(0, 1): Q(g) = c g + an uncorrelated error of variance c − c².
    """

    bits: int
    step: float
    gain: float

    @property
    def correlation(self) -> float:
        """corr(g, Q(g)) = √c."""
        return self.gain**0.5

    def moments(self, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return E[g Q(v g)] and E Q(v g)² for g ~ N(0, 1) at the `spread` v in [1/100, 100], of its shape."""
        if np.all(spread == 1):
            return np.full(spread.shape, self.gain), np.full(spread.shape, self.gain)
        places, gained, square = _table(self.bits)
        found = np.log(spread)
        return np.interp(found, places, gained), np.interp(found, places, square)

    def round(self, numbers: np.ndarray) -> np.ndarray:
        """Return Q of numbers of unit variance, in their dtype."""
        half = 2 ** (self.bits - 1)
        step = numbers.dtype.type(self.step)
        return step * (np.clip(np.floor(numbers / step), -half, half - 1) + numbers.dtype.type(0.5))

    def round_scaled(self, numbers: np.ndarray) -> np.ndarray:
        """Return r Q(a/r) of the columns a of `numbers`, shape (p, ...), r their root mean square."""
        scale = np.sqrt(np.mean(numbers**2, axis=0))
        return scale * self.round(numbers / np.where(scale > 0, scale, 1.0))


@lru_cache(maxsize=MOST_BITS)
def grid(bits: int) -> Grid:
    """Return the grid of `bits` bits.

    Raises:
        OnebitError: unless 1 ≤ bits ≤ 12 is a whole number.
    """
    if bits != int(bits) or not 1 <= bits <= MOST_BITS:
        raise OnebitError(f"bits: must be a whole number from 1 to {MOST_BITS}, got {bits:g}")
    low, high = 0.0, 4.0
    for _ in range(60):  # the difference of the moments falls through 0 once
        step = 0.5 * (low + high)
        gain, square = _moments(int(bits), step)
        low, high = (step, high) if gain > square else (low, step)
    return Grid(int(bits), step, gain)


@lru_cache(maxsize=MOST_BITS)
def _table(bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return many log v on [−log 100, log 100], with E[g Q(vg)] and E Q(vg)²: by interpolation, smooth in log v."""
    reach = math.log(100)
    values = [_moments(bits, grid(bits).step, math.exp(reach * knot)) for knot in chebpts1(_DEGREE + 1)]
    fine = np.linspace(-1, 1, _FINE)
    columns = (chebinterpolate(lambda _, column=column: column, _DEGREE) for column in np.transpose(values))
    return reach * fine, *(chebval(fine, column) for column in columns)


def _moments(bits: int, step: float, spread: float = 1.0) -> tuple[float, float]:
    """Return E[g Q(vg)] and E Q(vg)²: Q rises by Δ at kΔ, |k| < 2^{b−1}, and Q² by 2k Δ² at ±kΔ, k > 0."""
    steps = np.arange(1, 2 ** (bits - 1))
    thresholds = step / spread * steps
    # SciPy's would take 0.2 s to import.
    beyond = np.array([0.5 * math.erfc(threshold / math.sqrt(2)) for threshold in thresholds])
    gain = step * (normal_density(0.0) + 2 * normal_density(thresholds).sum())
    return float(gain), float(step**2 * (0.25 + 4 * (steps @ beyond)))

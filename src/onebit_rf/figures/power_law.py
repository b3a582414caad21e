"""How fast something shrinks with size: the exponent b of a p^(−b), with an interval.

What vanishes in the limit may have either sign, so |mean| is no estimate of it where noise is as large: the mean of
|noise| is not 0, and shrinks as noise does. So signed means are fitted, and the spread over seeds by itself.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

EXPONENTS = np.linspace(-1.0, 4.0, 5001)  # that are tried
LEVEL = 0.975  # of one side of an interval


@dataclass(frozen=True)
class PowerLaw:
    """The fit a (p/p_0)^(−b).

    Attributes:
        amplitude: a, the value at `size`.
        size: p_0.
        exponent, low, high: b and the ends of its 95 % interval; all NaN where the interval has no end, so that
            nothing is known of b.
    """

    amplitude: float
    size: float
    exponent: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether the exponent has an interval."""
        return not np.isnan(self.exponent)

    def __call__(self, sizes: np.ndarray) -> np.ndarray:
        """The law at some sizes."""
        return self.amplitude * (np.asarray(sizes) / self.size) ** -self.exponent


def fit_mean(sizes: np.ndarray, mean: np.ndarray, sem: np.ndarray, count: np.ndarray) -> PowerLaw:
    """Fit signed means by weighted least squares, min over a and b of χ² = Σ (mean − a (p/p_0)^(−b))²/sem².

    For every b the best a is linear; the interval holds the b with χ²(b) ≤ χ²_min + t², t Student's 97.5 % point of the
    fewest degrees of freedom of a point's sem. For one seed, or where this reaches an end of EXPONENTS, b is unknown.

    Args:
        sizes: p, at least three different ones.
        mean, sem, count: of the values at each p: mean, its standard error and number of values.
    """
    from scipy.special import stdtrit

    sizes, mean, sem, count = (np.asarray(array, dtype=float) for array in (sizes, mean, sem, count))
    middle = float(np.exp(np.log(sizes).mean()))
    if not (sem > 0).all():
        return PowerLaw(nan, middle, nan, nan, nan)
    powers = (sizes / middle) ** -EXPONENTS[:, None]
    against, scale = (powers * (mean / sem**2)).sum(axis=1), (powers**2 / sem**2).sum(axis=1)
    gain = against**2 / scale  # χ² of no law at all, less χ²(b)
    best, held = int(gain.argmax()), np.flatnonzero(gain >= gain.max() - stdtrit(count.min() - 1, LEVEL) ** 2)
    if held[0] == 0 or held[-1] == len(EXPONENTS) - 1:
        return PowerLaw(nan, middle, nan, nan, nan)
    exponent, low, high = EXPONENTS[[best, held[0], held[-1]]]
    return PowerLaw(float(against[best] / scale[best]), middle, float(exponent), float(low), float(high))


def fit_spread(sizes: np.ndarray, spread: np.ndarray, count: np.ndarray) -> PowerLaw:
    """Fit standard deviations s of `count` values at each p, by a line through log s against log p.

    Of normal values 2 log s has the mean 2 log σ + ψ(f) − log f and the variance ψ'(f), f = (count − 1)/2, ψ the
    digamma function, which give the line its weights and its interval without reference to the scatter about it.
    """
    from scipy.special import ndtri, polygamma, psi

    sizes, spread, count = (np.asarray(array, dtype=float) for array in (sizes, spread, count))
    middle = float(np.exp(np.log(sizes).mean()))
    if not ((count > 1) & (spread > 0)).all():
        return PowerLaw(nan, middle, nan, nan, nan)
    half = (count - 1) / 2
    y, weight = np.log(spread) - (psi(half) - np.log(half)) / 2, 4 / polygamma(1, half)
    x = np.log(sizes / middle)
    centre = np.average(x, weights=weight)
    moment = (weight * (x - centre) ** 2).sum()
    slope = (weight * (x - centre) * y).sum() / moment
    reach = float(ndtri(LEVEL)) / np.sqrt(moment)
    amplitude = float(np.exp(np.average(y, weights=weight) - slope * centre))
    return PowerLaw(amplitude, middle, float(-slope), float(-slope - reach), float(-slope + reach))


def spread_interval(spread: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of σ from standard deviations of `count` normal values."""
    from scipy.special import chdtri

    freedom = np.asarray(count, dtype=float) - 1
    low, high = (np.asarray(spread) * np.sqrt(freedom / chdtri(freedom, tail)) for tail in (1 - LEVEL, LEVEL))
    return low, high

"""Numbers that vary along the κ chain: arrays (2, …) of the value and of its slope in log κ_ℓ.

Sums are sums; the products and the inverse are here. Matrices stand in the last two axes.
"""

import numpy as np


def constant(value: np.ndarray | float) -> np.ndarray:
    """Return a number of slope 0."""
    value = np.asarray(value, dtype=np.float64)
    return np.stack([value, np.zeros_like(value)])


def times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a b, entry by entry."""
    return np.stack([a[0] * b[0], a[0] * b[1] + a[1] * b[0]])


def over(a: np.ndarray) -> np.ndarray:
    """Return 1/a, entry by entry."""
    return np.stack([1 / a[0], -a[1] / a[0] ** 2])


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the matrix product a b."""
    return np.stack([a[0] @ b[0], a[0] @ b[1] + a[1] @ b[0]])


def inverse(a: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix; NaN for all where one is singular to rounding."""
    try:
        inverted = np.linalg.inv(a[0])
    except np.linalg.LinAlgError:
        inverted = np.full(a[0].shape, np.nan)
    return np.stack([inverted, -inverted @ a[1] @ inverted])


def along(a: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return a, whose slope is in log κ_{ℓ−1}, with its slope in log κ_ℓ; growth = dlog κ_{ℓ−1}/dlog κ_ℓ, (N,).

    The axis of the N chains is the second of a.
    """
    return np.stack([a[0], (a[1].T * growth).T])

"""A long curve from few solutions: interpolate a smooth solution between Chebyshev points, and check it."""

from collections.abc import Callable

import numpy as np

from onebit_rf.theory.freedom import TOLERANCE

_NODES = (48, 96, 192)  # tried in turn; a smooth curve takes the first
_SHORT = 96  # up to this many points solving each of them is as quick
_CHECKED = 16

# Solution of shape (k, M), residual of shape (M,) and iterations, at M values of the coordinate.
Solution = tuple[np.ndarray, np.ndarray, int]


def chebyshev_points(low: float, high: float, count: int) -> np.ndarray:
    """Return the extrema of the Chebyshev polynomial of degree count − 1 on [low, high], shape (count,)."""
    return 0.5 * (low + high) + 0.5 * (high - low) * np.cos(np.pi * np.arange(count) / (count - 1))


def interpolate(points: np.ndarray, values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the polynomials through `values`, shape (k, m), at m Chebyshev points, evaluated at x: shape (k, N)."""
    signs = (-1.0) ** np.arange(points.size)
    signs[[0, -1]] *= 0.5
    distance = x[:, None] - points
    hit = distance == 0
    terms = np.where(hit.any(axis=1, keepdims=True), hit, signs / np.where(hit, 1.0, distance))
    return values @ (terms / terms.sum(axis=1, keepdims=True)).T


def solve_curve(
    x: np.ndarray, solve: Callable[[np.ndarray], Solution], defect: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Solution:
    """Return the solution at every x: solved at 48 to 192 points and interpolated if x is long, else directly.

    The interpolant stands if its defect at 16 of the x is within the tolerance; otherwise every x is solved.

    Args:
        x: coordinate in which the solution is smooth, shape (N,).
        solve: the solution at any coordinates.
        defect: the residual of a solution of shape (k, M) at coordinates of shape (M,).
    """
    rows = np.argsort(x)[np.linspace(0, x.size - 1, _CHECKED).astype(int)]
    for count in _NODES if x.size > _SHORT and np.ptp(x) > 0 else ():
        if 2 * count > x.size:
            break
        points = chebyshev_points(x.min(), x.max(), count)
        values, residual, iterations = solve(points)
        if not residual.max() <= TOLERANCE:
            break
        smooth = interpolate(points, values, x)
        largest = max(residual.max(), defect(x[rows], smooth[:, rows]).max())
        if largest <= TOLERANCE:
            return smooth, np.full(x.size, largest), iterations
    return solve(x)

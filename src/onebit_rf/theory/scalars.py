"""The two scalars (t, θ) behind every mirror, section 5 of the theory.

    E prox_t'(v) = δ        θ² = c_0 + c_1 V,    V = E (prox_t(v) − A*)²,    v = A* + θZ

The averages are integrals over v alone, since A* and Z enter through their moments given v only.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.model.mirrors import Mirror
from onebit_rf.model.teachers import Teacher
from onebit_rf.theory.mirror import Coupling
from onebit_rf.theory.quadrature import TAIL, panels

_PANEL_NODES = 12
# Panel ends in units of the reach of v: fine enough for its density, and ever finer towards v = 0, where a prox may
# have a power-law kink.
_GRADING = np.array([1, 0.7, 0.5, 0.33, 0.2, 0.1, 0.03, 7e-3, 1.5e-3, 3e-4, 6e-5, 1e-5])
_EDGES = np.array([-TAIL, -5.0, -2.0, 0.0, 2.0, 5.0, TAIL])  # of the density of v at the ends of a uniform law, in θ
_MAX_ITERATIONS = 100
_TOLERANCE = 1e-12
_ROUNDING = 1e-10  # a defect below it that a step no longer lowers is rounding


@dataclass(frozen=True)
class Scalars:
    """The solution (t, θ, V), each of shape (N,), with the defect of the two equations and the Newton steps."""

    t: np.ndarray
    theta: np.ndarray
    mean_square: np.ndarray
    residual: np.ndarray
    iterations: int


def integration_nodes(teacher: Teacher, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and lengths, shape (N, M), for integrals over v whose integrand is singular at v = 0 at most."""
    theta = theta[:, None]
    low, high = (np.full_like(theta, end) for end in teacher.ends)
    reach = TAIL * teacher.spread(theta)
    edges = np.concatenate([end + theta * _EDGES for end in (low, high)], axis=1) if teacher.sharp else theta[:, :0]
    first, last = low - reach, high + reach
    largest = np.maximum(np.abs(first), np.abs(last))
    graded = np.concatenate([-largest * _GRADING, np.zeros_like(first), largest * _GRADING[::-1]], axis=1)
    breakpoints = np.sort(np.clip(np.concatenate([graded, edges], axis=1), first, last), axis=1)
    return panels(breakpoints, _PANEL_NODES)


def evaluate(
    mirror: Mirror, teacher: Teacher, t: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return s = E prox', V and the Jacobian [[∂s, ∂s], [∂V, ∂V]] with respect to (log t, log θ).

    With A = prox_t(v), r = v − A and ∂prox/∂t = −prox' r/t; Stein's lemma, s = E[A Z]/θ, spares prox''.

    Args:
        mirror: ψ.
        teacher: law of A*.
        t: shape (N,).
        theta: shape (N,).

    Returns:
        s and V of shape (N,), the Jacobian of shape (2, 2, N).
    """
    v, lengths = integration_nodes(teacher, theta)
    t, theta = t[:, None], theta[:, None]
    j0, j1, j2 = (lengths * moment for moment in teacher.joint_moments(v, theta))
    value = mirror.prox(v, t)
    slope = mirror.prox_derivative(value, t)
    r = v - value
    slope_r = slope * r
    s = np.sum(slope * j0, axis=1)
    mean_square = np.sum(r * (r * j0 - 2 * theta * j1) + theta**2 * j2, axis=1)
    jacobian = [
        [-np.sum(slope_r * j1, axis=1) / theta[:, 0], np.sum(slope * j2, axis=1) - s],
        [
            2 * np.sum(slope_r * (r * j0 - theta * j1), axis=1),
            2 * np.sum(theta * (slope * theta * j2 - slope_r * j1), axis=1),
        ],
    ]
    return s, mean_square, np.array(jacobian)


def solve_scalars(mirror: Mirror, teacher: Teacher, delta: np.ndarray, coupling: Coupling) -> Scalars:
    """Solve E prox' = δ, θ² = c_0 + c_1 V for (log t, log θ) by damped Newton, N problems at once.

    Args:
        mirror: ψ.
        teacher: law of A*.
        delta: n/p in (0, 1), shape (N,).
        coupling: c_0 ≥ 0 and c_1 > 0.
    """
    point = _start(mirror, teacher, delta, coupling)
    trial, step, best = point, np.zeros_like(point), np.full(delta.shape, np.inf)
    mean_square = np.full(delta.shape, np.nan)
    for iteration in range(1, _MAX_ITERATIONS + 1):  # noqa: B007 (used after the loop)
        defect, square, newton = _newton(mirror, teacher, delta, coupling, trial)
        size = np.abs(defect).max(axis=0)
        accepted = size < best
        point = np.where(accepted, trial, point)
        mean_square, best = np.where(accepted, square, mean_square), np.where(accepted, size, best)
        if np.all((best < _TOLERANCE) | (~accepted & (best < _ROUNDING))):
            break
        step = np.where(accepted, newton, 0.5 * step)
        trial = point + step
    return Scalars(*np.exp(point), mean_square, best, iteration)


def defects(mirror: Mirror, teacher: Teacher, delta: np.ndarray, coupling: Coupling, values: np.ndarray) -> np.ndarray:
    """Return the largest defect of (log t, log θ, log V), shape (3, N), in the two equations and in V: shape (N,)."""
    equations, square, _ = _newton(mirror, teacher, delta, coupling, values[:2])
    return np.abs(np.vstack([equations, np.log(square) - values[2]])).max(axis=0)


def _newton(
    mirror: Mirror, teacher: Teacher, delta: np.ndarray, coupling: Coupling, point: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the defects (log s/δ, log (c_0 + c_1 V)/θ²), V and Newton's step at (log t, log θ).

    The step is shortened so that it changes no scalar more than e²-fold.
    """
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        s, square, jacobian = evaluate(mirror, teacher, *np.exp(point))
        target = coupling.floor + coupling.gain * square
        first, second = defect = np.array([np.log(s / delta), np.log(target) - 2 * point[1]])
        a, b = jacobian[0] / s
        c, d = coupling.gain * jacobian[1] / target
        d = d - 2
        step = np.array([b * second - d * first, c * first - a * second]) / (a * d - b * c)
        return defect, square, step / np.maximum(1, np.abs(step).max(axis=0) / 2)


def _start(mirror: Mirror, teacher: Teacher, delta: np.ndarray, coupling: Coupling) -> np.ndarray:
    """Return (log t, log θ), shape (2, N), of the quadratic potential with the curvature of ψ at a typical A*."""
    size = np.sqrt(teacher.second_moment())
    curvature = 1 / mirror.prox_derivative(np.array(size), np.array(1.0)) - 1
    theta_sq = coupling.floor + coupling.gain * (1 - delta) * teacher.second_moment(mirror.start)
    return np.array([np.log((1 - delta) / (delta * curvature)), 0.5 * np.log(theta_sq)])

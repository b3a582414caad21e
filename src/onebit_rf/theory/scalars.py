"""The two scalars (t, θ) behind every mirror, section 5 of the theory.

    E prox_t'(v) = δ        θ² = c_0 + c_1 V,    V = E (prox_t(v) − A*)²,    v = A* + θZ

The averages are integrals over v alone, since A* and Z enter through their moments given v only.
"""

from collections.abc import Sequence
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
_LONG = 1e150  # a t at which prox' = 1/(1 + tψ'') shows every ψ'' from 1e-150 to 1e150
_ROUNDING = 1e-10  # a defect below it that a step no longer lowers is rounding


@dataclass(frozen=True)
class Scalars:
    """The solution (t, θ, V), each of shape (N,), with the defect of the two equations and the Newton steps."""

    t: np.ndarray
    theta: np.ndarray
    mean_square: np.ndarray
    residual: np.ndarray
    iterations: int


def integration_nodes(
    teacher: Teacher, theta: np.ndarray, shift: np.ndarray | float = 0.0, even: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and lengths, shape (N, M), for integrals over v whose integrand is singular at v = 0 at most.

    Those of an even integrand are at v > 0 only, with twice the lengths.
    """
    theta = theta[:, None]
    low, high = (np.broadcast_to(shift, theta.shape[:1])[:, None] + end for end in teacher.ends)
    reach = TAIL * teacher.spread(theta)
    edges = np.concatenate([end + theta * _EDGES for end in (low, high)], axis=1) if teacher.sharp else theta[:, :0]
    first, last = low - reach, high + reach
    largest = np.maximum(np.abs(first), np.abs(last))
    graded = np.concatenate([-largest * _GRADING, np.zeros_like(first), largest * _GRADING[::-1]], axis=1)
    if even:
        graded, first = graded[:, _GRADING.size :], np.zeros_like(first)
    breakpoints = np.sort(np.clip(np.concatenate([graded, edges], axis=1), first, last), axis=1)
    nodes, lengths = panels(breakpoints, _PANEL_NODES)
    return nodes, 2 * lengths if even else lengths


@dataclass(frozen=True)
class Averages:
    """Averages over v = A* + θZ + c of A = prox_t(v), each of shape (N,).

    Attributes:
        slope: s = E prox'.
        mean_square: V = E (A − A*)².
        mean: E (A − A*).
        jacobian: of s, V and the mean with respect to log t, log θ and c, shape (3, 3, N).
    """

    slope: np.ndarray
    mean_square: np.ndarray
    mean: np.ndarray
    jacobian: np.ndarray


def averages(
    mirror: Mirror,
    teacher: Teacher,
    t: np.ndarray,
    theta: np.ndarray,
    shift: np.ndarray | float = 0.0,
    even: bool = False,
) -> Averages:
    """Return the averages of A = prox_t(A* + θZ + c) and their slopes.

    With r = v − A and A − A* = θZ − (r − c): A changes by −prox' r with log t, by prox' θZ with log θ, by prox' with c.
    Stein's lemma, s = E[A Z]/θ, spares prox''.

    Args:
        mirror: ψ.
        teacher: law of A*.
        t, theta, shift: t, θ and c, shape (N,).
        even: whether potential and law are, with A_0 = 0 and c = 0: half of the integral over v is then enough, and
            what is odd is not computed but 0.
    """
    v, lengths = integration_nodes(teacher, theta, shift, even)
    t, theta, c = t[:, None], theta[:, None], np.broadcast_to(shift, theta.shape)[:, None]
    moments = j0, j1, j2 = [lengths * moment for moment in teacher.joint_moments(v - c, theta)]
    value = mirror.prox(v, t)
    slope = mirror.prox_derivative(value, t)
    r, apart = v - value, v - c - value
    p0, p1 = slope * j0, slope * j1

    def total(values: np.ndarray) -> np.ndarray:
        return np.sum(values, axis=1)

    s = total(p0)
    mean_square = _mean_square(teacher, value, v - c, apart, s, theta, moments)
    zero, noise = np.zeros_like(s), theta[:, 0]
    jacobian = [
        [-total(r * p1) / noise, total(slope * j2) - s, zero],
        [2 * total(r * (apart * p0 - theta * p1)), 2 * noise * total(theta * slope * j2 - apart * p1), zero],
        [zero, zero, s],
    ]
    if even:
        return Averages(s, mean_square, zero, np.array(jacobian))
    mixed = total(p1)
    jacobian[0][2] = mixed / noise
    jacobian[1][2] = 2 * total(theta * p1 - apart * p0)
    jacobian[2] = [-total(r * p0), noise * mixed, s]
    return Averages(s, mean_square, total(theta * j1 - apart * j0), np.array(jacobian))


def evaluate(
    mirror: Mirror, teacher: Teacher, t: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return s and V of shape (N,) at c = 0, and their Jacobian in (log t, log θ), shape (2, 2, N)."""
    found = averages(mirror, teacher, t, theta)
    return found.slope, found.mean_square, found.jacobian[:2, :2]


def _mean_square(
    teacher: Teacher,
    value: np.ndarray,
    u: np.ndarray,
    r: np.ndarray,
    s: np.ndarray,
    theta: np.ndarray,
    moments: Sequence[np.ndarray],
) -> np.ndarray:
    """Return V = E (A − A*)² in the form whose terms are smaller, with u = v − c = A* + θZ and r = u − A:

    E r² − 2θ E[r Z] + θ²,  where A follows v,  or  E A² − 2 (E[A u] − θ² s) + E A*²,  where it hardly does.
    """
    j0, j1, j2 = moments
    square, size = np.sum(r * r * j0, axis=1), np.sum(value * value * j0, axis=1)
    following = square + np.sum(theta * (theta * j2 - 2 * r * j1), axis=1)
    signal, noise = teacher.second_moment(), theta[:, 0] ** 2
    shrunk = size - 2 * (np.sum(value * u * j0, axis=1) - noise * s) + signal
    return np.where(square + noise < size + signal + noise * s, following, shrunk)


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
    size = np.sqrt(teacher.second_moment() + delta**2 * coupling.floor)  # of A: noise enlarges it
    curvature = (1 / mirror.prox_derivative(size, np.array(_LONG)) - 1) / _LONG
    theta_sq = coupling.floor + coupling.gain * (1 - delta) * teacher.second_moment(mirror.start)
    return np.array([np.log((1 - delta) / (delta * curvature)), 0.5 * np.log(theta_sq)])

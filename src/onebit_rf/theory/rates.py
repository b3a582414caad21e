"""The error rate of a classifier, averaged over the offset of its teacher, section 6b of the theory.

If φ is not odd the features have a mean, and the teacher's field the mean b = m_L·a* ~ N(0, μ_L²), one number per
teacher. With h = b/√ρ and r² = μ_L²/ρ the error rate is the average over h ~ N(0, r²) of

    e(h) = P(sign(h + u) ≠ sign(τ + v)),    u, v ~ N(0, 1) of correlation c,    τ = β/√q

which is even in h. Close to h = 0 the threshold follows the offset, τ = h/w, and where it does so for all h at one c,

    the rate is  arccos(C)/π,    C = (c + r²/w)/√((1 + r²)(1 + r²/w²))

so that only the difference of e(h) to this linear rule is integrated. An odd φ is the case r = 0, of one node h = 0.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onebit_rf.model.normal import normal_density
from onebit_rf.theory.convex import Order, Task, evaluate, solve_order, threshold_of
from onebit_rf.theory.curve import Solution, solve_curve
from onebit_rf.theory.freedom import TOLERANCE
from onebit_rf.theory.offset import error_given

# Nodes in h, which together leave an error of 1e-9 in the rate:
_STEP = 0.3  # the largest step,
_STEP_OF_RATIO = 0.6  # in units of r where r is small,
_PER_DECAY = 3.0  # further nodes per e-fold of h beyond the width w,
_LEAST_WIDTH = 1e-3  # less, and the difference to the linear rule is of the order w²,
_FARTHEST = 5.7  # times r/√(1 + r²), the scale of e^{−h²/2} under the density of h
_PARTS = 3  # the nodes are solved in so many parts, each from the extrapolation of those before
_THROUGH = 4  # nodes that an extrapolation goes through
_LEAST_SHARE = 1e-3  # of a node in the rate, with which its defect counts


@dataclass(frozen=True)
class Rates:
    """The error rates of a classifier at N values of n/p, arrays of shape (N,).

    Attributes:
        error: the average over the offset.
        kappa: κ_L where the teacher has no offset.
        x: where the teacher has no offset, shape (4, N), see `convex.py`.
        residual: the largest defect of all that was solved, at the nodes of h weighed by their share in the rate.
        iterations: Newton steps.
    """

    error: np.ndarray
    kappa: np.ndarray
    x: np.ndarray
    residual: np.ndarray
    iterations: int


def linear_rate(ratio: float, odds: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return the average of e over h ~ N(0, r²) for τ = h/w, from sin² and cos of its angle without cancellation."""
    root = np.hypot(1, odds)
    cos = odds / root + ratio**2 / width
    sin_sq = 1 / root**2 + ratio**2 * ((1 - 1 / width) ** 2 + 2 / (width * root * (root + odds)))
    return np.arctan2(np.sqrt(sin_sq), cos) / np.pi


def response_width(task: Task, balanced: Order) -> np.ndarray:
    """Return w = T/(ρc), shape (N,): at b = 0 the balance of the classes says dβ/db = m̂/V̂ = m/T."""
    power = task.levels(np.log(balanced.kappa))[2]
    return power / task.variance * np.hypot(1, balanced.odds) / balanced.odds


def offset_grid(ratio: float, width: np.ndarray, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes h ≥ 0 and their weights for h ~ N(0, r²) and even functions, shape (count + 1, N) each.

    They are at equal steps of u(h) = h/step + 3 asinh(h/w): the trapezoidal rule in u, dense enough for the threshold,
    which follows the offset on the scale w, and for e(h), which falls on the scale 1.

    Args:
        ratio: r.
        width: w, shape (N,).
        count: of the nodes beside h = 0; as many as are needed if not given.
    """
    if ratio == 0:
        return np.zeros((1, width.size)), np.ones((1, width.size))
    step, near = min(_STEP, _STEP_OF_RATIO * ratio), np.hypot(width, _LEAST_WIDTH)
    last = _FARTHEST * ratio / np.hypot(1, ratio)

    def position(h: np.ndarray) -> np.ndarray:
        return h / step + _PER_DECAY * np.arcsinh(h / near)

    def density(h: np.ndarray) -> np.ndarray:
        return 1 / step + _PER_DECAY / np.hypot(h, near)

    end = position(last)
    if count is None:
        count = int(np.ceil(np.max(end, where=np.isfinite(end), initial=1.0)))
    places = np.arange(count + 1)[:, None] / count * end
    nodes = np.zeros_like(places)
    for _ in range(100):  # u is concave, so that Newton's method ascends
        steps = (places - position(nodes)) / density(nodes)
        nodes = nodes + steps
        if not np.any(np.abs(steps) > 1e-13 * last):
            break
    weights = 2 * end / count / density(nodes) * normal_density(nodes / ratio) / ratio
    weights[0] *= 0.5
    return nodes, weights


def error_rates(task: Task, mean_sq: float, alpha: np.ndarray) -> Rates:
    """Return the error rates at every α = n/p.

    Args:
        task: the problem.
        mean_sq: μ_L² = |m_L|²/p; 0 if φ is odd.
        alpha: shape (N,).
    """
    ratio = np.sqrt(mean_sq / task.variance)

    def solve(log_alpha: np.ndarray) -> Solution:
        return _solve(task, ratio, np.exp(log_alpha))

    def defect(log_alpha: np.ndarray, values: np.ndarray) -> np.ndarray:
        points, width = values[3:].reshape(4, -1, log_alpha.size), np.exp(values[2])
        offsets, weights = offset_grid(ratio, width, points.shape[1] - 1)
        state = evaluate(task, np.tile(np.exp(log_alpha), len(offsets)), offsets.ravel(), points.reshape(4, -1))
        rate, shares = _average(ratio, offsets, weights, points, width)
        head = np.abs(np.log([rate, state.kappa[: rate.size]]) - values[:2]).max(axis=0)
        return np.maximum((shares * state.size.reshape(shares.shape)).max(axis=0), head)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # of what is not solved, as the residual says
        values, residual, iterations = solve_curve(np.log(alpha), solve, defect)
    x = values[3:].reshape(4, -1, alpha.size)[:, 0]
    return Rates(np.exp(values[0]), np.exp(values[1]), x, np.maximum(residual, task.levels.residual), iterations)


def _solve(task: Task, ratio: float, alpha: np.ndarray) -> Solution:
    """Return (log rate, log κ_L at h = 0, log w, x at every node), residual and iterations."""
    balanced = solve_order(task, alpha)
    width = response_width(task, balanced)
    offsets, weights = offset_grid(ratio, width)
    points = np.repeat(balanced.x[:, None], len(offsets), axis=1)
    residuals = np.repeat(balanced.residual[None], len(offsets), axis=0)
    iterations = balanced.iterations + _fill(task, alpha, offsets, width, points, residuals, _PARTS)
    failed = np.isfinite(width) & ~(residuals <= TOLERANCE).all(axis=0)
    if failed.any():  # then node by node
        again = [values[..., failed] for values in (alpha, offsets, width, points, residuals)]
        iterations += _fill(task, *again, len(offsets))
        points[..., failed], residuals[..., failed] = again[3:]
    rate, shares = _average(ratio, offsets, weights, points, width)
    head = np.log([rate, balanced.kappa, width])
    return np.vstack([head, points.reshape(-1, alpha.size)]), (shares * residuals).max(axis=0), iterations


def _fill(
    task: Task,
    alpha: np.ndarray,
    offsets: np.ndarray,
    width: np.ndarray,
    points: np.ndarray,
    residuals: np.ndarray,
    parts: int,
) -> int:
    """Solve for x at the nodes beyond h = 0 and return the iterations.

    The nodes are solved in so many `parts` at once, each from what the ones before it promise: log q, log o, log V and
    x_4/h are even functions of h, and of the node's number k. At first they are what they are at h = 0, later they are
    polynomials in k² through four of the nodes that are solved.

    Args:
        task: the problem.
        alpha: n/p, shape (N,).
        offsets: h, shape (count + 1, N).
        width: w, shape (N,).
        points: x, shape (4, count + 1, N), given at h = 0; the rest is filled in.
        residuals: the largest defects, shape (count + 1, N), likewise.
        parts: 1 … count.
    """
    iterations = 0
    for first, last in pairwise(np.unique(np.linspace(1, len(offsets), parts + 1).astype(int))):
        even, ahead = points[:, :first].copy(), offsets[first:last]
        spread = np.exp(0.5 * even[0, 0])
        even[3, 0] = spread / (1 + spread) / width
        even[3, 1:] /= offsets[1:first]
        through = np.unique(np.linspace(0, first - 1, _THROUGH).astype(int))
        weights = _lagrange(through**2.0, np.arange(first, last) ** 2.0)
        start = np.einsum("fkn,km->fmn", even[:, through], weights)
        latest = even[3, first - 1]
        start[3] = np.minimum(np.clip(start[3], latest / 3, 3 * latest) * ahead, 2 + ahead)
        order = solve_order(task, np.tile(alpha, last - first), ahead.ravel(), start.reshape(4, -1))
        points[:, first:last] = order.x.reshape(start.shape)
        residuals[first:last] = order.residual.reshape(ahead.shape)
        iterations += order.iterations
    return iterations


def _average(
    ratio: float, offsets: np.ndarray, weights: np.ndarray, points: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the error rate from x at the nodes, that of the linear rule and the difference, and what each node counts.

    A node's defect counts by the node's share in the rate, but at least 1e-3; shape (count + 1, N).
    """
    odds = np.exp(points[1])
    given = error_given(offsets, threshold_of(points), odds)
    if ratio == 0:
        return given[0], np.ones_like(given)
    linear = error_given(offsets, offsets / width, np.broadcast_to(odds[0], odds.shape))
    rate = np.minimum(linear_rate(ratio, odds[0], width) + (weights * (given - linear)).sum(axis=0), 0.5)
    return rate, np.clip(weights * given / rate, _LEAST_SHARE, 1.0)


def _lagrange(at: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the Lagrange polynomials of the points `at`, shape (m,), at x, shape (M,): shape (m, M)."""
    weights = np.ones((at.size, x.size))
    for index, own in enumerate(at):
        for other in np.delete(at, index):
            weights[index] *= (x - other) / (own - other)
    return weights

"""Classification with any convex loss and a ridge, section 6 of the theory.

Labels y = sign(x_L·a*); w minimises Σ_i ℓ(y_i f_i) + (λ/2)|w|², f = x_L·w/√p. Over the inputs the teacher's field has
the variance ρ = tr Σ_L/p and the mean b, f the variance q and the mean β, and m is their covariance; V is the response
of f to its own label. The equations, per value h = b/√ρ of the offset, which is 0 if φ is odd:

    V = df/(p V̂)     m = (m̂/V̂) T     q = q̂ df2/(p V̂²) + (m̂/V̂)² U     0 = Σ over the classes of y E[P f_out]

with df, df2, T, U of the chain at κ_L = λ/V̂, and m̂, q̂, V̂ of `channel.py`. The unknowns are free real numbers,

    x = (log q, log o, log V, β/(1 + √q)),      o = c/√(1 − c²),  c = m/√(ρq)

The last is β itself where q is small, and the threshold β/√q where it is large: what the equations are sensitive to.
Source: Loureiro et al., arXiv 2102.08127, for b = 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from onebit_rf.model.losses import Loss
from onebit_rf.theory.channel import class_averages
from onebit_rf.theory.freedom import TOLERANCE, Chain
from onebit_rf.theory.levels import Levels

_WARM_UP = 4  # plain iterations before Newton's, from a start that knows nothing
_MAX_ITERATIONS = 100
_SOLVED = 1e-10
_LARGEST_STEP = 2.0  # of each unknown
_LEAST_LOG_Q = -50.0  # √q = 1e-11, down to which the slope of R is known
_UNBALANCED = 0.2  # a defect of β's equation from which on it is solved alone: the others make no sense far from it


@dataclass(frozen=True)
class Task:
    """What the equations need to know of the problem.

    Attributes:
        loss: ℓ.
        chain_at: the chain given κ_L of any shape (M,).
        width: p.
        variance: ρ = tr Σ_L/p.
        penalty: λ > 0.
    """

    loss: Loss
    chain_at: Callable[[np.ndarray], Chain]
    width: int
    variance: float
    penalty: float

    @cached_property
    def levels(self) -> Levels:
        """df_L/p, df2_L/p, T and U as functions of κ_L."""
        return Levels(self.chain_at, self.width)


@dataclass(frozen=True)
class State:
    """The equations at a point x; arrays of shape (N,) unless said.

    Attributes:
        defect: how far each is from being solved: the logarithms of the right sides over the left, and the imbalance
            of the classes relative to their size; shape (4, N).
        jacobian: ∂defect/∂x, shape (4, 4, N).
        kappa: κ_L = λ/V̂.
        pull: m̂/V̂, and
        scatter: q̂/V̂²: w acts like (Σ + κ)^{-1}(m̂/V̂ Σ A* + √(q̂/V̂²) Σ^{1/2} G), A* the teacher's and G iid N(0, 1).
    """

    defect: np.ndarray
    jacobian: np.ndarray
    kappa: np.ndarray
    pull: np.ndarray
    scatter: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest defect, inf where a number is not finite."""
        size = np.abs(self.defect).max(axis=0)
        return np.where(np.isfinite(size) & np.isfinite(self.jacobian).all(axis=(0, 1)), size, np.inf)


@dataclass(frozen=True)
class Order:
    """A solution: x of shape (4, N), κ_L, m̂/V̂, q̂/V̂² (see `State`) and the largest defect, (N,); Newton steps."""

    x: np.ndarray
    kappa: np.ndarray
    pull: np.ndarray
    scatter: np.ndarray
    residual: np.ndarray
    iterations: int

    @property
    def odds(self) -> np.ndarray:
        """c/√(1 − c²)."""
        return np.exp(self.x[1])

    @property
    def threshold(self) -> np.ndarray:
        """τ = β/√q: f is negative where it lies more than τ standard deviations below its mean."""
        return threshold_of(self.x)


def threshold_of(point: np.ndarray) -> np.ndarray:
    """Return β/√q, of the shape of a row of x."""
    return point[3] * (1 + np.exp(-0.5 * point[0]))


def evaluate(task: Task, alpha: np.ndarray, offset: np.ndarray, point: np.ndarray) -> State:
    """Return the equations at x.

    Args:
        task: the problem.
        alpha: n/p, shape (N,).
        offset: h = b/√ρ, shape (N,).
        point: x, shape (4, N).
    """
    balance, balance_slope, averages, slopes = _channel(task.loss, point, offset)
    by_m, by_q, by_v = slopes / averages[:, None]  # gradients of log m̂, log q̂, log V̂
    odds_sq = np.exp(2 * point[1])
    by_m[1] += odds_sq / (1 + odds_sq)
    m_hat, q_hat, v_hat = alpha * averages
    m_hat = m_hat * np.sqrt((1 + odds_sq) / task.variance)  # times 1/√v
    kappa, pull, scatter = task.penalty / v_hat, m_hat / v_hat, q_hat / v_hat**2
    sides, jacobian = _right_sides(task, kappa, pull, scatter, (by_m - by_v, by_q - 2 * by_v, -by_v))
    jacobian = np.concatenate([jacobian, balance_slope[None]])
    jacobian[range(3), range(3)] -= 1
    spread = np.exp(0.5 * point[0])  # β = x_4 (1 + √q) moves with q too
    jacobian[:, 0] += 0.5 * spread * point[3] * jacobian[:, 3]
    jacobian[:, 3] *= 1 + spread
    return State(np.vstack([sides - point[:3], balance]), jacobian, kappa, pull, scatter)


def _right_sides(
    task: Task,
    kappa: np.ndarray,
    pull: np.ndarray,
    scatter: np.ndarray,
    gradients: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return log q, log o and log V as the chain makes them, shape (3, N), and their gradients, shape (3, 4, N).

        ρq − m² = ρ q̂ df2/(pV̂²) + (m̂/V̂)² (ρU − T²)

    Args:
        task: the problem.
        kappa, pull, scatter: as in `State`.
        gradients: of log m̂/V̂, log q̂/V̂² and log κ, shape (4, N) each.
    """
    rho, (by_pull, by_scatter, by_kappa) = task.variance, gradients
    df, df2, power, power2, df2_slope = task.levels(np.log(kappa))
    noise, signal = scatter * df2, pull**2 * power2
    across = rho * noise + pull**2 * (rho * power2 - power**2)
    values = [noise + signal, pull * power / np.sqrt(across), df * kappa / task.penalty]
    # Slopes in log κ: of df, df2 − df; of T, −κ df2; of U, that of T − κ df2.
    power_slope = -kappa * df2
    power2_slope = power_slope - kappa * (df2 + df2_slope)
    by_noise = noise * by_scatter + scatter * df2_slope * by_kappa
    by_signal = 2 * signal * by_pull + pull**2 * power2_slope * by_kappa
    by_power = power * by_pull + power_slope * by_kappa
    by_across = rho * (by_noise + by_signal) - 2 * pull**2 * power * by_power
    slopes = [
        (by_noise + by_signal) / (noise + signal),
        by_power / power - 0.5 * by_across / across,
        df2 / df * by_kappa,
    ]
    return np.log(values), np.stack(slopes)


def _channel(
    loss: Loss, point: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return β's equation with its gradient, (N,) and (4, N), and M, Q, R of both classes with theirs, (3, [4,] N).

    The gradients are in (log q, log o, log V, β). Without offsets one class stands for both, and β = 0.
    """
    place = np.vstack([point[:3], point[3] * (1 + np.exp(0.5 * point[0]))])
    if not offset.any():
        averages, slopes = class_averages(loss, place, offset)
        slopes[:, 3] = 0
        zero = np.zeros(offset.size)
        return zero, np.stack([zero, zero, zero, zero - 1]), 2 * averages[1:], 2 * slopes[1:]
    mirrored = np.vstack([place[:3], -place[3]])
    both = class_averages(loss, np.hstack([place, mirrored]), np.concatenate([offset, -offset]))
    averages, slopes = both[0].reshape(4, 2, -1), both[1].reshape(4, 4, 2, -1).copy()
    slopes[:, 3, 1] *= -1
    # The slope of R is a difference of averages over √q, which for the least q has no digit left.
    known = point[0] > _LEAST_LOG_Q
    stiffness_slope = np.where(known, slopes[3, 3, 0], 0.0 if loss.kinks else -np.inf)
    balance = _balance(averages[0], slopes[0], averages[3, 0], stiffness_slope)
    return *balance, averages[1:].sum(axis=1), slopes[1:].sum(axis=2)


def _balance(
    pulls: np.ndarray, slopes: np.ndarray, stiffness: np.ndarray, stiffness_slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return β's equation E_+ = E_− as log E_+/E_−, or as E_+ − E_− relative to the larger, and its gradient.

    Newton's method wants it straight. The larger class, +, decides, whose force dies out in β: E_+ E_+''/E_+'² is 1
    for an exponential, as of the logistic loss, and 0 for a straight line, as of the squared hinge.

    Args:
        pulls: (E_+, E_−), shape (2, N).
        slopes: their gradients, shape (4, 2, N).
        stiffness, stiffness_slope: R_+ = −∂E_+/∂β and ∂R_+/∂β, shape (N,).
    """
    larger = pulls.max(axis=0)
    straight = (-pulls[0] * stiffness_slope < 0.5 * stiffness**2) & (pulls.min(axis=0) > 0)
    ratio, difference = np.log(pulls[0] / pulls[1]), (pulls[0] - pulls[1]) / larger
    relative = slopes / np.where(straight, larger, pulls)[None]
    return np.where(straight, difference, ratio), relative[:, 0] - relative[:, 1]


def solve_order(
    task: Task, alpha: np.ndarray, offset: np.ndarray | None = None, start: np.ndarray | None = None
) -> Order:
    """Solve the equations by Newton's method, N at once.

    Args:
        task: the problem.
        alpha: n/p, shape (N,).
        offset: h, shape (N,); 0 if not given.
        start: x to start from, shape (4, N).
    """
    offset = np.zeros(alpha.size) if offset is None else offset
    warm_up = _WARM_UP if start is None else 0
    point = np.repeat([[np.log(task.variance)], [0.0], [0.0], [0.0]], alpha.size, axis=1) if start is None else start
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # what leaves its range is stepped back from
        return _iterate(task, alpha, offset, point.copy(), warm_up)


def _iterate(task: Task, alpha: np.ndarray, offset: np.ndarray, point: np.ndarray, warm_up: int) -> Order:
    """Return the solution that Newton's method finds from x = `point`, after plain iterations to warm up."""
    safe, active = _aligned(point, offset), np.arange(alpha.size)
    kappa, pull, scatter, residual = np.full((4, alpha.size), np.inf)
    for iteration in range(1, _MAX_ITERATIONS + 1):
        state = evaluate(task, alpha[active], offset[active], point[:, active])
        size = state.size
        kappa[active], pull[active], scatter[active] = state.kappa, state.pull, state.scatter
        # Below the tolerance, a defect that a step no longer lowers is rounding.
        going = ~((size < _SOLVED) | ((size < TOLERANCE) & (size >= residual[active])))
        residual[active] = size
        if iteration == _MAX_ITERATIONS or not going.any():
            break
        found = np.isfinite(size)
        safe[:, active[found]] = point[:, active[found]]
        step = 0.5 * (safe[:, active] - point[:, active])  # halfway back, where a number left its range
        step[:, found] = _step(state.defect[:, found], state.jacobian[:, :, found], iteration > warm_up)
        active = active[going]
        point[:, active] += step[:, going]
    return Order(point, kappa, pull, scatter, residual, iteration)


def _aligned(point: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return x with β at the regression of f on the teacher's offset, τ = c h, where no average underflows."""
    spread, odds = np.exp(0.5 * point[0]), np.exp(point[1])
    return np.vstack([point[:3], offset * odds / np.hypot(1, odds) * spread / (1 + spread)])


def _step(defect: np.ndarray, jacobian: np.ndarray, newton: bool) -> np.ndarray:
    """Return the step from x, shape (4, N), to the right sides of the equations or by Newton's method."""
    plain = defect.copy()
    plain[3] = -defect[3] / jacobian[3, 3]
    step = plain
    if newton:
        matrices = jacobian.transpose(2, 0, 1)
        # Far away an equation can be flat to rounding: then the plain step.
        matrices = np.where((np.linalg.det(matrices) == 0)[:, None, None], -np.eye(4), matrices)
        step = -np.linalg.solve(matrices, defect.T[:, :, None])[:, :, 0].T
        # A long step against the plain one has a flat spot between itself and the solution, which lies ahead.
        against = (np.abs(step).max(axis=0) > _LARGEST_STEP) & ((step * plain).sum(axis=0) < 0)
        step = np.where(against, plain * (_LARGEST_STEP / np.abs(plain).max(axis=0)), step)
    alone = np.abs(defect[3]) > _UNBALANCED
    step[:3, alone], step[3, alone] = 0.0, plain[3, alone]
    return step / np.maximum(1, np.abs(step).max(axis=0) / _LARGEST_STEP)

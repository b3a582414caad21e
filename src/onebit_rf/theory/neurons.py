"""Mirrors where the neurons of the last layer differ, or the law of A − A_0 has a mean: section 5 of the theory.

A neuron of the last layer with a = ρ1², b = ρ2² shrinks its weight as if it were estimated alone, from

    v_b = A* + θ_b Z + c_b      t_b = t/S_b      θ_b² = (b τ²/δ + a ω)/S_b²      S_b = b + a κ'D

    ω = κ'² (p/d') (M D2 + p eᵀK'e) + κ' (D − D2) τ²/δ          c_b = −(r_b · p K e + η f0)/S_b

with d' = d_{L−1}, D = df_{L−1}/d', D2 = df2_{L−1}/d' at κ', and V_b = E (A − A*)², A = prox of v_b. Unknown are t, κ',
τ², M, and, where means do not vanish, η and e:

    E_b E prox' = δ                                1/κ' = (p/d') E_b[a E prox'/S_b]
    τ² (1 − d'D2/n) = σ² + E_b[b V_b] + κ' (D − D2) M + p eᵀ(K − κ'K')e
    M = E_b[a V_b]         E_b[f0 E(A − A*)] = 0         e = E_b[r_b E(A − A*)]              E = τ² − σ²

r_b = (ρ1 b, h), h = E φ''/2, is how a neuron answers to a push along the mean of its inputs and to a change of their
norm; K(κ') of layer L−1 is what the samples leave free of these two directions. Where all neurons are alike κ' is that
of ℓ2, and the equations are those of `mirror.Coupling`. Derived for this project by two comparisons, on the features
and then on the weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.mirrors import Mirror
from onebit_rf.model.teachers import Teacher
from onebit_rf.theory.below import Network, contribution
from onebit_rf.theory.curve import Solution, chebyshev_points, interpolate, solve_curve
from onebit_rf.theory.freedom import TOLERANCE, Chain
from onebit_rf.theory.mirror import Coupling
from onebit_rf.theory.scalars import averages, solve_scalars

_BLOCK = 40_000  # values of v computed together: they fit the processor's cache
_VALUES = 200  # of v per neuron, about
_MAX_ITERATIONS = 40
_TOLERANCE = 1e-12
_ROUNDING = 1e-10  # a defect below it that a step no longer lowers is rounding
_REJECTIONS = 8  # a step halved so often has failed
_EASY, _STAGES = -2.0, 8  # log(δ/(1−δ)) where solutions start that are followed, and the stages to the end
_LONG, _SCOUTS = 96, 16  # a longer curve is interpolated, after this many points were tried
_LOGS = 4  # t, κ', τ² and M are solved for by their logarithms
_T, _KAPPA, _TAU, _M, _ETA = range(5)


def symmetric(mirror: Mirror, teacher: Teacher) -> bool:
    """Whether ψ and the law of A* are even and A_0 = 0, so that A − A* has no mean; tried at a few points."""
    points, one = np.array([0.03, 0.4, 1.1, 3.0]), np.ones(1)
    both = np.concatenate([points, -points])
    value = mirror.prox(both, one)
    density = teacher.joint_moments(both, one)[0]
    halves = [(value[:4], -value[4:]), (density[:4], density[4:])]
    return mirror.start == 0 and all(np.allclose(left, right, rtol=1e-12, atol=0) for left, right in halves)


def neurons_differ(activation: str, depth: int, mirror: Mirror, teacher: Teacher) -> bool:
    """Whether the equations of this module are needed: φ is not odd, and its biases or the law's mean are not 0."""
    return not ACTIVATIONS.get(activation).odd and (depth > 1 or not symmetric(mirror, teacher))


@dataclass(frozen=True)
class Interpolation:
    """The interpolator of a mirror, as a system of equations.

    Its unknowns are the rows of arrays of shape (4 or more, N): log t, log κ', log τ², log M and, unless the law is
    symmetric, η and e in units that make them numbers of order 1.

    Attributes:
        net: the network.
        mirror: ψ and A_0.
        teacher: law of A*.
        noise: σ.
    """

    net: Network
    mirror: Mirror
    teacher: Teacher
    noise: float

    @cached_property
    def _means(self) -> bool:
        return not symmetric(self.mirror, self.teacher)

    @cached_property
    def _directions(self) -> np.ndarray:
        """r of the last layer, shape (m, k): along the mean, where there is one below, and the norm."""
        last = self.net.last
        found = np.array([last.along, last.norm.bend]) if self.net.below else last.norm.bend[None]
        return found if self._means else found[:0]

    @cached_property
    def _units(self) -> np.ndarray:
        """The units of η and e, shape (1 + m,) or (0,)."""
        if not self._means:
            return np.zeros(0)
        last, size = self.net.last, np.sqrt(self.teacher.second_moment(self.mirror.start))
        typical = np.sqrt(np.concatenate([[last.weights @ last.mean**2], self._directions**2 @ last.weights]))
        variance = last.weights @ (last.rho2_sq + last.rho1_sq)
        return size * np.concatenate([[variance / typical[0]], typical[1:]])

    def curve(self, delta: np.ndarray, chain_at: Callable[[np.ndarray], Chain]) -> Solution:
        """Return what `solve` does, of a long curve by interpolation between Chebyshev points of log(δ/(1 − δ)).

        A few of these are solved first: for a start, and to see whether the curve ends for want of a positive A.
        """
        x, known = _logit(delta), []

        def solve(logit: np.ndarray) -> Solution:
            found = self._newton(_ratio(logit), interpolate(*known.pop(), logit)) if known else None
            if found is None or not (found[1] <= TOLERANCE).all():
                found = self.solve(_ratio(logit), chain_at)
            known.append((logit, found[0][:-1]))
            return found

        if x.size > _LONG:
            points = chebyshev_points(x.min(), x.max(), _SCOUTS)
            values, residual, _ = self.solve(_ratio(points), chain_at)
            solved = residual <= TOLERANCE
            if not solved[0]:  # the largest n/p
                return self._up_to_end(delta, chain_at, points[solved].max(initial=-np.inf))
            known += [(points, values[:-1])] if solved.all() else []
        return solve_curve(x, solve, lambda logit, values: self.defect(_ratio(logit), values))

    def _up_to_end(self, delta: np.ndarray, chain_at: Callable[[np.ndarray], Chain], solved: float) -> Solution:
        """Return the curve up to the last n/p with a solution, found by bisection above log(δ/(1 − δ)) = `solved`."""
        x = _logit(delta)
        candidates = np.sort(x[x > solved])
        low, high = 0, candidates.size - 1  # all below `low` have a solution, `high` has none
        while low < high:
            middle = (low + high) // 2
            if self.solve(_ratio(candidates[middle : middle + 1]), chain_at)[1][0] <= TOLERANCE:
                low = middle + 1
            else:
                high = middle
        values, residual = np.full((_LOGS + self._units.size + 1, x.size), np.nan), np.full(x.size, np.inf)
        iterations = 0
        # Near the end the solution is not smooth.
        for part, solver in ((x <= solved, self.curve), ((x > solved) & (x < candidates[low]), self.solve)):
            if part.any():
                values[:, part], residual[part], iterations = solver(delta[part], chain_at)
        return values, residual, iterations

    def solve(self, delta: np.ndarray, chain_at: Callable[[np.ndarray], Chain]) -> Solution:
        """Return the unknowns and log E, shape (5 or more, N), the largest defect and the Newton steps.

        What does not converge from ℓ2 at small n/p is followed there from an n/p where it did.

        Args:
            delta: n/p in (0, 1), shape (N,).
            chain_at: the chain of minimum norm at any n/p, to start from.
        """
        values, residual, iterations = self._newton(delta, self._start(delta, chain_at(delta)))
        if (failed := ~(residual <= TOLERANCE) & (_logit(delta) < _EASY)).any():
            followed, defect, more = self._follow(delta[failed], chain_at)
            better = defect < residual[failed]
            values[:, failed] = np.where(better, followed, values[:, failed])
            residual[failed], iterations = np.where(better, defect, residual[failed]), iterations + more
        return values, residual, iterations

    def _follow(self, delta: np.ndarray, chain_at: Callable[[np.ndarray], Chain]) -> Solution:
        """Follow the solution down to `delta`, with the changes of the starting point as a guess."""
        end, alive, iterations = _logit(delta), np.ones(delta.shape, bool), 0
        point = before = None
        for part in np.linspace(0, 1, _STAGES + 1):
            here = _ratio(_EASY + part * (end - _EASY)) if part < 1 else delta
            start = self._start(here, chain_at(here))
            point = start if point is None else point + start - before
            values, residual = np.full((len(start) + 1, delta.size), np.nan), np.full(delta.shape, np.inf)
            values[:, alive], residual[alive], more = self._newton(here[alive], point[:, alive])
            alive, iterations = alive & (residual <= TOLERANCE), iterations + more
            point, before = values[:-1], start
            if not alive.any():
                break
        return values, residual, iterations

    def _newton(self, delta: np.ndarray, point: np.ndarray) -> Solution:
        """Solve from `point`, shape (m, N), by damped Newton, N problems at once."""
        point, error, best = point.copy(), np.full(delta.shape, np.nan), np.full(delta.shape, np.inf)
        trial, step, active = point.copy(), np.zeros_like(point), np.arange(delta.size)
        rejected = np.zeros(delta.shape, int)
        for iteration in range(1, _MAX_ITERATIONS + 1):  # noqa: B007 (used after the loop)
            defect, jacobian, found = self._equations(delta[active], trial[:, active])
            size = np.abs(defect).max(axis=0)
            accepted = size < best[active]
            better = active[accepted]
            point[:, better], error[better], best[better] = trial[:, better], found[accepted], size[accepted]
            step[:, active] = np.where(accepted, _newton_step(defect, jacobian), 0.5 * step[:, active])
            trial = point + step
            rejected[active] = np.where(accepted, 0, rejected[active] + 1)
            stuck = (rejected[active] > 0) & ((best[active] < _ROUNDING) | (rejected[active] > _REJECTIONS))
            active = active[~(stuck | (best[active] < _TOLERANCE))]
            if active.size == 0:
                break
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.vstack([point, np.log(error)]), best, iteration

    def defect(self, delta: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the largest defect of a solution in the equations and in log E, shape (N,)."""
        equations, _, error = self._equations(delta, values[:-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(np.vstack([equations, np.log(error) - values[-1]])).max(axis=0)

    def _start(self, delta: np.ndarray, chain: Chain) -> np.ndarray:
        """Return the unknowns of ℓ2, with t, τ² and M changed as they would if one t and θ did for all neurons.

        For these, E = κ_L δ/(1 − δ) V + σ² Q/(1 − Q) with Q = df2_{L−1}/n, and θ² = V/δ + c_0 with the c_0 of ℓ2.
        """
        with np.errstate(all="ignore"):
            last, width, kappa, noise_sq = self.net.last, self.net.dims[-1], chain.kappa[-1], self.noise**2
            odds = kappa * delta / (1 - delta)
            resolvent = 1 / (kappa[:, None] + last.rho2_sq + last.rho1_sq * chain.q[-1][:, None])
            used = chain.df2[-2] / (width * ((last.rho2_sq * resolvent) @ last.weights) + chain.gap[-2])  # Q/(1 − Q)
            extra = np.maximum(chain.df2[-1] / chain.gap[-1] - used, 0.0)
            floor = noise_sq * (1 - delta) / (odds * delta**2) * extra
            found = solve_scalars(self.mirror, self.teacher, delta, Coupling(floor, 1 / delta, noise_sq * used, odds))
            second_moment = self.teacher.second_moment(self.mirror.start)
            gain = found.mean_square / ((1 - delta) * second_moment + delta**2 * floor / (1 - delta))
            means, signal = self._start_of_means(chain, resolvent)
            square = (1 - delta) * signal + delta**2 * floor / (1 - delta)
            error = odds * square + noise_sq * used
            below, width_below = chain.kappa[-2], self.net.dims[-2]
            shares = [
                resolvent**2 @ (last.weights * f) for f in (last.rho1_sq, last.rho1_sq * last.rho2_sq, last.rho1_sq**2)
            ]
            from_tau = (shares[1] + shares[2] * below * chain.gap[-2] / width_below) * (noise_sq + error) / delta
            ratio = 1 - shares[2] * below**2 * width * chain.df2[-2] / width_below**2
            spread = (shares[0] * kappa**2 * signal + from_tau) / ratio * gain
            tau = noise_sq * (1 + used) + odds * square * gain
            return np.vstack([np.log([found.t * odds, below, tau, spread]), means])

    def _start_of_means(self, chain: Chain, resolvent: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
        """Return η and e of ℓ2, (0 or more, N), and what E (A* − A_0)² comes to once its mean is learned.

        E(A − A*) = −c κ_L G − (r·pKe + η f0) G, with G = 1/(κ_L + S) and c = E A* − A_0, is linear in η and e.
        """
        if not self._means:
            return np.zeros((0, resolvent.shape[0])), self.teacher.second_moment(self.mirror.start)
        last, mean, kappa = self.net.last, self.teacher.mean - self.mirror.start, chain.kappa[-1][:, None]
        push = self.net.dims[-1] * contribution(self.net, chain.kappa[-2], True).free[0]
        vectors = np.vstack([last.mean[None], self._directions])
        products = np.einsum("nk,ak,ck->nac", resolvent * last.weights, vectors, vectors)
        matrix = np.concatenate([products[:, :, :1], products[:, :, 1:] @ push], axis=2)
        matrix[:, 1:, 1:] += np.eye(len(self._directions))
        right = -mean * (kappa * resolvent * last.weights) @ vectors.T
        good = np.isfinite(matrix).all(axis=(1, 2)) & (np.linalg.det(matrix) != 0)
        found = np.zeros(right.shape)
        found[good] = np.linalg.solve(matrix[good], right[good][..., None])[..., 0]
        forces = found[:, :1] * last.mean + np.einsum("nac,nc->na", push, found[:, 1:]) @ self._directions
        left = (mean * kappa + forces) * resolvent
        per_unit = (kappa * resolvent) ** 2 @ (last.weights * last.rho1_sq)
        signal = self.teacher.variance + left**2 @ (last.weights * last.rho1_sq) / per_unit
        return found.T / self._units[:, None], signal

    def _equations(self, delta: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the defects, shape (m, N), their Jacobian, shape (m, m, N), and E, shape (N,)."""
        # What leaves the range of double precision on the way shows as a defect that is not finite.
        with np.errstate(all="ignore"):
            return _System(self, delta, point).equations()


def _newton_step(defect: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    """Return the steps −J⁻¹ f, shape (m, N), shortened to 2 in every unknown, and 0 where there is none."""
    step = np.zeros_like(defect)
    matrices = np.moveaxis(jacobian, -1, 0)
    good = np.isfinite(defect).all(axis=0) & np.isfinite(matrices).all(axis=(1, 2))
    with np.errstate(all="ignore"):
        good[good] = np.linalg.det(matrices[good]) != 0
        step[:, good] = -np.linalg.solve(matrices[good], defect[:, good].T[..., None])[..., 0].T
        return np.where(np.isfinite(step), step, 0.0) / np.maximum(1, np.abs(step).max(axis=0) / 2)


def _logit(delta: np.ndarray) -> np.ndarray:
    return np.log(delta / (1 - delta))


def _ratio(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


class _System:
    """The equations at N points, with their slopes in the m unknowns.

    Numbers per point have shape (N,) with slopes (m, N); numbers per neuron (N, k) with slopes (m, N, k).
    """

    def __init__(self, task: Interpolation, delta: np.ndarray, point: np.ndarray) -> None:
        self.task, self.delta, self.point = task, delta, point
        self.last, self.units, self.directions = task.net.last, task._units, task._directions
        self.noise_sq, self.width, self.width_below = task.noise**2, task.net.dims[-1], task.net.dims[-2]
        self.t, self.kappa, self.tau_sq, self.m = np.exp(point[:_LOGS])
        self.below = contribution(task.net, self.kappa, bool(self.units.size))
        scaled = self.units[:, None] * point[_LOGS:]
        self.eta, self.e = scaled[:1], scaled[1:].T  # (1, N) or (0, N), and (N, m')
        self._neurons()

    def _slopes(self, *shape: int) -> np.ndarray:
        return np.zeros((len(self.point), self.delta.size, *shape))

    def _average(self, values: np.ndarray) -> np.ndarray:
        """E_b."""
        return values @ self.last.weights

    def _form(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return p eᵀKe and its gradient in the unknowns e, (N,) and (m', N)."""
        forward = np.einsum("nac,nc->na", matrix, self.e)
        gradient = 2 * self.width * forward * self.units[1:]
        return self.width * np.sum(self.e * forward, axis=1), gradient.T

    def _neurons(self) -> None:
        """Set S, its slope in log κ', and the averages over prox of every neuron with their slopes."""
        a, b, k = self.last.rho1_sq, self.last.rho2_sq, self.last.weights.size
        self.strength = b + a * (self.kappa * self.below.filled)[:, None]
        self.strength_slope = a * (self.kappa * self.below.square)[:, None] / self.strength  # of log S
        omega, omega_slopes = self._omega()
        tau = self.tau_sq / self.delta
        variance = b * tau[:, None] + a * omega[:, None]
        theta_slopes = a * omega_slopes[..., None]
        theta_slopes[_TAU] += b * tau[:, None]
        theta_slopes = 0.5 * theta_slopes / variance
        theta_slopes[_KAPPA] -= self.strength_slope
        t_slopes = self._slopes(k)
        t_slopes[_T], t_slopes[_KAPPA] = 1, -self.strength_slope
        shift, shift_slopes = self._shift()
        t, theta = self.t[:, None] / self.strength, np.sqrt(variance) / self.strength
        self.values, jacobian = _averages(self.task, t, theta, shift, even=not self.units.size)
        self.slopes = [row[0] * t_slopes + row[1] * theta_slopes + row[2] * shift_slopes for row in jacobian]

    def _omega(self) -> tuple[np.ndarray, np.ndarray]:
        below, kappa, slopes = self.below, self.kappa, self._slopes()
        spread = kappa**2 * self.width / self.width_below
        from_m, from_tau = spread * self.m * below.square, kappa * below.gap * self.tau_sq / self.delta
        square_slope = -below.gap - below.gap_slope
        slopes[_KAPPA] = spread * self.m * (2 * below.square + square_slope)
        slopes[_KAPPA] += kappa * (below.gap + below.gap_slope) * self.tau_sq / self.delta
        slopes[_TAU], slopes[_M] = from_tau, from_m
        if not self.units.size:
            return from_m + from_tau, slopes
        (value, gradient), (bent, _) = self._form(below.free[1]), self._form(below.free[2])
        slopes[_KAPPA] += spread / kappa * (value + bent)
        slopes[_ETA + 1 :] = spread / kappa * gradient
        return from_m + from_tau + spread / kappa * value, slopes

    def _shift(self) -> tuple[np.ndarray, np.ndarray]:
        """Return c_b and its slopes; 0 if the law is symmetric."""
        if not self.units.size:
            return np.zeros_like(self.strength), np.zeros((len(self.point), 1, 1))
        slopes = self._slopes(self.last.weights.size)
        push, push_slope = (self.width * np.einsum("nac,nc->na", free, self.e) for free in self.below.free[:2])
        shift = -(push @ self.directions + self.eta[0][:, None] * self.last.mean) / self.strength
        slopes[_KAPPA] = -(push_slope @ self.directions) / self.strength - shift * self.strength_slope
        slopes[_ETA] = -self.units[0] * self.last.mean / self.strength
        per_e = self.width * np.einsum("nac,ak->cnk", self.below.free[0], self.directions) / self.strength
        slopes[_ETA + 1 :] = -self.units[1:, None, None] * per_e
        return shift, slopes

    def equations(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return defects, Jacobian and E."""
        a, b, below, delta = self.last.rho1_sq, self.last.rho2_sq, self.below, self.delta
        (s, square, _), (s_slopes, square_slopes, _) = self.values, self.slopes
        share, share_slopes = s / self.strength, s_slopes / self.strength
        share_slopes[_KAPPA] -= share * self.strength_slope
        # δ (1 − d'D2/n) at the solution, by its first two equations, as a sum of positive terms.
        ratio = self.width_below / self.width
        free, free_slopes = self._average(b * share) + ratio * below.gap, self._average(b * share_slopes)
        free_slopes[_KAPPA] += ratio * below.gap_slope
        seen = self.kappa * below.gap * self.m
        heard, heard_slopes = self._average(b * square) + seen, self._average(b * square_slopes)
        heard_slopes[_KAPPA] += self.kappa * self.m * (below.gap + below.gap_slope)
        heard_slopes[_M] += seen
        if self.units.size:
            (value, gradient), (slope, gradient_slope) = (self._form(free) for free in below.free[:2])
            bent, _ = self._form(below.free[2])
            heard = heard + value - slope
            heard_slopes[_KAPPA] += slope - bent
            heard_slopes[_ETA + 1 :] += gradient - gradient_slope
        total, linear, spread = self.noise_sq + heard, self._average(a * share), self._average(a * square)
        rows = [
            (np.log(self._average(s) / delta), self._average(s_slopes) / self._average(s)),
            (np.log(self.kappa * linear / ratio), self._average(a * share_slopes) / linear),
            (np.log(total * delta / free) - self.point[_TAU], heard_slopes / total - free_slopes / free),
            (np.log(spread) - self.point[_M], self._average(a * square_slopes) / spread),
            *self._mean_equations(),
        ]
        defects, jacobian = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        jacobian[_KAPPA, _KAPPA] += 1
        jacobian[_TAU, _TAU] -= 1
        jacobian[_M, _M] -= 1
        return defects, jacobian, (self.noise_sq * ratio * below.square + delta * heard) / free

    def _mean_equations(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return E_b[f0 E(A − A*)] = 0 and e = E_b[r E(A − A*)], in units of what they may be."""
        if not self.units.size:
            return []
        size = np.sqrt(self.task.teacher.second_moment(self.task.mirror.start))
        typical = size * np.sqrt(self._average(self.last.mean**2))
        rows = [(self._average(self.last.mean * v) / typical for v in (self.values[2], self.slopes[2]))]
        for index, (direction, unit) in enumerate(zip(self.directions, self.units[1:], strict=True), start=_ETA + 1):
            slopes = self._average(direction * self.slopes[2]) / unit
            slopes[index] -= 1
            rows.append((self._average(direction * self.values[2]) / unit - self.point[index], slopes))
        return [tuple(row) for row in rows]


def _averages(
    task: Interpolation, t: np.ndarray, theta: np.ndarray, shift: np.ndarray, even: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return s, V and the mean, shape (3, N, k), and their slopes in (log t, log θ, c), shape (3, 3, N, k)."""
    values, jacobians = [], []
    for rows in np.array_split(np.arange(len(t)), 1 + t.size * _VALUES // _BLOCK):
        found = averages(task.mirror, task.teacher, *(x[rows].ravel() for x in (t, theta, shift)), even=even)
        shape = rows.size, t.shape[1]
        values.append(np.array([found.slope, found.mean_square, found.mean]).reshape(3, *shape))
        jacobians.append(found.jacobian.reshape(3, 3, *shape))
    return np.concatenate(values, axis=1), np.concatenate(jacobians, axis=2)

"""The interpolator that stochastic mirror descent ends at, by the dual and by the descent itself.

With a = A/√p and F = X/√p, X of shape (n, p), both look for

    argmin_A Σ_i D_ψ(A_i, A_0)  subject to  F A = y,      whose gradient is ψ'(A) = ψ'(A_0) + Fᵀν, ν in R^n.

Source: Akhtiamov, Ghane, Hassibi, arXiv 2510.16250, for mirror descent's implicit regularisation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import linalg

from onebit_rf.errors import OnebitError
from onebit_rf.model.mirrors import Mirror

_MAX_NEWTON = 60  # per proximal step; 3 to 12 are taken
_MAX_PROXIMAL = 60
_SHRINK, _LEAST_EPSILON = 0.1, 1e-6  # of ε from one proximal step to the next, and in all
_LEAST_SLOPE = 1e-6  # of prox', relative to the largest: for q < 2 it vanishes at A = 0
_ARMIJO = 1e-4
_SHORTEST_STEP = 2.0**-50

_Point = tuple[float, np.ndarray, np.ndarray]  # g(ν), A(ν) and g'(ν)


@dataclass(frozen=True)
class Interpolator:
    """A fitted read-out.

    Attributes:
        weights: A, shape (p,); the read-out is a = A/√p.
        residual: |F A − y|/|y|.
        iterations: Newton steps, or epochs of the descent.
        converged: whether the residual reached the tolerance asked for.
    """

    weights: np.ndarray
    residual: float
    iterations: int
    converged: bool


def _checked(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return F = X/√p and y in float64; OnebitError unless n ≤ p and the shapes agree."""
    n, p = features.shape
    if labels.shape != (n,) or n > p:
        raise OnebitError(f"interpolator: needs n ≤ p and labels of shape (n,), got {features.shape}, {labels.shape}")
    return features.astype(np.float64) / np.sqrt(p), labels.astype(np.float64)


def interpolate_bregman(
    features: np.ndarray, labels: np.ndarray, mirror: Mirror, tolerance: float = 1e-10
) -> Interpolator:
    """Return the interpolator of least Bregman divergence from A_0, by damped Newton on an n-dimensional dual.

    The dual of the problem itself is not smooth where (ψ*)'' is infinite (q > 2 at A = 0). So it is approached by
    proximal steps A_k → A_{k+1} = argmin D_ψ(A, A_0) + (ε/2)|A − A_k|² subject to F A = y with falling ε: the dual
    of each step has a bounded Hessian, and its solution is stationary for the problem up to ε|A_{k+1} − A_k|.

    The first approach is quick and nearly always arrives. Where it does not, a second one starts afresh that avoids
    the two ways in which the first was seen to fail, both for q ≥ 5:
    - Its line search accepts what lowers the dual objective g or |g'|. Where entries of A cross 0, g'' has a spike of
      up to 1/ε, and Newton steps can raise the one and the other in turn for ever. The second never lets g rise.
    - The rounding error of F A − y grows as 1/ε, and at the least ε can exceed the tolerance. The second goes back to
      a larger ε, and takes more proximal steps.

    Args:
        features: X, shape (n, p), n ≤ p, of full rank.
        labels: y, shape (n,).
        mirror: ψ and A_0.
        tolerance: on |F A − y|/|y| and on the stationarity relative to |ψ'(A) − ψ'(A_0)|.

    Returns:
        The interpolator; converged is False where the search for it fails: there may be none with A > 0, which the
        entropy needs, and ψ'' may leave the range of floats.

    Raises:
        OnebitError: unless n ≤ p and `labels` has shape (n,).
        numpy.linalg.LinAlgError: where rows of X are linearly dependent to rounding, or where in search of an A > 0
            that does not exist all of A goes to 0.
    """
    scaled, target = _checked(features, labels)
    quick = _approach(scaled, target, mirror, tolerance, monotone=False)
    if quick.converged:
        return quick
    careful = _approach(scaled, target, mirror, tolerance, monotone=True)
    return replace(careful, iterations=quick.iterations + careful.iterations)


def _approach(scaled: np.ndarray, target: np.ndarray, mirror: Mirror, tolerance: float, monotone: bool) -> Interpolator:
    """Take proximal steps from A_0, ε falling to its least; a `monotone` approach raises both where a step fails."""
    centre = np.full(scaled.shape[1], mirror.start)
    least_change, curvature = _typical_curvature(scaled, target, mirror)
    epsilon = 10 * curvature
    least = _LEAST_EPSILON * epsilon
    if not np.finfo(float).tiny < least < np.inf:  # above all y = 0, where A = 0
        missed = float(np.linalg.norm(scaled @ centre - target) / (np.linalg.norm(target) or 1.0))
        return Interpolator(centre, missed, 0, missed == 0)
    dual, total = epsilon * least_change, 0
    for _ in range(_MAX_PROXIMAL):
        weights, dual, residual, steps = _proximal_step(
            scaled, target, mirror, centre, epsilon, dual, tolerance, monotone
        )
        total += steps
        force = np.linalg.norm(dual @ scaled)
        stationary = epsilon * np.linalg.norm(weights - centre) <= tolerance * force
        if stationary and residual <= tolerance:
            break
        if monotone and residual > tolerance:
            epsilon = least = epsilon / _SHRINK
        else:
            centre, epsilon = weights, max(_SHRINK * epsilon, least)
    return Interpolator(weights, residual, total, bool(stationary and residual <= tolerance))


def _typical_curvature(scaled: np.ndarray, target: np.ndarray, mirror: Mirror) -> tuple[np.ndarray, float]:
    """Return the ν of the least-norm change Fᵀν from A_0, and ψ'' at the root mean square of that change or A_0."""
    least_change = linalg.solve(scaled @ scaled.T, target - scaled.sum(axis=1) * mirror.start, assume_a="pos")
    typical = max(float(np.sqrt(np.mean((least_change @ scaled) ** 2))), mirror.start)
    return least_change, _curvature(mirror, typical)


def _curvature(mirror: Mirror, weight: float) -> float:
    """Return ψ''(A) from prox'_t = 1/(1 + tψ'') at the least t = 1, 1e8, … that shows it; 0 or ∞ if beyond floats."""
    time = 1.0
    while (slope := float(mirror.prox_derivative(np.array(weight), np.array(time)))) == 1 and time < 1e280:
        time *= 1e8
    return (1 / slope - 1) / time if slope else np.inf


def _proximal_step(
    scaled: np.ndarray,
    target: np.ndarray,
    mirror: Mirror,
    centre: np.ndarray,
    epsilon: float,
    dual: np.ndarray,
    tolerance: float,
    monotone: bool,
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Return A, ν, |F A − y|/|y| and the Newton steps of argmin D_ψ + (ε/2)|A − A_k|² subject to F A = y.

    A(ν) = prox_{1/ε}(A_k + Fᵀν/ε),    g(ν) = ν·(F A − y) − D_ψ(A) − (ε/2)|A − A_k|²  is convex,
    g' = F A − y,    g'' = F diag(prox'/ε) Fᵀ.
    """
    norm = float(np.linalg.norm(target)) or 1.0
    objective = partial(_dual_objective, scaled, target, mirror, centre, epsilon)
    point = objective(dual)
    for iteration in range(_MAX_NEWTON):  # noqa: B007 (used after the loop)
        _, weights, gradient = point
        if np.linalg.norm(gradient) <= 0.1 * tolerance * norm:
            break
        slopes = mirror.prox_derivative(weights, np.array(1 / epsilon)) / epsilon
        slopes = np.maximum(slopes, _LEAST_SLOPE * np.max(slopes))
        step = -linalg.solve((scaled * slopes) @ scaled.T, gradient, assume_a="pos")
        if (found := _line_search(objective, dual, step, point, monotone)) is None:
            break
        dual, point = found
    return point[1], dual, float(np.linalg.norm(point[2])) / norm, iteration


def _line_search(
    objective: Callable[[np.ndarray], _Point], dual: np.ndarray, step: np.ndarray, point: _Point, monotone: bool
) -> tuple[np.ndarray, _Point] | None:
    """Return ν + ls and what g is there for the first acceptable l = 1, 1/2, 1/4, …; None where there is none.

    Acceptable is a decrease of g by Armijo's rule or, as close to the minimum g is flat to rounding,
        g'(ν + ls)·s ≤ 0 if `monotone`: g, which is convex, then has fallen, by half of all it can along s if l < 1,
        a decrease of |g'| otherwise: quick, but away from the minimum g may rise by it.
    """
    value, _, gradient = point
    length = 1.0
    while length > _SHORTEST_STEP:
        trial = objective(dual + length * step)
        if trial[0] <= value + _ARMIJO * length * (gradient @ step):
            return dual + length * step, trial
        if monotone and trial[2] @ step <= 0:
            return dual + length * step, trial
        if not monotone and np.linalg.norm(trial[2]) < (1 - _ARMIJO) * np.linalg.norm(gradient):
            return dual + length * step, trial
        length *= 0.5
    return None


def _dual_objective(
    scaled: np.ndarray, target: np.ndarray, mirror: Mirror, centre: np.ndarray, epsilon: float, dual: np.ndarray
) -> _Point:
    """Return g(ν), A(ν) and g'(ν)."""
    force = dual @ scaled
    weights = mirror.prox(centre + force / epsilon, np.array(1 / epsilon))
    linear = force + mirror.gradient(np.array(mirror.start))
    penalty = mirror.potential(weights) + 0.5 * epsilon * (weights - centre) ** 2
    return float(np.sum(linear * weights - penalty) - dual @ target), weights, scaled @ weights - target


def descend_stochastically(
    features: np.ndarray,
    labels: np.ndarray,
    mirror: Mirror,
    generator: np.random.Generator,
    step: float | None = None,
    batch: int = 32,
    tolerance: float = 1e-6,
    max_epochs: int = 20_000,
) -> Interpolator:
    """Run stochastic mirror descent on |F A − y|² from A_0 until the residual is `tolerance`.

    ψ'(A) ← ψ'(A) − η F_Bᵀ (F_B A − y_B) for the mini-batches B of a fresh permutation in each epoch, η constant.

    Args:
        features: X, shape (n, p), n ≤ p, of full rank.
        labels: y, shape (n,).
        mirror: ψ and A_0.
        generator: source of the permutations.
        step: η; by default the inverse of the largest batch curvature that the first iterate shows.
        batch: samples per step.
        tolerance: on |F A − y|/|y|.
        max_epochs: when to give up, with converged = False.

    Raises:
        OnebitError: unless n ≤ p and `labels` has shape (n,).
    """
    scaled, target = _checked(features, labels)
    norm = float(np.linalg.norm(target)) or 1.0
    dual = np.full(scaled.shape[1], mirror.gradient(np.array(mirror.start)))
    weights = mirror.inverse_gradient(dual)
    rate = default_step(scaled, target, mirror, batch) if step is None else step
    for epoch in range(1, max_epochs + 1):  # noqa: B007 (used after the loop)
        order = generator.permutation(target.size)
        for rows in np.array_split(order, -(-target.size // batch)):
            block = scaled[rows]
            dual = dual - rate * ((block @ weights - target[rows]) @ block)
            weights = mirror.inverse_gradient(dual)
        residual = float(np.linalg.norm(scaled @ weights - target)) / norm
        if not residual > tolerance or not np.isfinite(residual):
            break
    return Interpolator(weights, residual, epoch, residual <= tolerance)


def default_step(scaled: np.ndarray, target: np.ndarray, mirror: Mirror, batch: int) -> float:
    """Return η = c ψ''(typical A)/λ_max(F_B F_Bᵀ) for the first batch B; up to c = 2 is stable for constant ψ''.

    c = 1/2, or 1/20 where ψ''(0) = 0: there entries of A that cross 0 keep a longer step from settling.
    """
    flat = float(mirror.prox_derivative(np.array(0.0), np.array(1.0))) == 1
    largest = float(np.linalg.norm(scaled[:batch], 2)) ** 2
    return (0.05 if flat else 0.5) * _typical_curvature(scaled, target, mirror)[1] / largest

"""Classification with any convex loss and a ridge, section 6 of the theory.

Labels y = sign(x_L·a*); w minimises Σ_i ℓ(y_i f_i) + (λ/2)|w|², f = x_L·w/√p. The order parameters of the replica
or comparison argument are m, q (the covariance of f with the teacher's field, and the variance of f) and V (its
response). Here they are kept as  x = (log q, log(c/√(1 − c²)), log V),  c = m/√(ρ q), ρ = tr Σ_L/p, which are free
real numbers; the error rate is arccos(c)/π. Source: Loureiro et al., arXiv 2102.08127.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.losses import Loss
from onebit_rf.model.normal import normal_density
from onebit_rf.theory.freedom import Chain
from onebit_rf.theory.quadrature import TAIL, panels

_PANEL_NODES = 10
# Panels halve towards ξ = 0: for large q and V the prox bends near ω = log V, within |ω| of order 1.
_GRADING = TAIL * 2.0 ** -np.arange(13.0)
_WARM_UP = 4  # plain iterations before Newton's
_MAX_ITERATIONS = 100
_DIFFERENCE = 1e-6
_TOLERANCE = 1e-10


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


@dataclass(frozen=True)
class Order:
    """The solution x of shape (3, N), κ_L and the defect max|G(x) − x| of shape (N,), and the iterations."""

    point: np.ndarray
    kappa: np.ndarray
    residual: np.ndarray
    iterations: int


def channel(loss: Loss, variance: float, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return m̂/α, q̂/α and V̂/α; the labels ±1 contribute alike, so that y = 1 stands for both.

        m̂/α = 2 E_ξ e^{−m²ξ²/(2qv)}/√(2πv) f_out     q̂/α = 2 E_ξ Φ(mξ/√(qv)) f_out²
        V̂/α = −2 E_ξ Φ(mξ/√(qv)) ∂_ω f_out           f_out = −ℓ'(z),  z = prox_V(ω),  ω = √q ξ,  v = ρ (1 − c²)

    Args:
        loss: ℓ.
        variance: ρ.
        point: x, shape (3, N).
    """
    from scipy.special import ndtr

    scale, odds, response = (np.exp(row)[:, None] for row in (0.5 * point[0], point[1], point[2]))
    kinks = np.clip(np.concatenate([kink / scale for kink in (0.0, *loss.kinks)], axis=1), -TAIL, TAIL)
    grid = np.broadcast_to(np.concatenate([-_GRADING, _GRADING]), (scale.size, 2 * _GRADING.size))
    xi, lengths = panels(np.sort(np.concatenate([grid, kinks], axis=1), axis=1), _PANEL_NODES)
    z = loss.prox(scale * xi, response)
    force, curvature = -loss.slope(z), loss.curvature(z)
    weights = 2 * lengths * normal_density(xi)
    # m/√(qv) = c/√(1 − c²), and 1/√v = √((1 + odds²)/ρ).
    density = normal_density(odds * xi) * np.sqrt((1 + odds**2) / variance)
    positive = weights * ndtr(odds * xi)
    return (
        np.sum(weights * density * force, axis=1),
        np.sum(positive * force**2, axis=1),
        np.sum(positive * curvature / (1 + response * curvature), axis=1),
    )


def iterate(task: Task, alpha: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, Chain]:
    """Return G(x) and the chain at κ_L = λ/V̂; x = G(x) solves the problem.

    V = df/(p V̂)     m = (m̂/V̂) T     q = q̂ df2/(p V̂²) + (m̂/V̂)² U
    T = tr Σ²(Σ+κ)^{-1}/p = ρ − κ df/p     U = tr Σ³(Σ+κ)^{-2}/p = ρ − κ (df + df2)/p
    """
    m_hat, q_hat, v_hat = (alpha * average for average in channel(task.loss, task.variance, point))
    chain, pull = task.chain_at(task.penalty / v_hat), m_hat / v_hat
    diffusion = q_hat * chain.df2[-1] / (task.width * v_hat**2)
    m, q = pull * chain.power, diffusion + pull**2 * chain.power2
    across = task.variance * diffusion + pull**2 * (task.variance * chain.power2 - chain.power**2)  # ρ q − m²
    response = chain.df[-1] / (task.width * v_hat)
    return np.array([np.log(q), np.log(m) - 0.5 * np.log(across), np.log(response)]), chain


def solve_order(task: Task, alpha: np.ndarray) -> Order:
    """Solve x = G(x): a few plain iterations, then Newton's method with a Jacobian by differences, N at once.

    Args:
        task: the problem.
        alpha: n/p, shape (N,).
    """
    point = np.repeat([[np.log(task.variance)], [0.0], [0.0]], alpha.size, axis=1)
    kappa, residual, active = np.empty(alpha.size), np.empty(alpha.size), np.arange(alpha.size)
    for iteration in range(1, _MAX_ITERATIONS + 1):
        defects, kappa[active], step = _step(task, alpha[active], point[:, active], newton=iteration > _WARM_UP)
        residual[active] = defects
        going = ~(defects < _TOLERANCE)
        if iteration == _MAX_ITERATIONS or not going.any():
            break
        active = active[going]
        point[:, active] += step[:, going]
    return Order(point, kappa, residual, iteration)


def _step(task: Task, alpha: np.ndarray, point: np.ndarray, newton: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return max|G(x) − x| and κ_L at x, shape (N,), and the step to G(x) or Newton's, at most e²-fold, (3, N)."""
    shifts = np.concatenate([np.zeros((3, 1)), _DIFFERENCE * np.eye(3)], axis=1)[:, : 4 if newton else 1]
    trials = (point[:, None, :] + shifts[:, :, None]).reshape(3, -1)
    images, chain = iterate(task, np.tile(alpha, shifts.shape[1]), trials)
    defects = (images - trials).reshape(3, -1, alpha.size)
    step = defects[:, 0]
    if newton:
        jacobian = (defects[:, 1:] - defects[:, :1]) / _DIFFERENCE  # (equation, variable, N)
        with suppress(np.linalg.LinAlgError):  # far away an equation can be flat to rounding: the plain step goes on
            step = -np.linalg.solve(jacobian.transpose(2, 0, 1), step.T[:, :, None])[:, :, 0].T
        step = step / np.maximum(1, np.abs(step).max(axis=0) / 2)
    return np.abs(defects[:, 0]).max(axis=0), chain.kappa[-1, : alpha.size], step

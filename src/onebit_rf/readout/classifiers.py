"""Ridge-regularised classification on fixed features, by damped Newton in the smaller of n and p dimensions."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from onebit_rf.errors import OnebitError
from onebit_rf.model.losses import LOSSES, Loss

_MAX_ITERATIONS = 100
_ARMIJO = 1e-4
_SHORTEST_STEP = 2.0**-30


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier.

    Attributes:
        weights: w, shape (p,); the class of x is the sign of x·w.
        residual: |gradient|/(λ|w|) at w.
        iterations: Newton steps.
        converged: whether the residual reached the tolerance asked for.
    """

    weights: np.ndarray
    residual: float
    iterations: int
    converged: bool

    def error_rate(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Return the fraction of rows of `features`, shape (n, p), whose label ±1 is not the sign of x·w."""
        return float(np.mean(features @ self.weights * labels <= 0))


def fit_classifier(
    features: np.ndarray, labels: np.ndarray, loss: str, penalty: float, tolerance: float = 1e-9
) -> Classifier:
    """Return argmin_w Σ_i ℓ(y_i f_i) + (λ/2)|w|², f = F w, F = X/√p.

    If n < p, w lies in the row space: Fᵀ = Q R turns the problem into the same one for Rᵀ, w = Q u, of n unknowns.

    Args:
        features: X, shape (n, p).
        labels: y = ±1, shape (n,).
        loss: ℓ, a member of `onebit_rf.model.losses`.
        penalty: λ > 0.
        tolerance: on the residual.

    Raises:
        OnebitError: for an unknown loss, λ ≤ 0 or labels of the wrong shape or values.
    """
    n, p = features.shape
    function = LOSSES.get(loss)
    if not penalty > 0:
        raise OnebitError(f"classifier: needs a penalty > 0, got {penalty}")
    if labels.shape != (n,) or not np.all(np.abs(labels) == 1):
        raise OnebitError(f"classifier: needs {n} labels ±1, got shape {labels.shape}")
    signed = features.astype(np.float64) * (labels / np.sqrt(p))[:, None]
    if n >= p:
        return _minimise(signed, function, penalty, tolerance)
    basis, triangle = linalg.qr(signed.T, mode="economic")
    fit = _minimise(triangle.T, function, penalty, tolerance)
    return Classifier(basis @ fit.weights, fit.residual, fit.iterations, fit.converged)


def _minimise(signed: np.ndarray, loss: Loss, penalty: float, tolerance: float) -> Classifier:
    """Minimise Σ_i ℓ((G u)_i) + (λ/2)|u|² over u for G of shape (n, r)."""
    point = np.zeros(signed.shape[1])
    for iteration in range(_MAX_ITERATIONS + 1):
        margins = signed @ point
        gradient = loss.slope(margins) @ signed + penalty * point
        size = penalty * np.linalg.norm(point)
        residual = float(np.linalg.norm(gradient) / size) if size > 0 else np.inf
        if residual <= tolerance or iteration == _MAX_ITERATIONS:
            break
        hessian = (signed * loss.curvature(margins)[:, None]).T @ signed
        hessian[np.diag_indices_from(hessian)] += penalty
        step = -linalg.solve(hessian, gradient, assume_a="pos")
        point = point + _step_length(signed, loss, penalty, point, step, float(gradient @ step)) * step
    return Classifier(point, residual, iteration, residual <= tolerance)


def _step_length(
    signed: np.ndarray, loss: Loss, penalty: float, point: np.ndarray, step: np.ndarray, slope: float
) -> float:
    """Return the largest of 1, 1/2, 1/4, … that lowers the objective by 1e-4 of what its slope promises."""

    def objective(length: float) -> float:
        moved = point + length * step
        return float(np.sum(loss.value(signed @ moved)) + 0.5 * penalty * moved @ moved)

    start, length = objective(0.0), 1.0
    rounding = 1e-14 * abs(start)  # close to the minimum the decrease drowns in it, and the full step is right
    while objective(length) > start + _ARMIJO * length * slope + rounding and length > _SHORTEST_STEP:
        length *= 0.5
    return length

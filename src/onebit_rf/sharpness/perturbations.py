"""What perturbations of the weights cost every model of a stack: random ones, the worst, and the rounding itself.

Random perturbations are the same for all models and for all sizes, so that differences between those are not chance.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from onebit_rf.sharpness.stack import (
    PerModel,
    Weights,
    check_positive,
    check_whole,
    count_models,
    draw_normal,
    evaluate,
    numbers,
)

SMALLEST, LARGEST = 1e-5, 1e2  # σ is sought between them: far below and far above the weights of networks in use
HALVINGS = 11  # of log σ: they leave 0.8 % open, ten draws 3 % and more
ROUNDING = 1e-6  # of a mean of float32 errors: a rise of just `drop` is allowed


class Noise(NamedTuple):
    """Largest standard deviations of weight noise that M models bear, each of shape (M,).

    Attributes:
        value: σ, to 0.8 %.
        converged: whether σ was found between 1e-5 and 100; else `value` is next to that end.
    """

    value: np.ndarray
    converged: np.ndarray


def largest_noise(
    errors: PerModel,
    weights: Weights,
    drop: float = 0.1,
    draws: int = 10,
    relative: bool = False,
    seed: int = 0,
    epsilon: float = 1e-3,
) -> Noise:
    """Return the largest σ at which noise on the weights raises the train error by no more than `drop`.

    The noise is N(0, σ²), or N(0, σ²w_i² + ε²) if `relative`. σ is a standard deviation, and the measures of sharpness
    are 1/σ² (PAC-Bayes) and 1/σ'² (magnitude-aware): arXiv 1912.02178. By bisection of log σ.

    Args:
        errors: share of wrong examples of each model.
        weights: the stack.
        drop: largest rise of the error in the mean over draws.
        draws: perturbations, the same at every σ.
        relative: whether a weight's noise grows with the weight.
        seed: of the draws.
        epsilon: ε, which is for weights that are 0.

    Raises:
        OnebitError: drop or epsilon are not > 0, draws are no whole number ≥ 1, or the weights are no stack.
    """
    check_positive(drop=drop, epsilon=epsilon)
    check_whole(draws=draws)
    noises = [draw_normal(weights, seed, "largest_noise", i) for i in range(draws)]
    low, high = np.full((2, count_models(weights)), np.log([[SMALLEST], [LARGEST]]))
    with torch.no_grad():
        allowed = numbers(evaluate(errors, weights)) + drop + ROUNDING
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            scales = _scales(weights, np.exp(middle), epsilon if relative else None)
            borne = np.mean([numbers(evaluate(errors, _move(weights, scales, z))) for z in noises], axis=0) <= allowed
            low, high = np.where(borne, middle, low), np.where(borne, high, middle)
    return Noise(np.exp(low), (low > np.log(SMALLEST)) & (high < np.log(LARGEST)))


def adaptive_sharpness_average(
    losses: PerModel, weights: Weights, rho: float, draws: int = 20, seed: int = 0
) -> np.ndarray:
    """Return the mean rise of the loss under noise N(0, ρ²w_i²), shape (M,) (arXiv 2102.11600).

    Every draw is used with both signs, so that the slope of the loss cancels. It has mean 0 either way, but where the
    weights are no minimum, as the latent ones of a quantized network, one sign alone is mostly slope.

    Args:
        losses: mean loss of each model over fixed examples.
        weights: the stack.
        rho: ρ, the noise's standard deviation in units of the weight.
        draws: pairs of perturbations, the same for all models and all ρ.
        seed: of the draws.

    Raises:
        OnebitError: rho is not > 0, draws are no whole number ≥ 1, or the weights are no stack.
    """
    check_positive(rho=rho)
    check_whole(draws=draws)
    scales = {name: rho * tensor for name, tensor in weights.items()}
    rises = np.zeros(count_models(weights))
    with torch.no_grad():
        for i in range(draws):
            noise = draw_normal(weights, seed, "adaptive_sharpness", i)
            for sign in (1, -1):
                rises += numbers(evaluate(losses, _move(weights, scales, noise, sign))) / (2 * draws)
        return rises - numbers(evaluate(losses, weights))


def adaptive_sharpness_worst(losses: PerModel, weights: Weights, rho: float, steps: int = 20) -> np.ndarray:
    """Return the largest rise of the loss found under perturbations |δ_i| ≤ ρ|w_i|, shape (M,), ≥ 0 (arXiv 2102.11600).

    Gradient ascent by the signs of the slopes, projected to the box, from δ = 0; the best of the points visited. Three
    quarters of the steps are as wide as the box and so go from corner to corner, which never descends where the loss is
    convex; the others get shorter, for maxima inside. A lower bound of the maximum.

    Args:
        losses: mean loss of each model over fixed examples, differentiable.
        weights: the stack.
        rho: ρ, half the width of the box for a weight of 1.
        steps: gradients.

    Raises:
        OnebitError: rho is not > 0, steps are no whole number ≥ 1, or the weights are no stack.
    """
    check_positive(rho=rho)
    check_whole(steps=steps)
    box = {name: rho * tensor.detach().abs() for name, tensor in weights.items()}
    moves = {name: torch.zeros_like(tensor) for name, tensor in box.items()}
    visited = []
    for step in range(steps):
        values, slopes = _slopes(losses, {name: weights[name].detach() + moves[name] for name in weights})
        visited.append(values)
        width = min(2, 8 * (1 - step / steps))
        for name, half in box.items():  # where the slope is 0, up: any way is as good, and none leads out of a minimum
            moves[name] = (moves[name] + width * torch.copysign(half, slopes[name])).clamp(-half, half)
    with torch.no_grad():
        visited.append(numbers(evaluate(losses, {name: weights[name] + moves[name] for name in weights})))
    return np.max(visited, axis=0) - visited[0]


def _scales(weights: Weights, sigma: np.ndarray, epsilon: float | None) -> Weights:
    """Standard deviation of the noise on every weight: σ, or (σ²w² + ε²)^½ where ε is given; σ (M,)."""
    scales = {}
    for name, tensor in weights.items():
        wide = torch.as_tensor(sigma, dtype=tensor.dtype).view(-1, *[1] * (tensor.dim() - 1))
        scales[name] = wide if epsilon is None else ((wide * tensor) ** 2 + epsilon**2).sqrt()
    return scales


def _move(weights: Weights, scales: Weights, noise: Weights, sign: int = 1) -> Weights:
    return {name: torch.addcmul(tensor, scales[name], noise[name], value=sign) for name, tensor in weights.items()}


def _slopes(losses: PerModel, weights: Weights) -> tuple[np.ndarray, dict[str, Tensor]]:
    """Losses of all models, and their gradients by one backward pass: no loss depends on another model's weights."""
    leaves = {name: tensor.requires_grad_() for name, tensor in weights.items()}
    values = evaluate(losses, leaves)
    slopes = torch.autograd.grad(values.sum(), list(leaves.values()), materialize_grads=True)
    return numbers(values), dict(zip(leaves, slopes, strict=True))

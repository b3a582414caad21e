"""The Hessian of every model's mean loss: its largest eigenvalue and its trace, from products Hv alone.

A product for all models at once takes two backward passes through the sum of the losses: models share no weights, so
the Hessian of the sum has a block for each.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from onebit_rf.sharpness.krylov import Krylov
from onebit_rf.sharpness.stack import (
    PerModel,
    Weights,
    check_positive,
    check_whole,
    count_models,
    draw_normal,
    evaluate,
    flatten,
    numbers,
    unflatten,
)

Product = Callable[[Tensor], Tensor]


class Eigenvalue(NamedTuple):
    """Largest eigenvalues λ of M Hessians, each of shape (M,).

    Attributes:
        value: λ.
        residual: |Hv − λv|/|λ| of the unit vector v found: an eigenvalue lies within residual·|λ| of λ.
        converged: whether the residual is within the tolerance.
        iterations: products Hv until then.
    """

    value: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray


class Trace(NamedTuple):
    """Estimated traces of M Hessians and their standard errors, NaN after one draw; each of shape (M,)."""

    value: np.ndarray
    standard_error: np.ndarray


def hessian_product(losses: PerModel, weights: Weights) -> Product:
    """Return v ↦ Hv for v of shape (M, P), the weights of a model in one row.

    The graph of the gradient is made once, so that a product costs one backward pass through it.
    """
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in weights.items()}
    inputs = list(leaves.values())
    total = evaluate(losses, leaves).sum()
    slopes = torch.autograd.grad(total, inputs, create_graph=True, materialize_grads=True)
    curved = [i for i, slope in enumerate(slopes) if slope.requires_grad]  # the loss is linear in the others

    def product(vectors: Tensor) -> Tensor:
        if not curved:
            return torch.zeros_like(vectors)
        along = unflatten(vectors, inputs)
        outputs, directions = [slopes[i] for i in curved], [along[i] for i in curved]
        return flatten(torch.autograd.grad(outputs, inputs, directions, retain_graph=True, materialize_grads=True))

    return product


def largest_eigenvalue(
    losses: PerModel, weights: Weights, steps: int = 60, tolerance: float = 0.01, seed: int = 0
) -> Eigenvalue:
    """Return the algebraically largest eigenvalue λ of each model's Hessian, by Lanczos iterations on the stack.

    A model's result is that of its first iteration within the tolerance, whatever models are beside it. λ is much
    nearer than its residual says: an error of the vector enters it squared. Where losses are not finite it is NaN.

    Args:
        losses: mean loss of each model over fixed examples, twice differentiable almost everywhere.
        weights: the stack, P weights a model.
        steps: most products Hv.
        tolerance: of the residual |Hv − λv|/|λ|.
        seed: of the vector to start from, the same for all models.

    Raises:
        OnebitError: steps are no whole number ≥ 1, the tolerance is not > 0, or the weights are no stack.
    """
    check_whole(steps=steps)
    check_positive(tolerance=tolerance)
    models = count_models(weights)
    product = hessian_product(losses, weights)
    start = flatten(tensor[None] for tensor in draw_normal(weights, seed, "largest_eigenvalue").values())
    krylov = Krylov(start.expand(models, -1), steps)
    found = Eigenvalue(*(np.zeros(models, kind) for kind in (float, float, bool, int)))
    for iteration in range(1, min(steps, start.shape[1]) + 1):
        krylov.extend(product)
        values, misses = krylov.largest()
        with np.errstate(divide="ignore"):  # a value of 0 has no relative residual, unless that is 0 too
            residuals = np.divide(misses, np.abs(values), out=np.zeros(models), where=misses != 0)
        _note(found, (values, residuals, residuals <= tolerance, np.full(models, iteration)))
        if np.all(found.converged | np.isnan(values)):
            break
    return found


def _note(found: Eigenvalue, new: tuple[np.ndarray, ...]) -> None:
    """Write `new` over what was found of models that had not converged."""
    sought = ~found.converged
    for known, latest in zip(found, new, strict=True):
        known[sought] = latest[sought]


def trace(losses: PerModel, weights: Weights, draws: int = 50, seed: int = 0) -> Trace:
    """Return tr H of each model as the mean of zᵀHz over draws of z = ±1, all independent (Hutchinson).

    Args:
        losses: mean loss of each model over fixed examples, twice differentiable almost everywhere.
        weights: the stack.
        draws: number of z, the same for all models.
        seed: of the draws.

    Raises:
        OnebitError: draws are no whole number ≥ 1, or the weights are no stack.
    """
    check_whole(draws=draws)
    models = count_models(weights)
    product = hessian_product(losses, weights)
    forms = []
    for i in range(draws):
        signs = flatten(z[None].sign() for z in draw_normal(weights, seed, "trace", i).values()).expand(models, -1)
        forms.append(numbers((signs * product(signs)).sum(dim=1, dtype=torch.float64)))
    spread = np.std(forms, axis=0, ddof=1) if draws > 1 else np.full(models, np.nan)
    return Trace(np.mean(forms, axis=0), spread / np.sqrt(draws))

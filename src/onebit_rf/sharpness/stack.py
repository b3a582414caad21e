"""A stack of M models of one shape: its weights, what is measured of each model, and draws that all models share."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream

Weights = dict[str, Tensor]
"""Tensors by name, each with leading axis M: slice k of all of them is model k."""

PerModel = Callable[[Weights], Tensor]
"""A function of the weights with one number per model, shape (M,): that of model k depends on slice k alone."""


def count_models(weights: Weights) -> int:
    """Return M.

    Raises:
        OnebitError: there are no tensors, or they have not one leading axis.
    """
    leading = {tuple(tensor.shape[:1]) for tensor in weights.values()}
    if len(leading) != 1 or leading == {()}:
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in weights.items()) or "none"
        raise OnebitError(f"weights: must be tensors with one leading axis, that of the models, got {shapes}")
    return leading.pop()[0]


def check_whole(**numbers: int) -> None:
    """Refuse what is not a whole number ≥ 1."""
    for name, number in numbers.items():
        if not (isinstance(number, int | np.integer) and number >= 1):
            raise OnebitError(f"{name}: must be a whole number ≥ 1, got {number}")


def check_positive(**numbers: float) -> None:
    """Refuse what is not a finite number > 0."""
    for name, number in numbers.items():
        if not 0 < number < np.inf:
            raise OnebitError(f"{name}: must be a number > 0, got {number}")


def evaluate(function: PerModel, weights: Weights) -> Tensor:
    """Return function(weights), shape (M,).

    Raises:
        OnebitError: it has another shape.
    """
    values, models = function(weights), count_models(weights)
    if values.shape != (models,):
        raise OnebitError(f"losses, errors: must return a number per model, ({models},), got {tuple(values.shape)}")
    return values


def numbers(values: Tensor) -> np.ndarray:
    """Return values as float64, so that their differences and sums round no further."""
    return values.detach().double().numpy()


def draw_normal(weights: Weights, seed: int, *name: str | int) -> Weights:
    """Draw N(0, 1) for every weight of one model: the same for all models, whatever M is.

    Each tensor has the stream (seed, "sharpness", *name, its own name), so that no other shifts its numbers.
    """
    return {
        key: torch.as_tensor(
            stream(seed, "sharpness", *name, key).standard_normal(tensor.shape[1:]), dtype=tensor.dtype
        )
        for key, tensor in weights.items()
    }


def flatten(tensors: Iterable[Tensor]) -> Tensor:
    """Return tensors of leading axis M as one of shape (M, P)."""
    return torch.cat([tensor.flatten(1) for tensor in tensors], dim=1)


def unflatten(flat: Tensor, like: Iterable[Tensor]) -> list[Tensor]:
    """Return shape (M, P) as tensors of the shapes of `like`: undoes `flatten`."""
    shapes = [tensor.shape for tensor in like]
    parts = flat.split([shape[1:].numel() for shape in shapes], dim=1)
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

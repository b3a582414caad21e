"""What is measured of trained models: losses and errors on all rows, and the rounding of their hidden weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from onebit_rf.training.learned import PARTS, Learned
from onebit_rf.training.models import Models, Rows
from onebit_rf.training.networks import Net
from onebit_rf.training.protocols import Taken, judged
from onebit_rf.training.quantised import Rounding
from onebit_rf.training.recipe import Recipe


def at_rest(net: Net, taken: Sequence[Taken | Learned], recipe: Recipe) -> Models:
    """Return models, those of a kind of quantizer side by side, as one of M."""
    parts = [[getattr(one, part) for one in taken] for part in PARTS]
    stacked = ({name: torch.stack([torch.as_tensor(one[name]) for one in part]) for name in part[0]} for part in parts)
    rounding = Rounding([one.quantizer for one in taken], net.quantised, recipe.scale == "channel")
    return Models(net, rounding, *stacked, recipe.activation_bits)


def measure(
    net: Net, taken: Sequence[Taken], recipe: Recipe, rows: Mapping[str, Rows]
) -> Iterator[tuple[Taken, dict[str, Any]]]:
    """Yield every model with the columns of the table `training` that are measured, by kind of quantizer.

    Losses and errors are those of the models as they are tested, of inputs without augmentation, batch norm by its
    averages. The steps of a model are then those that it is tested with, whether they were learned or not.
    """
    taken = sorted(taken, key=lambda one: one.quantizer.kind)
    models = at_rest(net, taken, recipe)
    steps = models.rounding.steps(models.weights, models.log_steps)
    rounded = models.rounded()
    values = {}
    for name, part in rows.items():
        values[f"{name}_loss"], values[f"{name}_error"] = models.evaluate(part, rounded)
    values |= {name: found.numpy() for name, found in of_rounding(models, rounded, steps).items()}
    for place, one in enumerate(taken):
        one = judged(one, values["train_loss"][place], recipe)
        logs = {**one.log_steps, **{name: step[place].log() for name, step in steps.items()}}
        yield replace(one, log_steps=logs), {name: column[place : place + 1] for name, column in values.items()}


def of_rounding(models: Models, rounded: Mapping[str, Tensor], steps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return number of levels, mean, noise and its model of the hidden weights, (M,) each."""
    names = models.rounding.names
    v, v_hat = (torch.cat([part[name].flatten(1) for name in names], 1).double() for part in (models.weights, rounded))
    squares = [steps[name].double().square().expand_as(models.weights[name]).flatten(1) for name in names]
    noise = (v_hat - v).square()
    levels = [[len(of_one.unique()) for of_one in rounded[name]] for name in names]
    return {
        "n_levels": torch.tensor(levels).amax(0),
        "weight_mean": v_hat.mean(1) / v_hat.square().mean(1).sqrt(),
        "quantization_noise": noise.mean(1),
        "step_noise": torch.cat(squares, 1).mean(1) / 12,
        "relative_noise": noise.sum(1) / v.square().sum(1),
    }

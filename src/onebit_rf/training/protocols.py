"""When a model is taken from its training: after fixed epochs, at a matched loss, or where the held-out loss is least.

All protocols watch the same training, so that what they take differs by the moment alone.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from onebit_rf.jobs.seeds import stream
from onebit_rf.training.augmentation import augment
from onebit_rf.training.models import Rows
from onebit_rf.training.quantizers import Quantizer
from onebit_rf.training.recipe import Recipe
from onebit_rf.training.stack import Model, Stack, batches, learning_rate

NEAR = 0.05  # a matched model's loss is within this share of the loss asked for
SOONEST = 1 / 8  # epochs between two looks at a loss: each takes as long as a third of an epoch
AROUND = 0.15  # of the loss asked for, within which it is looked at as often as that
CAUTION = 0.7  # of the time after which a loss that falls on as it did would be there


@dataclass(frozen=True)
class Taken:
    """A model as its protocol took it.

    Attributes:
        model: its quantizer and weight decay.
        protocol: that took it.
        weights, log_steps, state: of this model alone, without the leading axis.
        epochs: trained until then.
        converged, reason: whether it is what the protocol asks for, and why not.
    """

    model: Model
    protocol: str
    weights: dict[str, Tensor]
    log_steps: dict[str, Tensor]
    state: dict[str, Tensor]
    epochs: float
    converged: bool = True
    reason: str = ""

    @property
    def quantizer(self) -> Quantizer:
        """The quantizer of its hidden weights."""
        return self.model.quantizer


@dataclass
class Training:
    """A stack on its way.

    Attributes:
        stack: the models.
        train: rows that are trained on, with the labels as they are trained on.
        valid: rows that are held out; there may be none.
        image: shape of an image, for augmentation; None where inputs are none.
        epoch, seconds: how far it is.
        losses, times: train loss (M,) where it was last looked at, and after how many epochs that was.
        due: epochs after which it is to be looked at again, (M,).
        least: least held-out loss (M,).
        taken: by model and protocol.
        history: a row for each model and epoch.
    """

    stack: Stack
    train: Rows
    valid: Rows
    image: tuple[int, int, int] | None
    epoch: int = 0
    seconds: float = 0.0
    losses: np.ndarray = field(init=False)
    times: np.ndarray = field(init=False)
    due: np.ndarray = field(init=False)
    least: np.ndarray = field(init=False)
    taken: dict[tuple[Model, str], Taken] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start without any loss known, to be looked at for the first time after an epoch."""
        self.losses, self.least = np.full((2, len(self.stack.models)), math.inf)
        self.times = np.zeros(len(self.stack.models))
        self.due = np.full(len(self.stack.models), self.recipe.float_epochs + 1.0)

    @property
    def recipe(self) -> Recipe:
        """How the stack is trained."""
        return self.stack.recipe

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to train for."""
        return self.epoch == self.recipe.epochs or (self.recipe.protocols == ["matched_loss"] and not self.waiting)

    @property
    def waiting(self) -> list[int]:
        """Places of the models that have not reached the loss asked for."""
        if "matched_loss" not in self.recipe.protocols:
            return []
        return [place for place, model in enumerate(self.stack.models) if (model, "matched_loss") not in self.taken]

    def take(self, place: int, protocol: str, epochs: float) -> None:
        """Keep a copy of a model as it is."""
        model, models = self.stack.models[place], self.stack.at_rest
        parts = (models.weights, models.log_steps, models.state)
        copies = [{name: tensor[place].clone() for name, tensor in part.items()} for part in parts]
        self.taken[model, protocol] = Taken(model, protocol, *copies, epochs)


def run(training: Training, after_epoch: Callable[[Training], None] = lambda training: None) -> list[Taken]:
    """Train to the end, wherever the training stands; `after_epoch` is called after every epoch.

    Returns:
        the models taken by every protocol. One whose weights are no longer numbers, or whose loss was never what is
        asked for, is taken as it ended and says so.
    """
    while not training.is_over:
        start = time.perf_counter()
        _train_epoch(training)
        training.seconds += time.perf_counter() - start
        after_epoch(training)
    return [*_finished(training)]


def _train_epoch(training: Training) -> None:
    stack, recipe, epoch = training.stack, training.recipe, training.epoch
    noise, changes = (stream(stack.seed, "training", name, epoch) for name in ("noise", "augment"))
    if epoch == recipe.float_epochs:
        stack.quantise()
    parts, losses = batches(len(training.train.y), recipe.batch, stack.seed, epoch), 0.0
    for i, rows in enumerate(parts):
        x = augment(training.train.x[rows], training.image, recipe.augment, changes)
        rate = learning_rate(recipe, (epoch + i / len(parts)) / recipe.epochs)
        step = stack.step(Rows(x, training.train.y[rows]), rate, noise, epoch >= recipe.float_epochs)
        losses = losses + step.double().numpy() * len(rows)
        if epoch >= recipe.float_epochs:
            _look_for_matched(training, epoch + (i + 1) / len(parts))
    training.epoch += 1
    _look_at_valid(training, losses / len(training.train.y))


def _look_for_matched(training: Training, now: float) -> None:
    """Take the models whose train loss is what is asked for, of those that are due to be looked at."""
    wanted = training.recipe.loss
    due = [place for place in training.waiting if now >= training.due[place] - 1e-9]
    if not due:
        return
    found = training.stack.at_rest.of(due).evaluate(training.train)[0]
    for place, loss in zip(due, found, strict=True):
        if abs(loss / wanted - 1) <= NEAR:
            training.take(place, "matched_loss", now)
        training.due[place] = now + _wait(training.losses[place] / wanted, loss / wanted, now - training.times[place])
        training.losses[place], training.times[place] = loss, now


def _wait(before: float, ratio: float, passed: float) -> float:
    """Return for how many epochs a loss, in units of the one asked for, need not be looked at again.

    Around the one asked for it may rise as well as fall, by the noise of the steps: there, as soon as possible.
    """
    if abs(ratio - 1) < AROUND:
        return SOONEST
    if not 0 < ratio < before < math.inf or ratio < 1:
        return 1.0
    fall = math.log(before / ratio) / passed
    return min(max(CAUTION * math.log(ratio) / fall, SOONEST), 1.0)


def _look_at_valid(training: Training, losses: np.ndarray) -> None:
    """Write the history of an epoch, and take the models whose held-out loss is the least so far."""
    valid = training.stack.at_rest.evaluate(training.valid)
    for place, model in enumerate(training.stack.models):
        row = {"model": model.name, "weight_decay": model.weight_decay, "epoch": training.epoch}
        row |= {"train_loss": losses[place], "valid_loss": valid[0][place], "valid_error": valid[1][place]}
        training.history.append(row)
        stops = "early_stopping" in training.recipe.protocols and training.epoch > training.recipe.float_epochs
        if stops and valid[0][place] < training.least[place]:
            training.least[place] = valid[0][place]
            training.take(place, "early_stopping", training.epoch)


def _finished(training: Training) -> Iterator[Taken]:
    last = training.history[-len(training.stack.models) :]
    for protocol in training.recipe.protocols:
        for place, model in enumerate(training.stack.models):
            reason = "" if np.isfinite(last[place]["train_loss"]) else "its loss is not a number"
            if (model, protocol) not in training.taken:
                training.take(place, protocol, training.epoch)
                if protocol == "matched_loss" and not reason:
                    reason = f"its loss was never within {NEAR:.0%} of {training.recipe.loss:g}"
                if protocol == "early_stopping" and not reason:
                    reason = "no rows are held out"
            elif protocol != "fixed_epochs":
                reason = ""
            yield replace(training.taken[model, protocol], converged=not reason, reason=reason)


def judged(one: Taken, train_loss: float, recipe: Recipe) -> Taken:
    """Return a model; as unconverged where rounding after training took its loss from the one that it matched."""
    if one.protocol != "matched_loss" or not one.converged or abs(train_loss / recipe.loss - 1) <= NEAR:
        return one
    return replace(one, converged=False, reason=f"rounded, its loss is not within {NEAR:.0%} of {recipe.loss:g}")


def rounded_after(taken: Sequence[Taken], models: Sequence[Model]) -> list[Taken]:
    """Return the models that are rounded after float training, from the float ones of the same weight decay."""
    return [
        replace(parent, model=model)
        for model in models
        for parent in taken
        if parent.model == Model("float", model.weight_decay)
    ]

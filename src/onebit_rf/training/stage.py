"""The training stage: train the models of one cell of a training, and measure what they learned."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onebit_rf.data.dataset import Dataset
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import plain
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.training import HISTORY, TRAINING
from onebit_rf.training.checkpoint import Checkpoint
from onebit_rf.training.learned import Learned, write_learned
from onebit_rf.training.measures import measure
from onebit_rf.training.memory import keep_memory
from onebit_rf.training.models import Rows
from onebit_rf.training.networks import Net, NetworkRecord
from onebit_rf.training.protocols import Taken, Training, rounded_after, run
from onebit_rf.training.recipe import Recipe
from onebit_rf.training.stack import Model, Stack

STACKED = 32  # models in a stack: more gain nothing, and a killed run loses less
Report = Callable[[float, str], None]  # is told after every epoch which share is done, and what to say of it


def train_models(
    paths: Mapping[str, str],
    dataset: Dataset,
    image: tuple[int, int, int] | None,
    classes: int,
    network: NetworkRecord,
    recipe: Recipe,
    names: Mapping[str, Any],
    seed: int,
    key: Mapping[str, Any],
    report: Report = lambda share, text: None,
) -> None:
    """Train the models of one cell; write the tables `training`, `history` and `learned`.

    A run that was killed goes on where its last checkpoint stands, beside the tables, and ends with the same numbers.

    Args:
        paths: of `models`, `history` and `weights`.
        dataset: train rows first; the first are trained on, the next held out.
        image: height, width and channels of an input; None where it is none.
        classes: K.
        network, recipe: what is trained, and how.
        names: the columns `training` and `cell`, and the swept leaves with their values.
        seed: root seed.
        key: all that determines the models; a checkpoint of another key is not gone on from.
        report: is told of every epoch.

    Raises:
        OnebitError: the network does not take such inputs.
    """
    keep_memory()
    net = network.build(dataset.x.shape[1], image, classes)
    rows = split_rows(dataset, recipe, classes, seed)
    stacks = _stacks(recipe, net)
    checkpoints = [Checkpoint(Path(f"{paths['models']}.{i}.npz"), {**key, "stack": i}) for i in range(len(stacks))]
    params, taken, history = {**plain(recipe), "names": dict(names), "seed": seed}, [], []
    with TableWriter(paths["models"], TRAINING.sweeping(names), params) as writer:
        for i, (models, checkpoint) in enumerate(zip(stacks, checkpoints, strict=True)):
            training = Training(Stack(net, models, recipe, seed), rows["train"], rows["valid"], image)
            found = _train(training, checkpoint, report, i, sum(map(len, stacks[i:])))
            for one, values in measure(net, found, recipe, rows):
                taken.append(one)
                seconds = 0.0 if one.model.quantizer.after else training.seconds / len(models)
                writer.write(**names, seed=seed, **_named(one), **values, n_test=len(rows["test"].y), seconds=seconds)
            history += training.history
        write_learned(paths["weights"], [_learned(one) for one in taken], params)
        with TableWriter(paths["history"], HISTORY.sweeping(names), params) as history_writer:
            columns = {name: [row[name] for row in history] for name in history[0]}
            history_writer.write(**names, seed=seed, **columns)
    for checkpoint in checkpoints:
        checkpoint.remove()


def _train(training: Training, checkpoint: Checkpoint, report: Report, number: int, left: int) -> list[Taken]:
    """Return the models that all protocols take from a stack, with those that are rounded after it."""
    stacks = number + math.ceil(left / len(training.stack.models))

    def after_epoch(training: Training) -> None:
        checkpoint.save(training)
        epochs, loss = training.recipe.epochs, training.history[-1]["train_loss"]
        done = (number + training.epoch / epochs) / stacks
        report(done, f"epoch {training.epoch}/{epochs}, loss {loss:.3g}, {left} models left")

    checkpoint.restore(training)
    found = run(training, after_epoch)
    after = [Model(name, decay) for name, decay in _models(training.recipe) if Model(name, decay).quantizer.after]
    return found + rounded_after(found, after)


def _models(recipe: Recipe) -> list[tuple[str, float]]:
    return [(name, decay) for name in recipe.models for decay in recipe.weight_decays]


def _stacks(recipe: Recipe, net: Net) -> list[list[Model]]:
    """Return the models that are trained together, those of a kind side by side."""
    models = [Model(name, decay) for name, decay in _models(recipe) if not Model(name, decay).quantizer.after]
    models.sort(key=lambda model: model.quantizer.kind)
    size = STACKED if net.stacks else 1
    return [models[start : start + size] for start in range(0, len(models), size)]


def split_rows(dataset: Dataset, recipe: Recipe, classes: int, seed: int) -> dict[str, Rows]:
    """Return the rows that are trained on, with wrong labels where the recipe has them, held out, and tested on."""
    x, label = torch.from_numpy(dataset.x), dataset.label.astype(np.int64)
    n, held_out = recipe.n_train, recipe.n_train + recipe.n_valid
    parts = {"train": slice(0, n), "valid": slice(n, held_out), "test": slice(dataset.n_train, None)}
    labels = {name: label[part] for name, part in parts.items()}
    labels["train"] = _with_noise(labels["train"], recipe.label_noise, classes, seed)
    return {name: Rows(x[part], torch.from_numpy(labels[name])) for name, part in parts.items()}


def _with_noise(labels: np.ndarray, share: float, classes: int, seed: int) -> np.ndarray:
    """Return labels of which a share, chosen at random, are one of the other classes."""
    rng = stream(seed, "training", "label_noise")
    wrong = rng.permutation(len(labels))[: round(share * len(labels))]
    labels = labels.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, classes, len(wrong))) % classes
    return labels


def _named(one: Taken) -> dict[str, Any]:
    return {
        "model": one.model.name,
        "weight_decay": one.model.weight_decay,
        "protocol": one.protocol,
        "epochs": one.epochs,
        "converged": one.converged,
        "reason": one.reason,
    }


def _learned(one: Taken) -> Learned:
    parts = (
        {name: tensor.numpy() for name, tensor in part.items()} for part in (one.weights, one.log_steps, one.state)
    )
    return Learned(one.model.name, one.model.weight_decay, one.protocol, *parts)

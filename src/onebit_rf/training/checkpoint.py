"""What a killed training goes on from: arrays in one file without code in it, beside the table that is being made."""

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onebit_rf.tables.whole import whole
from onebit_rf.training.protocols import Training

_LOOKED = ("losses", "times", "due", "least")
_DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile)
EVERY = 20.0  # seconds of training between two checkpoints


class Checkpoint:
    """A file that holds a training as it was after some epoch.

    Args:
        path: of the file.
        key: what the training is of; a file of another key is not gone on from.
    """

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path, self.key = path, json.dumps(key, sort_keys=True)
        self._written = time.perf_counter()

    def save(self, training: Training) -> None:
        """Write the training if it is over or the last time is a while ago; the file is replaced whole."""
        if time.perf_counter() - self._written < EVERY and not training.is_over:
            return
        places = {model: place for place, model in enumerate(training.stack.models)}
        taken = [[places[model], protocol, one.epochs] for (model, protocol), one in training.taken.items()]
        head = {"key": self.key, "epoch": training.epoch, "seconds": training.seconds, "history": training.history}
        arrays = {name: tensor.numpy() for name, tensor in _tensors(training)}
        arrays |= {name: getattr(training, name) for name in _LOOKED}
        with whole(self.path) as partial, partial.open("wb") as file:
            np.savez(file, head=np.array(json.dumps({**head, "taken": taken, "arrays": sorted(arrays)})), **arrays)
        self._written = time.perf_counter()

    def restore(self, training: Training) -> None:
        """Bring a new training to where the file has it; one of another key, or that cannot be read, is left alone."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = dict(stored)
            head = json.loads(str(arrays.pop("head")))
        except _DAMAGE:
            return
        # The format holds a checksum of each array, but not of their list.
        if head["key"] != self.key or head["arrays"] != sorted(arrays):
            return
        training.epoch, training.seconds, training.history = head["epoch"], head["seconds"], head["history"]
        for name in _LOOKED:
            setattr(training, name, arrays.pop(name))
        for place, protocol, epochs in head["taken"]:
            training.take(place, protocol, epochs)
        memory = training.stack.optimiser.state
        for name in [name for name in arrays if name.startswith("memory/")]:
            _, leaf, what = name.split("/")
            memory[training.stack.leaves[int(leaf)]][what] = torch.from_numpy(arrays.pop(name))
        known = dict(_tensors(training))
        for name, array in arrays.items():
            known[name].copy_(torch.from_numpy(array))

    def remove(self) -> None:
        """Delete the file: its training is done."""
        self.path.unlink(missing_ok=True)


def _tensors(training: Training) -> Iterator[tuple[str, Tensor]]:
    """Yield, named, all tensors of a training: of the stack, of its optimiser and of the models taken."""
    stack = training.stack
    holders = {"stack": stack.at_rest} | {f"taken/{i}": one for i, one in enumerate(training.taken.values())}
    for holder, of in holders.items():
        for part in ("weights", "log_steps", "state"):
            yield from ((f"{holder}/{part}/{name}", tensor) for name, tensor in getattr(of, part).items())
    for i, leaf in enumerate(stack.leaves):
        memory = stack.optimiser.state.get(leaf, {})
        yield from ((f"memory/{i}/{what}", tensor) for what, tensor in memory.items() if tensor is not None)

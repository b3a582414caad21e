"""Trained models on disk: their numbers in one table, and back to what a network computes with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.tables.files import TableWriter, read_matrix, read_provenance, read_table
from onebit_rf.tables.training import LEARNED
from onebit_rf.training.quantizers import QUANTIZERS, Quantizer

Part = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Learned:
    """A trained model.

    Attributes:
        model, weight_decay, protocol: which one.
        weights: name → latent weights, as they were before rounding.
        log_steps: name → log s of the quantised ones as they are tested, and of activations at few bits.
        state: name → averages of batch norm.
    """

    model: str
    weight_decay: float
    protocol: str
    weights: Part
    log_steps: Part
    state: Part

    @property
    def quantizer(self) -> Quantizer:
        """The quantizer of the hidden weights."""
        return QUANTIZERS.get(self.model)

    @property
    def hidden(self) -> list[str]:
        """Names of the weights W_1 … W_L."""
        return [name for name in self.weights if name.startswith("W")]

    def dequantised(self, name: str) -> np.ndarray:
        """Return v̂ = s · level(v/s) of the quantised weights `name`, float32."""
        v, quantizer = self.weights[name], self.quantizer
        if quantizer.shift is None:
            return v
        step, half = np.exp(self.log_steps[name]), np.float32(2 ** (quantizer.bits - 1))
        shift = np.float32(quantizer.shift)
        return step * (np.clip(np.floor(v / step + shift), -half, half - 1) + (np.float32(0.5) - shift))


PARTS = ("weights", "log_steps", "state")


def named(models: Sequence[Learned]) -> dict[str, list]:
    """Return the columns that say which models the rows of a table are of."""
    return {name: [getattr(one, name) for one in models] for name in ("model", "weight_decay", "protocol")}


def write_learned(path: str | Path, models: Sequence[Learned], params: Mapping[str, Any]) -> None:
    """Write a table `learned`; all models have the same names and shapes, which its provenance keeps."""
    layout = [[part, name, list(array.shape)] for part, name, array in _arrays(models[0])]
    with TableWriter(path, LEARNED, {**params, "layout": layout}) as writer:
        for one in models:
            values = np.concatenate([array.ravel() for _, _, array in _arrays(one)])[None]
            writer.write(model=one.model, weight_decay=one.weight_decay, protocol=one.protocol, values=values)


def _arrays(one: Learned) -> Iterator[tuple[str, str, np.ndarray]]:
    for part in PARTS:
        yield from ((part, name, array) for name, array in getattr(one, part).items())


def list_learned(path: str | Path) -> list[tuple[str, float, str]]:
    """Return model, weight decay and protocol of every model in a table, in order."""
    columns = read_table(path, LEARNED, ["model", "weight_decay", "protocol"]).to_pydict()
    return list(zip(columns["model"], columns["weight_decay"], columns["protocol"], strict=True))


def read_learned(path: str | Path, places: Sequence[int]) -> Iterator[Learned]:
    """Yield the models at some places of a table; OnebitError where it is missing or damaged."""
    layout, known = read_provenance(path, LEARNED)["params"]["layout"], list_learned(path)
    sizes = [prod(shape) for _, _, shape in layout]
    for place in places:
        parts: dict[str, dict[str, np.ndarray]] = {part: {} for part in PARTS}
        values = np.split(read_matrix(path, LEARNED, "values", place)[0], np.cumsum(sizes)[:-1])
        for (part, name, shape), numbers in zip(layout, values, strict=True):
            parts[part][name] = numbers.reshape(shape).copy()  # what is read views a file
        yield Learned(*known[place], **parts)


def find_learned(path: str | Path, model: str, weight_decay: float, protocol: str) -> Learned:
    """Read one model.

    Raises:
        OnebitError: it is not in the table.
    """
    known = list_learned(path)
    if (model, weight_decay, protocol) not in known:
        there = ", ".join(f"{name} {decay:g} {kind}" for name, decay, kind in known[:6])
        raise OnebitError(f"{path}: holds no {model} {weight_decay:g} {protocol}; there are {there} …")
    return next(read_learned(path, [known.index((model, weight_decay, protocol))]))

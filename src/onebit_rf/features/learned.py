"""Hidden layers that a training learned, as the features take them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from onebit_rf import kernels
from onebit_rf.features.layers import Layer
from onebit_rf.features.packed import signs_layer
from onebit_rf.model.activations import activate
from onebit_rf.tables.files import read_provenance
from onebit_rf.tables.training import LEARNED
from onebit_rf.training.learned import Learned, find_learned


def learned_layers(path: str | Path, model: str) -> Iterator[Layer]:
    """Yield x ↦ x Ŵ_ℓᵀ of a model in a table `learned`, of the training's first weight decay and protocol.

    One-bit weights are multiplied by the one-bit kernels.

    Raises:
        OnebitError: the table is missing, damaged, or holds no such model.
    """
    recipe = read_provenance(path, LEARNED)["params"]
    one = find_learned(path, model, recipe["weight_decays"][0], recipe["protocols"][0])
    yield from (make_layer(one, name) for name in one.hidden)


def make_layer(one: Learned, name: str) -> Layer:
    """Return x ↦ x Ŵᵀ of the weights `name`."""
    quantizer = one.quantizer
    if quantizer.bits != 1:
        matrix = one.dequantised(name)
        return lambda x, activation=None: activate(x @ matrix.T, activation)
    alpha = np.broadcast_to(np.exp(one.log_steps[name]) / 2, (len(one.weights[name]), 1))[:, 0]
    return signs_layer(kernels.pack_signs(one.weights[name]), alpha)

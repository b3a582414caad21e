"""The features stage: x_ℓ = φ(W_ℓ x_{ℓ−1}) for ℓ = 1…L in one pass.

Inputs and weights are made here rather than read: that is quicker than most disks, and half of what they would fill.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.data.dataset import Dataset, split_and_label
from onebit_rf.features.layers import ENCODINGS, Layer
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter
from onebit_rf.weights.laws import LAWS

LEARNED = "onebit_rf.features.learned"  # imported by name, so that features of drawn weights do not depend on it
STEP = "onebit_rf.features.step"  # as well


def draw_layers(law: str, dims: Sequence[int], seed: int) -> Iterator[Layer]:
    """Draw the layers of a network of dimensions (d_0, …, d_L) one at a time, so that only one is in memory."""
    for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
        yield ENCODINGS.get(LAWS.get(law).encoding).make_layer(LAWS.get(law).draw(fan_out, fan_in, seed, layer))


def layers_of(law: str, dims: Sequence[int], seed: int, weights: str | Path | None) -> Iterator[Layer]:
    """Return the layers of a network: those learned in the table `weights`, or drawn by the law where it is None."""
    if weights is None:
        return draw_layers(law, dims, seed)
    return importlib.import_module(LEARNED).learned_layers(weights, LAWS.get(law).model)


def propagate(x: np.ndarray, layers: Iterable[Layer], activation: str) -> Iterator[np.ndarray]:
    """Yield x_1, x_2, …, x_L, each of shape (rows, d_ℓ), float32."""
    for layer in layers:
        x = layer(x, activation)
        yield x


def extract_features(
    path: str | Path,
    dataset: Dataset,
    law: str,
    widths: Sequence[int],
    activation: str,
    seed: int,
    params: dict[str, Any],
    weights: str | Path | None = None,
    step: dict[str, Any] | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Write the features of all depths of a data set, one row group per depth.

    Split and label of every row go along, so that the read-outs need no other table.

    Args:
        path: the table.
        dataset: rows x_0.
        law: of the hidden weights.
        widths, activation: of the network.
        seed: of weights that are drawn.
        params: what the table's provenance records.
        weights: the table of weights that are learned.
        step: `outputs`, `rate` and `rows` of `features.step`, which W_1 takes; None where it is as drawn.
        progress: wraps the iteration over depths.
    """
    rows = split_and_label(dataset)
    layers = layers_of(law, [dataset.x.shape[1], *widths], seed, weights)
    if step is not None:
        layers = importlib.import_module(STEP).stepped_layers(layers, dataset, law, widths[0], activation, seed, **step)
    features = propagate(dataset.x, layers, activation)
    with TableWriter(path, FEATURES, params) as writer:
        for depth in progress(range(1, len(widths) + 1)):
            writer.write(depth=depth, **rows, x=next(features))

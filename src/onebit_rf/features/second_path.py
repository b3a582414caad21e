"""The second path of the features stage: the test rows as a network sees them whose inputs or weights have changed.

The weights are those of the first path, drawn again from the same streams, then rounded or drawn anew in part.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.data.dataset import Dataset, split_and_label
from onebit_rf.features.extract import layers_of, propagate
from onebit_rf.features.layers import ENCODINGS, Layer
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.grids import grid
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter
from onebit_rf.weights.laws import LAWS


def shift_inputs(x: np.ndarray, seed: int, noise: float, gain: float, overlap: float) -> np.ndarray:
    """Return x_0' = gain (overlap x_0 + √(1 − overlap²) x̃_0) + noise ξ, float32, of the rows x of shape (m, d_0).

    x̃_0 is the row after x_0: as rows are independent, it is another draw of the same law. ξ is the same at every noise.
    """
    moved = x
    if overlap != 1:
        moved = np.float32(overlap) * x + np.float32((1 - overlap**2) ** 0.5) * np.roll(x, -1, axis=0)
    xi = stream(seed, "test_inputs").standard_normal(x.shape, dtype=np.float32) if noise > 0 else np.float32(0)
    return np.float32(gain) * moved + np.float32(noise) * xi


def shifted_layers(law: str, dims: Sequence[int], seed: int, bits: int | None, correlation: float) -> Iterator[Layer]:
    """Draw the layers of the law with their entries rounded to a grid of `bits`, or some drawn anew."""
    record, encoding = LAWS.get(law), ENCODINGS.get(LAWS.get(law).encoding)
    again = int(stream(seed, "test_weights").integers(2**31))
    for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
        matrix = record.draw(fan_out, fan_in, seed, layer)
        if bits is not None:
            matrix = grid(bits).round(matrix) / np.float32(grid(bits).correlation)  # of unit variance
        if correlation < 1:
            anew = stream(again, "mask", layer).random((fan_out, fan_in), dtype=np.float32) >= correlation
            matrix = encoding.mix(matrix, record.draw(fan_out, fan_in, again, layer), anew)
        yield encoding.make_layer(matrix)


def extract_second_path(
    path: str | Path,
    dataset: Dataset,
    law: str,
    widths: Sequence[int],
    activation: str,
    seed: int,
    shift: dict[str, dict[str, Any]],
    params: dict[str, Any],
    weights: str | Path | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Write the features of the test rows on the second path, one row group per depth.

    Args:
        path: a table `features` without train rows.
        dataset: rows of the first path.
        law, widths, activation, seed: of the network.
        shift: `inputs`, the arguments noise, gain and overlap of `shift_inputs`, and `weights`, bits and correlation
            of `shifted_layers`.
        params: what the table's provenance records.
        weights: the table of weights that are learned: they are tested as they are.
        progress: wraps the iteration over depths.
    """
    label = None if dataset.label is None else dataset.label[dataset.n_train :]
    x = shift_inputs(dataset.x[dataset.n_train :], seed, **shift["inputs"])
    rows = split_and_label(Dataset(x, 0, label))
    dims = [x.shape[1], *widths]
    drawn = shifted_layers(law, dims, seed, **shift["weights"]) if weights is None else None
    layers = drawn or layers_of(law, dims, seed, weights)
    with TableWriter(path, FEATURES, params) as writer:
        for depth, features in zip(progress(range(1, len(widths) + 1)), propagate(x, layers, activation), strict=True):
            writer.write(depth=depth, **rows, x=features)

"""The weights stage: draw the hidden weights of a network by a law, keyed by the network's dimensions alone."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.weights import WEIGHTS
from onebit_rf.weights.laws import LAWS


def dims_label(dims: Sequence[int]) -> str:
    """Name a network's dimensions in a path, runs of equal widths shortened: (9, 4, 4) is 9-4x2."""
    first, *widths = dims
    runs = [(width, len(list(run))) for width, run in groupby(widths)]
    return "-".join([str(first), *(f"{width}x{length}" if length > 1 else str(width) for width, length in runs)])


def parse_dims(label: str) -> list[int]:
    """Invert dims_label."""
    parts = [part.partition("x") for part in label.split("-")]
    return [int(width) for width, _, length in parts for _ in range(int(length or 1))]


def sample_weights(path: str | Path, law: str, dims: Sequence[int], seed: int) -> None:
    """Draw every layer of a network of dimensions (d_0, …, d_L) by `law` and write one row group per layer.

    W_ℓ has mean 0 and variance 1/d_{ℓ−1}. Dense weights are stored as they are; of signs the scale 1/√d_{ℓ−1} is
    applied with the features.
    """
    encoding, draw = LAWS.get(law).encoding, LAWS.get(law).draw
    with TableWriter(path, WEIGHTS[encoding], {"dims": list(dims), "law": law, "seed": seed}) as writer:
        for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
            matrix = draw(fan_out, fan_in, seed, layer)
            if encoding == "signs":
                writer.write(layer=layer, fan_in=fan_in, bits=matrix.bits)
            else:
                matrix *= np.float32(fan_in**-0.5)
                writer.write(layer=layer, weights=matrix)

"""The two laws of the hidden weights: Gaussian, and the signs of the same draw at one bit per weight."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from onebit_rf.jobs.seeds import stream
from onebit_rf.kernels.signs import SignMatrix, pack_signs
from onebit_rf.tables.files import TableWriter, read_matrix


def draw_gaussian(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    """Draw G of layer ℓ, iid N(0, 1), shape (d_ℓ, d_{ℓ−1}), float32; the draw both laws share."""
    return stream(seed, "weights", layer).standard_normal((fan_out, fan_in), dtype=np.float32)


def gaussian_weights(draw: np.ndarray) -> np.ndarray:
    """W = G/√d_{ℓ−1}: entries N(0, 1/d_{ℓ−1}). Scales `draw` in place and returns it."""
    draw *= np.float32(draw.shape[1] ** -0.5)
    return draw


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

    Both laws have mean 0 and variance 1/d_{ℓ−1}; one_bit stores sign(G_ij) as a bit, the scale 1/√d_{ℓ−1} is
    applied with the features.
    """
    with TableWriter(path, f"weights_{law}", {"dims": list(dims), "law": law, "seed": seed}) as writer:
        for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
            draw = draw_gaussian(fan_out, fan_in, seed, layer)
            if law == "gaussian":
                writer.write(layer=layer, weights=gaussian_weights(draw))
            else:
                writer.write(layer=layer, fan_in=fan_in, bits=pack_signs(draw).bits)


def read_gaussian(path: str | Path, layer: int) -> np.ndarray:
    """Read W_ℓ of a gaussian table, shape (d_ℓ, d_{ℓ−1}), float32."""
    return read_matrix(path, "weights_gaussian", "weights", layer - 1)


def read_one_bit(path: str | Path, layer: int, fan_in: int) -> SignMatrix:
    """Read the packed signs of layer ℓ."""
    return SignMatrix(read_matrix(path, "weights_one_bit", "bits", layer - 1), fan_in)

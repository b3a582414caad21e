"""Random changes of train images that leave their classes as they are, drawn anew whenever an image is trained on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.errors import OnebitError

if TYPE_CHECKING:
    from torch import Tensor

SHARE = 8  # an image is shifted by up to a side ÷ 8: the four pixels of 32 that are usual for CIFAR-10


def augment(
    x: "Tensor", image: tuple[int, int, int] | None, kinds: Sequence[str], rng: np.random.Generator
) -> "Tensor":
    """Return rows x (B, d_0), d_0 = height · width · channels of an `image`, changed by every kind in turn.

    flip: mirrored left to right with probability ½. shift: moved by a whole number of pixels down and another right,
    each uniform on −⌊side/8⌋ … ⌊side/8⌋. ASSUME: what moves in from outside is 0, which in standardised rows is the
    mean pixel. Every image has draws of its own.

    Raises:
        OnebitError: there are kinds but no image, or a kind is unknown.
    """
    import torch

    if not kinds:
        return x
    if image is None:
        raise OnebitError("augment: changes images, which the inputs are not; leave it out")
    pixels = x.numpy().reshape(-1, *image)
    for kind in kinds:
        if kind not in _CHANGES:
            raise OnebitError(f"augment: must be of {', '.join(AUGMENTATIONS)}, got {kind!r}")
        pixels = _CHANGES[kind](pixels, rng)
    return torch.from_numpy(pixels.reshape(len(x), -1))


def _flip(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    flipped = rng.random(len(pixels)) < 0.5
    return np.where(flipped[:, None, None, None], pixels[:, :, ::-1], pixels)


def _shift(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a window of each image with a margin of zeros around it."""
    n, *sides, _ = pixels.shape
    margins = [side // SHARE for side in sides]
    first_row, first_column = (rng.integers(0, 2 * margin + 1, n) for margin in margins)
    padded = np.pad(pixels, [(0, 0), *((margin, margin) for margin in margins), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, sides, axis=(1, 2))
    return np.moveaxis(windows[np.arange(n), first_row, first_column], 1, -1)


_CHANGES = {"flip": _flip, "shift": _shift}
AUGMENTATIONS = tuple(_CHANGES)

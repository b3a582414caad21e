"""The distortions of images, a file each: ten of CIFAR-10-C (arXiv 1903.12261), without its weather and motion.

A distortion has a strength at each of five severities, and changes one image at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.registry import Registry

if TYPE_CHECKING:
    from PIL.Image import Image

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Distortion:
    """A distortion.

    Attributes:
        constants: its strength at severities 1 to 5; those of CIFAR-10-C, which are for images of 32 × 32 pixels.
        apply: (image, constant, generator) → distorted image, both of shape (h, w, channels), one channel (grey) or
            three (RGB): numbers in [0, 1] to numbers that are clipped to [0, 1] afterwards. The noises alone draw.
    """

    constants: tuple[Any, Any, Any, Any, Any]
    apply: Callable[[np.ndarray, Any, np.random.Generator], np.ndarray]


DISTORTIONS: Registry[Distortion] = Registry("data/distortions", "distortion")


def distort(images: np.ndarray, kind: str, severity: int, seed: int, white: int = 255) -> np.ndarray:
    """Return images of shape (n, h, w, channels), uint8, each distorted by itself.

    The values 0 … `white` stand for 0 … 1; the result is clipped to that and rounded. Image i draws from a stream of
    its own, named by kind, severity and i.

    Raises:
        OnebitError: no such kind or severity.
    """
    distortion = DISTORTIONS.get(kind)
    if severity not in SEVERITIES:
        raise OnebitError(f"severity: must be {SEVERITIES[0]} to {SEVERITIES[-1]}, got {severity}")
    constant, distorted = distortion.constants[severity - 1], np.empty_like(images)
    for i, image in enumerate(images):
        rng = stream(seed, "distortion", kind, severity, i)
        distorted[i] = to_bytes(distortion.apply(image / white, constant, rng), white)
    return distorted


def to_bytes(image: np.ndarray, white: int = 255) -> np.ndarray:
    """Return numbers in [0, 1], clipped to it, as whole numbers 0 … `white`, uint8, rounded to the nearest."""
    return np.rint(white * np.clip(image, 0, 1)).astype(np.uint8)


def by_pillow(image: np.ndarray, change: Callable[["Image"], "Image"]) -> np.ndarray:
    """Change an image of numbers in [0, 1] as a Pillow picture of the same size, mode L (grey) or RGB."""
    from PIL import Image

    pixels = to_bytes(image)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(change(picture)).reshape(image.shape) / 255

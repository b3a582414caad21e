"""Pictures as arrays of whole numbers 0 … 255: decoded, and brought to one size and one number of channels.

Pillow does the work; it is imported where a picture is read.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.data.sources import Pool
from onebit_rf.errors import OnebitError

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = Path | bytes
Size = tuple[int, int, int]  # height, width, channels
_GREY = {"1", "L", "LA", "La"}
_COMMON = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


def is_picture(suffix: str) -> bool:
    """Tell whether files with this ending, with its dot, are pictures that can be read."""
    if suffix.lower() in _COMMON:  # asking Pillow makes it load all its formats
        return True
    from PIL import Image

    return Image.registered_extensions().get(suffix.lower()) in Image.OPEN


def picture_shape(picture: Picture, where: str) -> Size:
    """Return height, width and channels (1: grey, 3: colour) of a picture from its header.

    Raises:
        OnebitError: not a picture, or one of more than 8 bits a channel; the line starts with `where`.
    """
    with _open(picture, where) as image:
        return image.height, image.width, _channels(image, where)


def read_pictures(pictures: Iterable[tuple[int, Picture, str]], n: int, shape: Size, side: int | None) -> np.ndarray:
    """Decode `n` pictures, each given with its place in the result and a name for messages.

    Returns:
        Shape (n, h, w, channels), uint8: height and width of `shape`, or `side` × `side` by reduction.

    Raises:
        OnebitError: a picture cannot be decoded, or has another size (without `side`) or more channels than `shape`.
    """
    height, width = (side, side) if side else shape[:2]
    pixels = np.empty((n, height, width, shape[2]), np.uint8)
    for place, picture, where in pictures:
        with _open(picture, where) as image:
            if side is None and (image.height, image.width) != shape[:2]:
                raise OnebitError(
                    f"{where}: {image.height} × {image.width} pixels, the first image has {shape[0]} × {shape[1]}; "
                    "set resize to bring all to one size"
                )
            pixels[place] = _reduce(_decode(image, shape[2], where), side)
    return pixels


def array_pool(images: np.ndarray, labels: np.ndarray, shape: Size) -> Pool:
    """Return a pool of images in memory, layout (rows, h, w), (rows, h, w, 3) or (rows, 3, h, w), uint8."""

    def read(rows: np.ndarray, side: int | None) -> np.ndarray:
        chosen = images[rows]
        if chosen.shape[1:] == (shape[2], *shape[:2]):
            chosen = np.moveaxis(chosen, 1, -1)
        return resized(chosen.reshape(len(rows), *shape), side)

    return Pool(np.asarray(labels, np.int64), read)


def resized(images: np.ndarray, side: int | None) -> np.ndarray:
    """Bring images (rows, h, w, channels), uint8, to `side` × `side` pixels by reduction; None leaves them."""
    if side is None:
        return images
    from PIL import Image

    pixels = np.empty((len(images), side, side, images.shape[3]), np.uint8)
    for place, image in enumerate(images):
        pixels[place] = _reduce(Image.fromarray(image[..., 0] if images.shape[3] == 1 else image), side)
    return pixels


def _open(picture: Picture, where: str) -> "Image":
    from PIL import Image

    try:
        return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)
    except Exception as error:  # a decoder raises what it likes
        raise _unreadable(where, error) from None


def _unreadable(where: str, error: Exception) -> OnebitError:
    from PIL import UnidentifiedImageError

    told = "" if isinstance(error, UnidentifiedImageError) else f" ({(str(error).splitlines() or [''])[0]})"
    return OnebitError(f"{where}: not a readable image{told}; replace or remove it")


def _channels(image: "Image", where: str) -> int:
    """Return 1 for grey and 3 for colour, which a palette counts as."""
    if image.mode.startswith(("I", "F")):
        raise OnebitError(f"{where}: pixels of more than 8 bits (mode {image.mode}); save it with 8 bits a channel")
    return 1 if image.mode in _GREY else 3


def _decode(image: "Image", channels: int, where: str) -> "Image":
    """Return the picture with the channels wanted, without transparency."""
    if _channels(image, where) > channels:
        raise OnebitError(f"{where}: in colour, the first image is grey; save all of them in one of the two")
    try:
        if "transparency" in image.info:
            image = image.convert("RGBA")
        return image.convert("L" if channels == 1 else "RGB")
    except Exception as error:  # as above
        raise _unreadable(where, error) from None


def _reduce(image: "Image", side: int | None) -> np.ndarray:
    """Return the pixels, bilinear in `side` × `side` where that is given; a reduction averages over what it covers."""
    from PIL import Image

    return np.asarray(image if side is None else image.resize((side, side), Image.Resampling.BILINEAR)).reshape(
        side or image.height, side or image.width, -1
    )

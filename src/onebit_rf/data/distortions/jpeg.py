"""JPEG compression of a given quality: encoded and decoded by Pillow, which halves the resolution of the colours."""

import io
from typing import TYPE_CHECKING

from onebit_rf.data.distortions import Distortion, by_pillow

if TYPE_CHECKING:
    from PIL.Image import Image


def _compress(picture: "Image", quality: int) -> "Image":
    from PIL import Image

    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


distortion = Distortion(
    constants=(80, 65, 58, 50, 40),  # quality, of 100
    apply=lambda image, quality, rng: by_pillow(image, lambda picture: _compress(picture, quality)),
)

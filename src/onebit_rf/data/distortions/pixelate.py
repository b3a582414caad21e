"""Fewer pixels: height and width brought to ⌊share × side⌋, then back, both by averages over boxes."""

from typing import TYPE_CHECKING

from onebit_rf.data.distortions import Distortion, by_pillow

if TYPE_CHECKING:
    from PIL.Image import Image


def _pixelate(picture: "Image", share: float) -> "Image":
    from PIL import Image

    box, (width, height) = Image.Resampling.BOX, picture.size
    few = (max(int(share * width), 1), max(int(share * height), 1))
    return picture.resize(few, box).resize((width, height), box)


distortion = Distortion(
    constants=(0.95, 0.9, 0.85, 0.75, 0.65),  # share
    apply=lambda image, share, rng: by_pillow(image, lambda picture: _pixelate(picture, share)),
)

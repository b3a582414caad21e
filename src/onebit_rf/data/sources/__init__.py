"""Where images come from, a file each: files below the data root, or a library's own.

A source says cheaply what it holds, and opened gives the labels of its images; pixels are decoded only for the rows
that are asked for. A source has a train and a test pool, or one pool that both are drawn from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from onebit_rf.model.registry import Registry


@dataclass(frozen=True)
class Facts:
    """What a source holds.

    Attributes:
        shape: of an image: height, width, channels.
        classes: number of classes.
        rarest: images of the rarest class in the train pool.
        train: images in the train pool, or in the only one.
        test: images in the test pool; None where there is one pool.
    """

    shape: tuple[int, int, int]
    classes: int
    rarest: int
    train: int
    test: int | None = None


@dataclass(frozen=True)
class Pool:
    """Images to draw from.

    Attributes:
        labels: classes 0 … K − 1, shape (rows,), integers.
        read: decodes the images of chosen rows: `read(rows, side)` has shape (len(rows), h, w, channels), uint8;
            h = w = side where that is not None.
    """

    labels: np.ndarray
    read: Callable[[np.ndarray, int | None], np.ndarray]


@dataclass(frozen=True)
class Opened:
    """The pools of a source, [train, test] or the only one, and the shape (height, width, channels) of an image."""

    shape: tuple[int, int, int]
    classes: int
    pools: Sequence[Pool]

    @property
    def facts(self) -> Facts:
        """What the source holds, counted."""
        sizes = [len(pool.labels) for pool in self.pools]
        rarest = int(np.bincount(self.pools[0].labels, minlength=self.classes).min())
        return Facts(self.shape, self.classes, rarest, *sizes)


@dataclass(frozen=True)
class Source:
    """A source of images; `name` is how the configuration spells it, `white` the value of a white pixel."""

    name: str
    downloadable = False
    white = 255

    @property
    def kind(self) -> str:
        """The name of the member."""
        return self.name.partition(":")[0]

    @property
    def text(self) -> str:
        """What stands behind the colon."""
        return self.name.partition(":")[2]

    @property
    def data_name(self) -> str:
        """The last part of the text, in lower case; the random rows of two pools are those of this name."""
        return PurePath(self.text).name.lower()

    def files(self, root: Path) -> list[Path]:
        """Return the files below `root` that hold the images."""
        return []

    def facts(self, root: Path) -> Facts:
        """Return what the source holds, without decoding an image; OnebitError names a file that does not fit."""
        return self.open(root).facts

    def open(self, root: Path) -> Opened:
        """Read the labels; OnebitError names a file that does not fit."""
        raise NotImplementedError

    def download(self, root: Path) -> None:
        """Download what is missing below `root`; OnebitError where that fails."""
        raise NotImplementedError


SOURCES: Registry[Source] = Registry("data/sources", "source")

"""Labelled images of any source: files of the user's, the hub's or torchvision's, or scikit-learn's digits."""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.data.dataset import Dataset, Pixels, Shape, Standardiser
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.data.sources import SOURCES, Facts, Opened, Source
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import Count, member_of


class Images(DatasetRecord, tag="images", kw_only=True):
    """Random images of a source, each flattened to its height × width × channels numbers."""

    source: Annotated[str, member_of(SOURCES, "where the images come from; paths are looked up below the data root")]
    n_train: Annotated[Count | None, Meta(description="random train images; or n_train_per_class")] = None
    n_train_per_class: Annotated[
        Count | None, Meta(description="random train images of every class, the same number; or n_train")
    ] = None
    n_test: Annotated[Count, Meta(description="random images of the test split; of all others where there is none")]
    n_distorted: Annotated[
        Count | None, Meta(description="test images that are distorted where models are tested so; default: all")
    ] = None
    resize: Annotated[
        Count | None, Meta(description="bring all images to this many pixels square, bilinear; default: as they are")
    ] = None
    centre: Annotated[bool, Meta(description="subtract every pixel's mean over the train rows")]
    scale: Annotated[bool, Meta(description="divide by one number: the mean square of the train inputs becomes 1")]

    def __post_init__(self) -> None:
        """Raise OnebitError unless one of `n_train` and `n_train_per_class` is given; for a `n_distorted` too large."""
        if (self.n_train is None) == (self.n_train_per_class is None):
            raise OnebitError("give one of n_train and n_train_per_class, the other not or as null")
        if self.n_distorted is not None and self.n_distorted > self.n_test:
            raise OnebitError(f"n_distorted must be at most n_test, {self.n_test}, got {self.n_distorted}")

    def distorted_rows(self) -> np.ndarray:
        """Return the test rows that are distorted, evenly spaced: test sets may be sorted by how hard they are."""
        return np.linspace(0, self.n_test - 1, self.n_distorted or self.n_test).round().astype(int)

    @property
    def white(self) -> int:
        """The value of a white pixel."""
        return self._source.white

    @property
    def _source(self) -> Source:
        return SOURCES.get(self.source)

    def files(self, root: Path) -> list[Path]:
        """Return the files of the source."""
        return self._source.files(root)

    def members(self) -> list[str]:
        """Return the module of the source."""
        return [SOURCES.module(self.source)]

    def shape(self, root: Path) -> Shape:
        """Return what the source's facts give."""
        facts = self._source.facts(root)
        height, width, channels = facts.shape
        image = (self.resize or height, self.resize or width, channels)
        return Shape(math.prod(image), self._train_rows(facts), self.n_test, facts.classes, image)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        pixels = self.pixels(seed, root)
        return Dataset(self.standardiser(pixels).apply(pixels.images), pixels.n_train, pixels.label)

    def pixels(self, seed: int, root: Path) -> Pixels:
        """Draw the images of one replicate, as they are before they are centred and scaled; raises as `shape`."""
        opened = self._source.open(root)
        n_train = self._train_rows(opened.facts)
        choose = self._from_two_pools if len(opened.pools) == 2 else self._from_one_pool
        parts = [(opened.pools[at], rows) for at, rows in zip((0, -1), choose(opened, seed), strict=True)]
        images = np.concatenate([pool.read(rows, self.resize) for pool, rows in parts])
        return Pixels(images, n_train, np.concatenate([pool.labels[rows] for pool, rows in parts]).astype(np.float64))

    def standardiser(self, pixels: Pixels) -> Standardiser:
        """Return what centres and scales by the train rows, as the record says.

        Raises:
            OnebitError: they are all alike.
        """
        try:
            return Standardiser.fit(pixels.train, self.centre, self.scale)
        except OnebitError as error:
            raise OnebitError(f"{self.source}: {error}") from None

    def _train_rows(self, facts: Facts) -> int:
        """The number of train rows; OnebitError where there are fewer images than are asked for."""
        if facts.classes < 2:
            raise OnebitError(f"source: the images of {self.source} are all of one class; at least two are needed")
        if self.n_train is None:
            self._at_most("n_train_per_class", self.n_train_per_class, facts.rarest, "images of the rarest class")
        n_train = self.n_train or facts.classes * self.n_train_per_class
        if facts.test is None:
            self._at_most("train and test images", n_train + self.n_test, facts.train, "images")
        else:
            self._at_most("train images", n_train, facts.train, "train images")
            self._at_most("n_test", self.n_test, facts.test, "test images")
        return n_train

    def _at_most(self, what: str, asked: int, there: int, of: str) -> None:
        if asked > there:
            raise OnebitError(f"{what}: must be at most {there}, the {of} of {self.source}, got {asked}")

    def _from_one_pool(self, opened: Opened, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the train rows, and the test rows from what is left."""
        (pool,), rng = opened.pools, stream(seed, "data", self._source.kind)
        if self.n_train is not None:
            rows = rng.permutation(len(pool.labels))
            return rows[: self.n_train], rows[self.n_train : self.n_train + self.n_test]
        train = _of_each_class(pool.labels, opened.classes, self.n_train_per_class, rng)
        rest = np.setdiff1d(np.arange(len(pool.labels)), train)
        return train, rng.permutation(rest)[: self.n_test]

    def _from_two_pools(self, opened: Opened, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the train rows from one pool, the test rows from the other, in its order.

        The test rows have a stream of their own, so that they stay the same whatever the train rows are.
        """
        (train, test), name = opened.pools, self._source.data_name
        rng = stream(seed, "data", name)
        if self.n_train is not None:
            rows = rng.permutation(len(train.labels))[: self.n_train]
        else:
            rows = _of_each_class(train.labels, opened.classes, self.n_train_per_class, rng)
        drawn = stream(seed, "data", name, "test").choice(len(test.labels), self.n_test, replace=False)
        return rows, np.sort(drawn)


def _of_each_class(labels: np.ndarray, classes: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `n` rows of each class, mixed, so that a leading part of them has all classes."""
    rows = np.concatenate([rng.choice(np.flatnonzero(labels == c), n, replace=False) for c in range(classes)])
    rng.shuffle(rows)
    return rows


dataset = Images

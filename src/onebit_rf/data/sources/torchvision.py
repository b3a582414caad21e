"""Data sets of images that torchvision knows and downloads, those whose images have one size."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from onebit_rf.data.idx import find_idx, read_idx
from onebit_rf.data.pictures import array_pool
from onebit_rf.data.sources import Facts, Opened, Pool, Source
from onebit_rf.errors import OnebitError


@dataclass(frozen=True)
class Known:
    """What is known of a data set before it is there.

    Attributes:
        facts: what it holds.
        files: below the data root.
        by_split: its class takes split="train" or "test" rather than train=True or False.
    """

    facts: Facts
    files: tuple[str, ...]
    by_split: bool = False


def _idx_files(name: str) -> tuple[str, ...]:
    parts = [f"{split}-{what}-ubyte" for split in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]
    return tuple(f"{name}/raw/{part}" for part in parts)


def _below(folder: str, *files: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{file}" for file in files)


IDX = ("MNIST", "FashionMNIST", "KMNIST")  # four files of images and labels each, read without torch
_BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
_BINARIES = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "unlabeled_X.bin")  # torchvision checks all
KNOWN = {
    "MNIST": Known(Facts((28, 28, 1), 10, 5421, 60_000, 10_000), _idx_files("MNIST")),
    "FashionMNIST": Known(Facts((28, 28, 1), 10, 6000, 60_000, 10_000), _idx_files("FashionMNIST")),
    "KMNIST": Known(Facts((28, 28, 1), 10, 6000, 60_000, 10_000), _idx_files("KMNIST")),
    "USPS": Known(Facts((16, 16, 1), 10, 542, 7291, 2007), ("usps.bz2", "usps.t.bz2")),
    "CIFAR10": Known(Facts((32, 32, 3), 10, 5000, 50_000, 10_000), _below("cifar-10-batches-py", *_BATCHES)),
    "CIFAR100": Known(
        Facts((32, 32, 3), 100, 500, 50_000, 10_000), _below("cifar-100-python", "train", "test", "meta")
    ),
    "SVHN": Known(Facts((32, 32, 3), 10, 4659, 73_257, 26_032), ("train_32x32.mat", "test_32x32.mat"), by_split=True),
    "STL10": Known(Facts((96, 96, 3), 10, 500, 5000, 8000), _below("stl10_binary", *_BINARIES), by_split=True),
}


class Torchvision(Source):
    """A train and a test pool."""

    downloadable = True

    @property
    def known(self) -> Known:
        """What is known beforehand."""
        return KNOWN[self.text]

    def files(self, root: Path) -> list[Path]:
        """Return its files; .gz where only that is there."""
        paths = [root / file for file in self.known.files]
        return [find_idx(path) for path in paths] if self.text in IDX else paths

    def facts(self, root: Path) -> Facts:
        """Return the known numbers; the files may still be missing."""
        return self.known.facts

    def open(self, root: Path) -> Opened:
        """Read both pools."""
        read = self._read_idx if self.text in IDX else self._read_torchvision
        return Opened(self.known.facts.shape, self.known.facts.classes, [read(root, split) for split in (0, 1)])

    def _read_idx(self, root: Path, split: int) -> Pool:
        """Read one of (train, test); OnebitError names a file that does not fit."""
        images, labels = self.files(root)[2 * split : 2 * split + 2]
        facts = self.known.facts
        x, y = read_idx(images, (None, *facts.shape[:2])), read_idx(labels, (None,))
        if len(x) != len(y) or len(y) == 0:
            raise OnebitError(f"{labels}: holds {len(y)} labels for {len(x)} images; replace both files")
        if y.max() >= facts.classes:
            raise OnebitError(
                f"{labels}: holds the label {y.max()}, the classes are 0 to {facts.classes - 1}; replace it"
            )
        return array_pool(x, y, facts.shape)

    def _read_torchvision(self, root: Path, split: int) -> Pool:
        """Read one of (train, test) through torchvision, which checks the files."""
        try:
            found = self._made(root, split, download=False)
        except Exception as error:
            raise OnebitError(
                f"{self._folder(root)}: {self.text} cannot be read ({_reason(error)}); replace {self._names()}"
            ) from None
        labels = found.labels if self.known.by_split else found.targets
        return array_pool(np.asarray(found.data), np.asarray(labels), self.known.facts.shape)

    def _made(self, root: Path, split: int, download: bool) -> Any:
        from onebit_rf.data.vision import torchvision_datasets

        which = {"split": ("train", "test")[split]} if self.known.by_split else {"train": split == 0}
        return getattr(torchvision_datasets(), self.text)(root, **which, download=download)

    def download(self, root: Path) -> None:
        """Download what is missing below `root` through torchvision, which checks it.

        Raises:
            OnebitError: in one line, where that fails.
        """
        try:
            for split in (0, 1):
                self._made(root, split, download=True)
        except Exception as error:
            raise OnebitError(
                f"data_root: {self.text} is not in {self._folder(root)} and cannot be downloaded ({_reason(error)}); "
                f"put {self._names()} there or set ONEBIT_RF_DATA to a folder that holds {self.known.files[0]}"
            ) from None

    def _folder(self, root: Path) -> Path:
        return (root / self.known.files[0]).parent

    def _names(self) -> str:
        names = ", ".join(PurePosixPath(file).name for file in self.known.files)
        return f"its files {names}" + (" (.gz or unpacked)" if self.text in IDX else "")


def source(name: str) -> Torchvision:
    """Return the data set that torchvision calls `name`.

    Raises:
        OnebitError: its images have several sizes, or torchvision has no such data set.
    """
    if name not in KNOWN:
        raise OnebitError(
            f"source: torchvision:NAME takes {', '.join(KNOWN)}, got {name!r}; unpack other data sets and give "
            "folder:PATH"
        )
    return Torchvision(f"torchvision:{name}")


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__

"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28×28 pixels."""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.data.dataset import Dataset, standardise
from onebit_rf.data.idx import find_idx, read_idx
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream

CLASSES = 10
SIDE = 28
RAREST, TEST_IMAGES = 5421, 10_000  # training images of the rarest class, 5; test images
SPLITS = {"train": "train", "test": "t10k"}


def mnist_files(root: Path) -> list[Path]:
    """Return the four files, images and labels of the train and of the test split; .gz where only that is there."""
    names = [f"{split}-{what}-ubyte" for split in SPLITS.values() for what in ("images-idx3", "labels-idx1")]
    return [find_idx(root / "MNIST" / "raw" / name) for name in names]


def read_split(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read images (rows, 784) and labels (rows,), uint8; OnebitError names a file that does not fit."""
    x, y = read_idx(images, (None, SIDE, SIDE)), read_idx(labels, (None,))
    if len(x) != len(y) or len(y) == 0:
        raise OnebitError(f"{labels}: holds {len(y)} labels for {len(x)} images; replace both files")
    if y.max() >= CLASSES:
        raise OnebitError(f"{labels}: holds the label {y.max()}, the classes are 0 to {CLASSES - 1}; replace it")
    return x.reshape(len(x), -1), y


def load_mnist(root: Path, n_train_per_class: int, n_test: int, centre: bool, scale: bool, seed: int) -> Dataset:
    """Take `n_train_per_class` random MNIST training images of every class and the first `n_test` test images."""
    train_images, train_labels, test_images, test_labels = mnist_files(root)
    train_x, train_y = read_split(train_images, train_labels)
    test_x, test_y = read_split(test_images, test_labels)
    rarest = int(np.bincount(train_y, minlength=CLASSES).min())
    if n_train_per_class > rarest:
        raise OnebitError(f"n_train_per_class: must be at most {rarest}, the images of the rarest class")
    if n_test > len(test_y):
        raise OnebitError(f"n_test: must be at most {len(test_y)}, the images in {test_images}, got {n_test}")
    rng = stream(seed, "data", "mnist")
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(train_y == c), n_train_per_class, replace=False) for c in range(CLASSES)]
    )
    rng.shuffle(rows)  # so that a leading part of the train rows has all classes
    x = np.concatenate([train_x[rows], test_x[:n_test]])
    label = np.concatenate([train_y[rows], test_y[:n_test]])
    return Dataset(standardise(x, len(rows), centre, scale), len(rows), label)


def download_mnist(root: Path) -> None:
    """Download what is missing below `root` through torchvision, which checks it.

    Raises:
        OnebitError: in one line, where that fails.
    """
    from onebit_rf.data.vision import torchvision_datasets

    try:
        torchvision_datasets().MNIST(root, train=True, download=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OnebitError(
            f"data_root: MNIST is not in {root / 'MNIST' / 'raw'} and cannot be downloaded ({reason}); put its four "
            "files there (.gz or unpacked) or set ONEBIT_RF_DATA to a folder that holds MNIST/raw/"
        ) from None


class Mnist(DatasetRecord, tag="mnist"):
    """Random training images of each class of MNIST, and its first test images."""

    n_train_per_class: Annotated[int, Meta(ge=1, le=RAREST, description="random training images of each class")]
    n_test: Annotated[int, Meta(ge=1, le=TEST_IMAGES, description="the first of the 10,000 test images")]
    centre: Annotated[bool, Meta(description="subtract every pixel's mean over the train rows")]
    scale: Annotated[bool, Meta(description="divide by one number: the mean square of the train inputs becomes 1")]

    labelled = True

    @property
    def input_dim(self) -> int:
        """d_0."""
        return SIDE * SIDE

    @property
    def train_rows(self) -> int:
        """Number of train rows."""
        return CLASSES * self.n_train_per_class

    def files(self, root: Path) -> list[Path]:
        """Return the four files of MNIST."""
        return mnist_files(root)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        return load_mnist(root, self.n_train_per_class, self.n_test, self.centre, self.scale, seed)


dataset = Mnist

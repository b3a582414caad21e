"""What a data set is, how images are standardised, where files are looked for, and the data table."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.tables.data import DATA
from onebit_rf.tables.files import write_table


@dataclass(frozen=True)
class Shape:
    """What is known of a data set before its rows are made.

    Attributes:
        input_dim: d_0.
        train_rows, test_rows: numbers of rows.
        outputs: 0 where rows have no labels, 1 where they have a number to regress on, K ≥ 2 where they have classes.
        image: height, width and channels where inputs are images; their product is d_0.
    """

    input_dim: int
    train_rows: int
    test_rows: int
    outputs: int = 0
    image: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Dataset:
    """Rows x of shape (n_train + n_test, d_0), float32, train rows first.

    `label`, float64, holds classes 0 … K − 1 or the numbers to regress on; it is None for Gaussian inputs.
    """

    x: np.ndarray
    n_train: int
    label: np.ndarray | None = None


@dataclass(frozen=True)
class Pixels:
    """Images of shape (rows, h, w, channels), uint8, train rows first, and their classes 0 … K − 1, float64."""

    images: np.ndarray
    n_train: int
    label: np.ndarray

    @property
    def train(self) -> np.ndarray:
        """The images of the train rows."""
        return self.images[: self.n_train]

    @property
    def test(self) -> np.ndarray:
        """The images of the test rows."""
        return self.images[self.n_train :]


@dataclass(frozen=True)
class Standardiser:
    """x → (x − mean)/divisor: a mean for each pixel, one divisor for all.

    Attributes:
        mean: shape (d_0,), float64.
        divisor: a number.
    """

    mean: np.ndarray
    divisor: float

    @classmethod
    def fit(cls, train: np.ndarray, centre: bool, scale: bool) -> Self:
        """Return the one for which tr Σ_0/d = 1 over the rows `train` (if `scale`) and each pixel has mean 0.

        Without `centre` the mean is taken to be 0, without `scale` the divisor to be 1.

        Raises:
            OnebitError: nothing is left to scale.
        """
        rows = _flat(train)
        mean = rows.mean(axis=0) if centre else np.zeros(rows.shape[1])
        rows -= mean
        mean_square = np.mean(rows**2) if scale else 1.0
        if mean_square == 0:
            raise OnebitError("scale: the train images are all alike or black, so that there is no scale; set it false")
        return cls(mean, float(np.sqrt(mean_square)))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return rows or images x of shape (m, …) as inputs of shape (m, d_0), float32."""
        rows = _flat(x)
        rows -= self.mean
        rows /= self.divisor
        return rows.astype(np.float32)


def _flat(x: np.ndarray) -> np.ndarray:
    """A copy of x, a row each, float64."""
    return x.reshape(len(x), -1).astype(np.float64)


def data_root(configured: str) -> Path:
    """Directory of downloaded data: the environment variable ONEBIT_RF_DATA if set, else the config's `data_root`."""
    return Path(os.environ.get("ONEBIT_RF_DATA") or configured).expanduser()


def locate(root: Path, source: str) -> Path:
    """Return the path of a user's file or folder: `source` below `root`, or as it is where it is absolute.

    Raises:
        OnebitError: nothing is there.
    """
    path = root / Path(source).expanduser()
    if not path.exists():
        raise OnebitError(f"{path}: no such file or folder; put it below the data root {root} or set ONEBIT_RF_DATA")
    return path


def split_and_label(dataset: Dataset) -> dict[str, np.ndarray]:
    """The columns `split` and `label` of a data set's rows."""
    rows = len(dataset.x)
    split = np.where(np.arange(rows) < dataset.n_train, "train", "test")
    return {"split": split, "label": np.full(rows, None) if dataset.label is None else dataset.label}


def write_dataset(path: str | Path, dataset: Dataset, params: dict[str, Any]) -> None:
    """Write a data set as a table `data`."""
    write_table(path, DATA, params, **split_and_label(dataset), x=dataset.x)

"""What a data set is, how images are standardised, where files are looked for, and the data table."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """

    input_dim: int
    train_rows: int
    test_rows: int
    outputs: int = 0


@dataclass(frozen=True)
class Dataset:
    """Rows x of shape (n_train + n_test, d_0), float32, train rows first.

    `label`, float64, holds classes 0 … K − 1 or the numbers to regress on; it is None for Gaussian inputs.
    """

    x: np.ndarray
    n_train: int
    label: np.ndarray | None = None


def standardise(x: np.ndarray, n_train: int, centre: bool, scale: bool) -> np.ndarray:
    """Subtract each pixel's mean, then divide all pixels by one number so that tr Σ_0/d = 1; both over train rows.

    Raises:
        OnebitError: nothing is left to scale.
    """
    x = x.astype(np.float64)
    if centre:
        x -= x[:n_train].mean(axis=0)
    if scale:
        mean_square = np.mean(x[:n_train] ** 2)
        if mean_square == 0:
            raise OnebitError("scale: the train images are all alike or black, so that there is no scale; set it false")
        x /= np.sqrt(mean_square)
    return x.astype(np.float32)


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

"""What a data set is, how images are standardised, and the data table."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.tables.data import DATA
from onebit_rf.tables.files import write_table


@dataclass(frozen=True)
class Dataset:
    """Rows x of shape (n_train + n_test, d_0), float32, train rows first; `label` is None for Gaussian inputs."""

    x: np.ndarray
    n_train: int
    label: np.ndarray | None = None


def standardise(x: np.ndarray, n_train: int, centre: bool, scale: bool) -> np.ndarray:
    """Subtract each pixel's mean, then divide all pixels by one number so that tr Σ_0/d = 1; both over train rows."""
    x = x.astype(np.float64)
    if centre:
        x -= x[:n_train].mean(axis=0)
    if scale:
        x /= np.sqrt(np.mean(x[:n_train] ** 2))
    return x.astype(np.float32)


def data_root(configured: str) -> Path:
    """Directory of downloaded data: the environment variable ONEBIT_RF_DATA if set, else the config's `data_root`."""
    return Path(os.environ.get("ONEBIT_RF_DATA") or configured).expanduser()


def split_and_label(dataset: Dataset) -> dict[str, np.ndarray]:
    """The columns `split` and `label` of a data set's rows."""
    rows = len(dataset.x)
    split = np.where(np.arange(rows) < dataset.n_train, "train", "test")
    return {"split": split, "label": np.full(rows, None) if dataset.label is None else dataset.label}


def write_dataset(path: str | Path, dataset: Dataset, params: dict[str, Any]) -> None:
    """Write a data set as a table `data`."""
    write_table(path, DATA, params, **split_and_label(dataset), x=dataset.x)

"""Inputs x_0: Gaussian vectors of a given covariance spectrum, and two sets of images of handwritten digits."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.spectra import eigenvalues
from onebit_rf.tables.files import write_table

CLASSES = 10
MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
MNIST_HOST = "ossci-datasets.s3.amazonaws.com"  # where torchvision downloads MNIST from


@dataclass(frozen=True)
class Dataset:
    """Rows x of shape (n_train + n_test, d_0), float32, train rows first; `label` is None for Gaussian inputs."""

    x: np.ndarray
    n_train: int
    label: np.ndarray | None = None


def sample_gaussian(dim: int, spectrum: str, n_train: int, n_test: int, seed: int) -> Dataset:
    """Draw x_0 ~ N(0, Σ_0) with Σ_0 = diag(λ_1 … λ_d), tr Σ_0/d = 1.

    ASSUME: Σ_0 is diagonal. Gaussian weights are rotation invariant, so only its spectrum matters to them; for
    one-bit weights the eigenbasis is aligned with the coordinates, the least favourable choice.
    """
    scale = np.sqrt(eigenvalues(spectrum, dim)).astype(np.float32)
    rows = [
        stream(seed, "data", split).standard_normal((n, dim), dtype=np.float32)
        for split, n in (("train", n_train), ("test", n_test))
    ]
    return Dataset(np.concatenate(rows) * scale, n_train)


def standardise(x: np.ndarray, n_train: int, centre: bool, scale: bool) -> np.ndarray:
    """Subtract each pixel's mean, then divide all pixels by one number so that tr Σ_0/d = 1; both over train rows."""
    x = x.astype(np.float64)
    if centre:
        x -= x[:n_train].mean(axis=0)
    if scale:
        x /= np.sqrt(np.mean(x[:n_train] ** 2))
    return x.astype(np.float32)


def load_digits(n_train: int, n_test: int, centre: bool, scale: bool, seed: int) -> Dataset:
    """Split scikit-learn's 1797 digits of 8×8 pixels at random into train and test rows."""
    from sklearn.datasets import load_digits as load

    images, labels = load(return_X_y=True)
    chosen = stream(seed, "data", "digits").permutation(len(labels))[: n_train + n_test]
    return Dataset(standardise(images[chosen], n_train, centre, scale), n_train, labels[chosen])


def load_mnist(root: Path, n_train_per_class: int, n_test: int, centre: bool, scale: bool, seed: int) -> Dataset:
    """Take `n_train_per_class` random MNIST training images of every class and the first `n_test` test images."""
    (train_x, train_y), (test_x, test_y) = (_read_mnist(root, train) for train in (True, False))
    rarest = int(np.bincount(train_y, minlength=CLASSES).min())
    if n_train_per_class > rarest:
        raise OnebitError(f"n_train_per_class: must be at most {rarest}, the images of the rarest class")
    rng = stream(seed, "data", "mnist")
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(train_y == c), n_train_per_class, replace=False) for c in range(CLASSES)]
    )
    rng.shuffle(rows)  # so that a leading part of the train rows has all classes
    x = np.concatenate([train_x[rows], test_x[:n_test]])
    label = np.concatenate([train_y[rows], test_y[:n_test]])
    return Dataset(standardise(x, len(rows), centre, scale), len(rows), label)


def data_root(configured: str) -> Path:
    """Directory of downloaded data: the environment variable ONEBIT_RF_DATA if set, else the config's `data_root`."""
    return Path(os.environ.get("ONEBIT_RF_DATA") or configured)


def check_mnist(root: Path) -> None:
    """Raise OnebitError naming the first file of MNIST that is neither in `root` nor can be downloaded."""
    missing = [path for path in _mnist_paths(root) if not _exists(path)]
    if not missing:
        return
    try:
        socket.create_connection((MNIST_HOST, 443), timeout=5).close()
    except OSError:
        raise OnebitError(
            f"data_root: MNIST file {missing[0]} is missing and {MNIST_HOST} cannot be reached; "
            "put the file there (.gz or unpacked) or set ONEBIT_RF_DATA to a folder that holds MNIST/raw/"
        ) from None


def _mnist_paths(root: Path) -> list[Path]:
    return [root / "MNIST" / "raw" / name for name in MNIST_FILES]


def _exists(path: Path) -> bool:
    return path.exists() or path.with_name(f"{path.name}.gz").exists()


def _read_mnist(root: Path, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Read images (rows, 784) and labels through torchvision, which downloads what is missing."""
    datasets = _torchvision_datasets()
    check_mnist(root)
    try:
        # torchvision unpacks .gz files itself, but only on the way of a download, which it skips if they are there.
        complete = all(path.exists() for path in _mnist_paths(root))
        mnist = datasets.MNIST(root, train=train, download=not complete)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OnebitError(f"{root / 'MNIST' / 'raw'}: not a readable MNIST ({reason}); replace its files") from error
    return mnist.data.numpy().reshape(len(mnist), -1), mnist.targets.numpy()


def _torchvision_datasets() -> Any:
    """Import torchvision.datasets, also where torchvision's compiled operators do not match the torch build.

    Such a torchvision stops at `operator torchvision::nms does not exist`. No data set needs the operators, so
    declaring the two it looks up is enough; it is done only after that failure, so real operators stay real.
    """
    import torch

    try:
        from torchvision import datasets
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _torchvision_datasets.library = library  # the declarations live as long as the library object
        from torchvision import datasets
    return datasets


def make_dataset(kind: str, seed: int, root: Path, **options: Any) -> Dataset:
    """Make the data set of `kind` (gaussian, digits or mnist) from its record in the config."""
    if kind == "mnist":
        return load_mnist(root, seed=seed, **options)
    return {"gaussian": sample_gaussian, "digits": load_digits}[kind](seed=seed, **options)


def write_dataset(path: str | Path, dataset: Dataset, params: dict[str, Any]) -> None:
    """Write a data set as a table of schema `data`."""
    rows = len(dataset.x)
    split = np.where(np.arange(rows) < dataset.n_train, "train", "test")
    label = np.full(rows, None) if dataset.label is None else dataset.label
    write_table(path, "data", params, split=split, x=dataset.x, label=label)

"""The read-out stage: train the last layer on every depth's features and measure its test error."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.data import CLASSES
from onebit_rf.errors import OnebitError
from onebit_rf.experiment import sample_sizes
from onebit_rf.learning_curve import LearningCurve
from onebit_rf.seeds import stream
from onebit_rf.tables import TableWriter, read_matrix, read_table

Rows = dict[str, Any]  # columns of the readout table, without law, seed and depth


def draw_teacher(p: int, seed: int, depth: int) -> np.ndarray:
    """a* = A*/√p with A*_i iid N(0, 1), shape (p, 1); both weight laws get the same A*."""
    return stream(seed, "teacher", depth).standard_normal((p, 1)) * p**-0.5


def draw_noise(n: int, seed: int, depth: int) -> np.ndarray:
    """ε with iid N(0, 1) entries, shape (n, 1)."""
    return stream(seed, "label_noise", depth).standard_normal((n, 1))


def relative_residual(train: np.ndarray, labels: np.ndarray, fits: np.ndarray, n_train: np.ndarray) -> np.ndarray:
    """|y − F_n â_n|/|y| over the first n rows, for each n: shape (g,)."""
    p, grid, outputs = fits.shape
    error = (train @ fits.reshape(p, -1)).reshape(len(train), grid, outputs) - labels[:, None, :]
    leading = np.arange(len(train))[:, None] < n_train
    missed = np.sum(np.sum(error**2, axis=2) * leading, axis=0)
    return np.sqrt(missed / np.sum(np.sum(labels**2, axis=1)[:, None] * leading, axis=0))


def learn_teacher(
    train: np.ndarray,
    test: np.ndarray,
    n_train: np.ndarray,
    noise: float,
    ridge: float,
    seed: int,
    depth: int,
) -> Iterator[Rows]:
    """Learn y = x_L·a* + σε, a* in the student's own features; yield the excess MSE by both estimators.

    teacher_averaged is exact over A* and ε and recorded at every n; sampled_teacher is one draw, at `n_train`.
    """
    curve = LearningCurve(train, n_train, ridge)
    n, error = curve.averaged_error(test, noise)
    yield {
        "n_train": n,
        "estimator": "teacher_averaged",
        "metric": "mse",
        "value": error,
        "train_residual": None,
    }
    teacher = draw_teacher(train.shape[1], seed, depth)
    labels = train @ teacher + noise * draw_noise(len(train), seed, depth)
    fits = curve.fit(labels)
    yield {
        "n_train": n_train,
        "estimator": "sampled_teacher",
        "metric": "mse",
        "value": np.mean((test @ (fits[:, :, 0] - teacher)) ** 2, axis=0),
        "train_residual": relative_residual(train, labels, fits, n_train),
    }


def learn_labels(
    train: np.ndarray, test: np.ndarray, n_train: np.ndarray, ridge: float, classes: np.ndarray
) -> Iterator[Rows]:
    """Learn one-hot targets of the classes (train rows first); yield test MSE per output and accuracy of the argmax."""
    targets = np.eye(CLASSES)[classes]
    labels, wanted = np.split(targets, [len(train)])
    fits = LearningCurve(train, n_train, ridge).fit(labels)
    residual = relative_residual(train, labels, fits, n_train)
    outputs = [test @ fits[:, i] for i in range(len(n_train))]
    mse = [np.mean((output - wanted) ** 2) for output in outputs]
    accuracy = [np.mean(output.argmax(axis=1) == classes[len(train) :]) for output in outputs]
    for metric, value in (("mse", mse), ("accuracy", accuracy)):
        yield {
            "n_train": n_train,
            "estimator": "labels",
            "metric": metric,
            "value": np.array(value),
            "train_residual": residual,
        }


def train_readout(
    path: str | Path,
    features: str | Path,
    data: str | Path,
    experiment: dict[str, Any],
    depths: int,
    law: str,
    seed: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Train and measure the read-outs of depths 1…L of one experiment's record; write a table of schema `readout`."""
    n_train, noise, ridge = sample_sizes(experiment), experiment["noise"], experiment["ridge"]
    rows = read_table(data, "data", columns=["split", "label"])
    is_test = np.array(rows["split"].to_pylist()) == "test"
    used = np.flatnonzero((np.arange(len(is_test)) < n_train[-1]) | is_test)
    with TableWriter(path, "readout", {**experiment, "law": law, "seed": seed}) as writer:
        for depth in progress(range(1, depths + 1)):
            matrix = read_matrix(features, "features", "x", depth - 1)[used].astype(np.float64)
            train, test = np.split(matrix, [n_train[-1]])
            if experiment["target"] == "teacher":
                results = learn_teacher(train, test, n_train, noise, ridge, seed, depth)
            else:
                results = learn_labels(train, test, n_train, ridge, rows["label"].to_numpy()[used])
            try:
                for result in results:
                    writer.write(law=law, seed=seed, depth=depth, **result)
            except np.linalg.LinAlgError:
                raise OnebitError(
                    f"{features}: the features of depth {depth} are linearly dependent, so the teacher-averaged "
                    "error is undefined; set a ridge > 0 for this experiment"
                ) from None

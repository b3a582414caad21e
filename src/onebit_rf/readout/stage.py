"""The read-out stage: train the last layer on every depth's features and write its test errors."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.config.experiment import readout_kind, sample_sizes
from onebit_rf.errors import OnebitError
from onebit_rf.readout.learners import Rows, draw_sample, learn, learn_labels
from onebit_rf.tables.files import TableWriter, read_matrix, read_table


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
    last = sample_sizes(experiment)[-1]
    table = read_table(data, "data", columns=["split", "label"])
    is_test = np.array(table["split"].to_pylist()) == "test"
    used = np.flatnonzero((np.arange(len(is_test)) < last) | is_test)
    absent = {"metric": "mse", "train_residual": None, "distance": None}
    with TableWriter(path, "readout", {**experiment, "law": law, "seed": seed}) as writer:
        for depth in progress(range(1, depths + 1)):
            matrix = read_matrix(features, "features", "x", depth - 1)[used].astype(np.float64)
            train, test = np.split(matrix, [last])
            try:
                for rows in _learn_all(train, test, experiment, table["label"].to_numpy()[used], seed, depth):
                    writer.write(law=law, seed=seed, depth=depth, **{**absent, **rows})
            except np.linalg.LinAlgError:
                raise OnebitError(
                    f"{features}: the features of depth {depth} are linearly dependent, which a read-out of "
                    f"{experiment['readouts']} cannot handle; use ridge:λ with λ > 0 in this experiment"
                ) from None


def _learn_all(
    train: np.ndarray, test: np.ndarray, experiment: dict[str, Any], classes: np.ndarray, seed: int, depth: int
) -> Iterator[Rows]:
    """Train every read-out of the experiment on one depth's features."""
    if experiment["target"] == "teacher":
        sample = draw_sample(train, test, experiment, seed, depth)
    for readout in experiment["readouts"]:
        if experiment["target"] == "teacher":
            results = learn(sample, readout, experiment["teacher"])
        else:
            ridge = readout_kind(readout)[1]["ridge"]
            results = learn_labels(train, test, sample_sizes(experiment), ridge, classes)
        yield from ({"readout": readout, **rows} for rows in results)

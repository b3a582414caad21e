"""The readout stage: train the last layer on every depth's features and write its test errors."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.config.task import LabelsTask, Task, TeacherTask, problem
from onebit_rf.errors import OnebitError
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import plain
from onebit_rf.model.targets import targets_of
from onebit_rf.readout.sample import Rows, draw_sample
from onebit_rf.readout.sharpness import measure
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_group, read_matrix
from onebit_rf.tables.readout import READOUT

LABELS_LEARNER = "onebit_rf.readout.labels"
OWN_SPECTRUM = "onebit_rf.readout.own_spectrum"


def learner_modules(task: Task) -> list[str]:
    """The modules that train the read-outs of a task, or predict what they do."""
    if isinstance(task, LabelsTask):
        return [LABELS_LEARNER, OWN_SPECTRUM] if task.own_spectrum else [LABELS_LEARNER]
    return sorted({f"onebit_rf.readout.{READOUTS.get(readout).learner}" for readout in task.readouts})


def train_readout(
    path: str | Path,
    features: str | Path,
    names: Mapping[str, Any],
    task: Task,
    dims: Sequence[int],
    activation: str,
    spectrum: str | None,
    outputs: int,
    law: str,
    seed: int,
    second_path: str | Path | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Train and measure the read-outs of depths 1…L of one cell of an experiment; write a table `readout`.

    Args:
        path: the table.
        features: table of the features.
        names: the columns `experiment` and `cell`, and the swept leaves with their values.
        task: what is learned.
        dims: (d_0, …, d_L).
        activation: φ.
        spectrum: of Σ_0, None where it is not given.
        outputs: of the data set's labels: K ≥ 2 for classes, 1 for a number, 0 without labels.
        law: of the hidden weights.
        seed: root seed.
        second_path: table of the test rows' features on the second path; None where they are as in training.
        progress: wraps the iteration over depths.

    Raises:
        OnebitError: where a read-out needs linearly independent features and they are not.
    """
    last = task.n_train.last
    rows = read_group(features, FEATURES, 0, ["split", "label"])
    is_test, label = np.array(rows["split"].to_pylist()) == "test", rows["label"].to_numpy()
    row = np.arange(len(is_test)) - task.skip
    used = np.flatnonzero(((row >= 0) & (row < last)) | is_test)
    usual = {"metric": "mse", "converged": True, "reason": "", "train_residual": None, "distance": None}
    params = {**plain(task), "names": dict(names), "law": law, "seed": seed}
    with TableWriter(path, READOUT.sweeping(names), params) as writer:
        for depth in progress(range(1, len(dims))):
            matrix = read_matrix(features, FEATURES, "x", depth - 1)[used].astype(np.float64)
            train, test = np.split(matrix, [last])
            second = _second(second_path, depth, test, task)
            try:
                if isinstance(task, LabelsTask):
                    results = _learn_labels(train, test, second, task, label[used], outputs)
                    results = chain(results, _predict_labels(features, depth, task, label, outputs))
                else:
                    model = dims[: depth + 1], activation, spectrum
                    results = _learn_teachers(train, test, second, task, model, seed)
                for result in results:
                    writer.write(**names, law=law, seed=seed, depth=depth, **{**usual, **result})
            except np.linalg.LinAlgError:
                raise OnebitError(
                    f"{features}: the features of depth {depth} are linearly dependent, which a read-out of "
                    f"{list(task.readouts)} cannot handle; use ridge:λ with λ > 0 in this experiment"
                ) from None


def _second(path: str | Path | None, depth: int, test: np.ndarray, task: Task) -> np.ndarray | None:
    """Return the features of the test rows on the second path; None where they are tested as they were trained."""
    if path is not None:
        return read_matrix(path, FEATURES, "x", depth - 1).astype(np.float64)
    changed = task.second_path
    return test if changed is not None and not changed.moves_features else None


def _learn_teachers(
    train: np.ndarray,
    test: np.ndarray,
    second: np.ndarray | None,
    task: TeacherTask,
    model: tuple[Sequence[int], str, str | None],
    seed: int,
) -> Iterator[Rows]:
    """Train every read-out of the task on the labels of the same random teachers."""
    problems = [problem(task, *model, readout) for readout in task.readouts]
    n_train, depth = task.n_train.sizes(), len(problems[0].dims) - 1
    for readout, posed in zip(task.readouts, problems, strict=True):
        kind, noise = READOUTS.get(readout), task.test_readout.noise
        sample = draw_sample(train, test, second, noise, posed, n_train, task.teachers, seed, depth)
        learner = importlib.import_module(f"onebit_rf.readout.{kind.learner}")
        yield from ({"readout": readout, **rows} for rows in learner.learn(posed, sample, **kind.options))
    if task.sharpness:
        linear = [readout for readout in task.readouts if READOUTS.get(readout).learner == "ridge"]
        spectrum = list(measure(train, n_train))  # the same for all
        yield from ({"readout": readout, **rows} for readout in linear for rows in spectrum)


def _learn_labels(
    train: np.ndarray, test: np.ndarray, second: np.ndarray | None, task: LabelsTask, label: np.ndarray, outputs: int
) -> Iterator[Rows]:
    """Train every read-out of the task on the labels of the rows."""
    learner, n_train = importlib.import_module(LABELS_LEARNER), task.n_train.sizes()
    for readout in task.readouts:
        ridge = READOUTS.get(readout).fields["ridge"]
        results = learner.learn_labels(train, test, second, n_train, ridge, label, outputs)
        yield from ({"readout": readout, **rows} for rows in results)


def _predict_labels(
    features: str | Path, depth: int, task: LabelsTask, label: np.ndarray, outputs: int
) -> Iterator[Rows]:
    """Predict the same from the moments of all rows of the features' table, where the task asks for it."""
    if not task.own_spectrum:
        return
    own = importlib.import_module(OWN_SPECTRUM)
    pool = read_matrix(features, FEATURES, "x", depth - 1)[task.skip :]  # learned weights know the rows before
    targets = targets_of(label[task.skip :], task.n_train.last, outputs)
    ridges = {readout: READOUTS.get(readout).fields["ridge"] for readout in task.readouts}
    yield from own.predict_own(pool, targets, task.n_train.sizes(), ridges)

"""The readout stage: train the last layer on every depth's features and write its test errors."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from onebit_rf.config.experiment import Experiment, LabelsExperiment, TeacherExperiment, problem
from onebit_rf.errors import OnebitError
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import plain
from onebit_rf.readout.sample import Rows, draw_sample
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_group, read_matrix
from onebit_rf.tables.readout import READOUT

LABELS_LEARNER = "onebit_rf.readout.labels"


def learner_modules(experiment: Experiment) -> list[str]:
    """The modules that train the read-outs of an experiment."""
    if isinstance(experiment, LabelsExperiment):
        return [LABELS_LEARNER]
    return sorted({f"onebit_rf.readout.{READOUTS.get(readout).learner}" for readout in experiment.readouts})


def train_readout(
    path: str | Path,
    features: str | Path,
    name: str,
    experiment: Experiment,
    dims: Sequence[int],
    activation: str,
    spectrum: str | None,
    law: str,
    seed: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Train and measure the read-outs of depths 1…L of one experiment; write a table `readout`.

    Args:
        path: the table.
        features: table of the features.
        name: of the experiment.
        experiment: its record.
        dims: (d_0, …, d_L).
        activation: φ.
        spectrum: of Σ_0, None where it is not given.
        law: of the hidden weights.
        seed: root seed.
        progress: wraps the iteration over depths.

    Raises:
        OnebitError: where a read-out needs linearly independent features and they are not.
    """
    last = experiment.n_train.last
    rows = read_group(features, FEATURES, 0, ["split", "label"])
    is_test, label = np.array(rows["split"].to_pylist()) == "test", rows["label"].to_numpy()
    used = np.flatnonzero((np.arange(len(is_test)) < last) | is_test)
    usual = {"metric": "mse", "converged": True, "reason": "", "train_residual": None, "distance": None}
    params = {**plain(experiment), "law": law, "seed": seed}
    with TableWriter(path, READOUT, params) as writer:
        for depth in progress(range(1, len(dims))):
            matrix = read_matrix(features, FEATURES, "x", depth - 1)[used].astype(np.float64)
            train, test = np.split(matrix, [last])
            try:
                if isinstance(experiment, LabelsExperiment):
                    results = _learn_labels(train, test, experiment, label[used])
                else:
                    results = _learn_teachers(train, test, experiment, (dims[: depth + 1], activation, spectrum), seed)
                for result in results:
                    writer.write(experiment=name, law=law, seed=seed, depth=depth, **{**usual, **result})
            except np.linalg.LinAlgError:
                raise OnebitError(
                    f"{features}: the features of depth {depth} are linearly dependent, which a read-out of "
                    f"{list(experiment.readouts)} cannot handle; use ridge:λ with λ > 0 in this experiment"
                ) from None


def _learn_teachers(
    train: np.ndarray,
    test: np.ndarray,
    experiment: TeacherExperiment,
    model: tuple[Sequence[int], str, str | None],
    seed: int,
) -> Iterator[Rows]:
    """Train every read-out of the experiment on the labels of the same random teachers."""
    problems = [problem(experiment, *model, readout) for readout in experiment.readouts]
    n_train, depth = experiment.n_train.sizes(), len(problems[0].dims) - 1
    sample = draw_sample(train, test, problems[0], n_train, experiment.teachers, seed, depth)
    for readout, task in zip(experiment.readouts, problems, strict=True):
        learner = importlib.import_module(f"onebit_rf.readout.{READOUTS.get(readout).learner}")
        yield from ({"readout": readout, **rows} for rows in learner.learn(task, sample))


def _learn_labels(
    train: np.ndarray, test: np.ndarray, experiment: LabelsExperiment, classes: np.ndarray
) -> Iterator[Rows]:
    """Train every read-out of the experiment on the classes of the rows."""
    learner, n_train = importlib.import_module(LABELS_LEARNER), experiment.n_train.sizes()
    for readout in experiment.readouts:
        ridge = READOUTS.get(readout).fields["ridge"]
        results = learner.learn_labels(train, test, n_train, ridge, classes)
        yield from ({"readout": readout, **rows} for rows in results)

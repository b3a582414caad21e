"""The kinds of read-out, a function each: train on one depth's features at every n and measure the test error.

Ridge (minimum norm and least squares included), mirror and descent (the interpolator of stochastic mirror descent by
its dual, and the descent itself), the two classifiers, and ridge on the labels of images.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.config.experiment import readout_kind, sample_sizes
from onebit_rf.data.datasets import CLASSES
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.teachers import get_teacher
from onebit_rf.readout.learning_curve import LearningCurve

if TYPE_CHECKING:
    from onebit_rf.model.mirrors import Mirror

Rows = dict[str, Any]  # columns of the readout table that a kind of read-out fills


@dataclass(frozen=True)
class Sample:
    """Features of one depth with the labels of K random teachers: what every teacher experiment trains on.

    Attributes:
        train, test: F (N, p) and T (m, p), float64.
        teachers: a* = A*/√p, one per column, shape (p, K).
        labels: F a* + σε, shape (N, K).
        n_train: sample sizes, increasing.
        noise: σ.
        seed, depth: names of the random streams.
    """

    train: np.ndarray
    test: np.ndarray
    teachers: np.ndarray
    labels: np.ndarray
    n_train: np.ndarray
    noise: float
    seed: int
    depth: int


def draw_sample(train: np.ndarray, test: np.ndarray, experiment: dict[str, Any], seed: int, depth: int) -> Sample:
    """Draw teachers and label noise; both weight laws get the same A* and ε."""
    shape = (train.shape[1], experiment["teachers"])
    teachers = get_teacher(experiment["teacher"]).sample(stream(seed, "teacher", depth), shape) * shape[0] ** -0.5
    noise = stream(seed, "label_noise", depth).standard_normal((len(train), shape[1]))
    labels = train @ teachers + experiment["noise"] * noise
    return Sample(train, test, teachers, labels, sample_sizes(experiment), experiment["noise"], seed, depth)


def relative_residual(train: np.ndarray, labels: np.ndarray, fits: np.ndarray, n_train: np.ndarray) -> np.ndarray:
    """|y − F_n â_n|/|y| over the first n rows, for each n: shape (g,)."""
    p, grid, outputs = fits.shape
    error = (train @ fits.reshape(p, -1)).reshape(len(train), grid, outputs) - labels[:, None, :]
    leading = np.arange(len(train))[:, None] < n_train
    missed = np.sum(np.sum(error**2, axis=2) * leading, axis=0)
    return np.sqrt(missed / np.sum(np.sum(labels**2, axis=1)[:, None] * leading, axis=0))


def learn_ridge(sample: Sample, ridge: float, averaged: bool) -> Iterator[Rows]:
    """Ridge, minimum norm or least squares; yield the excess MSE by one or both estimators.

    teacher_averaged is exact over A* and ε and recorded at every n; sampled_teacher is the mean over the K teachers.

    Args:
        sample: features and labels.
        ridge: λ.
        averaged: whether the teacher has iid entries of mean 0, which the teacher-averaged error needs.
    """
    curve = LearningCurve(sample.train, sample.n_train, ridge)
    if averaged:
        n, error = curve.averaged_error(sample.test, sample.noise)
        yield {"n_train": n, "estimator": "teacher_averaged", "value": error}
    fits = curve.fit(sample.labels)
    yield {
        "n_train": sample.n_train,
        "estimator": "sampled_teacher",
        "value": _mean_square(sample.test, fits - sample.teachers[:, None]),
        "train_residual": relative_residual(sample.train, sample.labels, fits, sample.n_train),
    }


def _mean_square(test: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Mean over test rows and teachers of (x·e)² for the errors e of shape (p, g, K): shape (g,)."""
    p, grid, teachers = errors.shape
    return np.mean((test @ errors.reshape(p, -1)).reshape(-1, grid, teachers) ** 2, axis=(0, 2))


def learn_mirror(sample: Sample, mirror: str, descend: bool) -> Iterator[Rows]:
    """The Bregman-minimal interpolator of `mirror`; with `descend`, stochastic mirror descent and how close it ends."""
    from onebit_rf.model.mirrors import get_mirror

    potential, teachers = get_mirror(mirror), range(sample.labels.shape[1])
    fits = np.array([[_fit_mirror(sample, n, k, potential, descend) for k in teachers] for n in sample.n_train])
    yield {
        "n_train": sample.n_train,
        "estimator": "sampled_teacher",
        "value": fits[..., 0].mean(axis=1),
        "train_residual": fits[..., 1].max(axis=1),
        "distance": fits[..., 2].max(axis=1) if descend else None,
    }


def _fit_mirror(sample: Sample, n: int, k: int, potential: "Mirror", descend: bool) -> tuple[float, float, float]:
    """Fit teacher k on n samples: test MSE, |y − Xa|/|y| and the distance to the limit relative to the way there."""
    from onebit_rf.readout.interpolators import descend_stochastically, interpolate_bregman

    train, labels = sample.train[:n], sample.labels[:n, k]
    fit = limit = interpolate_bregman(train, labels, potential)
    if descend:
        fit = descend_stochastically(train, labels, potential, stream(sample.seed, "descent", sample.depth, n, k))
    distance = np.linalg.norm(fit.weights - limit.weights) / np.linalg.norm(limit.weights - potential.start)
    readout = fit.weights * train.shape[1] ** -0.5
    return np.mean((sample.test @ (readout - sample.teachers[:, k])) ** 2), fit.residual, distance


def learn_classifier(sample: Sample, loss: str, penalty: float) -> Iterator[Rows]:
    """Ridge-regularised classification of sign(x·a*); yield the error rate over the test rows."""
    from onebit_rf.readout.classifiers import fit_classifier

    labels, wanted = np.sign(sample.labels), np.sign(sample.test @ sample.teachers)
    rates = [
        [
            fit_classifier(sample.train[:n], labels[:n, k], loss, penalty).error_rate(sample.test, wanted[:, k])
            for k in range(labels.shape[1])
        ]
        for n in sample.n_train
    ]
    value = np.mean(rates, axis=1)
    yield {"n_train": sample.n_train, "estimator": "sampled_teacher", "metric": "error_rate", "value": value}


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


def learn(sample: Sample, readout: str, teacher: str) -> Iterator[Rows]:
    """Train one read-out, named kind:argument, on the labels of random teachers."""
    kind, fields = readout_kind(readout)
    if kind == "ridge":
        return learn_ridge(sample, fields["ridge"], averaged=teacher == "normal")
    if kind in ("mirror", "descent"):
        return learn_mirror(sample, fields["mirror"], descend=kind == "descent")
    return learn_classifier(sample, fields["loss"], fields["penalty"])

"""Ridge on the classes of a data set, as one-hot targets."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import Rows, relative_residual

CLASSES = 10


def learn_labels(
    train: np.ndarray, test: np.ndarray, n_train: np.ndarray, ridge: float, classes: np.ndarray
) -> Iterator[Rows]:
    """Learn one-hot targets of the classes (train rows first); yield test MSE per output and accuracy of the argmax."""
    targets = np.eye(CLASSES)[classes]
    labels, wanted = np.split(targets, [len(train)])
    fits, reason = LearningCurve(train, n_train, ridge).fit(labels)
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
            "reason": reason,
            "train_residual": residual,
        }

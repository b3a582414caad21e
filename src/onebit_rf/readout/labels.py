"""Ridge on the labels of a data set: its classes as one-hot targets, or the number that a table is to predict."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.targets import targets_of
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import Rows, of_labels, predicted, square_errors, train_errors


def learn_labels(
    train: np.ndarray,
    test: np.ndarray,
    second: np.ndarray | None,
    n_train: np.ndarray,
    ridge: float,
    label: np.ndarray,
    outputs: int,
) -> Iterator[Rows]:
    """Learn the labels of the rows (train rows first); yield MSE, training MSE, gap, and the accuracy of classes.

    Of the test rows on a second path, too, where there is one: shifted_mse and shifted_accuracy.

    The MSE of classes is the mean over their one-hot targets. A number is learned and measured in standard deviations
    of the train rows about their mean: an MSE of 1 is that of predicting the mean.
    """
    labels, wanted = np.split(targets_of(label, len(train), outputs), [len(train)])
    fits, reason = LearningCurve(train, n_train, ridge).fit(labels)
    train_mse = train_errors(train, labels, fits, n_train)
    residual, values = of_labels(train_mse, labels, n_train), {"train_mse": train_mse}
    for prefix, rows in (("", test), ("shifted_", second)):
        if rows is not None:
            values[f"{prefix}mse"] = square_errors(rows, fits, wanted)
            if outputs > 1:
                right = predicted(rows, fits).argmax(axis=2) == label[len(train) :, None]
                values[f"{prefix}accuracy"] = right.mean(axis=0)
    values["gap"] = values["mse"] - train_mse
    for metric, value in values.items():
        yield {
            "n_train": n_train,
            "estimator": "labels",
            "metric": metric,
            "value": np.asarray(value),
            "reason": reason,
            "train_residual": residual,
        }

"""What is learned of the labels of a data set: classes as one-hot targets, or a number in standard deviations."""

import numpy as np


def targets_of(label: np.ndarray, n_train: int, outputs: int) -> np.ndarray:
    """Return what is learned of the labels of rows, the first `n_train` of them train rows: shape (rows, outputs)."""
    return np.eye(outputs)[label.astype(int)] if outputs > 1 else _standardised(label, n_train)


def _standardised(label: np.ndarray, n_train: int) -> np.ndarray:
    """Return the labels as one column of mean 0 and mean square 1 over the train rows."""
    centred = label - label[:n_train].mean()
    return (centred / (centred[:n_train].std() or 1.0))[:, None]

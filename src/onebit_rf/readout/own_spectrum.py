"""Ridge on the labels of a data set as the second moments of its features predict it, beside what the fits do."""

from collections.abc import Iterator, Mapping

import numpy as np

from onebit_rf.readout.sample import Rows
from onebit_rf.theory.own_spectrum import estimate, predict

DIVERGES = "the error diverges where n_train is the rank of the features and there is no ridge"


def predict_own(
    pool: np.ndarray, targets: np.ndarray, n_train: np.ndarray, ridges: Mapping[str, float]
) -> Iterator[Rows]:
    """Yield MSE, training MSE and gap of every read-out at each n, predicted from all rows that there are.

    Accuracy is not predicted: moments do not tell which of several outputs is the largest.

    Args:
        pool: features of train and test rows, shape (N, p), N > p.
        targets: what the fits learn, a column for each output, shape (N, K).
        n_train: sample sizes, shape (g,).
        ridges: read-out → λ.

    Raises:
        OnebitError: unless N > p and all numbers are finite.
    """
    moments = estimate(pool, targets)
    for readout, ridge in ridges.items():
        test, train = predict(moments, n_train, ridge)
        for metric, value in (("mse", test), ("train_mse", train), ("gap", test - train)):
            finite = np.isfinite(value)
            yield {
                "readout": readout,
                "n_train": n_train,
                "estimator": "own_spectrum",
                "metric": metric,
                "value": value,
                "converged": finite,
                "reason": np.where(finite, "", DIVERGES),
            }

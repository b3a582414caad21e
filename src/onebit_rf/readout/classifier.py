"""Ridge-regularised classification of the signs of a teacher's labels."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.readout.classifiers import fit_classifier
from onebit_rf.readout.sample import Rows, Sample, error_rates

UNSOLVED = "Newton's method did not reach its tolerance"


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Train the classifier of `problem.loss` and `problem.penalty` on sign(x·a*); yield its error rate on test rows."""
    labels, wanted = np.sign(sample.labels), np.sign(sample.targets)
    fits = [
        [fit_classifier(sample.train[:n], labels[:n, k], problem.loss, problem.penalty) for k in range(labels.shape[1])]
        for n in sample.n_train
    ]
    converged = np.array([all(fit.converged for fit in row) for row in fits])
    paths = {"error_rate": sample.test}
    if sample.second is not None:
        paths["shifted_error_rate"] = sample.second
    weights = np.stack([np.stack([fit.weights for fit in row], axis=1) for row in fits], axis=1)
    for metric, rows in paths.items():
        yield {
            "n_train": sample.n_train,
            "estimator": "sampled_teacher",
            "metric": metric,
            "value": error_rates(rows, weights, wanted),
            "converged": converged,
            "reason": np.where(converged, "", UNSOLVED),
        }

"""Ridge-regularised classification of the signs of a teacher's labels."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.readout.classifiers import fit_classifier
from onebit_rf.readout.sample import Rows, Sample

UNSOLVED = "Newton's method did not reach its tolerance"


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Train the classifier of `problem.loss` and `problem.penalty` on sign(x·a*); yield its error rate on test rows."""
    labels, wanted = np.sign(sample.labels), np.sign(sample.test @ sample.teachers)
    fits = [
        [fit_classifier(sample.train[:n], labels[:n, k], problem.loss, problem.penalty) for k in range(labels.shape[1])]
        for n in sample.n_train
    ]
    converged = np.array([all(fit.converged for fit in row) for row in fits])
    rates = [[fit.error_rate(sample.test, wanted[:, k]) for k, fit in enumerate(row)] for row in fits]
    yield {
        "n_train": sample.n_train,
        "estimator": "sampled_teacher",
        "metric": "error_rate",
        "value": np.mean(rates, axis=1),
        "converged": converged,
        "reason": np.where(converged, "", UNSOLVED),
    }

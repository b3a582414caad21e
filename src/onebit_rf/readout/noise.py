"""Ridge regression under noise on its weights, whose strength follows them: what the noise model says of rounding."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.ridge import measured
from onebit_rf.readout.sample import Rows, Sample


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Minimise |y − X(a + η)|² on average over η with Var η_i = γ|a|²/p, γ = `problem.weight_noise`; yield the errors.

    The average is |y − Xa|² + γ|X|²/p |a|², so that every n has a ridge of its own.
    """
    width, fits, remarks = sample.train.shape[1], [], []
    for n in sample.n_train:
        ridge = problem.ridge + problem.weight_noise * np.sum(sample.train[:n] ** 2) / width
        fit, reason = LearningCurve(sample.train[:n], [n], ridge).fit(sample.labels[:n])
        fits.append(fit[:, 0])
        remarks.append(reason)
    yield from measured(np.stack(fits, axis=1), replace(problem, weight_noise=0.0), sample, max(remarks))

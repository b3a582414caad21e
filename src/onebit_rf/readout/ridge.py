"""Ridge, minimum norm and least squares on a teacher's labels, at every sample size from one factorisation."""

from collections.abc import Iterator

import numpy as np

from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import Rows, Sample, error_rates, of_labels, square_errors, train_errors


def learn(problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Train ridge regression with λ = `problem.ridge`; yield the errors of training and test by each estimator.

    teacher_averaged is exact over A* and ε, recorded at every n, and there for linear labels of teachers of mean 0 and
    variance 1; sampled_teacher is the mean over the K teachers.
    """
    curve = LearningCurve(sample.train, sample.n_train, problem.ridge)
    if problem.labels == "linear" and TEACHERS.get(problem.teacher).standard:
        yield from averaged(curve, problem, sample)
    fits, reason = curve.fit(sample.labels)
    yield from measured(fits, problem, sample, reason)


def averaged(curve: LearningCurve, problem: Problem, sample: Sample) -> Iterator[Rows]:
    """Yield the errors averaged over teachers, noise and the noise of the read-out, at every n."""
    noise = problem.noise
    n, error = curve.averaged_error(sample.test, noise)
    errors = {"mse": error, "train_mse": curve.averaged_train_error(noise)}
    if sample.second is not None:
        shifted = curve.averaged_error(sample.test, noise, sample.second)[1]
        errors["shifted_mse"] = shifted + _of_readout_noise(sample)
    yield from _rows({"n_train": n, "estimator": "teacher_averaged"}, errors, noise)


def measured(fits: np.ndarray, problem: Problem, sample: Sample, reason: str) -> Iterator[Rows]:
    """Yield the errors of read-outs (p, g, K) of the sampled teachers, one for each n of the sample."""
    train = train_errors(sample.train, sample.labels, fits, sample.n_train)
    errors = {"mse": square_errors(sample.test, fits, sample.targets), "train_mse": train}
    rates = {"error_rate": error_rates(sample.test, fits, sample.targets)}
    if sample.second is not None:
        errors["shifted_mse"] = square_errors(sample.second, fits, sample.targets) + _of_readout_noise(sample)
        # The noise of the read-out is drawn once for all n.
        noisy = fits + sample.draw_readout_noise(fits.shape[2])[:, None]
        rates["shifted_error_rate"] = error_rates(sample.second, noisy, sample.targets)
    if problem.labels == "sign":
        errors |= rates
    residual = of_labels(train, sample.labels, sample.n_train)
    known = {"n_train": sample.n_train, "estimator": "sampled_teacher", "reason": reason, "train_residual": residual}
    yield from _rows(known, errors, problem.noise)


def _of_readout_noise(sample: Sample) -> float:
    """What the noise of the read-out adds to the error on the second path, on average over it."""
    return sample.readout_noise**2 * float(np.mean(sample.second**2))


def _rows(known: Rows, errors: dict[str, np.ndarray], noise: float) -> Iterator[Rows]:
    """Yield the rows of the errors and of their gap, that of the labels with their noise: E + σ² − R_train."""
    gap = errors["mse"] + noise**2 - errors["train_mse"]
    yield from ({**known, "metric": metric, "value": value} for metric, value in {**errors, "gap": gap}.items())

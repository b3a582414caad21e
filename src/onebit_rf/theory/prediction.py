"""From a problem to its predicted error: the sections of the theory behind one call."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onebit_rf.problem import Problem
from onebit_rf.teachers import get_teacher
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.freedom import TOLERANCE, Chain, solve_chain
from onebit_rf.theory.spectrum import named_spectrum
from onebit_rf.theory.square import excess_error, given_samples

DIVERGES = "the error diverges at n_train = p with noise and no ridge"


@dataclass(frozen=True)
class Prediction:
    """The asymptotic test error of a problem, and how it was found.

    Attributes:
        error: E; the excess mean squared error, or the error rate of a classifier. NaN if not converged, except
            inf where the error diverges (n = p, σ > 0, λ = 0).
        kappa: (κ_1, …, κ_L).
        df: (df_1(κ_1), …, df_L(κ_L)).
        converged: whether `error` may be used.
        reason: why not; empty if converged.
        residual: largest relative defect of the equations that were solved.
        iterations: Newton steps.
    """

    error: float
    kappa: tuple[float, ...]
    df: tuple[float, ...]
    converged: bool
    reason: str
    residual: float
    iterations: int


def predict(problem: Problem) -> Prediction:
    """Return the asymptotic test error of `problem`.

    Raises:
        OnebitError: for a combination that the theory does not cover.
    """
    return predict_curve(problem, [problem.n_train])[0]


def predict_curve(problem: Problem, n_train: Sequence[int]) -> list[Prediction]:
    """Return one Prediction per number of samples in `n_train`, all else as in `problem`; solved at once."""
    samples = np.asarray(n_train, dtype=np.float64)
    return _predict_square(problem, samples)


def _predict_square(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    chain = sample_chain(problem, samples)
    signal = get_teacher(problem.teacher).second_moment()
    error = excess_error(chain, samples, problem.dims[-1], problem.noise, problem.ridge, signal)
    reasons = np.where(np.isinf(error), DIVERGES, "")
    return collect(error, chain.kappa, chain.df, reasons, chain.residual, chain.iterations)


def sample_chain(problem: Problem, samples: np.ndarray) -> Chain:
    """Return the chain with κ_L (n − df_L) = λ for every n in `samples`, shape (N,)."""
    spectrum, dims = named_spectrum(problem.spectrum, problem.dims[0]), problem.dims
    layers = equivalent_layers(problem.activation, len(dims) - 1, spectrum.mean)
    ridge = np.full(samples.shape, problem.ridge / dims[-1])
    return solve_chain(spectrum, dims, layers, given_samples(samples / dims[-1], ridge), samples.size)


def collect(
    error: np.ndarray,
    kappa: np.ndarray,
    df: np.ndarray,
    reasons: np.ndarray,
    residual: np.ndarray,
    iterations: int,
) -> list[Prediction]:
    """Return the records; one with a residual above the tolerance or a number that is not finite says so."""
    solved = np.isfinite(residual) & (residual <= TOLERANCE)
    finite = np.isfinite(error) & np.isfinite(kappa).all(axis=0) & np.isfinite(df).all(axis=0)
    reasons = np.where((reasons == "") & ~solved, "the equations were not solved to 1e-9", reasons)
    reasons = np.where((reasons == "") & ~finite, "a number left the range of double precision", reasons)
    error = np.where((reasons == "") | (reasons == DIVERGES), error, np.nan)
    columns = (error.tolist(), kappa[1:].T.tolist(), df[1:].T.tolist(), reasons.tolist(), residual.tolist())
    return [
        Prediction(e, tuple(k), tuple(d), reason == "", reason, r, iterations)
        for e, k, d, reason, r in zip(*columns, strict=True)
    ]

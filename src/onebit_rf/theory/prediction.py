"""From a problem to its predicted error: the sections of the theory behind one call."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS, l2
from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.theory.convex import Task, iterate, solve_order
from onebit_rf.theory.coverage import check_covered
from onebit_rf.theory.curve import Solution, solve_curve
from onebit_rf.theory.equivalents import Layer, equivalent_layers
from onebit_rf.theory.freedom import TOLERANCE, Chain, Top, given_kappa, solve_chain
from onebit_rf.theory.mirror import Coupling, noiseless_coupling, noisy_coupling
from onebit_rf.theory.scalars import defects, solve_scalars
from onebit_rf.theory.spectrum import named_spectrum
from onebit_rf.theory.square import excess_error, given_samples, left_over, train_error

Errors = tuple[np.ndarray, np.ndarray, np.ndarray]  # E, R_train and the gap, shape (N,) each
_BLOCK = 20_000  # numbers of samples times bias nodes solved together

DIVERGES = "the error diverges at n_train = p with noise and no ridge"
NO_INTERPOLATOR = "with noise and n_train ≥ p there is no interpolator for mirror descent to reach"
UNSOLVED = "the equations were not solved to 1e-9"
VANISHED = 1e-30  # of a layer's variance: what is less has no digit left in a sum with it
OUT_OF_RANGE = "a number left the range of double precision"


@dataclass(frozen=True)
class Prediction:
    """The asymptotic test error of a problem, and how it was found.

    Attributes:
        error: E; the excess mean squared error, or the error rate of a classifier. NaN if not converged, except
            inf where the error diverges (n = p, σ > 0, λ = 0).
        train_error: R_train = |y − Xâ|²/n of the labels with their noise; NaN for a classifier.
        gap: R_test − R_train with R_test = E + σ², the generalisation gap; NaN for a classifier.
        kappa: (κ_1, …, κ_L).
        df: (df_1(κ_1), …, df_L(κ_L)).
        converged: whether `error` may be used.
        reason: why not; empty if converged.
        residual: largest relative defect of the equations that were solved.
        iterations: Newton steps.
    """

    error: float
    train_error: float
    gap: float
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
    """Return one Prediction per number of samples in `n_train`, all else as in `problem`; solved at once.

    Raises:
        OnebitError: for a combination that the theory does not cover, or an n that is no number > 0.
    """
    check_covered(problem)
    samples = np.asarray(n_train, dtype=np.float64)
    if (wrong := samples[~((samples > 0) & (samples < np.inf))]).size:
        raise OnebitError(f"n_train: must be finite numbers > 0, got {wrong[0]:g}")
    if samples.size == 0:
        return []
    solve = _predict_square
    if problem.loss != "square":
        solve = _predict_classifier
    elif MIRRORS.get(problem.mirror) is not l2.mirror:
        solve = _predict_mirror
    # What leaves the range of double precision on the way is told by the residual and by _collect.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return solve(problem, samples)


def _solve(problem: Problem, top: Top, size: int) -> Chain:
    """Return the chain of the problem's architecture under `top`."""
    spectrum = named_spectrum(problem.spectrum, problem.dims[0])
    return solve_chain(spectrum, problem.dims, _layers(problem), top, size)


def _layers(problem: Problem) -> tuple[Layer, ...]:
    """Return the Gaussian equivalents of the problem's layers."""
    mean = named_spectrum(problem.spectrum, problem.dims[0]).mean
    return equivalent_layers(problem.activation, len(problem.dims) - 1, mean)


def _sample_chain(problem: Problem, samples: np.ndarray) -> Chain:
    """Return the chain with κ_L (n − df_L) = λ for every n in `samples`, shape (N,)."""
    ridge = np.full(samples.shape, problem.ridge / problem.dims[-1])
    return _solve(problem, given_samples(samples / problem.dims[-1], ridge), samples.size)


def _predict_square(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve the chain at blocks of n that fit the processor's cache, and read E off it."""
    nodes, signal = _layers(problem)[-1].weights.size, TEACHERS.get(problem.teacher).second_moment()
    predictions = []
    for block in np.array_split(samples, 1 + samples.size * nodes // _BLOCK):
        chain = _sample_chain(problem, block)
        error = excess_error(chain, block, problem.dims[-1], problem.noise, problem.ridge, signal)
        reasons = _silence(problem, chain, block)
        reasons = np.where((reasons == "") & np.isinf(error), DIVERGES, reasons)
        left = left_over(chain, block, problem.dims[-1], problem.ridge)
        train = train_error(left, block, error + problem.noise**2)
        errors = error, train, error + problem.noise**2 - train
        predictions += _collect(errors, chain, reasons, chain.residual, chain.iterations)
    return predictions


def _coupling(problem: Problem, samples: np.ndarray) -> tuple[Coupling, Chain]:
    """Return the coupling of the mirror's equations to the chain at n < p, with that chain."""
    chain = _sample_chain(problem, samples)
    if problem.noise == 0:
        return noiseless_coupling(chain, samples / problem.dims[-1]), chain
    return noisy_coupling(chain, _layers(problem)[-1], problem.dims, samples, problem.noise), chain


def _predict_mirror(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve (t, θ, V) where n < p; from n = p on the labels determine A, exactly if they are free of noise."""
    below = samples < problem.dims[-1]
    predictions = np.empty(samples.size, dtype=object)
    if below.any():
        predictions[below] = _predict_interpolator(problem, samples[below])
    if not below.all():
        chain = _sample_chain(problem, samples[~below])
        reasons = np.full(chain.residual.shape, NO_INTERPOLATOR if problem.noise > 0 else "")
        errors = _of_interpolator(np.zeros(reasons.shape), problem.noise)
        predictions[~below] = _collect(errors, chain, reasons, chain.residual, chain.iterations)
    return predictions.tolist()


def _predict_interpolator(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve (t, θ, V), which are smooth in log(δ/(1 − δ)), for n < p."""
    mirror, teacher, width = MIRRORS.get(problem.mirror), TEACHERS.get(problem.teacher), problem.dims[-1]
    position = np.log(samples / (width - samples))
    coupling, chain = _coupling(problem, samples)

    def solve(logit: np.ndarray) -> Solution:
        delta = 1 / (1 + np.exp(-logit))
        scalars = solve_scalars(
            mirror, teacher, delta, coupling if logit is position else _coupling(problem, delta * width)[0]
        )
        return np.log([scalars.t, scalars.theta, scalars.mean_square]), scalars.residual, scalars.iterations

    def defect(logit: np.ndarray, values: np.ndarray) -> np.ndarray:
        delta = 1 / (1 + np.exp(-logit))
        return defects(mirror, teacher, delta, _coupling(problem, delta * width)[0], values)

    values, residual, iterations = solve_curve(position, solve, defect)
    errors = _of_interpolator(coupling.error(np.exp(values[2])), problem.noise)
    reasons = _silence(problem, chain, samples)
    return _collect(errors, chain, reasons, np.maximum(residual, chain.residual), iterations)


def _silence(problem: Problem, chain: Chain, samples: np.ndarray) -> np.ndarray:
    """Return for each n why it has no number: without ridge, n reaches the rank that silent neurons leave; else ''.

    Deep activations with a kink have neurons whose pre-activation never reaches it in double precision. Where n comes
    up to the number of the others κ_L vanishes before n = p, and past it that number, not p, counts.
    """
    layer, width = _layers(problem)[-1], problem.dims[-1]
    speaking = width * layer.weights[layer.rho2_sq > VANISHED * layer.variance].sum()
    vanished = np.where(samples < width, chain.kappa[-1] < VANISHED * layer.variance, speaking < width - 0.5)
    reason = f"n_train reaches the {speaking:.0f} of {width} neurons that ever speak; use ridge > 0"
    return np.where((problem.ridge == 0) & vanished, reason, "")


def _of_interpolator(error: np.ndarray, noise: float) -> Errors:
    """E, R_train = 0 and the gap of a read-out that fits its labels."""
    return error, np.zeros(error.shape), error + noise**2


def _predict_classifier(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    width, variance = problem.dims[-1], _layers(problem)[-1].variance

    def chain_at(kappa: np.ndarray) -> Chain:
        return _solve(problem, given_kappa(kappa), kappa.size)

    task = Task(LOSSES.get(problem.loss), chain_at, width, variance, problem.penalty)

    def solve(log_alpha: np.ndarray) -> Solution:
        order = solve_order(task, np.exp(log_alpha))
        return np.vstack([order.point, np.log(order.kappa)]), order.residual, order.iterations

    def defect(log_alpha: np.ndarray, values: np.ndarray) -> np.ndarray:
        image, chain = iterate(task, np.exp(log_alpha), values[:3])
        return np.abs(np.vstack([image, np.log(chain.kappa[-1])]) - values).max(axis=0)

    values, residual, iterations = solve_curve(np.log(samples / width), solve, defect)
    chain = chain_at(np.exp(values[3]))
    error = np.arctan(np.exp(-values[1])) / np.pi  # arccos(c)/π
    unknown = np.full(samples.shape, np.nan)
    return _collect(
        (error, unknown, unknown), chain, np.full(samples.shape, ""), np.maximum(residual, chain.residual), iterations
    )


def _collect(
    errors: Errors, chain: Chain, reasons: np.ndarray, residual: np.ndarray, iterations: int
) -> list[Prediction]:
    """Return the records; one with a residual above the tolerance or a number that is not finite says so."""
    error, kappa, df = errors[0], chain.kappa[1:], chain.df[1:]
    solved = np.isfinite(residual) & (residual <= TOLERANCE)
    finite = np.isfinite(error) & np.isfinite(kappa).all(axis=0) & np.isfinite(df).all(axis=0)
    reasons = np.where((reasons == "") & ~solved, UNSOLVED, reasons)
    reasons = np.where((reasons == "") & ~finite, OUT_OF_RANGE, reasons)
    usable = (reasons == "") | (reasons == DIVERGES)
    of_layers = kappa.T.tolist(), df.T.tolist()
    columns = (*(np.where(usable, value, np.nan).tolist() for value in errors), *of_layers, reasons.tolist(), residual)
    return [
        Prediction(error, train, gap, tuple(k), tuple(d), reason == "", reason, float(r), iterations)
        for error, train, gap, k, d, reason, r in zip(*columns, strict=True)
    ]

"""From a problem to its predicted errors: the sections of the theory behind one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS, l2
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.theory.below import network
from onebit_rf.theory.classes import fit_classes, on_first_path, on_second_path
from onebit_rf.theory.convex import Task, evaluate
from onebit_rf.theory.coverage import check_covered
from onebit_rf.theory.cross import both_paths
from onebit_rf.theory.curve import Solution, solve_curve
from onebit_rf.theory.equivalents import Layer, equivalent_layers
from onebit_rf.theory.freedom import TOLERANCE, Chain, Top, given_kappa, solve_chain
from onebit_rf.theory.labels import Labels, error_rate, labels_of
from onebit_rf.theory.mirror import Coupling, noiseless_coupling, noisy_coupling
from onebit_rf.theory.neurons import Interpolation, neurons_differ
from onebit_rf.theory.rates import error_rates
from onebit_rf.theory.scalars import defects, solve_scalars
from onebit_rf.theory.second_path import Paths, Tested, climb, rounded, tested, tested_classes
from onebit_rf.theory.sharpness import edge_fluctuation, sharpness
from onebit_rf.theory.spectrum import Spectrum, named_spectrum
from onebit_rf.theory.square import excess_error, given_samples, left_over, train_error

Columns = Mapping[str, np.ndarray]  # field of a Prediction → its values, shape (N,)
_BLOCK = 20_000  # numbers of samples times bias nodes solved together

DIVERGES = "the error diverges at n_train = p with noise and no ridge"
NO_INTERPOLATOR = "with noise and n_train ≥ p there is no interpolator for mirror descent to reach"
UNSOLVED = "the equations were not solved to 1e-9"
VANISHED = 1e-30  # of a layer's variance: what is less has no digit left in a sum with it
OUT_OF_RANGE = "a number left the range of double precision"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The asymptotic errors of a problem, and how they were found. What does not apply is None.

    Attributes:
        error: E: the excess mean squared error; of labels sign(x_L·a*) the mean square of y − x_L·â, R_test, and with
            another loss than the square the error rate. Every error is NaN if not converged, except inf where it
            diverges (n = p, σ > 0, λ = 0).
        train_error: R_train = |y − Xâ|²/n of the labels with their noise.
        gap: R_test − R_train with R_test = E + σ², the generalisation gap.
        error_rate: of the classes sign(x_L·a*).
        shifted_error, shifted_error_rate: the same on the second path, its read-out noise included.
        rounded_error, rounded_error_rate: the same with the read-out rounded, on the second path if there is one.
        rounded_train_error: R_train of the rounded read-out, on the first path.
        lambda_max, trace: the largest eigenvalue of XᵀX/n, NaN where it is not known, and its trace.
        lambda_finite: the mean of the largest eigenvalue at this n: less by the edge's fluctuations, O(n^{−2/3}).
        kappa: (κ_1, …, κ_L).
        df: (df_1(κ_1), …, df_L(κ_L)).
        converged: whether all of it may be used.
        reason: why not; empty if converged.
        residual: largest relative defect of the equations that were solved.
        iterations: Newton steps.
    """

    error: float
    train_error: float | None = None
    gap: float | None = None
    error_rate: float | None = None
    shifted_error: float | None = None
    shifted_error_rate: float | None = None
    rounded_error: float | None = None
    rounded_error_rate: float | None = None
    rounded_train_error: float | None = None
    lambda_max: float | None = None
    lambda_finite: float | None = None
    trace: float | None = None
    kappa: tuple[float, ...]
    df: tuple[float, ...]
    converged: bool
    reason: str
    residual: float
    iterations: int


def predict(problem: Problem, second_path: SecondPath | None = None, with_sharpness: bool = False) -> Prediction:
    """Return the asymptotic test error of `problem`, what it is on `second_path`, and the sharpness of the minimum.

    Raises:
        OnebitError: for a combination that the theory does not cover.
    """
    return predict_curve(problem, [problem.n_train], second_path, with_sharpness)[0]


def predict_curve(
    problem: Problem, n_train: Sequence[int], second_path: SecondPath | None = None, with_sharpness: bool = False
) -> list[Prediction]:
    """Return one Prediction per number of samples in `n_train`, all else as in `problem`; solved at once.

    Raises:
        OnebitError: for a combination that the theory does not cover, or an n that is no number > 0.
    """
    check_covered(problem, second_path)
    samples = np.asarray(n_train, dtype=np.float64)
    if (wrong := samples[~((samples > 0) & (samples < np.inf))]).size:
        raise OnebitError(f"n_train: must be finite numbers > 0, got {wrong[0]:g}")
    if samples.size == 0:
        return []
    # What leaves the range of double precision on the way is told by the residual and by _collect.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if problem.loss != "square":
            predictions = _predict_classifier(problem, samples, second_path)
        elif MIRRORS.get(problem.mirror) is not l2.mirror:
            predictions = _predict_mirror(problem, samples)
        else:
            predictions = _predict_square(problem, samples, second_path)
    return _with_sharpness(problem, samples, predictions) if with_sharpness else predictions


def _with_sharpness(problem: Problem, samples: np.ndarray, predictions: list[Prediction]) -> list[Prediction]:
    """Return the predictions with λ_max and trace; a λ_max that was not found makes them unconverged and says why."""
    found = sharpness(problem, samples)
    shift = np.where(found.lambda_max == found.edge, edge_fluctuation(found)[0], 0.0)  # an outlier is not at the edge
    columns = found.lambda_max, found.lambda_max + shift, found.trace, found.reason
    return [
        replace(
            point,
            lambda_max=lambda_max,
            lambda_finite=finite,
            trace=trace,
            converged=point.converged and not reason,
            reason=point.reason or (f"lambda_max: {reason}" if reason else ""),
        )
        for point, lambda_max, finite, trace, reason in zip(predictions, *(c.tolist() for c in columns), strict=True)
    ]


def _inputs(problem: Problem) -> Spectrum:
    """Return the spectrum of Σ_0."""
    return named_spectrum(problem.spectrum, problem.dims[0])


def _solve(problem: Problem, top: Top, size: int) -> Chain:
    """Return the chain of the problem's architecture under `top`."""
    return solve_chain(_inputs(problem), problem.dims, _layers(problem), top, size)


def _layers(problem: Problem) -> tuple[Layer, ...]:
    """Return the Gaussian equivalents of the problem's layers."""
    return equivalent_layers(problem.activation, len(problem.dims) - 1, _inputs(problem).mean)


def _ridge(problem: Problem, samples: np.ndarray) -> np.ndarray:
    """Return λ at every n: the ridge, and γ |X|²/p of training under noise on the weights."""
    layer = _layers(problem)[-1]
    return problem.ridge + problem.weight_noise * samples * (layer.variance + layer.mean_sq)


def _sample_chain(problem: Problem, samples: np.ndarray) -> Chain:
    """Return the chain with κ_L (n − df_L) = λ for every n in `samples`, shape (N,)."""
    width = problem.dims[-1]
    return _solve(problem, given_samples(samples / width, _ridge(problem, samples) / width), samples.size)


def _predict_square(problem: Problem, samples: np.ndarray, path: SecondPath | None) -> list[Prediction]:
    """Solve the chain at blocks of n that fit the processor's cache, and read the errors off it."""
    nodes, width = _layers(problem)[-1].weights.size, problem.dims[-1]
    predictions = []
    for block in np.array_split(samples, 1 + samples.size * nodes // _BLOCK):
        chain = _sample_chain(problem, block)
        left = left_over(chain, block, width, _ridge(problem, block))
        if problem.labels == "sign" and not ACTIVATIONS.get(problem.activation).odd:
            columns = _classes(problem, path, chain, left, block)
        else:
            columns = _square_loss(problem, path, chain, left, block)
        error = columns["error"]
        reasons = _silence(problem, chain, block)
        reasons = np.where((reasons == "") & np.isinf(error), DIVERGES, reasons)
        predictions += _collect(columns, chain, reasons, chain.residual, chain.iterations)
    return predictions


def _missed_mean(problem: Problem, chain: Chain) -> float | np.ndarray:
    """Return what is missed of a teacher's mean c where φ is not odd: c² κ² (Γ_1 + Γ_1')/p, Γ_1' = dΓ_1/dlog κ.

    What lies along the mean of the features is learned for free. Γ_1 is 0 for one layer, whose mean is along the ones.
    """
    mean = TEACHERS.get(problem.teacher).mean
    if mean == 0 or ACTIVATIONS.get(problem.activation).odd or len(problem.dims) == 2:
        return 0.0
    offset = climb(chain, _paths(problem, SecondPath())).directions.ones_offset
    return mean**2 * chain.kappa[-1] ** 2 * np.maximum(offset.sum(axis=0), 0.0) / problem.dims[-1]


def _paths(problem: Problem, path: SecondPath) -> Paths:
    """Return the problem's layers on both paths.

    ASSUME: |x_0|² scatters as that of Gaussian inputs, Var |x_0|² = 2 tr Σ_0². It matters for the means of features
    that are not odd, and little.
    """
    layers, spectrum = _layers(problem), _inputs(problem)
    crosses = both_paths(problem.activation, spectrum.mean, path, len(layers))
    return Paths(problem.dims, layers, crosses, path, 2 * spectrum.mean_square / problem.dims[0])


def _square_loss(
    problem: Problem, path: SecondPath | None, chain: Chain, left: np.ndarray, samples: np.ndarray
) -> Columns:
    """Return the errors of linear labels, or of signs if φ is odd."""
    labels, width = labels_of(problem, _layers(problem)[-1]), problem.dims[-1]
    error = excess_error(chain, samples, width, labels.noise, left, labels.signal, _missed_mean(problem, chain))
    rest = error + labels.noise**2
    train = train_error(left, samples, rest)
    columns = {"error": error, "train_error": train, "gap": rest - train}
    if problem.labels == "sign":
        columns |= {"error": rest, "error_rate": error_rate(error, labels.signal * chain.power)}
    return columns | (_second_path(problem, path, chain, samples, error) if path else {})


def _classes(problem: Problem, path: SecondPath | None, chain: Chain, left: np.ndarray, samples: np.ndarray) -> Columns:
    """Return the errors of signs if φ is not odd."""
    width = problem.dims[-1]
    classes = fit_classes(chain, _layers(problem)[-1], left, samples, width)
    columns = on_first_path(classes, chain, left, samples)
    if path:
        ascent, noise_sq = climb(chain, _paths(problem, path)), path.readout_noise**2
        columns |= on_second_path(classes, ascent, chain.kappa[-1], samples, width, noise_sq)
    return columns


def _second_path(
    problem: Problem, path: SecondPath, chain: Chain, samples: np.ndarray, error: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the errors on the second path, given E on the first."""
    labels, paths, width = labels_of(problem, _layers(problem)[-1]), _paths(problem, path), problem.dims[-1]
    given = labels.signal, error, labels.noise, samples
    added, columns = path.readout_noise**2 / width, {}
    if path.moves_features or added > 0 or not path.readout_bits:
        found = tested(climb(chain, paths), chain, *given, width)
        columns |= _of_path("shifted", found.noisy(added), problem, labels)
    if path.readout_bits:
        found, train = rounded(chain, paths, path.readout_bits, *given)
        if path.moves_features:  # the training error is that of the first path
            _, train = rounded(chain, _paths(problem, SecondPath()), path.readout_bits, *given)
        columns |= _of_path("rounded", found.noisy(added), problem, labels) | {"rounded_train_error": train}
    return {name: np.where(np.isinf(error), np.inf, value) for name, value in columns.items()}


def _of_path(name: str, found: Tested, problem: Problem, labels: Labels) -> dict[str, np.ndarray]:
    """Return the error of a path, of labels sign(x_L·a*) with their noise and with the error rate."""
    if problem.labels == "linear":
        return {f"{name}_error": found.error}
    rate = error_rate(found.error, found.overlap)
    return {f"{name}_error": found.error + labels.noise**2, f"{name}_error_rate": rate}


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
        columns = _of_interpolator(np.zeros(reasons.shape), problem.noise)
        predictions[~below] = _collect(columns, chain, reasons, chain.residual, chain.iterations)
    return predictions.tolist()


def _predict_interpolator(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve for the interpolator where n < p; the equations are smooth in log(δ/(1 − δ))."""
    mirror, teacher = MIRRORS.get(problem.mirror), TEACHERS.get(problem.teacher)
    if neurons_differ(problem.activation, len(problem.dims) - 1, mirror, teacher):
        return _predict_by_neurons(problem, samples)
    return _predict_by_scalars(problem, samples)


def _predict_by_neurons(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve for a t and a θ of every neuron. The chain that is told is that of ℓ2: κ_{L−1} of the mirror is another."""
    width, net = problem.dims[-1], network(problem.activation, _inputs(problem), problem.dims)
    task = Interpolation(net, MIRRORS.get(problem.mirror), TEACHERS.get(problem.teacher), problem.noise)
    values, residual, iterations = task.curve(samples / width, lambda delta: _sample_chain(problem, delta * width))
    chain = _sample_chain(problem, samples)
    columns = _of_interpolator(np.exp(values[-1]), problem.noise)
    reasons = _silence(problem, chain, samples)
    return _collect(columns, chain, reasons, np.maximum(residual, chain.residual), iterations)


def _predict_by_scalars(problem: Problem, samples: np.ndarray) -> list[Prediction]:
    """Solve (t, θ, V), which all neurons share."""
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
    columns = _of_interpolator(coupling.error(np.exp(values[2])), problem.noise)
    reasons = _silence(problem, chain, samples)
    return _collect(columns, chain, reasons, np.maximum(residual, chain.residual), iterations)


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


def _of_interpolator(error: np.ndarray, noise: float) -> Columns:
    """E, R_train = 0 and the gap of a read-out that fits its labels."""
    return {"error": error, "train_error": np.zeros(error.shape), "gap": error + noise**2}


def _predict_classifier(problem: Problem, samples: np.ndarray, path: SecondPath | None) -> list[Prediction]:
    """Solve for the error rate averaged over teachers; κ_ℓ and df_ℓ are those of a teacher without an offset."""
    layer, width = _layers(problem)[-1], problem.dims[-1]

    def chain_at(kappa: np.ndarray) -> Chain:
        return _solve(problem, given_kappa(kappa), kappa.size)

    task = Task(LOSSES.get(problem.loss), chain_at, width, layer.variance, problem.penalty)
    rates = error_rates(task, layer.mean_sq, samples / width)
    chain = chain_at(rates.kappa)
    columns, reasons = {"error": rates.error, "error_rate": rates.error}, np.full(samples.shape, "")
    if path:
        state = evaluate(task, samples / width, np.zeros(samples.shape), rates.x)
        ascent = climb(chain, _paths(problem, path))
        rate = tested_classes(ascent, state.pull, state.scatter, layer.variance, width)
        columns["shifted_error_rate"] = rate
    return _collect(columns, chain, reasons, np.maximum(rates.residual, chain.residual), rates.iterations)


def _collect(
    columns: Columns, chain: Chain, reasons: np.ndarray, residual: np.ndarray, iterations: int
) -> list[Prediction]:
    """Return the records; one with a residual above the tolerance or a number that is not finite says so."""
    kappa, df = chain.kappa[1:], chain.df[1:]
    solved = np.isfinite(residual) & (residual <= TOLERANCE)
    finite = np.all([np.isfinite(values) for values in (*columns.values(), *kappa, *df)], axis=0)
    reasons = np.where((reasons == "") & ~solved, UNSOLVED, reasons)
    reasons = np.where((reasons == "") & ~finite, OUT_OF_RANGE, reasons)
    usable = (reasons == "") | (reasons == DIVERGES)
    errors = [np.where(usable, values, np.nan).tolist() for values in columns.values()]
    rows = zip(*errors, kappa.T.tolist(), df.T.tolist(), reasons.tolist(), residual.tolist(), strict=True)
    return [
        Prediction(
            **dict(zip(columns, values, strict=True)),
            kappa=tuple(k),
            df=tuple(d),
            converged=reason == "",
            reason=reason,
            residual=defect,
            iterations=iterations,
        )
        for *values, k, d, reason, defect in rows
    ]

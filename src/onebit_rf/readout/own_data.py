"""The learning curve of ridge on random features of rows of one's own: predicted, and measured by fits to them.

The features x_L of all N rows are made with the law's random weights, a few networks in turn. Their moments predict
R_test(n, λ) of a network trained on n rows of that law (section 13 of the theory), λ being the one whose predicted
error is least on average over the networks. A check draws n of the rows at random, fits them, and tests on all others.

The prediction knows the rows that a check tests on: it is a statement about the law that all N were drawn from, and
what makes N rows differ from their law moves both alike. Neither sees a row that it is tested on while it is trained.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import linalg
from scipy.special import stdtrit

from onebit_rf.config.sizes import PROCESS_BYTES
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import draw_layers, propagate
from onebit_rf.jobs.seeds import stream
from onebit_rf.readout.labels import targets_of
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.theory.best_ridge import best_ridge
from onebit_rf.theory.own_spectrum import estimate, predict
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.learned import Learned

FEW = 4  # rows a feature, below which predictions are known to be low


@dataclass(frozen=True)
class Point:
    """A sample size of a network's learning curve.

    An MSE is the mean over outputs: of a number in units of its variance, of classes of their one-hot targets.

    Attributes:
        widths: (d_1, …, d_L).
        n_train: n.
        ridge: λ of |y − Xa|² + λ|a|².
        mse: predicted, mean over networks.
        scatter: standard deviation of the predictions of single networks; None for one network.
        measured, measured_half: mean over fits of the MSE on rows not trained on, and half its 95 % interval over the
            draws of the train rows, the networks being those of `mse`; None without a check.
        accuracy, accuracy_half: the same of the share of rows whose largest output is their class.
        limits: what is known to limit this prediction.
    """

    widths: tuple[int, ...]
    n_train: int
    ridge: float
    mse: float
    scatter: float | None = None
    measured: float | None = None
    measured_half: float | None = None
    accuracy: float | None = None
    accuracy_half: float | None = None
    limits: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Predicted over measured."""
        return None if self.measured is None else self.mse / self.measured


def predict_data(
    x: np.ndarray,
    label: np.ndarray,
    outputs: int,
    widths: Sequence[int],
    n_train: Sequence[int],
    law: str = "one_bit",
    activation: str = "relu",
    networks: int = 3,
    ridge: float | None = None,
    draws: int = 0,
    progress: Callable[[Iterable], Iterable] = iter,
) -> list[Point]:
    """Return the learning curve of ridge on the last layer of random networks.

    Args:
        x: inputs, a row each, shape (N, d_0), float32.
        label: classes 0 … K − 1, or numbers, of which deviations from their mean over all rows are learned; (N,).
        outputs: K ≥ 2 for classes, 1 for a number.
        widths: (d_1, …, d_L), N > d_L.
        n_train: sample sizes.
        law, activation: of the networks.
        networks: how many are drawn, by seeds 0, 1, …
        ridge: λ for all n; None chooses the best one for each.
        draws: of train rows for each network, to measure by fits what was predicted; 0 measures nothing.
        progress: wraps the iteration over networks.

    Raises:
        OnebitError: unless N > d_L; where a check leaves no row to test on; for an argument that nothing can be made
            of, or more memory than the machine has.
    """
    _refuse_unusable(len(x), widths, n_train, law, ridge, draws > 0)
    refuse_beyond_memory(len(x), [x.shape[1], *widths])
    targets, n = targets_of(label, len(x), outputs), np.asarray(n_train)

    def features(seed: int) -> np.ndarray:
        *_, last = propagate(x, draw_layers(law, [x.shape[1], *widths], seed), activation)
        return last

    moments = [estimate(features(seed), targets) for seed in progress(range(networks))]
    ridges = best_ridge(moments, n) if ridge is None else np.full(n.shape, float(ridge))
    single = np.array([predict(of_network, n, ridges)[0] for of_network in moments])
    columns = {"ridge": ridges, "mse": single.mean(axis=0)}
    if networks > 1:
        columns["scatter"] = single.std(axis=0, ddof=1)
    if draws:
        fits = [measure(features(seed), targets, n, ridges, seed, draws) for seed in progress(range(networks))]
        columns |= of_fits(np.array(fits))
    rows = [{name: float(column[at]) for name, column in columns.items()} for at in range(len(n))]
    return [
        Point(tuple(widths), size, **row, limits=tuple(_limits(size, widths[-1], len(x), outputs, draws > 0)))
        for size, row in zip(n.tolist(), rows, strict=True)
    ]


def _refuse_unusable(
    rows: int, widths: Sequence[int], n_train: Sequence[int], law: str, ridge: float | None, checked: bool
) -> None:
    if min(widths) < 1:
        raise OnebitError(f"widths: must be ≥ 1, got {','.join(map(str, widths))}")
    if rows <= widths[-1]:
        raise OnebitError(
            f"widths: needs more rows than features; {rows} rows allow at most {rows - 1}, got {widths[-1]}"
        )
    if isinstance(LAWS.get(law), Learned):
        raise OnebitError(f"law: must be one whose weights are drawn, got {law!r}")
    if ridge is not None and not 0 <= ridge < np.inf:
        raise OnebitError(f"ridge: must be ≥ 0 and finite, got {ridge:g}")
    if checked and max(n_train) >= rows:
        raise OnebitError(
            f"n_train: a check tests on other rows; {rows} rows allow at most {rows - 1}, got {max(n_train)}"
        )


def refuse_beyond_memory(rows: int, dims: Sequence[int]) -> None:
    """Raise OnebitError where the machine cannot hold `rows` rows of a network of dimensions (d_0, …, d_L).

    Inputs are made from float64; features are two layers in float32, then two copies of the last in float64; there are
    five matrices of their moments, and three copies of a layer's weights.
    """
    layers = max(4 * rows * (before + after) + 12 * before * after for before, after in pairwise(dims))
    needed = PROCESS_BYTES + 24 * rows * dims[0] + layers + 16 * rows * dims[-1] + 40 * dims[-1] ** 2
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise OnebitError(
            f"{rows} rows of widths {','.join(map(str, dims[1:]))} need about {needed / 1e9:.1f} GB of memory, this "
            f"machine has {memory / 1e9:.1f} GB; use fewer rows or narrower layers"
        )


def _limits(n: int, width: int, rows: int, outputs: int, checked: bool) -> Iterator[str]:
    """Yield the limits of a prediction that apply."""
    if n > rows:
        yield f"n above {rows} is beyond the rows that there are"
    if rows < FEW * width:
        yield f"{rows} rows are fewer than {FEW} for each of {width} features"
    if outputs > 1 and not checked:
        yield "accuracy is not predicted: second moments do not tell which output is the largest"
    if checked:
        yield "the check's rows are among those predicted from"


def measure(
    features: np.ndarray, targets: np.ndarray, n_train: np.ndarray, ridges: np.ndarray, seed: int, draws: int
) -> np.ndarray:
    """Return MSE and accuracy of fits to random rows on all others, shape (draws, g, 2); accuracy NaN for a number.

    The rows of a draw are the same for all widths and laws, and those of a small n are among those of a large.
    """
    features, found = features.astype(np.float64), np.full((draws, len(n_train), 2), np.nan)
    for draw in range(draws):
        rows = stream(seed, "own_data", draw).permutation(len(features))
        for at, (n, ridge) in enumerate(zip(n_train, ridges, strict=True)):
            train, test = np.split(rows, [n])
            outputs = (features @ fit_ridge(features[train], targets[train], ridge))[test]
            found[draw, at, 0] = np.mean((outputs - targets[test]) ** 2)
            if targets.shape[1] > 1:
                found[draw, at, 1] = np.mean(outputs.argmax(axis=1) == targets[test].argmax(axis=1))
    return found


def fit_ridge(x: np.ndarray, y: np.ndarray, ridge: float) -> np.ndarray:
    """Return â (p, K) of rows (n, p) and targets (n, K), by the smaller of the matrices XᵀX and XXᵀ."""
    n, p = x.shape
    if ridge > 0 and n > p:
        return linalg.solve(x.T @ x + ridge * np.eye(p), x.T @ y, assume_a="pos")
    return LearningCurve(x, np.array([n]), ridge).fit(y)[0][:, 0]


def of_fits(fits: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of a check from fits of shape (networks, draws, g, 2): means, and halves of 95 % intervals.

    The networks are those of the prediction, so that only the draws of rows within each scatter.
    """
    networks, draws = fits.shape[:2]
    half = np.full(fits.shape[2:], np.nan)
    if draws > 1:
        error = np.sqrt(fits.var(axis=1, ddof=1).mean(axis=0) / (networks * draws))
        half = stdtrit(networks * (draws - 1), 0.975) * error
    mean = fits.mean(axis=(0, 1))
    columns = {"measured": mean[:, 0], "measured_half": half[:, 0]}
    return columns if np.isnan(mean).any() else columns | {"accuracy": mean[:, 1], "accuracy_half": half[:, 1]}

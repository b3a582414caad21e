"""The learning curve of ridge on random features of rows of one's own: predicted, and measured by fits to them.

The features x_L of all N rows are made with the law's random weights, a few networks in turn. Their moments and
leverages predict R_test(n, λ) of n rows of that law (section 13 of the theory), λ being the one whose predicted
error is least on average over the networks. A check draws n of the rows at random, fits them, and tests on all others.

The prediction knows the rows that a check tests on: it is a statement about the law that all N were drawn from, and
what makes N rows differ from their law moves both alike. No fit is tested on a row that it was trained on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onebit_rf.config.sizes import PROCESS_BYTES
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import draw_layers, propagate
from onebit_rf.jobs.machine import memory
from onebit_rf.model.targets import targets_of
from onebit_rf.readout.own_fits import measure, summarise
from onebit_rf.theory.own_rows import Risk, best_ridge, survey
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.learned import Learned

# Beyond these, predictions on images and tables were seen off by what the limits say (docs/theory.md, section 13).
FEW_ROWS = 2  # a feature
FEW_SAMPLES = 100
FAR = 1.2  # times the least error


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
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> list[Point]:
    """Return the learning curve of ridge on the last layer of random networks.

    ASSUME: of a number the mean over all rows is known; a fit that takes it from its n rows adds 1/n of the variance.

    Args:
        x: inputs, a row each, shape (N, d_0), float32.
        label: classes 0 … K − 1, or numbers, of which deviations from their mean are learned; shape (N,).
        outputs: K ≥ 2 for classes, 1 for a number.
        widths: (d_1, …, d_L), N > d_L.
        n_train: sample sizes.
        law, activation: of the networks.
        networks: how many are drawn, by seeds 0, 1, …
        ridge: λ for all n; None chooses the best one for each.
        draws: of train rows for each network, at least 2, to measure what was predicted; 0 measures nothing.
        progress: wraps the iteration over networks.

    Raises:
        OnebitError: unless N > d_L and n ≤ N; where a check leaves no row to test on; for an argument that nothing
            can be made of, or more memory than the machine has.
    """
    _refuse_unusable(len(x), widths, n_train, law, ridge, draws > 0)
    refuse_beyond_memory(len(x), [x.shape[1], *widths])
    targets, n = targets_of(label, len(x), outputs), np.asarray(n_train)

    def features(seed: int) -> np.ndarray:
        *_, last = propagate(x, draw_layers(law, [x.shape[1], *widths], seed), activation)
        return last

    surveys = [survey(features(seed), targets, n) for seed in progress(range(networks))]
    risks = [[of_network.risk(size) for of_network in surveys] for size in n]
    best = np.array([best_ridge(at_n) for at_n in risks])
    ridges = best if ridge is None else np.full(n.shape, float(ridge))
    columns = {"ridge": ridges, **_predicted(risks, ridges)}
    if draws:
        fits = [measure(features(seed), targets, n, ridges, seed, draws) for seed in progress(range(networks))]
        columns |= summarise(np.array(fits))
    far = columns["mse"] > FAR * _predicted(risks, best)["mse"]
    points = []
    for at, size in enumerate(n.tolist()):
        limits = _limits(size, widths[-1], len(x), columns["mse"][at], far[at], outputs, draws > 0)
        known = {name: float(column[at]) for name, column in columns.items()}
        points.append(Point(tuple(widths), size, **known, limits=tuple(limits)))
    return points


def _predicted(risks: Sequence[Sequence[Risk]], ridges: np.ndarray) -> dict[str, np.ndarray]:
    """Return mean and, of several, standard deviation over networks of R_test at each n and its λ."""
    errors = np.array(
        [[risk(np.array([ridge]))[0] for risk in at_n] for at_n, ridge in zip(risks, ridges, strict=True)]
    )
    columns = {"mse": errors.mean(axis=1)}
    if errors.shape[1] > 1:
        with np.errstate(invalid="ignore"):  # of errors that diverge
            columns["scatter"] = errors.std(axis=1, ddof=1)
    return columns


def _refuse_unusable(
    rows: int, widths: Sequence[int], n_train: Sequence[int], law: str, ridge: float | None, checked: bool
) -> None:
    if min(widths) < 1:
        raise OnebitError(f"widths: must be ≥ 1, got {','.join(map(str, widths))}")
    most = f"{rows} rows allow at most {rows - 1}"
    if rows <= widths[-1]:
        raise OnebitError(f"widths: the last must be smaller than the number of rows; {most}, got {widths[-1]}")
    if isinstance(LAWS.get(law), Learned):
        raise OnebitError(f"law: must be one whose weights are drawn, got {law!r}")
    if ridge is not None and not 0 <= ridge < np.inf:
        raise OnebitError(f"ridge: must be ≥ 0 and finite, got {ridge:g}")
    if max(n_train) > rows:
        raise OnebitError(f"n_train: must be at most {rows}, the number of rows at hand, got {max(n_train)}")
    if checked and max(n_train) == rows:
        raise OnebitError(f"n_train: a check tests on the other rows; {most}, got {max(n_train)}")


def refuse_beyond_memory(rows: int, dims: Sequence[int]) -> None:
    """Raise OnebitError where the machine cannot hold `rows` rows of a network of dimensions (d_0, …, d_L).

    Inputs are made in float64; features are two layers in float32, then, for a check, three copies of the last in
    float64; there are five matrices of the size of their moments, three copies of a layer's weights, and eight numbers
    for a row at each of some hundred levels.
    """
    layers = max(4 * rows * (before + after) + 12 * before * after for before, after in pairwise(dims))
    needed = PROCESS_BYTES + 24 * rows * dims[0] + layers + rows * (24 * dims[-1] + 6400) + 40 * dims[-1] ** 2
    if needed > memory():
        raise OnebitError(
            f"{rows} rows of widths {_spelled(dims[1:])} need about {needed / 1e9:.1f} GB of memory, this machine has "
            f"{memory() / 1e9:.1f} GB; take fewer rows or a narrower network"
        )


def _limits(n: int, width: int, rows: int, error: float, far: bool, outputs: int, checked: bool) -> Iterator[str]:
    """Yield what limits a prediction, where it applies."""
    if n < FEW_SAMPLES:
        yield f"n below {FEW_SAMPLES} was seen up to 6 % off"
    if rows < FEW_ROWS * width:
        yield f"{rows} rows are fewer than {FEW_ROWS} for each of {width} features, which was seen up to 5 % off"
    if not np.isfinite(error):
        yield "inf where the error diverges, at λ = 0 and n the rank, or a few rows are unlike all others"
    elif far:
        yield "an error far above that at the best λ was seen up to 15 % too low"
    if outputs > 1:
        yield "accuracy is not predicted: moments do not tell which output is the largest"
    if checked:
        yield "the check's rows are among those predicted from"


def _spelled(widths: Sequence[int]) -> str:
    return ",".join(map(str, widths))

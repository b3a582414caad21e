"""What figures of trained models share: which rows are drawn, how bits, quantizers and sources look, pairs by seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.figures import style
from onebit_rf.figures.findings import interval
from onebit_rf.tables.files import check_key

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FLOAT, FLOAT_BITS = "float", 32
LOSSES = ("train_loss", "test_loss")  # what a model must have to be drawn
BITS = (32, 8, 4, 2, 1)  # of a hidden weight, in the order of an axis
PROTOCOLS = {
    "fixed_epochs": "fixed epochs",
    "matched_loss": "matched train loss",
    "early_stopping": "early stopping",
}
# Quantizers differ in colour and marker; the sources of a mark, in its filling and its line.
_QUANTIZERS = {
    "float": {"label": "float", "color": "black", "marker": "D"},
    "lsq": {"label": "learned step size (lsq)", "color": "#0072B2", "marker": "o"},
    "noise": {"label": "noise model (noise)", "color": "#E69F00", "marker": "s"},
    "ptq": {"label": "rounded after training (ptq)", "color": "#009E73", "marker": "^"},
    "asymmetric": {"label": "learned step size, grid with a mean (asymmetric)", "color": "#CC79A7", "marker": "v"},
}
SOURCES = {
    "learned": {"label": "learned hidden weights", "ls": "-"},
    "frozen": {"label": "frozen hidden weights", "ls": (0, (2.5, 1.5)), "markerfacecolor": "white"},
}
LINE, PAD = 11.5, 6  # points: of a line of a title, and between a title and its axes


def head(axes: "Axes", words: str, above: int = 0) -> None:
    """Write words above a line of panels, from the left of its first `axes` on, and `above` lines of their titles.

    A title would claim room beside the axes, too, where it is wider than these.
    """
    axes.set_title(" " + "\n" * above, loc="left")
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "xytext": (0, PAD + LINE * above)}
    axes.annotate(words, (0, 1), **place, fontsize=9).set_in_layout(False)


def quantizer_look(quantizer: str, source: str = "learned") -> dict[str, Any]:
    """Label, colour, marker, fill and line of a quantizer: learned is filled and solid, frozen open and dashed."""
    own = {"label": quantizer.replace("_", " "), "color": "0.4", "marker": "P"}  # of one without a look of its own
    return {**SOURCES[source], **_QUANTIZERS.get(quantizer, own)}


def source_keys(colour: str = "0.3") -> "list[Line2D]":
    """The legend's entries of both sources, where colours and markers tell something else."""
    return [style.key(**{"color": colour, "marker": "o", "ms": 5, "lw": 0.9, **look}) for look in SOURCES.values()]


def in_order(quantizers: Iterable[str]) -> list[str]:
    """Return quantizers in the order of a legend, each once."""
    known = list(_QUANTIZERS)
    return sorted(dict.fromkeys(quantizers), key=lambda name: known.index(name) if name in known else len(known))


def quantizer_of(model: str) -> str:
    """The quantizer of a model: `lsq` of lsq:2, `float` of float."""
    return model.partition(":")[0]


def bits_of(model: str) -> int:
    """Bits of a model's hidden weights: 2 of lsq:2, 32 of float."""
    return int(model.partition(":")[2] or FLOAT_BITS)


def bits_words(bits: int) -> str:
    """A number of bits in a sentence: `1 bit`, `2 bits`."""
    return f"{bits} bit{'s' * (bits > 1)}"


def model_words(model: str) -> str:
    """A model in a sentence: `2 bits (lsq)`, `float`."""
    return FLOAT if model == FLOAT else f"{bits_words(bits_of(model))} ({quantizer_of(model)})"


def bits_axis(axes: "Axes", bits: Iterable[int] = BITS) -> dict[int, int]:
    """Make the horizontal axis one of bits, evenly spaced from float at the left to the fewest; return their places."""
    places = {b: i for i, b in enumerate(sorted(set(bits), reverse=True))}
    names = [f"{FLOAT_BITS}\n(float)" if b == FLOAT_BITS else str(b) for b in places]
    axes.set_xticks(list(places.values()), labels=names)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_xlabel("bits of a hidden weight")
    return places


def sound(models: "pd.DataFrame", columns: Sequence[str] = LOSSES) -> "pd.DataFrame":
    """Return the models whose training ended as its protocol wants, with finite numbers in `columns`."""
    return models[_is_sound(models, columns)]


def _is_sound(models: "pd.DataFrame", columns: Sequence[str]) -> np.ndarray:
    finite = np.isfinite(models[list(columns)].to_numpy(dtype=float, na_value=np.nan)).all(axis=1)
    return models["converged"].to_numpy(dtype=bool) & finite


def count_unconverged(models: "pd.DataFrame", columns: Sequence[str] = LOSSES) -> list[str]:
    """Return a note a protocol that says how many models are not `sound`, and so not drawn, and which; or none."""
    lost, notes = models[~_is_sound(models, columns)], []
    for protocol, rows in lost.groupby(lost["protocol"].astype(str)):
        of = int((models["protocol"] == protocol).sum())
        why = {"matched_loss": "did not reach the loss"}.get(protocol, "diverged")
        notes.append(f"{PROTOCOLS[protocol]}: {len(rows)} of {of} models {why}, not drawn ({_count_models(rows)})")
    return notes


def _count_models(models: "pd.DataFrame") -> str:
    """Return how often every model is among some, and whether frozen: `lsq:1 5×; frozen: float 5×, lsq:1 5×`."""
    words = []
    for source in ("learned", "frozen"):
        counts = models.loc[models["source"] == source, "model"].astype(str).value_counts(sort=False)
        named = ", ".join(f"{model} {count}×" for model, count in sorted(counts.items(), key=lambda item: item[0]))
        words += [f"frozen: {named}" if source == "frozen" else named] * bool(named)
    return "; ".join(words)


@dataclass(frozen=True)
class Difference:
    """The mean over seeds of a paired difference.

    Attributes:
        value, low, high: the mean, and the ends of Student's 95 % interval; NaN for one seed.
        n_seeds: number of seeds.
    """

    value: float
    low: float
    high: float
    n_seeds: int

    @property
    def sign(self) -> int:
        """−1 or 1 where the interval leaves 0 out; 0 where it holds 0, or there is none."""
        return int(self.low > 0) - int(self.high < 0)

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    def words(self, metric: str) -> str:
        """Spell it with its interval: in points for errors, and as `−0.012 (95 % interval …, 3 seeds)` for losses."""
        number, low, high = (signed(value, metric) for value in (self.value, self.low, self.high))
        if self.n_seeds < 2:
            return f"{number}{unit(metric)} (one seed, no interval)"
        return f"{number}{unit(metric)} (95 % interval {low} to {high}, {self.n_seeds} seeds)"


def unit(metric: str) -> str:
    """What stands behind a difference: points of errors and accuracies, nothing of losses."""
    return " points" if is_share(metric) else ""


def is_share(metric: str) -> bool:
    """Whether a number is a share of rows, which is drawn in per cent."""
    return metric.endswith(("error", "accuracy"))


def signed(value: float, metric: str) -> str:
    """Spell a difference with its sign: losses to three decimals, shares in points to two."""
    number, digits = (100 * value, 2) if is_share(metric) else (value, 3)
    return f"{round(number, digits) + 0.0:+.{digits}f}".replace("-", "−")  # + 0.0: no −0.00


def difference(values: "pd.Series") -> Difference:
    """Return the mean and the interval of paired differences, one a seed.

    Raises:
        OnebitError: where a seed stands twice, so that an interval would not be one over seeds.
    """
    check_key(values.rename("value").reset_index(), ["seed"], "figure")
    return Difference(*interval(values), len(values))


def differences(one: "pd.DataFrame", other: "pd.DataFrame", column: str, keys: Sequence[str] = ()) -> "pd.Series":
    """Return column(one) − column(other) of the same seed and `keys`, of rows that both have; indexed by these.

    Raises:
        OnebitError: where a seed and `keys` have two rows, so that something else would be mixed.
    """
    index = ["seed", *keys]
    for rows in (one, other):
        check_key(rows, index, "figure")
    words = {name: str for name in keys if one[name].dtype == "category"}
    values = [rows.astype(words).set_index(index)[column].astype(float) for rows in (one, other)]
    return (values[0] - values[1]).dropna()


def paired_by_seed(
    models: "pd.DataFrame", model: str, baseline: str, column: str, keys: Sequence[str] = ()
) -> "pd.Series":
    """Return column(model) − column(baseline) of the same seed and `keys`, of sound models; see `differences`."""
    found = sound(models, [*LOSSES, column])
    return differences(*(found[found["model"] == name] for name in (model, baseline)), column, keys)

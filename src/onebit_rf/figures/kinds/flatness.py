"""Sharpness against the bits of the hidden weights, at the weights as they are tested and at the latent ones.

The claim (arXiv 2404.11769) is that quantization leads to flatter minima. Whether it does depends on where sharpness is
measured, so that every panel has both: at the de-quantized weights v̂ and at the latent ones v.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from onebit_rf.figures import one_cell, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding, interval
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.one_cell import Protocol, Quantizer
from onebit_rf.figures.settings import At, WeightDecay, protocol_words, setting_words
from onebit_rf.figures.trained import FLOAT, FLOAT_BITS, Difference

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.4, 5.8)  # inches of the figure
LETTERS = 20  # of a note, in an inch
APART = 0.14  # of the distance of two bits, between the marks of one number of bits
REACH = (0.45, 2.2)  # ratios to float that are shown at least, so that ½, 1 and 2 are marked
ROOM = 1.2  # the factor that is shown beyond the means: intervals of few seeds may be far wider
FEW = (2, 1)  # bits that findings hold against float


@dataclass(frozen=True)
class Measure:
    """A measure of sharpness: its column, how a title and a sentence call it, and the power of it that is drawn."""

    title: str
    sentence: str
    power: int = 1


# Of σ and σ', the noise that the weights bear, 1/σ² is drawn: in every panel, higher is sharper.
MEASURES = {
    "lambda_max": Measure("largest eigenvalue of the Hessian, $λ_\\mathrm{max}$", "λ_max"),
    "sigma": Measure("noise on weights, PAC-Bayes $1/σ^2$", "1/σ²", -2),
    "adaptive_sharpness": Measure("adaptive sharpness, worst case", "worst adaptive sharpness"),
    "trace": Measure("trace of the Hessian", "the Hessian's trace"),
    "sigma_magnitude": Measure("noise in proportion to weights, $1/σ'^2$", "1/σ'²", -2),
    "adaptive_sharpness_average": Measure("adaptive sharpness, average", "average adaptive sharpness"),
}
SAID = ("lambda_max", "sigma_magnitude")  # the measures of the findings
WEIGHTS: dict[str, dict[str, Any]] = {  # by the suffix of their columns
    "": {"label": "at the de-quantized weights", "color": "#0072B2", "marker": "o", "ls": "-"},
    "_latent": {
        "label": "at the latent weights",
        "color": "#D55E00",
        "marker": "s",
        "ls": (0, (4, 1.5)),
        "markerfacecolor": "white",
    },
}
VERDICTS = {-1: "flatter, as claimed", 0: "cannot be told from float", 1: "sharper, against the claim"}


class Flatness(FigureRecord, tag="flatness"):
    """Six measures of sharpness against bits, at both weights of every model."""

    trainings: Trainings
    quantizer: Quantizer = "lsq"
    protocol: Annotated[Protocol | None, Meta(description="otherwise matched_loss, or the first that there is")] = None
    weight_decay: WeightDecay = None
    at: At = msgspec.field(default_factory=dict)

    stages = ("models",)

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing one of these cells."""
        if mistakes := list(one_cell.check_cell(facts, self.at, self.weight_decay, self.protocol)):
            yield from mistakes
            return
        cell = one_cell.cell_of(facts, self.at)
        yield from one_cell.check_quantizer(cell, self.quantizer)
        if not cell.sharpness:
            yield f".trainings: training {cell.training!r} must measure sharpness; give it `sharpness`"

    def _protocol(self, cell: TrainingFacts) -> str:
        return self.protocol or ("matched_loss" if "matched_loss" in cell.protocols else cell.protocols[0])

    def draw(self, tables: Tables) -> Drawing:
        """Draw a panel a measure, both weights in each."""
        cell = one_cell.cell_of(tables.facts, self.at)
        protocol, names = self._protocol(cell), one_cell.models_of(cell, self.quantizer)
        rows = one_cell.rows_of(tables.models, cell, protocol, self.weight_decay)
        rows = rows[rows["model"].isin([FLOAT, *names])]
        found = trained.sound(rows)
        figure, axes, below = _new_panels()
        for panel, column in zip(axes.flat, MEASURES, strict=True):
            panel.set_title(_panel_title(found, column))
            trained.bits_axis(panel, [FLOAT_BITS, *map(trained.bits_of, names)])
            _draw_panel(panel, [_series(found, names, column, suffix) for suffix in WEIGHTS])
        _dress(axes)
        keys = [style.key(FLOAT, **_float_look()), *(style.key(**{**look, "ms": 5}) for look in WEIGHTS.values())]
        style.legend_below(below, keys, len(keys))
        seeds = one_cell.seeds_words(rows, "of the ratio to float, paired by seed")
        heading = one_cell.title(cell, protocol, self.weight_decay, trained.quantizer_look(self.quantizer)["label"])
        figure.suptitle(f"{heading}\n{seeds}", fontsize=9)
        notes = "; ".join([*trained.count_unconverged(rows), *_not_found(found)])
        style.note(figure, [fill(notes, int(LETTERS * SIZE[0]))])
        return Drawing(figure, _caption(rows), list(self._findings(found, cell, protocol)))

    def _findings(self, rows: "pd.DataFrame", cell: TrainingFacts, protocol: str) -> Iterator[Finding]:
        """Yield for few bits, of models that are sound, the ratio to float of λ_max and of 1/σ'², at both weights."""
        where = f"{setting_words(cell)}, {protocol_words(protocol, [cell])}, {cell.source} hidden weights"
        few = [name for name in one_cell.models_of(cell, self.quantizer) if trained.bits_of(name) in FEW]
        for column in SAID:
            for model in few:
                for suffix, look in WEIGHTS.items():
                    if len(logs := _log_ratios(rows, model, column, suffix)):
                        said = f"{where}: {trained.model_words(model)} over float, {MEASURES[column].sentence}"
                        yield _finding(f"{said} {look['label']}", trained.difference(logs))


def _finding(said: str, ratio: Difference) -> Finding:
    """Say a ratio from the mean of its logarithms, and whether the model is flatter."""
    value, low, high = (math.exp(number) for number in (ratio.value, ratio.low, ratio.high))
    if ratio.n_seeds < 2:
        return Finding(f"{said} ×{value:.3g} (one seed, no interval): one seed cannot tell", value, low, high, 1)
    ends = f"95 % interval ×{low:.3g} to ×{high:.3g}, {ratio.n_seeds} seeds"
    return Finding(f"{said} ×{value:.3g} ({ends}): {VERDICTS[ratio.sign]}", value, low, high, ratio.n_seeds)


def _logs(rows: "pd.DataFrame", column: str, suffix: str) -> "pd.Series":
    """Return the logarithm of what is drawn of a measure; NaN where it was not found or is not above 0."""
    values = rows[column + suffix].astype(float)
    return MEASURES[column].power * np.log(values.where(values > 0))


def _log_ratios(rows: "pd.DataFrame", model: str, column: str, suffix: str) -> "pd.Series":
    """Return log(sharpness of a model / that of the float model of the same seed)."""
    known = rows[["model", "seed", "converged", "train_loss", "test_loss"]]
    return trained.paired_by_seed(known.assign(log=_logs(rows, column, suffix)), model, FLOAT, "log")


def _not_found(rows: "pd.DataFrame") -> list[str]:
    """Say how many measures are not drawn of models that are."""
    lost = {
        f"{MEASURES[column].sentence} {look['label']}": int(_logs(rows, column, suffix).isna().sum())
        for column in MEASURES
        for suffix, look in WEIGHTS.items()
    }
    named = ", ".join(f"{name} {count}×" for name, count in lost.items() if count)
    return [f"not found, or not above 0, and not drawn: {named}"] if named else []


def _new_panels() -> "tuple[Figure, np.ndarray, Axes]":
    """Return a figure, its axes (2, 3), and those of the legend."""
    figure = style.pyplot().figure(figsize=SIZE, layout="constrained")
    spec = figure.add_gridspec(3, 3, height_ratios=[1, 1, 0.1])
    axes = spec[:2, :].subgridspec(2, 3).subplots(sharex=True, sharey=True, squeeze=False)
    return figure, axes, figure.add_subplot(spec[2, :])


def _float_look() -> dict[str, Any]:
    return {name: trained.quantizer_look(FLOAT)[name] for name in ("color", "marker")}


def _panel_title(rows: "pd.DataFrame", column: str) -> str:
    """Name a measure, and say what it is of float: its geometric mean over seeds."""
    own = _logs(rows[rows["model"] == FLOAT], column, "").dropna()
    return f"{MEASURES[column].title}\nfloat: {f'{math.exp(own.mean()):.3g}' if len(own) else 'not found'}"


def _series(rows: "pd.DataFrame", names: Sequence[str], column: str, suffix: str) -> np.ndarray:
    """Return (place, ratio, low, high) of every model that has a ratio to float, shape (models, 4)."""
    found = [(place, _log_ratios(rows, name, column, suffix)) for place, name in enumerate(names, start=1)]
    points = [(place, *np.exp(interval(logs))) for place, logs in found if len(logs)]
    return np.array(points).reshape(-1, 4)


def _draw_panel(axes: "Axes", series: Sequence[np.ndarray]) -> None:
    """Draw one measure: float as a mark and a horizontal line at 1, and the ratios to it at both weights."""
    axes.axhline(1, color="0.7", lw=0.8, zorder=1)
    aside = style.side_by_side(WEIGHTS, APART)
    for points, (suffix, look) in zip(series, WEIGHTS.items(), strict=True):
        places, values, low, high = points.T
        x, bars = places + aside[suffix], [values - low, high - values]
        axes.plot([0, *x], [1, *values], color=look["color"], ls=look["ls"], lw=0.9, zorder=2)
        axes.errorbar(x, values, bars, ms=4.5, elinewidth=0.8, zorder=3, **{**look, "ls": ""})
    if any(map(len, series)):
        axes.plot(0, 1, ls="", ms=5, zorder=4, **_float_look())
    else:
        one_cell.write_missing(axes, "no ratio to float was found")


def _dress(axes: np.ndarray) -> None:
    """Label the outer axes, and show all means, with one range for all panels."""
    means = np.concatenate([bars[0].get_ydata() for panel in axes.flat for bars in panel.containers])
    style.log_ticks(axes[0, 0])
    axes[0, 0].set_ylim(min([REACH[0], *(means / ROOM)]), max([REACH[1], *(means * ROOM)]))
    for panel in axes[0]:
        panel.set_xlabel("")
    for line in axes:
        line[0].set_ylabel("sharpness / float's\n← flatter    sharper →")


def _caption(rows: "pd.DataFrame") -> str:
    several = rows["seed"].nunique() > 1
    spread = ", with its 95 % confidence interval over seeds" if several else ""
    return (
        "Sharpness of trained networks over that of the float ones against the bits of their hidden weights, at the "
        "weights as they are tested and at the latent weights that rounding starts from; of float they are the same. "
        "Higher is sharper in every panel: of the noise σ or σ' that the weights bear, 1/σ² is drawn. A mark is the "
        f"geometric mean of the ratio to the float model of the same seed{spread}; bars beyond the range are cut."
    )


figure = Flatness

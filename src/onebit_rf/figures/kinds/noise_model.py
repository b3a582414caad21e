"""Is rounding noise? Measured quantization noise against the noise model's, and training under noise against rounding.

The claim (arXiv 2404.11769) rests on a model: rounding is noise on the weights, uniform over a step s, of variance
s²/12. Above is how far that holds of trained weights; below, whether injected noise does to test loss and gap what
rounding does.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from onebit_rf.figures import one_cell, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding, interval
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.one_cell import Protocol
from onebit_rf.figures.settings import At, WeightDecay, protocol_words, setting_words
from onebit_rf.figures.trained import FLOAT
from onebit_rf.model.grids import grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (7.6, 6.4)  # inches of the figure
LETTERS = 20  # of a note, in an inch
APART = 0.12  # of the distance of two bits, between the marks of one number of bits
ROUNDED, NOISE = "lsq", "noise"  # quantizers that train under rounding, and under the noise that is its model
AT_BITS = 2  # bits at which findings hold one against the other; otherwise the nearest that both have
LINEAR = 0.01  # of a loss: differences below it are drawn on a linear axis, larger ones on a logarithmic one
COMPARED = ("test_loss", "gap_loss")
BEST = {"color": "black", "marker": "_", "ms": 26, "mew": 1.0, "ls": ""}  # a dash behind the marks of its bits
Points = dict[int, tuple[float, float, float]]  # bits → mean and the ends of its interval
RATIO = {-1: "less than the noise model says", 0: "as the noise model says", 1: "more than the noise model says"}
TEST = {
    -1: "noise makes the test loss lower than rounding does",
    0: "noise and rounding cannot be told apart by the test loss",
    1: "noise makes the test loss higher than rounding does",
}


class NoiseModel(FigureRecord, tag="noise_model"):
    """Measured noise of rounding against its model, and training under the model against training under rounding."""

    trainings: Trainings
    protocol: Protocol = "fixed_epochs"
    weight_decay: WeightDecay = None
    at: At = msgspec.field(default_factory=dict)

    stages = ("models",)

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing one of these cells."""
        if mistakes := list(one_cell.check_cell(facts, self.at, self.weight_decay, self.protocol)):
            yield from mistakes
            return
        cell = one_cell.cell_of(facts, self.at)
        if not _shared_bits(cell):
            pair = f"{ROUNDED}:{AT_BITS} and {NOISE}:{AT_BITS}"
            yield f".trainings: training {cell.training!r} must have the models {pair}, or both at other bits; add them"

    def draw(self, tables: Tables) -> Drawing:
        """Draw the noise against its model above, and test loss and gap of both trainings against float's below."""
        cell = one_cell.cell_of(tables.facts, self.at)
        rows = one_cell.rows_of(tables.models, cell, self.protocol, self.weight_decay)
        found = _with_ratio(trained.sound(rows, COMPARED))
        figure, axes, below = _new_panels()
        bits = sorted({trained.bits_of(name) for name in cell.models if name != FLOAT}, reverse=True)
        _dress(axes, bits)
        for panel, column in zip(axes[0], ("ratio", "relative_noise"), strict=True):
            _draw_lines(panel, {name: _means(found, cell, name, column) for name in _quantizers(cell)}, bits)
        for panel, column in zip(axes[1], COMPARED, strict=True):
            _draw_lines(panel, {name: _gaps(found, cell, name, column) for name in (ROUNDED, NOISE)}, bits)
        style.legend_below(below, _keys(cell), 3)
        heading = one_cell.title(cell, self.protocol, self.weight_decay)
        seeds = one_cell.seeds_words(rows, "over seeds; below, of the paired differences from float")
        figure.suptitle(f"{heading}\n{seeds}", fontsize=9)
        notes = "; ".join(trained.count_unconverged(rows, COMPARED))
        style.note(figure, [fill(notes, int(LETTERS * SIZE[0]))])
        return Drawing(figure, _caption(rows), list(self._findings(found, cell)))

    def _findings(self, rows: "pd.DataFrame", cell: TrainingFacts) -> Iterator[Finding]:
        """Yield measured noise over its model at all bits, and how training under noise differs from under rounding."""
        where = f"{setting_words(cell)}, {protocol_words(self.protocol, [cell])}, {cell.source} hidden weights"
        for name in one_cell.models_of(cell, ROUNDED):
            if len(ratios := rows.loc[rows["model"] == name, "ratio"].dropna()):
                value, low, high = interval(ratios)
                ends = f"95 % interval {low:.4g} to {high:.4g}, {len(ratios)} seeds"
                verdict = RATIO[int(low > 1) - int(high < 1)]
                tail = f"({ends}): {verdict}" if len(ratios) > 1 else "(one seed, no interval)"
                said = f"{where}: {trained.model_words(name)}, measured noise over s²/12 {value:.4g} {tail}"
                yield Finding(said, value, low, high, len(ratios))
        bits = min(_shared_bits(cell), key=lambda b: abs(b - AT_BITS))
        pair = f"{NOISE}:{bits}", f"{ROUNDED}:{bits}"
        test, gap = (trained.paired_by_seed(rows, *pair, column) for column in COMPARED)
        if len(test):
            test, gap = trained.difference(test), trained.difference(gap)
            said = f"{where}: {one_cell.bits_words(bits)}, trained under noise minus trained under rounding: test loss"
            verdict = TEST[test.sign] if test.n_seeds > 1 else "one seed cannot tell"
            said = f"{said} {test.words('test_loss')}, gap {gap.words('gap_loss')}: {verdict}"
            yield Finding(said, test.value, test.low, test.high, test.n_seeds)


def _shared_bits(cell: TrainingFacts) -> list[int]:
    """Return the bits that a cell trains at both under rounding and under noise."""
    rounded, noise = (set(map(trained.bits_of, one_cell.models_of(cell, name))) for name in (ROUNDED, NOISE))
    return sorted(rounded & noise)


def _with_ratio(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Add the column `ratio`: measured noise over s²/12; NaN of float, which has no step."""
    return rows.assign(ratio=rows["quantization_noise"] / rows["step_noise"].where(rows["step_noise"] > 0))


def _quantizers(cell: TrainingFacts) -> list[str]:
    names = map(trained.quantizer_of, cell.models)
    return list(dict.fromkeys(name for name in names if name != FLOAT))


def _new_panels() -> "tuple[Figure, np.ndarray, Axes]":
    """Return a figure, its axes (2, 2), and those of the legend."""
    figure = style.pyplot().figure(figsize=SIZE, layout="constrained")
    spec = figure.add_gridspec(3, 2, height_ratios=[1, 1, 0.16])
    axes = spec[:2, :].subgridspec(2, 2).subplots(squeeze=False)
    return figure, axes, figure.add_subplot(spec[2, :])


def _means(rows: "pd.DataFrame", cell: TrainingFacts, quantizer: str, column: str) -> Points:
    """Return the mean of a column by bits of a quantizer."""
    names = one_cell.models_of(cell, quantizer)
    found = {trained.bits_of(name): rows.loc[rows["model"] == name, column].dropna() for name in names}
    return {bits: interval(values) for bits, values in found.items() if len(values)}


def _gaps(rows: "pd.DataFrame", cell: TrainingFacts, quantizer: str, column: str) -> Points:
    """Return the difference from the float model of the same seed by bits of a quantizer."""
    names = one_cell.models_of(cell, quantizer)
    found = {trained.bits_of(name): trained.paired_by_seed(rows, name, FLOAT, column) for name in names}
    return {bits: interval(gaps) for bits, gaps in found.items() if len(gaps)}


def _draw_lines(axes: "Axes", lines: Mapping[str, Points], bits: Sequence[int]) -> None:
    """Draw the values of every quantizer against bits with their intervals, side by side."""
    places, aside = trained.bits_axis(axes, bits), style.side_by_side(lines, APART)
    for quantizer, points in lines.items():
        x = [places[b] + aside[quantizer] for b in points]
        values, low, high = np.array(list(points.values())).reshape(-1, 3).T
        look = {**trained.quantizer_look(quantizer), "ls": "-", "lw": 0.9, "ms": 4.5, "elinewidth": 0.8}
        axes.errorbar(x, values, [values - low, high - values], **look)


def _dress(axes: np.ndarray, bits: Sequence[int]) -> None:
    """Label the axes and draw what the models of noise say: s²/12 at the left, the best grid of a normal law beside."""
    (ratio, relative), compared = axes
    ratio.axhline(1, color="black", lw=1.0, ls="--", zorder=1)
    ratio.set_ylabel("measured noise / ($s^2/12$)")
    style.log_scale(relative)
    relative.plot(range(len(bits)), [1 - grid(b).gain for b in bits], zorder=1, **BEST)
    relative.set_ylabel("noise / mean square weight")
    for panel, name in zip(compared, ("test loss", "generalization gap"), strict=True):
        panel.set_yscale("symlog", linthresh=LINEAR)
        panel.yaxis.set_major_formatter("{x:g}")
        panel.axhline(0, color="0.3", lw=0.8, zorder=1)
        panel.set_ylabel(f"{name} minus float's")


def _keys(cell: TrainingFacts) -> list:
    looks = [{**trained.quantizer_look(name), "ms": 5} for name in _quantizers(cell)]
    law = style.key("noise model: $s^2/12$", color="black", lw=1.0, ls="--")
    best = style.key("best grid of a normal law", **{**BEST, "ms": 14})
    return [*(style.key(**look) for look in looks), law, best]


def _caption(rows: "pd.DataFrame") -> str:
    several = rows["seed"].nunique() > 1
    return (
        "Above: quantization noise of the trained hidden weights, mean (v̂ − v)², over s²/12, which uniform noise over "
        "a step s would have (left), and over the mean square of the weights, with the least that a grid of so many "
        "levels leaves of normal weights (right). Below: test loss and generalization gap of models trained under "
        "rounding (lsq) and under noise uniform over a step (noise; rounded for the test alone), less those of the "
        f"float model of the same seed; axes are linear up to ±{LINEAR:g} and logarithmic beyond. "
        f"{'Marks are means over seeds with 95 % confidence intervals.' if several else 'Marks are of one seed.'}"
    )


figure = NoiseModel

"""Generalization gap and test loss against the bits of the hidden weights, the protocols side by side.

The claim (arXiv 2404.11769) is that fewer bits make the gap smaller and the test loss lower. Both vary far more between
seeds than between models of one seed: marks are float's mean plus the paired difference from float, with its interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from onebit_rf.figures import settings, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding, interval
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.settings import At, WeightDecay
from onebit_rf.figures.trained import FLOAT, FLOAT_BITS, PROTOCOLS, Difference
from onebit_rf.model.record import DISTINCT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SETTINGS = 3  # two lines of panels each
SIDE, HEIGHT, LEAST_WIDTH = 2.7, 2.1, 5.2  # inches of a panel's sides, and of the narrowest figure
LETTERS = 20  # of a note, in an inch
APART, SPREAD = 0.1, 0.6  # of the distance of two bits: between the marks of one number of bits, and all of them
BEYOND = 0.08  # of the range: room for a line that is written at its edge
MOST, SHARE = 1.4, 0.75  # values beyond so many times float's, and beyond such a share of all, flatten the others
FOUND = ("lsq:2", "lsq:1")  # the models that findings hold against float
GAP = {
    -1: "the gap is smaller, as claimed",
    0: "the gap cannot be told from float's",
    1: "the gap is larger, against the claim",
}
TEST = {
    -1: "the test {} is lower, as claimed",
    0: "the test {} cannot be told from float's",
    1: "the test {} is higher, against the claim",
}
Protocols = Annotated[
    list[Literal[tuple(PROTOCOLS)]],
    Meta(min_length=1, description="a column each; otherwise all that there are"),
    DISTINCT,
]


class Bits(FigureRecord, tag="bits"):
    """Gap and test loss against bits, of frozen and learned hidden weights."""

    trainings: Trainings
    protocols: Protocols | None = None
    metric: Annotated[Literal["loss", "error"], Meta(description="whose gap and test value are drawn")] = "loss"
    weight_decay: WeightDecay = None
    at: At = msgspec.field(default_factory=dict)

    stages = ("models",)

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(settings.check_settings(facts, self.at, MOST_SETTINGS))
        if not mistakes:
            cells = settings.chosen(facts, self.at)
            mistakes += settings.check_decay(cells, self.weight_decay)
            mistakes += [mistake for cell in cells for mistake in self._mistakes(cell)]
        yield from dict.fromkeys(mistakes)

    def _mistakes(self, cell: TrainingFacts) -> Iterator[str]:
        name = f"training {cell.training!r}"
        if FLOAT not in cell.models:
            yield f".trainings: {name} must have the model float, which the others are held against; add it"
        elif set(cell.models) == {FLOAT}:
            yield f".trainings: {name} must have a model of few bits beside float; add one"
        elif lost := [protocol for protocol in self.protocols or () if protocol not in cell.protocols]:
            yield f".protocols: {name} has no {lost[0]}; choose from {', '.join(cell.protocols)}"

    def _columns(self, cells: Sequence[TrainingFacts]) -> list[str]:
        there = {protocol for cell in cells for protocol in cell.protocols}
        return list(self.protocols or (protocol for protocol in PROTOCOLS if protocol in there))

    @property
    def _measures(self) -> tuple[str, str]:
        """What is drawn above and below."""
        return f"gap_{self.metric}", f"test_{self.metric}"

    def draw(self, tables: Tables) -> Drawing:
        """Draw for every setting the gap above and the test loss below, a column a protocol."""
        cells = settings.chosen(tables.facts, self.at)
        facets, protocols = list(settings.facets(cells).values()), self._columns(cells)
        rows = self._chosen(tables.models, cells, protocols)
        bits = sorted({trained.bits_of(model) for cell in cells for model in cell.models}, reverse=True)
        figure, axes, below = _new_panels(2 * len(facets), len(protocols))
        for some, pair in zip(facets, np.split(axes, len(facets)), strict=True):
            for column, line in zip(self._measures, pair, strict=True):
                panels = [[_against_float(rows, cell, protocol, column) for cell in some] for protocol in protocols]
                _draw_line(line, panels, bits)
                line[0].set_ylabel(_label(column))
            for panel, protocol in zip(pair[0], protocols, strict=True):
                panel.set_title(settings.protocol_words(protocol, some))
            if len(facets) > 1:
                trained.head(pair[0, 0], settings.setting_words(some[0]), above=1)
        for panel in axes[-1]:
            trained.bits_axis(panel, bits)
        style.legend_below(below, _keys(rows), 3 if len(protocols) > 1 else 2)
        decay = f"weight decay {self._decay(cells):g}; {_seeds_in_words(rows)}"
        shared = [settings.setting_words(cells[0])] if len(facets) == 1 else []
        figure.suptitle("\n".join([*shared, decay]), fontsize=9)
        notes = "; ".join(trained.count_unconverged(rows, self._measures))
        style.note(figure, [fill(notes, int(LETTERS * figure.get_figwidth()))])
        return Drawing(figure, self._caption(rows), list(self._findings(rows, cells, protocols)))

    def _decay(self, cells: Sequence[TrainingFacts]) -> float:
        return settings.decay(cells, self.weight_decay)

    def _chosen(
        self, models: "pd.DataFrame", cells: Sequence[TrainingFacts], protocols: Sequence[str]
    ) -> "pd.DataFrame":
        """Return the models of the figure's cells, protocols and weight decay."""
        kept = models["cell"].isin([cell.cell for cell in cells]) & models["protocol"].isin(protocols)
        return models[kept & (models["weight_decay"] == self._decay(cells))]

    def _caption(self, rows: "pd.DataFrame") -> str:
        several = rows["seed"].nunique() > 1
        spread = ", with its 95 % confidence interval over seeds" if several else ""
        float_bar = " The bar of float is the interval of its own mean." if several else ""
        gap, test = (_label(name).removesuffix(" (%)").removesuffix(" (points)") for name in self._measures)
        return (
            f"{gap.capitalize()} (above) and {test} (below) against the bits of the hidden weights, a column for each "
            "rule of when a model is taken from its training. A mark is the mean of float plus the difference from "
            f"the float model of the same seed{spread}; horizontal lines are float.{float_bar} "
            "What is far above float is written at the edge."
        )

    def _findings(
        self, rows: "pd.DataFrame", cells: Sequence[TrainingFacts], protocols: Sequence[str]
    ) -> Iterator[Finding]:
        """Yield for every cell and protocol how gap and test loss of few bits differ from float's, paired by seed."""
        gap, test = self._measures
        for cell in cells:
            for protocol in protocols:
                of = _of(rows, cell, protocol, self._measures)
                for model in FOUND:
                    found = [trained.paired_by_seed(of, model, FLOAT, column) for column in (gap, test)]
                    if len(found[0]):
                        yield _finding(cell, protocol, model, gap, test, *map(trained.difference, found))


@dataclass(frozen=True)
class Against:
    """The models of a cell and a protocol against its float model, in per cent where errors are drawn.

    Attributes:
        source: of the hidden weights.
        level, half: mean of float over seeds and half its interval; NaN where there is none.
        lines: quantizer → bits, values and half intervals, as arrays; NaN where no seed has both models.
    """

    source: str
    level: float
    half: float
    lines: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


def _of(rows: "pd.DataFrame", cell: TrainingFacts, protocol: str, columns: Sequence[str]) -> "pd.DataFrame":
    return trained.sound(rows[(rows["cell"] == cell.cell) & (rows["protocol"] == protocol)], columns)


def _against_float(rows: "pd.DataFrame", cell: TrainingFacts, protocol: str, column: str) -> Against:
    """Return every model's float mean plus its paired difference from float."""
    of, scale = _of(rows, cell, protocol, ["test_loss", column]), 100 if trained.is_share(column) else 1
    values = of.loc[of["model"] == FLOAT, column]
    level, low, high = interval(values) if len(values) else (np.nan,) * 3
    lines: dict[str, list] = {}
    for model in sorted((name for name in cell.models if name != FLOAT), key=trained.bits_of, reverse=True):
        found = trained.paired_by_seed(of, model, FLOAT, column)
        gap = trained.difference(found) if len(found) else None
        point = (level + gap.value, gap.half) if gap else (np.nan, np.nan)
        lines.setdefault(trained.quantizer_of(model), []).append((trained.bits_of(model), *np.multiply(scale, point)))
    arrays = {quantizer: tuple(np.transpose(points)) for quantizer, points in lines.items()}
    return Against(cell.source, scale * level, scale * (high - low) / 2, arrays)


def _finding(
    cell: TrainingFacts, protocol: str, model: str, gap: str, test: str, of_gap: Difference, of_test: Difference
) -> Finding:
    """Say what few bits do to gap and test loss, and whether it is as claimed; the number is the gap's."""
    what = test.removeprefix("test_")
    where = f"{settings.setting_words(cell)}, {settings.protocol_words(protocol, [cell])}, {cell.source} hidden weights"
    numbers = f"gap {of_gap.words(gap)}, test {what} {of_test.words(test)}"
    claim = f"{GAP[of_gap.sign]}; {TEST[of_test.sign].format(what)}"
    if of_gap.sign == of_test.sign == 0:
        claim = f"neither gap nor test {what} can be told from float's"
    sentence = f"{where}: {trained.model_words(model)} minus float: {numbers}: {claim}"
    return Finding(sentence, of_gap.value, of_gap.low, of_gap.high, of_gap.n_seeds)


def _new_panels(lines: int, columns: int) -> "tuple[Figure, np.ndarray, Axes]":
    """Return a figure, its axes (lines, columns) that share the range of a line, and those of the legend."""
    heights = [HEIGHT] * lines + [0.55]
    width = max(LEAST_WIDTH, 0.8 + SIDE * columns)
    figure = style.pyplot().figure(figsize=(width, sum(heights) + 0.9), layout="constrained")
    spec = figure.add_gridspec(lines + 1, columns, height_ratios=heights)
    axes = spec[:lines, :].subgridspec(lines, columns).subplots(sharex=True, sharey="row", squeeze=False)
    return figure, axes, figure.add_subplot(spec[lines, :])


def _draw_line(axes: Sequence["Axes"], panels: Sequence[Sequence[Against]], bits: Sequence[int]) -> None:
    """Draw one measure, a panel a protocol, with one range for all."""
    top = _top([one for some in panels for one in some])
    names = list(dict.fromkeys((q, one.source) for some in panels for one in some for q in one.lines))
    aside, places = style.side_by_side(names, min(APART, SPREAD / len(names))), {b: i for i, b in enumerate(bits)}
    sources = list(dict.fromkeys(source for _, source in names))
    aside |= {(FLOAT, source): shift for source, shift in style.side_by_side(sources, APART).items()}
    written = 0
    for panel, some in zip(axes, panels, strict=True):
        for one in some:
            _draw_source(panel, one, aside, places, top)
        written = max(written, _write_beyond(panel, some, places, top))
        if not any(np.isfinite(one.level) for one in some):
            panel.text(0.5, 0.5, "no float model", transform=panel.transAxes, ha="center", color="0.4")
    _set_range(axes[0], [one for some in panels for one in some], top, written)


def _top(drawn: Sequence[Against]) -> float:
    """Return beyond which values are written at the edge."""
    values = np.concatenate([[one.level] + [y for line in one.lines.values() for y in line[1]] for one in drawn])
    if not np.isfinite(values).any():
        return np.inf
    return max(MOST * np.nanmax([one.level for one in drawn]), np.nanquantile(values, SHARE))


def _draw_source(axes: "Axes", one: Against, aside: dict, places: dict[int, int], top: float) -> None:
    """Draw float as a mark and a horizontal line, and a line from it through every quantizer's marks."""
    look = trained.quantizer_look(FLOAT, one.source)
    axes.axhline(one.level, color="0.7", lw=0.8, ls=look["ls"], zorder=1)
    for quantizer, (bits, values, halves) in one.lines.items():
        x = [places[int(b)] + aside[quantizer, one.source] for b in bits]
        drawn = np.where(values > top, np.nan, values)
        pen = {**trained.quantizer_look(quantizer, one.source), "label": f"{quantizer}, {one.source}"}
        axes.plot(
            [places[FLOAT_BITS] + aside[FLOAT, one.source], *x],
            [one.level, *values],
            color=pen["color"],
            ls=pen["ls"],
            lw=0.9,
            zorder=2,
        )
        axes.errorbar(x, drawn, halves, ms=4.5, elinewidth=0.8, zorder=3, **{**pen, "ls": ""})
    pen = {**look, "label": f"{FLOAT}, {one.source}", "ls": ""}
    axes.errorbar(
        [places[FLOAT_BITS] + aside[FLOAT, one.source]],
        [one.level],
        [one.half],
        ms=4.5,
        elinewidth=0.8,
        zorder=4,
        **pen,
    )


def _write_beyond(axes: "Axes", some: Sequence[Against], places: dict[int, int], top: float) -> int:
    """Write the values that are beyond the range at its edge, above their bits; return how many lines that takes."""
    beyond: dict[int, list[str]] = {}
    for one in some:
        for quantizer, (bits, values, _) in one.lines.items():
            for b, value in zip(bits, values, strict=True):
                if value > top:
                    source = f" {one.source}" if len(some) > 1 else ""
                    beyond.setdefault(int(b), []).append(f"{quantizer}{source} {value:.3g} ↑")
    for b, lines in beyond.items():
        x, box = places[b], {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
        look = {"ha": "right", "va": "top", "fontsize": 6, "bbox": box, "zorder": 5}
        axes.text(x + 0.45, 0.98, "\n".join(lines), transform=axes.get_xaxis_transform(), **look)
    return max(map(len, beyond.values()), default=0)


def _set_range(axes: "Axes", drawn: Sequence[Against], top: float, written: int) -> None:
    """Show all means that are not beyond, and the intervals of float, with room for what is `written` at the edge."""
    values = [line[1] for one in drawn for line in one.lines.values()]
    ends = [end for one in drawn for end in (one.level, one.level - one.half, one.level + one.half)]
    shown = np.concatenate([*values, ends])
    shown = shown[np.isfinite(shown) & (shown <= top)]
    if len(shown):
        low, high, span = shown.min(), shown.max(), np.ptp(shown) or 1
        axes.set_ylim(low - 0.12 * span, high + (0.12 + BEYOND * written) * span)


def _label(column: str) -> str:
    names = {"gap_loss": "generalization gap", "gap_error": "generalization gap (points)"}
    return names.get(column, column.replace("_", " ") + (" (%)" if trained.is_share(column) else ""))


def _keys(rows: "pd.DataFrame") -> list:
    """The legend's entries: quantizers by colour and marker, and sources by filling and line where both are there."""
    names = trained.in_order(map(trained.quantizer_of, rows["model"].astype(str).unique()))
    sources = [source for source in trained.SOURCES if (rows["source"] == source).any()]
    quantizers = [style.key(**{**trained.quantizer_look(name), "ls": "", "ms": 5}) for name in names]
    return [*quantizers, *(trained.source_keys() if len(sources) > 1 else [])]


def _seeds_in_words(rows: "pd.DataFrame") -> str:
    count = rows["seed"].nunique()
    return f"{count} seeds; bars: 95 % intervals of the paired differences from float" if count > 1 else "one seed"


figure = Bits

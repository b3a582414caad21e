"""Test error against n/d_L, theory through simulation, and how far they are apart: a panel a cell, a colour a depth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.curves import Curves
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import At, Column, Facets, Metric

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MARKS = 16  # marks per curve and law: enough to see, few enough to read
FEW = 16  # up to as many n, deviations are marks with bars; above, lines with bands
MOST_POINTS = 300  # of a line
FIRST = 0.05  # n/d_L below which few samples do


class LearningCurve(FigureRecord, tag="learning_curve"):
    """Test error against n/d_L."""

    experiments: Experiments
    at: At = msgspec.field(default_factory=dict)
    colour: Column = "depth"
    facets: Facets = None
    metric: Metric = None

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(layout.check_layout(facts, self.at, self.colour, self.facets))
        yield from mistakes or curves.one_metric(layout.curves(facts, self.at), facts, self.metric)

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error above and its deviation from the theory below; without a theory, from the baseline law."""
        rows = layout.curves(tables.facts, self.at)
        found = Curves(tables, rows, self.at, self.metric)
        panels = layout.ordered(layout.panels(rows, tables.facts, self.colour), self.facets)
        palette = curves.palette_of(rows, self.colour)
        one_experiment = len({row["experiment"] for row in rows}) == 1
        figure, axes = curves.new_panels(len(panels), share=one_experiment)
        titles = curves.panel_titles(panels, found.facts)
        for title, drawn, (top, bottom) in zip(titles, panels.values(), axes, strict=True):
            for row in drawn:
                name = repr(row.get(self.colour))
                pen = Pen(palette[name][1], list(palette).index(name) - (len(palette) - 1) / 2, found.laws)
                _draw_error(top, found, curves.key_of(row), pen)
                _draw_deviation(bottom, found, curves.key_of(row), pen)
            top.set_title(title)
            bottom.set_xlabel("samples per feature $n/d_L$")
        groups = [(axes, rows)] if one_experiment else [([pair], drawn) for pair, drawn in zip(axes, panels.values())]  # noqa: B905
        outside = [point for pairs, drawn in groups for point in _set_limits(pairs, drawn, found)]
        curves.dress(figure, axes, found, palette, [style.seeds_in_words(tables.readout)])
        few = any(points["n_train"].nunique() <= FEW for points in found.errors.values())
        aside = ["marks of one n stand side by side"] if few else []
        style.note(figure, [*found.notes(rows, lambda key: None), *_beyond(outside), *aside])
        over = f"n/d_L > {FIRST:g} but not within {curves.THRESHOLD:g} of 1"
        said = curves.findings(found, panels, _away(found), over)
        return Drawing(figure, curves.caption(found, "samples per feature n/d_L"), said)


@dataclass(frozen=True)
class Pen:
    """How a curve is drawn: its colour, its place among the colours about 0, and the laws that stand side by side."""

    colour: tuple
    place: float
    laws: Sequence[str]

    def look(self, law: str) -> dict:
        """The mark of a law in the curve's colour."""
        return {**style.law_look(law, self.laws), "color": self.colour, "label": None}

    def shifts(self, n_train: "pd.Series") -> dict[str, float]:
        """Return by how much n each law's marks are moved aside, so that the bars of few n can be read; {} for many."""
        if n_train.nunique() > FEW:
            return {}
        step, apart = 0.014 * n_train.max(), style.side_by_side(self.laws, 1.0)
        return {law: step * (self.place * len(apart) + offset) for law, offset in apart.items()}


def _draw_error(axes: "Axes", found: Curves, key: tuple, pen: Pen) -> None:
    """Draw the converged theory as a line, broken where it diverges, and the mean over seeds of every law as marks."""
    theory, points, width = found.theory.get(key), found.errors.get(key), found.width(key)
    if theory is not None:
        for dash, rows in curves.lines_of(theory):
            line = rows["value"].where(rows["converged"] & (rows["value"] > 0))
            axes.plot(rows["n_train"] / width, line, color=pen.colour, ls=dash, lw=1.2, zorder=1)
    if points is None:
        return
    shift = pen.shifts(points["n_train"])
    for law, rows in points.groupby("law", observed=True):
        chosen = rows.iloc[np.unique((np.linspace(0.02, 0.999, MARKS) * len(rows)).astype(int))]
        x, line = (chosen["n_train"] + shift.get(law, 0)) / width, style.law_line(law) if theory is None else ""
        look = {**pen.look(law), "ls": line, "lw": 0.8}
        axes.errorbar(x, chosen["mean"], chosen["half"], ms=4.5, elinewidth=0.8, **look)


def _draw_deviation(axes: "Axes", found: Curves, key: tuple, pen: Pen) -> None:
    """Draw deviations in per cent with their intervals: marks and bars for a few n, lines and bands for many."""
    if (points := found.deviations.get(key)) is None:
        return
    shift = pen.shifts(points["n_train"])
    for law, rows in points.groupby("law", observed=True):
        rows = rows.iloc[:: max(1, len(rows) // MOST_POINTS)]
        x, mean, half = rows["n_train"] + shift.get(law, 0), 100 * rows["mean"], 100 * rows["half"]
        if shift:
            axes.errorbar(x / found.width(key), mean, half, ls="", ms=4, elinewidth=0.8, **pen.look(law))
            continue
        axes.plot(x / found.width(key), mean, color=pen.colour, lw=0.9, ls=style.law_line(law))
        axes.fill_between(x / found.width(key), mean - half, mean + half, color=pen.colour, alpha=0.15, lw=0)


def _set_limits(pairs: Sequence[tuple], rows: Sequence[dict], found: Curves) -> list[tuple[float, float]]:
    """Choose the ranges by what lies away from the threshold; return (n/d_L, deviation) of the points outside."""
    values, deviations = [], []
    for key in map(curves.key_of, rows):
        if (points := found.errors.get(key)) is not None:
            away = np.abs(points["n_train"] / found.width(key) - 1) > curves.THRESHOLD / 2
            values += list(points["mean"][away & (points["mean"] > 0)])
        if (points := found.deviations.get(key)) is not None:
            bars = points["half"].fillna(0) if points["n_train"].nunique() <= FEW else 0
            size = 100 * (np.abs(points["mean"]) + bars)
            deviations += list(zip(points["n_train"] / found.width(key), size, strict=True))
    reach = curves.limit(size for ratio, size in deviations if abs(ratio - 1) > curves.THRESHOLD and ratio > FIRST)
    for top, bottom in pairs:
        bottom.set_ylim(-reach, reach)
        if found.metric in curves.SQUARES and values:
            style.log_scale(top)
            top.set_ylim(min(values) / 1.5, 2 * max(values))
    return [(ratio, size) for ratio, size in deviations if size > reach]


def _beyond(outside: list[tuple[float, float]]) -> list[str]:
    """Say where deviations lie beyond their panel: the ranges of n/d_L."""
    if not outside:
        return []
    places = sorted({round(ratio, 3) for ratio, _ in outside})
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(places)) if b - a > curves.THRESHOLD), len(places)]
    ranges = [f"{places[a]:g}" + (f"–{places[b - 1]:g}" if b - a > 1 else "") for a, b in pairwise(breaks)]
    largest = max(size for _, size in outside)
    return [f"deviations beyond their panel, up to {largest:.0f} %: $n/d_L$ = {', '.join(ranges)}"]


def _away(found: Curves) -> dict[tuple, "pd.DataFrame"]:
    """The simulated rows that findings are of: away from the threshold, and not of the fewest samples."""
    chosen = {}
    for key, rows in found.rows.items():
        ratio = rows["n_train"] / found.width(key)
        chosen[key] = rows[(np.abs(ratio - 1) > curves.THRESHOLD) & (ratio > FIRST)]
    return chosen


figure = LearningCurve

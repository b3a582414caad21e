"""Test error against a leaf that a sweep varies, or the depth, at one n: theory through simulation."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.axis import Axis
from onebit_rf.figures.curves import Curves
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import plain_text
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import At, Column, Facets, Metric

if TYPE_CHECKING:
    import pandas as pd


class Sweep(FigureRecord, tag="sweep"):
    """Test error against a swept leaf, at the n that `at` gives or the largest of each cell."""

    experiments: Experiments
    x: Annotated[str, Meta(description="a swept leaf, or depth")]
    at: At = msgspec.field(default_factory=dict)
    colour: Column = "depth"
    facets: Facets = None
    metric: Metric = None

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        if mistakes := list(layout.check_layout(facts, self.at, self._colour, self.facets, self.x)):
            yield from mistakes
            return
        rows = layout.curves(facts, self.at)
        yield from curves.one_metric(rows, facts, self.metric)
        yield from layout.check_one_n(facts, self.at)

    @property
    def _colour(self) -> str:
        """What the colours tell apart; the read-outs where depth is the x-axis already."""
        return "readout" if self.x == self.colour == "depth" else self.colour

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error above and its deviation from the theory below; without a theory, from the baseline law."""
        rows, at = layout.curves(tables.facts, self.at), layout.chosen(self.at, tables.facts)
        found = Curves(tables, rows, self.at, self.metric)
        panels = layout.ordered(layout.panels(rows, tables.facts, self._colour, self.x), self.facets)
        palette, axis = curves.palette_of(rows, self._colour), Axis([row[self.x] for row in rows])
        points = {key: _at_n(found, key, at) for key in map(curves.key_of, rows)}
        figure, axes = curves.new_panels(len(panels), share=True)
        titles = curves.panel_titles(panels, found.facts)
        for title, drawn, pair in zip(titles, panels.values(), axes, strict=True):
            for place, (name, (_, colour)) in enumerate(palette.items()):
                of_colour = [row for row in drawn if repr(row.get(self._colour)) == name]
                line = [(axis.places[row[self.x]], *points[curves.key_of(row)]) for row in of_colour]
                line.sort(key=lambda point: point[0])
                _draw_line(*pair, line, axis, colour, found.laws, place - (len(palette) - 1) / 2)
            pair[0].set_title(title)
            for panel, label in zip(pair, ("", layout.label(self.x)), strict=True):
                axis.dress(panel, label)
            pair[0].tick_params(labelbottom=False)
        _set_limits(axes, [errors for errors, _, _ in points.values()], found.metric)
        at_n = layout.n_in_words(tables.facts, at)
        curves.dress(figure, axes, found, palette, [at_n, style.seeds_in_words(tables.readout)])
        style.note(figure, found.notes(rows, lambda key: [layout.n_of(found.facts[key[0]], at)]))
        against = f"{plain_text(layout.label(self.x))} at {at_n}"
        said = curves.findings(found, panels, _rows_at_n(found, at), "the sweep")
        return Drawing(figure, curves.caption(found, against), said)


def _at_n(found: Curves, key: tuple, at: dict) -> "list[pd.DataFrame | None]":
    """Return errors, deviations and theory of a curve at its one n; None where there are none."""
    parts = (found.errors.get(key), found.deviations.get(key), found.theory.get(key))
    return [part if part is None else part[part["n_train"] == layout.n_of(found.facts[key[0]], at)] for part in parts]


def _rows_at_n(found: Curves, at: dict) -> "dict[tuple, pd.DataFrame]":
    return {key: rows[rows["n_train"] == layout.n_of(found.facts[key[0]], at)] for key, rows in found.rows.items()}


def _draw_line(
    top: Any, bottom: Any, line: list[tuple], axis: Axis, colour: tuple, laws: Sequence[str], place: float
) -> None:
    """Draw the theory as a line, and every law's mean and deviation side by side at each place of the x-axis.

    Args:
        top, bottom: axes of the errors and of the deviations.
        line: (place, errors, deviations, theory's row) of every point.
        axis: the x-axis.
        colour: of the line.
        laws: of the weights.
        place: of the colour among all, about 0.
    """
    import pandas as pd

    expected = [(x, row["value"].where(row["converged"]).item()) for x, *_, row in line if row is not None and len(row)]
    if expected:
        dash = {"marker": "_", "ms": 14} if len(expected) == 1 else {}
        top.plot(*zip(*expected, strict=True), color=colour, lw=1.2, zorder=1, **dash)
    apart = style.side_by_side(laws, 1.0)
    for axes, part, scale in ((top, 1, 1), (bottom, 2, 100)):
        points = [point[part].assign(x=point[0]) for point in line if point[part] is not None]
        for law, rows in pd.concat(points).groupby("law", observed=True) if points else ():
            look = {**style.law_look(law, laws), "color": colour, "label": None}
            look |= {"ls": "" if expected or axes is bottom else ":", "lw": 0.7, "ms": 4.5, "elinewidth": 0.8}
            x = [axis.aside(at, place * len(apart) + apart[law]) for at in rows["x"]]
            axes.errorbar(x, scale * rows["mean"], scale * rows["half"], **look)


def _set_limits(axes: Sequence[tuple], errors: "Sequence[pd.DataFrame | None]", metric: str) -> None:
    """Show all means; deviations about 0."""
    marks = [abs(y) for _, bottom in axes for line in bottom.get_lines()[1:] for y in line.get_ydata()]
    reach = curves.limit(marks)
    axes[0][1].set_ylim(-reach, reach)
    means = [mean for points in errors if points is not None for mean in points["mean"] if mean > 0]
    if metric in curves.SQUARES and means:
        style.log_scale(axes[0][0])
        axes[0][0].set_ylim(min(means) / 2, 2.5 * max(means))


figure = Sweep

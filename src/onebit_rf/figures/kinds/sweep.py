"""Test error against a leaf that a sweep varies, or the depth, at one n: theory through simulation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.along import Along
from onebit_rf.figures.axis import Axis, spelled
from onebit_rf.figures.curves import Curves
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    interval,
    law_gaps,
    law_words,
    plain_text,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Tables
from onebit_rf.figures.layout import Panel, Row

if TYPE_CHECKING:
    import pandas as pd


class Sweep(Along, tag="sweep"):
    """Test error against a swept leaf, at the n that `at` gives or the largest of each cell."""

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        if mistakes := list(layout.check_layout(facts, self.at, self.told_apart, self.facets, self.x)):
            yield from mistakes
            return
        rows = layout.curves(facts, self.at)
        yield from curves.one_metric(rows, facts, self.metric)
        yield from layout.check_one_n(facts, self.at)

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error above and its deviation from the theory below; of labels, from the baseline law."""
        rows, at = layout.curves(tables.facts, self.at), layout.chosen(self.at, tables.facts)
        found = Curves(tables, rows, self.at, self.metric, between_laws=True)
        panels = layout.ordered(layout.panels(rows, tables.facts, self.told_apart, self.x), self.facets)
        palette, axis = curves.palette_of(rows, self.told_apart), Axis([row[self.x] for row in rows])
        points = {key: _at_n(found, key, at) for key in map(curves.key_of, rows)}
        figure, axes = curves.new_panels(len(panels), share=True)
        titles = curves.panel_titles(panels, found.facts)
        for title, drawn, pair in zip(titles, panels.values(), axes, strict=True):
            for place, (name, (_, colour)) in enumerate(palette.items()):
                of_colour = [row for row in drawn if repr(row.get(self.told_apart)) == name]
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
        chosen, has_trend = _rows_at_n(found, at), axis.is_number and tables.theory is None
        said = curves.findings(found, panels, chosen, "the sweep", between_laws=not has_trend)
        if has_trend:
            said += [one for panel in panels for one in self._ends(found, panel, panels, chosen, axis)]
        return Drawing(figure, curves.caption(found, against), said)

    def _ends(
        self,
        found: Curves,
        panel: Panel,
        panels: Mapping[Panel, Sequence[Row]],
        chosen: "Mapping[tuple, pd.DataFrame]",
        axis: Axis,
    ) -> Iterator[Finding]:
        """Yield how far every law comes along the sweep of a panel, and the gap between laws at either end of it.

        Without a theory nothing else says how the laws part from one end to the other, which a mean would hide. What a
        law keeps is its change over that of the baseline, where that one is not 0 by its interval.
        """
        import pandas as pd

        rows, metric = panels[panel], curves.METRICS[found.metric]
        values = sorted({row[self.x] for row in rows}, key=axis.places.__getitem__)
        inside = [name for name in layout.varying(rows, list(found.facts.values())) if name != self.x]
        keys = [[curves.key_of(row) for row in rows if row[self.x] == end] for end in (values[0], values[-1])]
        found_at = [[chosen[key] for key in some if key in chosen] for some in keys]
        if len(values) < 2 or not all(found_at):
            return
        tables = [pd.concat(some) for some in found_at]
        where = curves.place_words(panel, panels, rows)
        along = f"from {plain_text(layout.label(self.x))} {spelled(values[0])} to {spelled(values[-1])}"
        changes = {}
        for law in found.laws:
            first, last = (_of_law(table, law, inside) for table in tables)
            ratio, changes[law] = (each.dropna().groupby("seed").mean() for each in (last / first - 1, last - first))
            yield from _finding(f"{where}: {metric} of {law_words(law)} weights {along}", ratio)
        base = changes[baseline_of(found.laws)]
        low, high = interval(base)[1:] if len(base) > 1 else (0.0, 0.0)
        for law in (law for law in found.laws if low * high > 0 and law != baseline_of(found.laws)):
            kept = f"{law_words(law)} weights keep of the change of {law_words(baseline_of(found.laws))} ones {along}"
            yield from _finding(f"{where}: {kept}", (changes[law] / base).dropna())
        for end, table in zip((values[0], values[-1]), tables, strict=True):
            said = plain_text(layout.words(self.x, end))
            yield from law_gaps(table, [*curves.CURVE, "n_train"], f"{where}, {said}", metric)


def _of_law(table: "pd.DataFrame", law: str, inside: Sequence[str]) -> "pd.Series":
    """The values of a law that were found, by seed and what else varies."""
    rows = table[(table["law"] == law) & table["converged"]]
    return rows.set_index(["seed", *inside])["value"]


def _finding(what: str, values: "pd.Series") -> Iterator[Finding]:
    """Yield the mean of one value a seed with its interval; nothing where there is none."""
    if len(values):
        gap = interval(values)
        yield Finding(f"{what} {with_interval(*gap, len(values))}", *gap, len(values))


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

    theory = [row.assign(x=x) for x, *_, row in line if row is not None and len(row)]
    for dash, rows in curves.lines_of(pd.concat(theory)) if theory else ():
        mark = {"marker": "_", "ms": 14} if len(rows) == 1 else {}
        top.plot(rows["x"], rows["value"].where(rows["converged"]), color=colour, ls=dash, lw=1.2, zorder=1, **mark)
    apart = style.side_by_side(laws, 1.0)
    for axes, part, scale in ((top, 1, 1), (bottom, 2, 100)):
        points = [point[part].assign(x=point[0]) for point in line if point[part] is not None]
        for law, rows in pd.concat(points).groupby("law", observed=True) if points else ():
            look = {**style.law_look(law, laws), "color": colour, "label": None}
            look |= {"ls": "" if theory or axes is bottom else ":", "lw": 0.7, "ms": 4.5, "elinewidth": 0.8}
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

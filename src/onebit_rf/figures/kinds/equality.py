"""Where is one bit equal to Gaussian weights, and where does the theory hold? Error, and both comparisons below it.

Equal is what two one-sided tests show (figures/equivalence.py), not what no test tells apart.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.along import Along
from onebit_rf.figures.axis import Axis, spelled
from onebit_rf.figures.curves import Curves
from onebit_rf.figures.equivalence import VERDICTS, verdicts, with_verdicts
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    covered,
    depths_in_words,
    interval,
    law_words,
    plain_text,
    theory_gap,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Tables
from onebit_rf.figures.layout import Panel, Row

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

RATIOS = (2.0, 1.3, 1.3)  # heights of error, simulation over theory, law over baseline
LOOKS = {
    "equal": {"marker": "o"},
    "undecided": {"marker": "o", "markerfacecolor": "white"},
    "different": {"marker": "D", "markeredgecolor": "#D55E00", "markeredgewidth": 1.4},
}
FEW = 0.125  # n/d_L up to which the cost of a mean is fitted
MEAN = {"ls": ":", "color": "0.3", "lw": 1.0, "zorder": 3}
BARS = {"elinewidth": 0.8, "capsize": 0}
LINEAR = 10  # deviations up to so many margins are drawn on a linear axis; else it is logarithmic outside ±margin
LETTERS = 38  # of a line within a panel
MOST_SAID = 4  # panels with sentences of their own
MOST_NAMED = 4  # values that a sentence names; more are counted


class Equality(Along, tag="equality"):
    """Test error, its deviation from the theory, and which laws of the weights are equal to the baseline."""

    x: Annotated[str, Meta(description="a swept leaf, depth, law, or n_train, which is drawn as n/d_L")]
    margin: Annotated[float, Meta(gt=0, description="the relative difference below which laws are called equal")] = 0.01

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        shared = {"along": ("law", "n_train"), "mixed": True}
        if mistakes := list(layout.check_layout(facts, self.at, self.told_apart, self.facets, self.x, **shared)):
            yield from mistakes
            return
        yield from curves.one_metric(layout.curves(facts, self.at), facts, self.metric)
        if self.x != "n_train":
            yield from layout.check_one_n(facts, self.at)
        yield from self._check_laws(facts)

    def _check_laws(self, facts: Sequence[Facts]) -> Iterator[str]:
        laws = layout.chosen(self.at, facts).get("law", layout.there("law", facts))
        if len(laws) < 2:
            yield f".at.law: needs two laws of the weights to compare, got {', '.join(laws)}"
        elif len(laws) > 2 and self.x != "law":
            others = [law for law in laws if law != baseline_of(laws)]
            yield f".at.law: {', '.join(others)} share an axis; choose two laws, or draw them along x: law"

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error, its deviation from the theory where there is one, and the laws against the baseline."""
        rows, at = layout.curves(tables.facts, self.at), layout.chosen(self.at, tables.facts)
        found = Curves(tables, rows, self.at, self.metric)
        panels = layout.ordered(layout.panels(rows, tables.facts, self.told_apart, self.x), self.facets)
        points = Points(found, rows, self.x, at, self.margin)
        with_mean = [row for row in rows if self.x == "n_train" and points.has_mean(row)]
        palette = curves.palette_of(rows, self.told_apart)
        ratios, side = RATIOS if found.theory else RATIOS[::2], points.axis.side(len(panels))
        figure, axes = curves.new_panels(len(panels), True, ratios, side)
        for title, drawn, panel in zip(curves.panel_titles(panels, found.facts), panels.values(), axes, strict=True):
            for place, (name, (_, colour)) in enumerate(palette.items()):
                of_colour = [row for row in drawn if repr(row.get(self.told_apart)) == name]
                pen = Pen(colour, place - (len(palette) - 1) / 2, len(palette), found.laws, self.x != "law")
                _draw_colour(panel, points, of_colour, pen)
            _draw_mean_cost(panel, points, [row for row in drawn if row in with_mean])
            reasons = {found.facts[row["cell"]].silence for row in drawn}
            silence = reasons.pop() if len(reasons) == 1 else ""  # of some cells only: the note says it
            _dress_panel(panel, points, title, self._label, self.margin, silence)
        _set_scales(axes[0], points, rows, found.metric, self.margin)
        at_n = [] if self.x == "n_train" else [layout.n_in_words(tables.facts, at)]
        titles = [*at_n, style.seeds_in_words(tables.readout)]
        keys = [*_verdict_keys(self.margin), *([style.key("$1/n$: φ is not odd", **MEAN)] if with_mean else [])]
        curves.dress(figure, axes, found, palette, titles, keys)
        for i in curves.first_of_lines(len(axes)):
            axes[i][-1].set_ylabel(curves.against_baseline(found.laws))
        style.note(figure, found.notes(rows, points.sizes.get))
        names = [self.told_apart, self.x]
        return Drawing(figure, self._caption(found, at_n), _findings(points, panels, names, self.margin))

    @property
    def _label(self) -> str:
        """What the x-axis is."""
        known = {"law": "", "n_train": "samples per feature $n/d_L$"}
        return known.get(self.x, layout.label(self.x))

    def _caption(self, found: Curves, at_n: Sequence[str]) -> str:
        name, margin = curves.METRICS[found.metric], f"±{100 * self.margin:g} %"
        against = " at ".join([plain_text(self._label) or "the law of the weights", *at_n])
        theory = "; lines are theory. In the middle, simulation over theory." if found.theory else "."
        return (
            f"{name[0].upper()}{name[1:]} against {against}{theory} Below, weights of other laws against "
            f"{law_words(baseline_of(found.laws))} ones, seed by seed: equal within {margin} (shaded) where two "
            "one-sided tests at 5 % show it, that is where the 90 % interval lies within the band; different where "
            "that interval lies outside of it; else undecided."
            + (" The error is averaged over all teachers without sampling." if found.averaged else "")
            + (curves.not_odd(found.facts.values()) if found.theory else "")
        )


class Points:
    """What is drawn of every curve, at its n.

    Attributes:
        axis: the x-axis.
        sizes: the n of every curve.
        theory: predicted rows, along n at all n between.
        rows: simulated rows, by seed.
        errors, deviations: means over seeds, and of simulation/theory − 1 where there is a theory.
        gaps: law/baseline − 1 of the same seed, means over seeds with their `verdict`.
        found: the curves.
    """

    def __init__(
        self, found: Curves, rows: Sequence[Row], x: str, at: Mapping[str, Sequence[Any]], margin: float
    ) -> None:
        """Take the points along `x`, at the n that `at` leaves, or at the one n where x is another."""
        self.found, self._x = found, x
        self.sizes = {curves.key_of(row): _sizes(found.facts[row["cell"]], x, at) for row in rows}
        self.axis = _axis(found, rows, x, self.sizes)
        self.rows, self.errors = self._at(found.rows), self._at(found.errors)
        self.deviations = self._at(found.deviations) if found.theory else {}
        self.gaps = {key: _gaps(frame, margin) for key, frame in self.rows.items() if frame["law"].nunique() > 1}
        self.theory = found.theory if x == "n_train" else self._at(found.theory)
        if x == "law":  # a point at every law that the theory claims
            held = {key: frame[["law", "n_train"]] for key, frame in self.deviations.items()}
            self.theory = {key: frame.merge(held[key]) for key, frame in self.theory.items() if key in held}

    def _at(self, frames: "Mapping[tuple, pd.DataFrame]") -> "dict[tuple, pd.DataFrame]":
        return {key: frame[frame["n_train"].isin(self.sizes[key])] for key, frame in frames.items()}

    def of(self, part: str, rows: Sequence[Row]) -> "pd.DataFrame | None":
        """Return a part of some curves with their names as columns, and `x`, the place on the axis; None if empty."""
        import pandas as pd

        frames = []
        for row in rows:
            frame = getattr(self, part).get(curves.key_of(row))
            if frame is not None and len(frame):
                frames.append(frame.assign(**{name: [value] * len(frame) for name, value in row.items()}))
                frames[-1]["x"] = self._places(row, frame)
        return pd.concat(frames, ignore_index=True) if frames else None

    def has_mean(self, row: Row) -> bool:
        """Whether the features of a curve have a mean, which its theory leaves out."""
        return curves.key_of(row) in self.deviations and not self.found.facts[row["cell"]].odd

    def away(self, rows: Sequence[Row]) -> "tuple[pd.DataFrame, str]":
        """Return the simulated rows of some curves, along n without those near the threshold, and which these are."""
        import pandas as pd

        keys = [key for key in map(curves.key_of, rows) if key in self.rows]
        near = {key: (self.rows[key]["n_train"] / self.found.width(key) - 1).abs() <= curves.THRESHOLD for key in keys}
        if self._x != "n_train" or not any(some.any() for some in near.values()):
            return pd.concat([self.rows[key] for key in keys]), ""
        return pd.concat([self.rows[key][~near[key]] for key in keys]), f" where |n/d_L − 1| > {curves.THRESHOLD:g}"

    def _places(self, row: Row, frame: "pd.DataFrame") -> "Sequence[float] | pd.Series":
        if self._x == "n_train":
            return frame["n_train"] / self.found.width(curves.key_of(row))
        values = frame["law"] if self._x == "law" else [row[self._x]] * len(frame)
        return [self.axis.places[value] for value in values]


def _sizes(cell: Facts, x: str, at: Mapping[str, Sequence[Any]]) -> list[int]:
    """The n at which a cell is drawn."""
    if x != "n_train":
        return [layout.n_of(cell, at)]
    return [n for n in cell.n_train if n in at.get("n_train", cell.n_train)]


def _axis(found: Curves, rows: Sequence[Row], x: str, sizes: Mapping[tuple, Sequence[int]]) -> Axis:
    if x == "law":
        return Axis(found.laws, law_words)
    if x == "n_train":
        return Axis(sorted({n / found.width(key) for key, some in sizes.items() for n in some}), is_log=False)
    return Axis([row[x] for row in rows])


def _gaps(rows: "pd.DataFrame", margin: float) -> "pd.DataFrame":
    """Return law/baseline − 1, the mean over seeds for every law and n, with its verdict."""
    return with_verdicts(style.mean_over_seeds(curves.from_baseline(rows), ["law", "n_train"]), margin)


@dataclass(frozen=True)
class Pen:
    """How a colour is drawn: itself, its place among all about 0, their number, and the laws, side by side or not."""

    colour: tuple
    place: float
    count: int
    laws: Sequence[str]
    apart: bool

    def x(self, axis: Axis, places: "pd.Series", law: str | None = None) -> list[float]:
        """Return places moved aside; those of a `law` so that it stands beside the others."""
        beside = style.side_by_side(self.laws, 1.0) if self.apart and law else {law: 0.0}
        marks, shift = self.count * len(beside), self.place * len(beside) + beside[law]
        return [axis.aside(place, shift, marks) for place in places]


def _draw_colour(panel: "Sequence[Axes]", points: Points, rows: Sequence[Row], pen: Pen) -> None:
    """Draw the curves of a colour: the theory and every law's error, their deviation, and the verdicts."""
    if (theory := points.of("theory", rows)) is not None:
        alone = not points.axis.is_number or theory["x"].nunique() == 1  # between words there is nothing to join
        look = {"ls": "", "marker": "_", "ms": 14} if alone else {"lw": 1.2}
        theory = theory.sort_values("x")
        for _, line in theory.groupby("law", observed=True) if "law" in theory else [("", theory)]:
            value = line["value"].where(line["converged"] & (line["value"] > 0))
            panel[0].plot(line["x"], value, color=pen.colour, zorder=1, **look)
    for axes, part, scale in ((panel[0], "errors", 1), (panel[1], "deviations", 100)):
        if (found := points.of(part, rows)) is not None:
            for law, some in found.groupby("law", observed=True):
                look = {**style.law_look(law, pen.laws), "color": pen.colour, "label": None, "ls": "", "ms": 4.5}
                x = some["x"] if part == "errors" else pen.x(points.axis, some["x"], law)
                axes.errorbar(x, scale * some["mean"], scale * some["half"], **BARS, **look)
    if (gaps := points.of("gaps", rows)) is not None:
        for verdict, some in gaps.groupby("verdict"):
            look = {"ls": "", "color": pen.colour, "ms": 4.5, **BARS, **LOOKS[verdict]}
            x = pen.x(points.axis, some["x"])
            panel[-1].errorbar(x, 100 * some["mean"], 100 * some["half"], **look)


def _draw_mean_cost(panel: "Sequence[Axes]", points: Points, rows: Sequence[Row]) -> None:
    """Draw 1/n, which learning the features' mean from n samples costs, for the curves that have one."""
    for n, width in {(tuple(points.sizes[key]), points.found.width(key)) for key in map(curves.key_of, rows)}:
        every = np.arange(n[0], n[-1] + 1)
        panel[1].plot(every / width, 100 / every, **MEAN)


def _dress_panel(panel: "Sequence[Axes]", points: Points, title: str, label: str, margin: float, silence: str) -> None:
    """Write the title, shade the margin, label the x-axis; where the theory is silent, say why."""
    panel[0].set_title(title)
    panel[-1].axhspan(-100 * margin, 100 * margin, color="0.9", lw=0, zorder=0)
    for axes in panel:
        points.axis.dress(axes, label if axes is panel[-1] else "")
        axes.tick_params(labelbottom=axes is panel[-1])
    if silence and len(panel) > 2:
        reason = textwrap.fill(f"no theory: {silence}", LETTERS)
        panel[1].text(0.5, 0.5, reason, transform=panel[1].transAxes, ha="center", va="center", color="0.4", fontsize=7)


def _set_scales(panel: "Sequence[Axes]", points: Points, rows: Sequence[Row], metric: str, margin: float) -> None:
    """Show all means of the errors, on a logarithmic axis, and all deviations: those beyond a few margins, too."""
    errors = points.of("errors", rows)
    if metric in curves.SQUARES and errors is not None and (errors["mean"] > 0).any():
        style.log_scale(panel[0])
        means = errors["mean"][errors["mean"] > 0]
        panel[0].set_ylim(means.min() / 1.5, 2 * means.max())
    for axes, part in ((panel[1], "deviations"), (panel[-1], "gaps")):
        if (shown := points.of(part, rows)) is not None:
            _scale_deviations(axes, 100 * (shown["mean"].abs() + shown["half"].fillna(0)).max(), 100 * margin)


def _scale_deviations(axes: "Axes", reach: float, margin: float) -> None:
    """Make the axis symmetric, and logarithmic outside of ±margin where it would not be seen otherwise."""
    if reach > LINEAR * margin:
        axes.set_yscale("symlog", linthresh=margin, linscale=1.5)
        powers = [margin * 10**k for k in range(1 + int(np.log10(reach / margin)))]
        axes.set_yticks([*(-power for power in reversed(powers)), 0, *powers], minor=False)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.minorticks_off()
        reach *= 2  # room for the marks
    reach = max(1.2 * reach, 1.5 * margin)
    axes.set_ylim(-reach, reach)


def _verdict_keys(margin: float) -> "list[Line2D]":
    """The legend's entries of the marks of the verdicts."""
    band = f"{100 * margin:g} %"
    said = {"equal": f"equal within ±{band}", "undecided": "undecided", "different": f"different by more than {band}"}
    return [style.key(said[verdict], color="0.2", ms=5, **LOOKS[verdict]) for verdict in VERDICTS]


def _findings(
    points: Points, panels: Mapping[Panel, Sequence[Row]], names: Sequence[str], margin: float
) -> list[Finding]:
    """Say of every panel, or of all where they are many, where laws are equal, then where the theory holds."""
    groups = {plain_text(curves.place_words(panel, panels, rows)): rows for panel, rows in panels.items()}
    if len(groups) > MOST_SAID:
        names = [*dict(next(iter(panels))), *names]
        groups = {"all panels": [row for rows in panels.values() for row in rows]}
    equality = [_equality(points, rows, where, names, margin) for where, rows in groups.items()]
    validity = [_validity(points, rows, where, names) for where, rows in groups.items()]
    cost = [_mean_cost(points, rows, where) for where, rows in groups.items() if "n_train" in names]
    return [finding for said in (*equality, *validity, *cost) for finding in said]


def _equality(points: Points, rows: Sequence[Row], where: str, names: Sequence[str], margin: float) -> list[Finding]:
    """At how many points laws are equal to the baseline, where not, and the largest difference."""
    if (gaps := points.of("gaps", rows)) is None:
        return []
    laws, count = list(gaps["law"].unique()), (gaps["verdict"] == "equal").sum()
    of = law_words(laws[0]) if len(laws) == 1 else f"{len(laws)} other laws"
    parts = [
        f"{where}: {of} against {law_words(baseline_of(points.found.laws))} weights equal within ±{100 * margin:g} % "
        f"(two one-sided tests at 5 %) at {count} of {len(gaps)} points ({_extent(gaps, names)})"
    ]
    for verdict in VERDICTS[1:]:
        if len(some := gaps[gaps["verdict"] == verdict]):
            where = f" ({_extent(some, names)})" if len(some) < len(gaps) else ""
            parts.append(f"{verdict} at {len(some)}{where}")
    number, text = _largest(gaps, names)
    parts.append(f"largest difference {text}")
    if len(laws) == 1:
        away, which = points.away(rows)
        means = curves.from_baseline(away).groupby("seed")["value"].mean()
        number = (*interval(means), len(means))
        verdict = verdicts(means.mean(), means.sem(), len(means), margin)
        parts.append(f"mean{which} {with_interval(*number)}: {verdict}")
    return [Finding("; ".join(parts), *number)]


def _validity(points: Points, rows: Sequence[Row], where: str, names: Sequence[str]) -> list[Finding]:
    """The mean deviation from the theory away from the threshold, the largest of all, and where the theory is silent.

    None without any theory.
    """
    import pandas as pd

    theory = [points.found.theory[key] for key in map(curves.key_of, rows) if key in points.found.theory]
    if (deviations := points.of("deviations", rows)) is None:
        return []
    away, which = points.away(rows)
    over = f"{where}, mean over {_extent(deviations, names)}{which}"
    _, text = _largest(deviations, ["law", *names])
    gap = theory_gap(away, pd.concat(theory), over)
    silent = [row for row in rows if not points.found.facts[row["cell"]].described]
    silence = f"; no theory at {_extent(pd.DataFrame(silent), names[-1:])}" if silent else ""
    return [replace(finding, sentence=f"{finding.sentence}; largest {text}{silence}") for finding in gap]


def _mean_cost(points: Points, rows: Sequence[Row], where: str) -> list[Finding]:
    """The a of simulation/theory − 1 = a/n at few samples, by least squares, where the features have a mean."""
    import pandas as pd

    found = []
    for key in (curves.key_of(row) for row in rows if points.has_mean(row)):
        some = covered(points.rows[key])
        some = some[some["converged"] & (some["n_train"] <= FEW * points.found.width(key))]
        expected = points.found.theory[key].set_index("n_train")["value"].reindex(some["n_train"]).to_numpy()
        inverse = 1 / some["n_train"]
        sums = pd.DataFrame({"seed": some["seed"], "with": inverse * (some["value"] / expected - 1), "own": inverse**2})
        found.append(sums.groupby("seed")[["with", "own"]].sum())
    if not found or pd.concat(found).empty:
        return []
    total = sum(found)
    costs = (total["with"] / total["own"]).dropna()
    cost, low, high = interval(costs)
    ends = (
        f" (95 % interval {low:.2f} to {high:.2f}, {len(costs)} seeds)"
        if len(costs) > 1
        else " (one seed, no interval)"
    )
    text = f"{where}: for n/d_L ≤ {FEW:g} simulation against theory goes as 1 + a/n, a = {cost:.2f}{ends}"
    return [Finding(text, cost, low, high, len(costs))]


def _largest(table: "pd.DataFrame", names: Sequence[str]) -> tuple[tuple[float, float, float, int], str]:
    """The mean that is furthest from 0 with its interval and number of seeds, and in words, with where it is."""
    point = table.loc[table["mean"].abs().idxmax()]
    number = (point["mean"], point["mean"] - point["half"], point["mean"] + point["half"], int(point["size"]))
    return number, f"{with_interval(*number)} at {_extent(point.to_frame().T, names)}"


def _extent(table: "pd.DataFrame", names: Sequence[str]) -> str:
    """Say what some points have under the names: `depths 1 to 5, n/d_L 0.1 to 0.9`."""
    return ", ".join(filter(None, (_extent_of(table, name) for name in dict.fromkeys(names))))


def _extent_of(table: "pd.DataFrame", name: str) -> str:
    if name == "n_train":
        low, high = table["x"].min(), table["x"].max()
        return f"n/d_L = {low:.3g}" if low == high else f"n/d_L {low:.3g} to {high:.3g}"
    if name == "depth":
        return depths_in_words(table["depth"])
    values, label = list(table[name].unique()), plain_text(layout.label(name))
    if name == "law":
        return f"{', '.join(map(law_words, values))} weights"
    if len(values) == 1:
        return plain_text(layout.words(name, values[0]))
    return f"{label} {_listed([spelled(value) for value in values])}"


def _listed(values: Sequence[str]) -> str:
    """Name some values, and count them where they are many."""
    return ", ".join(values) if len(values) <= MOST_NAMED else f"{values[0]} to {values[-1]}, {len(values)} values"


figure = Equality

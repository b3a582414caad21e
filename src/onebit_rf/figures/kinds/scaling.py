"""How finite width differs from the limit: deviation from the theory and gap between laws against d_L, at fixed n/d_L.

Three quantities, which shrink by laws of their own: the mean of simulation/theory − 1, the mean of law/baseline − 1,
and the standard deviation over seeds of the latter.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.axis import Axis
from onebit_rf.figures.curves import Curves
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import Finding, baseline_of, covered, law_words, per_cent, plain_text, with_interval
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import At, Column, Metric, Panel, Row
from onebit_rf.figures.power_law import PowerLaw, fit_mean, fit_spread, spread_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

LEAST = 3  # widths: a law of two parameters and one to test it
PARTS = ("theory", "gap", "spread")
RATIO = "n/d_L"
DIGITS = 6  # to which n/d_L of several widths are equal
MOST_SAID = 3  # panels with sentences of their own: more have the first and the last said
LIMIT = {"marker": "v", "ms": 4.5, "markerfacecolor": "white"}
GUIDE = {"ls": ":", "color": "0.4", "lw": 1.0}


class Scaling(FigureRecord, tag="scaling"):
    """Deviations from the limit against the width, a panel for every n/d_L that several widths have."""

    experiments: Experiments
    at: At = msgspec.field(default_factory=dict)
    colour: Column = "depth"
    metric: Metric = None

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        alike = untied(facts)
        if mistakes := list(layout.check_layout(alike, self.at, self.colour, None)):
            yield from mistakes
            return
        rows = layout.curves(alike, self.at)
        yield from curves.one_metric(rows, facts, self.metric)
        if not all(cell.described for cell in facts):
            yield ": needs a theory of all cells, whose limit they are held against"
        if len(layout.chosen(self.at, facts).get("law", layout.there("law", facts))) != 2:
            yield f".at.law: needs two laws of the weights, got {layout.listed(layout.there('law', facts))}"
        count = len(_panels(rows, alike, self.at, self.colour))
        if not count:
            yield f".experiments: no n/d_L has {LEAST} widths or more; sweep widths, and sizes n in proportion"
        elif count > layout.MOST_PANELS:
            yield f": {count} panels, one for each n/d_L too, are more than {layout.MOST_PANELS}; choose by `at`"

    def draw(self, tables: Tables) -> Drawing:
        """Draw the three quantities one below the other, each with the laws fitted to it."""
        alike = untied(tables.facts)
        rows = layout.curves(alike, self.at)
        found = Curves(tables, rows, self.at, self.metric)
        panels = _panels(rows, alike, self.at, self.colour)
        parts = {panel: _parts(found, some, dict(panel)[RATIO], self.colour) for panel, some in panels.items()}
        palette = curves.palette_of(rows, self.colour)
        figure, axes = curves.new_panels(len(panels), share=True, ratios=(1, 1, 1))
        axis = Axis(sorted({width for part in parts.values() for width in part["theory"]["width"]}), is_log=True)
        for title, part, panel in zip(curves.panel_titles(panels, found.facts), parts.values(), axes, strict=True):
            panel[0].set_title(title)
            for one, name in zip(panel, PARTS, strict=True):
                _draw_part(one, name, part[name], palette, axis)
                axis.dress(one, "width $d_L$" if one is panel[-1] else "")
                one.tick_params(labelbottom=one is panel[-1])
        for i, name in enumerate(PARTS):
            _set_scale(axes[0][i], [part[name] for part in parts.values()])
            for j in curves.first_of_lines(len(axes)):
                axes[j][i].set_ylabel(_labels(found)[name])
        figure.legend(handles=_keys(palette), loc="outside right center")
        shared = ", ".join(curves.describe_cells(tables.facts))
        titles = [shared, f"n in proportion to the width; {style.seeds_in_words(tables.readout)}"]
        figure.suptitle("\n".join(filter(None, titles)), fontsize=9)
        ratios = {dict(panel)[RATIO] for panel in panels}
        style.note(figure, found.notes(rows, lambda key: [round(ratio * found.width(key)) for ratio in ratios]))
        return Drawing(figure, self._caption(found), _findings(found, panels, parts, palette))

    @staticmethod
    def _caption(found: Curves) -> str:
        other, baseline = _two(found)
        name = curves.METRICS[found.metric]
        return (
            f"{name[0].upper()}{name[1:]} at finite width against its limit, at fixed n/d_L. Above, simulation/theory "
            f"− 1, the mean over seeds and the two laws of the weights; in the middle, {other}/{baseline} − 1, paired "
            "by seed; below, its standard deviation over seeds. Triangles are upper ends of 95 % intervals that hold "
            "0. Lines are a d_L^(−b): of the means by weighted least squares of the signed values, the interval of b "
            "by its χ²; of the standard deviations by a line through their logarithms. There is none where the "
            "interval of b has no end."
        )


def untied(facts: Sequence[Facts]) -> list[Facts]:
    """Return the cells without the leaves that their widths determine: those that differ in size alone are alike."""
    leaves = layout.swept_leaves(facts)
    values = {leaf: {(tuple(cell.widths), repr(cell.swept.get(leaf))) for cell in facts} for leaf in leaves}
    count = len({tuple(cell.widths) for cell in facts})
    tied = {leaf for leaf in leaves if len({value for _, value in values[leaf]}) > 1 and len(values[leaf]) == count}
    swept = [{leaf: value for leaf, value in cell.swept.items() if leaf not in tied} for cell in facts]
    return [msgspec.structs.replace(cell, swept=some) for cell, some in zip(facts, swept, strict=True)]


def _panels(rows: Sequence[Row], facts: Sequence[Facts], at: Mapping[str, Any], colour: str) -> dict[Panel, list[Row]]:
    """Return the curves of every panel: those that differ in width, and the colours, at each n/d_L that they share."""
    cells = {cell.cell: cell for cell in facts}
    kept = layout.chosen(at, facts).get("n_train")
    panels: dict[Panel, list[Row]] = {}
    for panel, some in layout.panels(rows, facts, colour).items():
        there: dict[float, dict[int, list[Row]]] = {}
        for row in some:
            cell = cells[row["cell"]]
            width, exact = cell.widths[row["depth"] - 1], cell.noise == 0 and row["readout"] == "ridge:0"
            for n in (n for n in cell.n_train if (kept is None or n in kept) and not (exact and n >= width)):
                there.setdefault(round(n / width, DIGITS), {}).setdefault(width, []).append(row)
        for ratio, widths in sorted(there.items()):
            if len(widths) >= LEAST:
                panels[(*panel, (RATIO, ratio))] = [row for found in widths.values() for row in found]
    return panels


def _parts(found: Curves, rows: Sequence[Row], ratio: float, colour: str) -> "dict[str, pd.DataFrame]":
    """Return the table of each quantity: of every curve `mean`, `sem`, `size`, `half`, what is `shown` from `low` to
    `high`, its width and colour.
    """
    import pandas as pd

    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in PARTS}
    for row in rows:
        key = curves.key_of(row)
        if key not in found.rows or key not in found.theory:
            continue
        n = round(ratio * found.width(key))
        known = {"cell": row["cell"], "width": found.width(key), "n_train": n, "colour": repr(row.get(colour))}
        at_n = found.rows[key][found.rows[key]["n_train"] == n]
        gaps = style.mean_over_seeds(curves.from_baseline(at_n), ["n_train"])
        spread = gaps["sem"] * np.sqrt(gaps["size"])
        low, high = spread_interval(spread, gaps["size"])
        tables["theory"].append(_sized(_deviation(at_n, found.theory[key])).assign(**known))
        tables["gap"].append(_sized(gaps).assign(**known))
        tables["spread"].append(gaps.assign(**known, mean=spread, shown=spread, low=low, high=high))
    return {name: pd.concat(some, ignore_index=True) for name, some in tables.items()}


def _sized(points: "pd.DataFrame") -> "pd.DataFrame":
    """Return means over seeds with their size as column `shown`, and the ends of its 95 % interval."""
    size, half = points["mean"].abs(), points["half"]
    return points.assign(shown=size, low=size - half, high=size + half)


def _deviation(rows: "pd.DataFrame", theory: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean over seeds of simulation/theory − 1, the mean over the laws of a seed that the theory covers."""
    expected = theory[theory["converged"]].set_index("n_train")["value"]
    rows = covered(rows[rows["converged"]])
    ratios = rows.assign(value=rows["value"] / expected.reindex(rows["n_train"]).to_numpy() - 1)
    per_seed = ratios.groupby(["seed", "n_train"], as_index=False)["value"].mean()
    return style.mean_over_seeds(per_seed.dropna(), ["n_train"])


def _fit(part: str, points: "pd.DataFrame") -> PowerLaw:
    """The law of a quantity's points, of one colour."""
    if part == "spread":
        return fit_spread(points["width"], points["mean"], points["size"])
    return fit_mean(points["width"], points["mean"], points["sem"], points["size"])


def _two(found: Curves) -> tuple[str, str]:
    """The two laws in words, the baseline last."""
    baseline = baseline_of(found.laws)
    (other,) = (law for law in found.laws if law != baseline)
    return law_words(other), law_words(baseline)


def _labels(found: Curves) -> dict[str, str]:
    other, baseline = _two(found)
    return {
        "theory": "|simulation /\ntheory − 1| (%)",
        "gap": f"|{other} / {baseline}\n− 1| (%)",
        "spread": f"std over seeds of\n{other} / {baseline} (%)",
    }


def _draw_part(axes: "Axes", name: str, points: "pd.DataFrame", palette: Mapping[str, tuple], axis: Axis) -> None:
    """Draw a quantity of every colour: its size with interval, or the upper end of one that holds 0, and its law."""
    for place, (value, (_, colour)) in enumerate(palette.items()):
        some = points[points["colour"] == value].sort_values("width")
        if some.empty:
            continue
        shift = place - (len(palette) - 1) / 2
        x = np.array([axis.aside(width, shift) for width in some["width"]])
        size, low, high = (some[column].to_numpy() for column in ("shown", "low", "high"))
        seen = ~(low <= 0)
        bars = 100 * np.array([size - low, high - size])[:, seen]
        axes.errorbar(x[seen], 100 * size[seen], bars, ls="", marker="o", ms=4.5, elinewidth=0.8, color=colour)
        axes.plot(x[~seen], 100 * high[~seen], ls="", color=colour, **LIMIT)
        if (law := _fit(name, some)).is_known:
            widths = np.array(axis.values)
            axes.plot(widths, 100 * np.abs(law(widths)), color=colour, lw=1.0)
    narrow = points[points["width"] == points["width"].min()]
    reach = 100 * _marks(narrow).max() * narrow["width"].iloc[0]
    axes.plot(axis.values, reach / np.array(axis.values), zorder=0, **GUIDE)


def _set_scale(axes: "Axes", tables: "Sequence[pd.DataFrame]") -> None:
    """Make the axis logarithmic, with all marks on it; one seed has no standard deviation to show."""
    marks = 100 * np.concatenate([_marks(table) for table in tables])
    if (marks > 0).any():
        style.log_ticks(axes)
        axes.set_ylim(marks[marks > 0].min() / 2, 2 * marks[marks > 0].max())


def _marks(points: "pd.DataFrame") -> np.ndarray:
    """Where the marks stand: at the size, or at the upper end of an interval that holds 0."""
    return points["shown"].where(~(points["low"] <= 0), points["high"]).to_numpy()


def _keys(palette: Mapping[str, tuple]) -> "list[Line2D]":
    """The entries of the legend."""
    marks = [
        style.key("mean over seeds,\n95 % interval", marker="o", ms=4.5, color="0.2"),
        style.key("upper end of an\ninterval that holds 0", color="0.2", **LIMIT),
        style.key("fit $a\\,d_L^{-b}$", ls="-", lw=1.0, color="0.2"),
        style.key("slope −1", **GUIDE),
    ]
    return [*(style.key(label, ls="-", color=colour) for label, colour in palette.values()), *marks]


def _findings(
    found: Curves,
    panels: Mapping[Panel, Sequence[Row]],
    parts: "Mapping[Panel, Mapping[str, pd.DataFrame]]",
    palette: Mapping[str, tuple],
) -> list[Finding]:
    """Say of every panel, or of the first and the last of many, how fast each quantity shrinks, and what is left."""
    first, *_, last = [*panels, *panels]
    said = list(panels) if len(panels) <= MOST_SAID else [first, last]
    other, baseline = _two(found)
    names = {
        "theory": "simulation/theory − 1",
        "gap": f"{other}/{baseline} − 1",
        "spread": f"standard deviation over seeds of {other}/{baseline}",
    }
    return [
        _finding(
            f"{plain_text(curves.place_words(panel, panels, panels[panel]))}: {names[name]}",
            name,
            parts[panel][name],
            palette,
        )
        for panel in said
        for name in PARTS
        if name != "spread" or parts[panel][name]["size"].max() > 1
    ]


def _finding(what: str, name: str, points: "pd.DataFrame", palette: Mapping[str, tuple]) -> Finding:
    """The exponent of every colour, and what is left at the largest width; the number is the last colour's exponent."""
    exponents, left = [], []
    for value, (label, _) in palette.items():
        some = points[points["colour"] == value].sort_values("width")
        if some.empty:
            continue
        law, last = _fit(name, some), some.iloc[-1]
        known = f"b = {law.exponent:.2f} (95 % interval {law.low:.2f} to {law.high:.2f})".replace("-", "−")
        exponents.append(f"{known if law.is_known else 'b unknown'} at {plain_text(label)}")
        ends = (last["mean"], last["mean"] - last["half"], last["mean"] + last["half"], int(last["size"]))
        left.append(
            f"{per_cent(last['mean']).strip('+') if name == 'spread' else with_interval(*ends)} at {plain_text(label)}"
        )
    widest = points["width"].max()
    sentence = f"{what} goes as d_L^(−b), {', '.join(exponents)}; at d_L = {widest} it is {', '.join(left)}"
    return Finding(sentence, law.exponent, law.low, law.high, int(points["size"].max()))


figure = Scaling

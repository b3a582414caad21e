"""The largest eigenvalue of XᵀX/n, half the Hessian of the square loss, against n/d_L: its limit and its finite size.

Above, all depths of a cell in colours; below, a panel a depth, how far simulation and its expected mean at this n lie
from the limit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.curves import Curves, key_of
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    depths_in_words,
    law_gaps,
    per_cent,
    plain_text,
    theory_gap,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import Panel, Row
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import DISTINCT, Count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST, FINITE, TRACE = "lambda_max", "lambda_finite", "trace"
LEAST = 100  # samples from which on findings count: with fewer, corrections of order 1/n rival the shift
AGAINST = ("from its limit", "from its mean at finite size")
MARKS = 16  # n of a curve that are marked, evenly in log n
WIDE = 5  # a range, largest over smallest, that asks for a logarithmic axis
APART = 0.025  # of the horizontal axis, between the marks of two laws
SAID = ("network.widths", "network.activation")  # leaves that the words of a network tell
LIMIT = {"lw": 0.8, "ls": (0, (5, 2))}
MEAN = {"lw": 1.5, "ls": "-"}
SIDE, LEAST_WIDTH, HEIGHT, REST = 2.6, 4.2, 5.2, 1.9  # inches of a panel below, of a block, and of the legend
COLUMNS = 4  # panels beside each other, unless one cell has more depths


class Sharpness(FigureRecord, tag="sharpness"):
    """Largest eigenvalue of XᵀX/n against n/d_L."""

    experiments: Experiments
    depth: (
        Annotated[list[Count], Meta(min_length=1, description="numbers of hidden layers; otherwise all"), DISTINCT]
        | None
    ) = None
    metrics = (LARGEST, FINITE, TRACE)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(dict.fromkeys(mistake for cell in facts for mistake in self._mistakes(cell)))
        if not mistakes and len({cell.described for cell in facts}) > 1:
            mistakes = [": cells with a theory and without one do not share a figure; draw one of each"]
        if not mistakes and (count := sum(len(self._depths(cell)) for cell in facts)) > layout.MOST_PANELS:
            mistakes = [f": {count} panels, one a depth, are more than {layout.MOST_PANELS}; choose some by `depth`"]
        yield from mistakes

    def _mistakes(self, cell: Facts) -> list[str]:
        name = f"experiment {cell.experiment!r}"
        if cell.target != "teacher":
            return [f".experiments: {name} must have target teacher, where eigenvalues are measured; choose another"]
        if not cell.sharpness:
            return [f".experiments: {name} does not measure eigenvalues; add `sharpness: true` to it"]
        if _readout_of(cell) is None:
            return [f".experiments: {name} must have a read-out ridge:λ, beside which they are measured; add one"]
        depths = len(cell.widths)
        missing = [depth for depth in self.depth or () if depth > depths]
        return [f".depth: {name} has no depth {missing[0]}; choose from 1 to {depths}"] if missing else []

    def _depths(self, cell: Facts) -> list[int]:
        return sorted(self.depth or range(1, len(cell.dims)))

    def draw(self, tables: Tables) -> Drawing:
        """Draw a block for each cell: all depths above, a panel a depth below."""
        rows = [row for cell in tables.facts for row in self._curves(cell)]
        found = Found(tables, rows)
        panels = layout.panels(rows, tables.facts, "depth", "readout")
        palette = curves.palette_of(sorted(rows, key=lambda row: row["depth"]), "depth")
        figure, blocks = _new_blocks(list(panels.values()), bool(found.limit.deviations))
        names = _names(panels, found.limit.facts)
        for (top, bottoms), drawn, name in zip(blocks, panels.values(), names, strict=True):
            shades = [palette[repr(row["depth"])][1] for row in drawn]
            for row, shade in zip(drawn, shades, strict=True):
                found.draw_values(top, key_of(row), shade)
            for axes, row, shade in zip(bottoms, drawn, shades, strict=False):
                found.draw_deviations(axes, key_of(row), shade)
            _dress(top, bottoms, found, drawn)
            top.set_title(name)
        figure.legend(handles=_keys(found, palette), loc="outside right center")
        figure.suptitle(style.seeds_in_words(tables.readout), fontsize=9)
        style.note(figure, [*found.notes(rows), *_of_outliers(found)])
        said = _findings(found, dict(zip(names, panels.values(), strict=True)))
        return Drawing(figure, _caption(found, tables), said)

    def _curves(self, cell: Facts) -> list[Row]:
        depths, readout = self._depths(cell), _readout_of(cell)
        return [row for row in cell.curves() if row["depth"] in depths and row["readout"] == readout]


def _readout_of(cell: Facts) -> str | None:
    """Return the read-out whose rows are drawn: those of all ridge:λ are alike, and λ > 0 has a theory at every n."""
    kinds = [READOUTS.get(name) for name in cell.readouts if LARGEST in curves.measures(cell, name)]
    return max(kinds, key=lambda kind: kind.fields["ridge"]).name if kinds else None


class Found:
    """What is drawn, by curve.

    Attributes:
        limit, finite, trace: λ_max against its limit and its mean at finite n, and the trace; without a theory
            deviations are from the baseline law.
        outliers: curves whose λ_max stands above the edge at some n that is measured, so that it is not shifted there.
    """

    def __init__(self, tables: Tables, rows: Sequence[Row]) -> None:
        """Sort the tables by the curves in `rows`."""
        shifted = tables.theory
        if shifted is not None:
            shifted = shifted[shifted["metric"] == FINITE].assign(metric=LARGEST)
        self.limit = Curves(tables, rows, {}, LARGEST)
        self.finite = Curves(replace(tables, theory=shifted), rows, {}, LARGEST)
        self.trace = Curves(tables, rows, {}, TRACE)
        keys = map(key_of, rows)
        self.outliers = [key for key in keys if key in self.limit.theory and (self.shift(key) == 0).any()]

    def sizes(self, key: tuple) -> np.ndarray:
        """The n at which a curve is measured."""
        return np.unique(self.limit.facts[key[0]].n_train)

    def line(self, theory: "Mapping[tuple, pd.DataFrame]", key: tuple) -> "pd.Series":
        """Return what the theory says of a curve by n, over the range that is measured; NaN where it has no number."""
        rows, sizes = theory[key].set_index("n_train"), self.sizes(key)
        return rows["value"].where(rows["converged"]).sort_index().loc[sizes[0] : sizes[-1]]

    def shift(self, key: tuple) -> "pd.Series":
        """Return the mean at finite n over the limit − 1 of a curve, by n."""
        return self.line(self.finite.theory, key) / self.line(self.limit.theory, key) - 1

    def draw_values(self, axes: "Axes", key: tuple, shade: Any) -> None:
        """Draw λ_max: limit and mean at finite n as lines, every law as marks."""
        if key in self.limit.theory:
            for theory, look in ((self.limit.theory, LIMIT), (self.finite.theory, MEAN)):
                self._draw_line(axes, key, self.line(theory, key), {**look, "color": shade})
        self._draw_marks(axes, key, self.limit.errors.get(key), {"color": shade}, APART / 3)

    def draw_deviations(self, axes: "Axes", key: tuple, shade: Any) -> None:
        """Draw in per cent how far the mean at finite n and the marks are from the limit, or laws from the baseline."""
        axes.axhline(0, color=shade if self.limit.theory else "0.3", zorder=1, **LIMIT)
        if key in self.limit.theory:
            self._draw_line(axes, key, 100 * self.shift(key), {**MEAN, "color": shade})
        self._draw_marks(axes, key, self.limit.deviations.get(key), {"color": shade, "capsize": 0}, APART, 100)

    def _draw_line(self, axes: "Axes", key: tuple, line: "pd.Series", look: Mapping[str, Any]) -> None:
        alone = {"marker": "_", "ms": 16, "mew": look["lw"]} if len(line) == 1 else {}
        axes.plot(line.index / self.limit.width(key), line, zorder=1, **look, **alone)

    def _draw_marks(
        self, axes: "Axes", key: tuple, points: "pd.DataFrame | None", look: dict, apart: float, scale: float = 1
    ) -> None:
        """Draw means over seeds with their intervals at some n, the laws `apart` of the axis side by side."""
        if points is None:
            return
        sizes, aside = _spread(self.sizes(key)), style.side_by_side(self.limit.laws, apart)
        chosen = points[points["n_train"].isin(sizes)]
        joined = "" if self.limit.theory else "-"
        for law, rows in chosen.groupby("law", observed=True):
            n = rows["n_train"].to_numpy(float)
            span = np.ptp(sizes) or n[0] / 5  # as the axis of one n
            x = n * (sizes[-1] / sizes[0]) ** aside[law] if _is_wide(sizes) else n + aside[law] * span
            pen = {**style.law_look(law, self.limit.laws), "ls": joined and style.law_line(law), "label": None, **look}
            y, bars = scale * rows["mean"], scale * rows["half"]
            axes.errorbar(x / self.limit.width(key), y, bars, lw=0.8, ms=4, elinewidth=0.6, **pen)

    def notes(self, rows: Sequence[Row]) -> list[str]:
        """Return what is to be said below the figure."""
        notes = self.limit.notes(rows, lambda key: self.sizes(key).tolist())
        if any(len(self.sizes(key)) > MARKS for key in map(key_of, rows)):
            notes.append("not every $n$ is marked")
        return [*notes, "marks of one $n$ stand side by side"] if len(self.limit.laws) > 1 else notes


def _spread(sizes: np.ndarray) -> np.ndarray:
    """Return the n that are marked: at most MARKS, evenly in log n."""
    wanted = np.geomspace(sizes[0], sizes[-1], MARKS)
    return sizes if len(sizes) <= MARKS else np.unique([sizes[np.abs(sizes - n).argmin()] for n in wanted])


def _is_wide(values: Sequence[float] | np.ndarray) -> bool:
    return min(values) > 0 and max(values) > WIDE * min(values)


def _new_blocks(drawn: Sequence[Sequence[Row]], compares: bool) -> tuple["Figure", list[tuple]]:
    """Return a figure and the axes of every block: those above, and one a depth below where something is compared."""
    depths = max(map(len, drawn))
    beside = min(len(drawn), max(1, COLUMNS // depths))
    lines, side = -(-len(drawn) // beside), max(SIDE, LEAST_WIDTH / depths)
    ratios = (1.25, 1) if compares else (1,)
    height = lines * HEIGHT * (1 if compares else 0.6)
    figure = style.pyplot().figure(figsize=(REST + side * depths * beside, 0.6 + height), layout="constrained")
    cells = figure.add_gridspec(len(ratios) * lines, depths * beside, height_ratios=ratios * lines)
    blocks = []
    for i, rows in enumerate(drawn):
        line, left = len(ratios) * (i // beside), depths * (i % beside)
        top, below = figure.add_subplot(cells[line, left : left + depths]), []
        for column in range(len(rows) if compares else 0):
            shared = {"sharex": below[0], "sharey": below[0]} if below else {}
            below.append(figure.add_subplot(cells[line + 1, left + column], **shared))
        blocks.append((top, below))
    return figure, blocks


def _dress(top: "Axes", bottoms: "Sequence[Axes]", found: Found, drawn: Sequence[Row]) -> None:
    """Set scales and labels of a block."""
    ratios = [found.sizes(key) / found.limit.width(key) for key in map(key_of, drawn)]
    for axes in (top, *bottoms):
        axes.set_xlabel("samples per feature $n/d_L$")
        if max(map(len, ratios)) == 1:
            axes.set_xlim(0.9 * np.min(ratios), 1.1 * np.max(ratios))
        if any(map(_is_wide, ratios)):
            _log_ticks(axes)
    if _is_wide(top.dataLim.intervaly):
        style.log_ticks(top)
    top.set(ylabel="largest eigenvalue\nof $X^TX/n$")
    theory, laws = bool(found.limit.theory), found.limit.laws
    for axes, row in zip(bottoms, drawn, strict=False):
        axes.set_title("\n".join(_words_of(found, key_of(row))), fontsize=8)
        axes.tick_params(labelleft=axes is bottoms[0])
    if bottoms:
        bottoms[0].set_ylabel("deviation from\nthe limit (%)" if theory else curves.against_baseline(laws))


def _log_ticks(axes: "Axes") -> None:
    """Make the horizontal axis logarithmic, with ticks at 1, 2 and 5 of every decade."""
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()


def _keys(found: Found, palette: Mapping[str, tuple]) -> list:
    """Return the legend's entries: marks of the laws, lines of the theory, colours of the depths."""
    looks = [{**style.law_look(law, found.limit.laws), "color": "0.2", "ms": 5} for law in found.limit.laws]
    if not found.limit.theory:
        looks = [{**look, "ls": style.law_line(law)} for look, law in zip(looks, found.limit.laws, strict=True)]
    lines = [
        style.key("theory: limit", color="0.2", **LIMIT),
        style.key("theory: mean at\nfinite $n$", color="0.2", **MEAN),
    ]
    shades = [style.key(words, ls="-", lw=2.5, color=shade) for words, shade in palette.values()]
    return [*(style.key(**look) for look in looks), *(lines if found.limit.theory else []), *shades]


def _names(panels: Mapping[Panel, Sequence[Row]], facts: Mapping[str, Facts]) -> list[str]:
    """Return the network of every block, after what tells it from the others."""
    cells = [facts[rows[0]["cell"]] for rows in panels.values()]
    networks = [style.describe(cell.dims, cell.activation) + ("" if cell.odd else " (φ not odd)") for cell in cells]
    said = {*SAID, "experiment"} if len(set(networks)) == len(networks) else SAID
    own = [[layout.words(*item) for item in panel if item[0] not in said and item[1] is not None] for panel in panels]
    return [", ".join([*words, network]) for words, network in zip(own, networks, strict=True)]


def _caption(found: Found, tables: Tables) -> str:
    several = tables.readout["seed"].nunique() > 1
    spread = "means over seeds with 95 % confidence intervals" if several else "of one seed"
    said = (
        "Largest eigenvalue λ_max of XᵀX/n against samples per feature n/d_L. The Hessian of the square loss "
        "|y − Xa|²/n in the read-out a is 2 XᵀX/n: neither labels nor read-out enter it, so that quantizing the "
        "read-out cannot change it; quantizing the hidden weights could. Marks are simulation by the law of these "
        f"weights, {spread}."
    )
    if found.limit.theory:
        said += (
            " Dashed, the limit of large n and d_L; solid, the mean expected at this n: where λ_max is the edge of the "
            "spectrum, it lies below by the shift of the Tracy–Widom law, of order n^(−2/3). Below, how far this mean "
            "and simulation are from the limit, in per cent, a panel a depth."
        )
    elif found.limit.deviations:
        said += f" Below, the laws seed by seed: {curves.against_baseline(found.limit.laws)}.".replace("\n", " ")
    return " ".join([said, *(f"{plain_text(text[0].upper() + text[1:])}." for text in _of_outliers(found))])


def _of_outliers(found: Found) -> list[str]:
    """Say where λ_max is not the edge of the bulk, and why; without a theory, of activations that are not odd."""
    facts = found.limit.facts
    above = [facts[key[0]] for key in found.outliers] if found.limit.theory else list(facts.values())
    names = dict.fromkeys(cell.activation.replace("_", " ") for cell in above if not cell.odd)
    alike = "; it is not shifted: solid and dashed coincide" if found.limit.theory else ""
    said, outlier = [], "the largest eigenvalue is an outlier"
    if names:
        said.append(
            f"as φ = {', '.join(names)} is not odd, {outlier} of order $d_L$, by the mean of the features{alike}"
        )
    if found.limit.theory and any(cell.odd for cell in above):
        said.append(f"where one direction of the inputs has the largest variance, {outlier}{alike}")
    return said


def _findings(found: Found, blocks: Mapping[str, Sequence[Row]]) -> list[Finding]:
    """Of every depth λ_max against its limit and its mean at finite n; of every block the laws, and the trace."""
    import pandas as pd

    said = []
    for name, drawn in blocks.items():
        keys = [key_of(row) for row in drawn if key_of(row) in found.limit.rows]
        if not keys:
            continue
        where, least = plain_text(name), _least(found.sizes(keys[0]))
        said += [finding for key in keys for finding in _from_theory(found, key, where)]
        largest, trace = (
            pd.concat([rows[key][rows[key]["n_train"] >= least] for key in keys])
            for rows in (found.limit.rows, found.trace.rows)
        )
        over = f"{where}, {depths_in_words(largest['depth'])}, n ≥ {least}"
        said += law_gaps(largest, ["cell", "depth", "n_train"], over, "λ_max")
        if theories := [found.trace.theory[key] for key in keys if key in found.trace.theory]:
            said += theory_gap(trace, pd.concat(theories), f"{over}, trace")
    return said


def _least(sizes: np.ndarray) -> int:
    """The smallest n that findings count: the first from LEAST on, if there is one."""
    return int(min(sizes[sizes >= LEAST], default=sizes[0]))


def _gaps(found: Found, key: tuple) -> list[Finding]:
    """Return how far λ_max of a curve is from its limit, and from its mean at finite n where they differ."""
    if key not in found.limit.theory or key not in found.limit.rows:
        return []
    rows, least = found.limit.rows[key], _least(found.sizes(key))
    is_shifted = (found.shift(key).loc[least:].abs() > 0).any()
    against = [found.limit, found.finite] if is_shifted else [found.limit]
    return [gap for curve in against for gap in theory_gap(rows[rows["n_train"] >= least], curve.theory[key], "")]


def _words_of(found: Found, key: tuple) -> list[str]:
    """Return what stands above a panel of deviations: its depth, and what its marks are on average."""
    depth, gaps = layout.words("depth", key[1]), _gaps(found, key)
    words = ("from dashed", "from solid") if len(gaps) > 1 else ("from the limit",)
    said = [f"{per_cent(gap.value, 1)} {word}" for gap, word in zip(gaps, words, strict=False)]
    return [f"{depth}, average over $n$ ≥ {_least(found.sizes(key))}:", ", ".join(said)] if said else [depth]


def _from_theory(found: Found, key: tuple, where: str) -> list[Finding]:
    """Return the finding of how far λ_max of a curve is from its limit, and from its mean at finite n."""
    if not (gaps := _gaps(found, key)):
        return []
    parts = [
        f"{with_interval(gap.value, gap.low, gap.high, gap.n_seeds)} {words}"
        for gap, words in zip(gaps, AGAINST, strict=False)
    ]
    where = f"{where}, depth {key[1]}, n ≥ {_least(found.sizes(key))}"
    return [replace(gaps[0], sentence=f"{where}: λ_max {', '.join(parts)}")]


figure = Sharpness

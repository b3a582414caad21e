"""Test error against depth of networks tested as they were trained, and changed in between, and what the change costs.

One-bit weights tested as trained are quantized before training; weights rounded for the test are quantized after it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    depths_in_words,
    interval,
    law_gaps,
    law_means,
    law_words,
    per_cent,
    plain_text,
    theory_gap,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import Count, member_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FIRST, SECOND = "mse", "shifted_mse"  # the metrics: tested as trained, and changed after training
BITS = "test_weights.bits"
SAID = ("noise", "network.widths", "network.activation")  # leaves that words of their own tell
LEAF = "test_"  # what leaves of the second path begin with
SIDE, HEIGHT, LEGEND = 3.3, 6.0, 2.3  # inches of a panel, and of the legend
DASHES = ("--", "-.", (0, (9, 2)), (0, (6, 1.5, 1, 1.5, 1, 1.5)), ":", (0, (1, 3)))  # to tell the lines in grey
APART = 0.12  # of a depth, between the marks of two laws
WIDE = 5  # a range of errors, largest over smallest, that asks for a logarithmic axis
LINEAR = 1.0  # per cent up to which an axis of costs is linear where it is logarithmic beyond
TICKS = (0.5, 1, 3, 10, 30, 100, 300, 1000, 10_000, 100_000)  # of such an axis
ROOM = 0.09  # of the axis of costs, that a mark with its number takes
MOST_NUMBERED = 6  # depths of a panel with numbers beside the marks


class SecondPath(FigureRecord, tag="second_path"):
    """Test MSE against depth at one n, tested as trained and changed in between: quantized before or after training."""

    experiments: Experiments
    n_train: Annotated[Count, Meta(description="n, one of the experiments'")]
    readout: Annotated[str, member_of(READOUTS, "whose error is drawn")] = "ridge:0"
    metrics = (FIRST, SECOND)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(dict.fromkeys(mistake for cell in facts for mistake in self._mistakes(cell)))
        if not mistakes and len({cell.described for cell in facts}) > 1:
            mistakes = [": cells with a theory and without one do not share a figure; draw one of each"]
        if not mistakes and (count := len(panels(facts, self.readout))) > layout.MOST_PANELS:
            mistakes = [f": {count} panels are more than {layout.MOST_PANELS}; draw fewer experiments"]
        if not mistakes and (count := len(changes(facts))) > layout.MOST_COLOURS:
            mistakes = [f": {count} changes after training are more than {layout.MOST_COLOURS} colours"]
        yield from mistakes

    def _mistakes(self, cell: Facts) -> list[str]:
        experiment, name = f"experiment {cell.experiment!r}", f"experiment {cell.cell!r}"
        if cell.target != "teacher":
            return [f": {experiment} must have target teacher"]
        if cell.labels == "sign":
            return [f": {experiment} must have labels linear: the MSE is drawn, not an error rate"]
        if not cell.changed:
            return [f": {name} is tested as it was trained; give it test_inputs, test_weights or test_readout"]
        if self.readout not in cell.readouts:
            return [f": {experiment} must have the read-out {self.readout}"]
        if not {FIRST, SECOND} <= curves.measures(cell, self.readout):
            return [f".readout: {self.readout} has no test MSE; use ridge:λ"]
        if self.n_train not in cell.n_train:
            return [f".n_train: {self.n_train} is not among the sample sizes of {name}: {layout.listed(cell.n_train)}"]
        if len(self._exact_depths(cell)) == len(cell.widths):
            exact = "without noise the teacher is recovered exactly at n ≥ d_L, and any change costs infinitely more"
            return [f".n_train: must be below {max(cell.widths)}, the largest width of {name}: {exact}"]
        return []

    def _exact_depths(self, cell: Facts) -> list[int]:
        """Depths where the first path recovers the teacher exactly: its error there is rounding, and not drawn."""
        exact = self.readout == "ridge:0" and cell.noise == 0
        return [depth for depth, width in enumerate(cell.widths, 1) if exact and self.n_train >= width]

    def draw(self, tables: Tables) -> Drawing:
        """Draw the errors above and the costs below, a panel for all cells that differ in the second path alone."""
        facts, drawn = tables.facts, panels(tables.facts, self.readout)
        exact = {(cell.cell, depth) for cell in facts for depth in self._exact_depths(cell)}
        found = Found(self._chosen(tables.readout), self._chosen(tables.theory), exact)
        pens = pens_of(facts)
        figure, axes = curves.new_panels(len(drawn), share=False, ratios=(1, 1))
        columns, rows = min(len(axes), curves.COLUMNS), -(-len(axes) // curves.COLUMNS)
        figure.set_size_inches(LEGEND + SIDE * columns, HEIGHT * rows)
        figure.get_layout_engine().set(w_pad=0.08)
        for pair, cells in zip(axes, drawn.values(), strict=True):
            _draw_panel(pair, found, cells, pens)
        is_symlog = _set_scales(axes, found)
        for (_, bottom), cells in zip(axes, drawn.values(), strict=True):
            if len(cells[0].widths) <= MOST_NUMBERED:
                _write_costs(bottom, found, cells)
        rows_of = {panel: [{"cell": cell.cell} for cell in cells] for panel, cells in drawn.items()}
        titles = curves.panel_titles(rows_of, {cell.cell: cell for cell in facts})
        for (top, _), title in zip(axes, titles, strict=True):
            top.set_title(title)
        figure.legend(handles=_keys(found, facts, pens), loc="outside right center")
        said = f"n = {self.n_train}, {layout.readout_words(self.readout)}; {style.seeds_in_words(found.readout)}"
        figure.suptitle("\n".join([_headline(found, facts), ", ".join(curves.describe_cells(facts)), said]), fontsize=9)
        style.note(figure, found.notes(is_symlog))
        return Drawing(figure, self._caption(found, facts), self._findings(found, drawn))

    def _chosen(self, table: "pd.DataFrame | None") -> "pd.DataFrame | None":
        """Return the rows of the figure's n and read-out."""
        if table is None:
            return None
        return table[(table["n_train"] == self.n_train) & (table["readout"] == self.readout)].astype({"cell": str})

    def _caption(self, found: "Found", facts: Sequence[Facts]) -> str:
        baseline, lines = law_words(found.baseline), "Lines are theory, marks simulation by law of the weights"
        spread = "means over seeds with 95 % confidence intervals" if found.several else "of one seed"
        if found.theory is None:
            lines = "Marks are simulation by law of the weights, joined by lines"
        before = " One-bit weights are signs before training." if "one_bit" in found.laws and rounds(facts) else ""
        after = "; ".join(plain_text(words) for words in dict.fromkeys(map(words_of, changes(facts))))
        averaged = " The error is averaged over all teachers without sampling." if found.averaged else ""
        return (
            f"Test MSE against depth at n = {self.n_train}, {layout.readout_words(self.readout)}. Black: the network "
            f"tested as it was trained.{before} In colours: the same network and read-out, tested after a change "
            f"({after}). {lines}, {spread}. Below, the cost of each: its error over that of {baseline} weights tested "
            f"as trained, at the same depth and seed by seed.{averaged}{curves.not_odd(facts)}"
        )

    def _findings(self, found: "Found", drawn: Mapping[layout.Panel, Sequence[Facts]]) -> list[Finding]:
        """Of every panel the gaps between laws tested as trained; of every cell what the change costs."""
        said = []
        for panel, cells in drawn.items():
            own = [plain_text(layout.words(name, value)) for name, value in panel if name not in SAID]
            network = [style.describe(cells[0].dims, cells[0].activation), style.noise_in_words(cells[0].noise)]
            where = ", ".join([*own, *network, f"n = {self.n_train}", layout.readout_words(self.readout)])
            said += _before(found, cells, where)
            for cell in cells:
                said += _after(found, cell, where)
        return said


Change = tuple[tuple[str, Any], ...]  # (leaf, value) of what is swept of a second path


def change_of(cell: Facts) -> Change:
    """Return the swept leaves of a cell's second path with their values."""
    return tuple((leaf, value) for leaf, value in cell.swept.items() if leaf.startswith(LEAF))


def changes(facts: Sequence[Facts]) -> list[Change]:
    """Return the second paths of the cells, each once."""
    return list(dict.fromkeys(map(change_of, facts)))


def rounds(facts: Sequence[Facts]) -> bool:
    """Whether weights are rounded after training in all cells."""
    return all(BITS in cell.swept for cell in facts)


def words_of(change: Change) -> str:
    """Spell what was done after training: `signs after training`, `2 bits after training`."""
    if not change:
        return "changed after training"
    return ", ".join(_bits_in_words(value) if leaf == BITS else layout.words(leaf, value) for leaf, value in change)


def _bits_in_words(bits: Any) -> str:
    if not isinstance(bits, int):
        return "weights kept"
    return "signs after training" if bits == 1 else f"{bits} bits after training"


def panels(facts: Sequence[Facts], readout: str) -> dict[layout.Panel, list[Facts]]:
    """Return the cells of every panel: those that differ in the second path alone."""
    by_cell = {cell.cell: cell for cell in facts}
    rows = [row for cell in facts for row in cell.curves() if row["readout"] == readout]
    leaves = [leaf for leaf in layout.swept_leaves(facts) if leaf.startswith(LEAF)]
    found = layout.panels(rows, facts, "depth", *leaves)
    return {panel: [by_cell[name] for name in dict.fromkeys(row["cell"] for row in of)] for panel, of in found.items()}


@dataclass(frozen=True)
class Pen:
    """Colour and dashes of what was done, and its words."""

    colour: Any
    dashes: Any
    words: str

    @property
    def line(self) -> dict[str, Any]:
        """The look of its line."""
        return {"color": self.colour, "ls": self.dashes, "lw": 1.2}


def pens_of(facts: Sequence[Facts]) -> dict[Change | None, Pen]:
    """Return the pen of every second path, and of networks tested as trained under None."""
    found = changes(facts)
    shades = style.colours(len(found) + 1)[1:]  # the darkest is too near to black
    pens = {
        change: Pen(shade, DASHES[place % len(DASHES)], words_of(change))
        for place, (change, shade) in enumerate(zip(found, shades, strict=True))
    }
    return {None: Pen("black", "-", "tested as trained"), **pens}


class Found:
    """What is drawn, of one n and read-out.

    Attributes:
        readout, theory: rows without those of the first path whose error is exactly 0; `theory` None without any.
        costs: rows of `readout` whose `value` is that over the baseline law's on the first path − 1, of the same seed.
        laws, baseline: the laws of the weights, and the one that costs are counted from.
        offsets: by which depth the marks of each law are moved aside.
        averaged: whether the errors are averaged over all teachers.
        several: whether there are several seeds.
        is_exact: whether errors that are 0 but for rounding were left out.
    """

    def __init__(
        self, readout: "pd.DataFrame", theory: "pd.DataFrame | None", exact: Collection[tuple[str, int]]
    ) -> None:
        """Sort the rows; `exact` are the cells and depths whose first path is not drawn."""
        self.theory = None if theory is None or theory.empty else theory
        averaged = readout.loc[readout["estimator"] == "teacher_averaged", "cell"].unique()
        sharpest = (readout["estimator"] == "teacher_averaged") | ~readout["cell"].isin(averaged)
        drawn = [key not in exact for key in zip(readout["cell"], readout["depth"], strict=True)]
        self.readout = readout[sharpest & (np.array(drawn, bool) | (readout["metric"] != FIRST))]
        self.laws = list(self.readout["law"].unique())
        self.baseline, self.offsets = baseline_of(self.laws), style.side_by_side(self.laws, APART)
        self.averaged, self.several = bool(readout["cell"].isin(averaged).all()), readout["seed"].nunique() > 1
        self.is_exact = len(self.readout) < sharpest.sum()
        self.costs = _over(self.readout, self.baseline)
        by = ["cell", "metric", "law", "depth"]
        self._means = {"error": style.mean_over_seeds(self.readout, by), "cost": style.mean_over_seeds(self.costs, by)}

    @staticmethod
    def rows(table: "pd.DataFrame", cell: str, metric: str) -> "pd.DataFrame":
        """Return the rows of a cell and a metric."""
        return table[(table["cell"] == cell) & (table["metric"] == metric)]

    def points(self, what: str, cell: str, metric: str) -> "dict[str, pd.DataFrame]":
        """Return the means over seeds of the `error` or the `cost` by law, a row for each depth."""
        rows = self.rows(self._means[what], cell, metric)
        return {law: of_law for law in self.laws if len(of_law := rows[rows["law"] == law])}

    def line(self, what: str, cell: str, metric: str) -> "pd.Series":
        """Return the predicted `error` or `cost` by depth, where there is one."""
        import pandas as pd

        if self.theory is None:
            return pd.Series(dtype=float)
        rows = self.theory[(self.theory["cell"] == cell) & self.theory["converged"] & (self.theory["value"] > 0)]
        error, first = (rows[rows["metric"] == name].set_index("depth")["value"] for name in (metric, FIRST))
        return (error if what == "error" else error / first - 1).dropna().sort_index()

    def notes(self, symlog: bool) -> list[str]:
        """Return what is to be said below the figure of its points and axes."""
        exact = [curves.EXACT[0]] if self.is_exact else []
        axis = [f"costs: linear within ±{LINEAR:g} % (shaded), logarithmic beyond"] if symlog else []
        return [*style.count_not_found(self.theory, self.readout), *exact, *axis]


def _over(readout: "pd.DataFrame", baseline: str) -> "pd.DataFrame":
    """Return rows whose `value` is that over the baseline law's on the first path, of the same seed and depth, − 1."""
    import pandas as pd

    keys, found = ["cell", "depth", "seed"], readout[readout["converged"]]
    first = found[(found["metric"] == FIRST) & (found["law"] == baseline)].set_index(keys)["value"]
    same = first.reindex(pd.MultiIndex.from_frame(found[keys])).to_numpy()
    return found.assign(value=found["value"] / same - 1).dropna(subset="value")


def _draw_panel(pair: tuple, found: Found, cells: Sequence[Facts], pens: Mapping[Change | None, Pen]) -> None:
    """Draw the first path of some cells, which they share, and the second of each."""
    _draw_case(*pair, found, (cells[0].cell, FIRST), pens[None])
    for cell in cells:
        _draw_case(*pair, found, (cell.cell, SECOND), pens[change_of(cell)])
    style.whole_depths(pair[1], range(1, len(cells[0].dims)))
    pair[1].set_xlim(0.6, 0.5 + 1.1 * len(cells[0].widths))  # room for the last number


def _draw_case(top: "Axes", bottom: "Axes", found: Found, case: tuple[str, str], pen: Pen) -> None:
    """Draw the theory as a line and every law's means as marks: the errors, and in per cent what they cost.

    Args:
        top, bottom: axes of errors and costs.
        found: what is drawn.
        case: cell and metric.
        pen: of what was done.
    """
    for axes, what, scale in ((top, "error", 1), (bottom, "cost", 100)):
        line = found.line(what, *case)
        if len(line):
            axes.plot(line.index, scale * line, **pen.line, **({"marker": "_", "ms": 14} if len(line) == 1 else {}))
        for law, rows in found.points(what, *case).items():
            if what == "cost" and case[1] == FIRST and law == found.baseline:
                continue
            joined = {} if found.theory is not None else pen.line
            look = {"ls": "", **style.law_look(law, found.laws), **joined, "color": pen.colour, "label": None}
            x, y, bars = rows["depth"] + found.offsets[law], scale * rows["mean"], scale * rows["half"]
            axes.errorbar(x, y, bars, ms=5.5, elinewidth=0.9, **look)


def _set_scales(axes: Sequence[tuple], found: Found) -> bool:
    """Label the axes, and make those of errors logarithmic where they range widely.

    Returns:
        whether those of costs are linear about 0 and logarithmic beyond: where some are far from 0.
    """
    (low, high), costs = (_range(column) for column in zip(*axes, strict=True))
    is_symlog = max(map(abs, costs)) > 5 * LINEAR
    for top, bottom in axes:
        if low > 0 and high > WIDE * low:
            style.log_ticks(top)
        if is_symlog:
            _make_symlog(bottom)
        else:
            bottom.margins(y=0.15)
    for i in curves.first_of_lines(len(axes)):
        axes[i][0].set_ylabel("test MSE" + ("\n(averaged over teachers)" if found.averaged else ""))
        axes[i][1].set_ylabel(f"cost: test MSE over that of\n{law_words(found.baseline)} as trained − 1 (%)")
    return is_symlog


def _range(axes: "Sequence[Axes]") -> tuple[float, float]:
    """The least and the largest value that some axes show."""
    ends = [panel.dataLim.intervaly for panel in axes]
    return float(np.min(ends)), float(np.max(ends))


def _make_symlog(axes: "Axes") -> None:
    low, high = _range([axes])
    axes.set_yscale("symlog", linthresh=LINEAR, linscale=0.6)
    axes.axhspan(-LINEAR, LINEAR, color="0.95", zorder=-1, lw=0)
    axes.set_ylim(min(-1.2 * LINEAR, 1.3 * low), max(1.2 * LINEAR, 3 * high))
    bottom, top = axes.get_ylim()
    ticks = [tick for size in TICKS for tick in (size, -size) if bottom <= tick <= top]
    axes.set_yticks([0, *ticks], labels=["0", *(f"{tick:g}".replace("-", "−") for tick in ticks)])
    axes.minorticks_off()


def _write_costs(axes: "Axes", found: Found, cells: Sequence[Facts]) -> None:
    """Write the costs at their marks: of one law on each second path, of every other law tested as trained."""
    written: dict[int, list[float]] = {}
    for cell, metric in [*((cell, SECOND) for cell in cells), (cells[0], FIRST)]:
        by_law = found.points("cost", cell.cell, metric)
        shown = list(by_law)[:1] if metric == SECOND else [law for law in by_law if law != found.baseline]
        for name, row in ((law, row) for law in shown for row in by_law[law].itertuples()):
            place = _height(axes, 100 * row.mean)
            if all(abs(place - other) > ROOM for other in written.setdefault(row.depth, [])):
                written[row.depth].append(place)
                _write(axes, (row.depth + found.offsets[name], row.mean), above=metric == SECOND)


def _write(axes: "Axes", at: tuple[float, float], above: bool) -> None:
    """Write a cost above its mark, or beside it on the side that the line at 0 does not cross."""
    from matplotlib.patheffects import withStroke

    x, cost = at
    digits = 2 if abs(cost) < 0.01 else 1 if abs(cost) < 0.1 else 0
    up = {"va": "bottom", "xytext": (7, 1)} if cost >= 0 else {"va": "top", "xytext": (7, -1)}
    place = {"xytext": (0, 6), "ha": "center", "path_effects": [withStroke(linewidth=2, foreground="white")]}
    look = {"textcoords": "offset points", "fontsize": 6.5, "color": "0.2", **(place if above else up)}
    axes.annotate(per_cent(cost, digits), (x, 100 * cost), **look)


def _height(axes: "Axes", value: float) -> float:
    """Where a value stands on the vertical axis, from 0 to 1."""
    low, high, place = axes.yaxis.get_transform().transform(np.array([*axes.get_ylim(), value]))
    return float((place - low) / (high - low))


def _keys(found: Found, facts: Sequence[Facts], pens: Mapping[Change | None, Pen]) -> list:
    """Return the legend's entries: marks of the laws, lines of what was done."""
    looks = {law: style.law_look(law, found.laws) for law in found.laws}
    labels = {law: looks[law]["label"] for law in found.laws}
    if "one_bit" in labels and rounds(facts):
        labels["one_bit"] += ":\nsigns before training"
    marks = [style.key(**{**looks[law], "ms": 5.5, "color": "0.2", "label": labels[law]}) for law in found.laws]
    lines = [style.key(pen.words, **pen.line) for pen in pens.values()]
    head = "lines: theory" if found.theory is not None else "lines and colours"
    return [style.key("marks: simulation"), *marks, style.key(" "), style.key(head), *lines]


def _headline(found: Found, facts: Sequence[Facts]) -> str:
    if not rounds(facts):
        return "The network tested as it was trained, and changed after training"
    if "one_bit" not in found.laws:
        return "Hidden weights quantized after training"
    return "Hidden weights: quantize then train, against train then quantize"


def _before(found: Found, cells: Sequence[Facts], where: str) -> list[Finding]:
    """Return what every law but the baseline costs, tested as trained, over all depths."""
    rows, said = found.rows(found.readout, cells[0].cell, FIRST), []
    for law, cost, n_seeds in law_means(rows, ["depth"]):
        what = "signs before training" if law == "one_bit" and rounds(cells) else f"{law_words(law)} weights"
        text = f"{where}, {what}, {depths_in_words(rows['depth'])}: test MSE {with_interval(*cost, n_seeds)}"
        said.append(Finding(f"{text} over {law_words(found.baseline)} weights, tested as trained", *cost, n_seeds))
    return said


def _after(found: Found, cell: Facts, where: str) -> list[Finding]:
    """Return what a cell's change costs at the first and the last depth, and over all the gaps of laws and theory."""
    rows = found.rows(found.readout, cell.cell, SECOND)
    if rows.empty:
        return []
    where = f"{where}, {plain_text(words_of(change_of(cell)))}"
    ends = dict.fromkeys([rows["depth"].min(), rows["depth"].max()])
    said = [cost for depth in ends for cost in _cost(found, cell, depth, where)]
    over = f"{where}, {depths_in_words(rows['depth'])}"
    said += law_gaps(rows, ["depth"], over)
    if found.theory is not None:
        said += theory_gap(rows, found.rows(found.theory, cell.cell, SECOND), f"{over}, test MSE")
    return said


def _cost(found: Found, cell: Facts, depth: int, where: str) -> list[Finding]:
    """Return what a cell's change costs at one depth, of the baseline law or the first that is changed; if anything."""
    costs = found.rows(found.costs, cell.cell, SECOND)
    costs = costs[costs["depth"] == depth]
    changed = list(costs["law"].unique())
    if not changed:
        return []
    law = found.baseline if found.baseline in changed else changed[0]
    by_seed = costs[costs["law"] == law].set_index("seed")["value"]
    cost, line = interval(by_seed), found.line("cost", cell.cell, SECOND)
    of_law = "" if law == found.baseline else f" of {law_words(law)} weights"
    text = f"{where}, L = {depth}: test MSE{of_law} {with_interval(*cost, len(by_seed), 1)}"
    theory = f"; theory {per_cent(line[depth], 1)}" if depth in line else ""
    over = f"over {law_words(found.baseline)} weights tested as trained"
    return [Finding(f"{text} {over}{theory}", *cost, len(by_seed))]


figure = SecondPath

"""A read-out at few bits: rounded after training, trained as the noise model has it, trained straight through.

Test MSE above and training MSE below, against the bits of the read-out; the float read-out is a horizontal line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    depths_in_words,
    interval,
    per_cent,
    plain_text,
    theory_gap,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import Row
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import DISTINCT, Count, NonNegative
from onebit_rf.model.registry import number_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MOST_COLUMNS = 6
SIDE, HEIGHT, LEAST_WIDTH = 2.4, 2.4, 4.4  # inches of a panel's sides, and of the narrowest figure
LETTERS = 20  # of a note, in an inch
KEYS = 3  # of the legend, in a line
APART = {"mse": 0.09, "train_mse": 0.0}  # of a bit, between marks of one number; training errors are steep and sharp
FLOAT = "float"
EXACT = 1e-12  # a training error below it is 0 but for rounding: the labels are fitted exactly
DASHED = (0, (4, 1.5))


@dataclass(frozen=True)
class Method:
    """A way to come by a read-out of few bits, how it is drawn, and how a sentence calls it at so many bits."""

    label: str
    sentence: str
    colour: str
    line: Any = "-"


METHODS = {  # by learner
    "rounded": Method("rounded after training", "rounded after training to {}", "#0072B2"),
    "noise": Method("noise model", "noise model of {}", "#009E73", DASHED),
    "straight_through": Method("trained straight through", "trained straight through to {}", "#D55E00", ":"),
}
COMPARED = [("rounded", FLOAT), ("noise", FLOAT), ("straight_through", FLOAT), ("straight_through", "rounded")]


class Rounding(FigureRecord, tag="rounding"):
    """Test and training MSE of a read-out against its bits, at one n and λ."""

    experiments: Experiments
    n_train: Annotated[Count, Meta(description="n, one of the experiments'")]
    depth: Annotated[list[Count], Meta(min_length=1, description="depths, a column each; otherwise all"), DISTINCT] | (
        None
    ) = None
    ridge: Annotated[NonNegative, Meta(description="λ of all read-outs")] = 0.0
    law: Annotated[str | None, Meta(description="the law of the weights; otherwise all")] = None

    metrics = tuple(APART)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(dict.fromkeys(mistake for cell in facts for mistake in self._mistakes(cell)))
        if not mistakes and (columns := len(self._panels(facts))) > MOST_COLUMNS:
            mistakes = [f".depth: {columns} columns, one a depth and cell, are more than {MOST_COLUMNS}; choose depths"]
        yield from mistakes

    def _mistakes(self, cell: Facts) -> Iterator[str]:
        name = f"experiment {cell.experiment!r}"
        if cell.target != "teacher" or cell.labels == "sign":
            yield f".experiments: {name} must have target teacher and labels linear; choose one that does"
        elif not cell.described:
            yield f".experiments: {name} must use Gaussian inputs, which the theory line assumes; choose one that does"
        elif self._float not in cell.readouts:
            yield f".ridge: {name} must have the read-out {self._float}; add it, or choose another λ"
        elif not self._readouts(cell):
            kinds = ", ".join(f"{kind}:BITS{self._penalty}" for kind in layout.ROUNDINGS)
            yield f".ridge: {name} must have a read-out of {kinds}; add one, or choose another λ"
        elif self.n_train not in cell.n_train:
            sizes = layout.listed(cell.n_train)
            yield f".n_train: {self.n_train} is not among the sample sizes of {name}; choose from {sizes}"
        elif self.law is not None and self.law not in cell.laws:
            yield f".law: {self.law!r} is not among the laws of the weights; choose from {layout.listed(cell.laws)}"
        elif missing := [depth for depth in self._depths(cell) if depth > len(cell.widths)]:
            yield f".depth: {name} has no depth {missing[0]}; choose from 1 to {len(cell.widths)}"
        elif self._is_exact(cell):
            exact = "without noise the teacher is recovered exactly at n ≥ d_L, and there is no error to divide by"
            yield f".n_train: must be below the widths of {name}: {exact}; choose a smaller n, or λ > 0"

    @property
    def _float(self) -> str:
        return f"ridge:{number_text(self.ridge)}"

    @property
    def _penalty(self) -> str:
        """How λ is spelled in the names of the other read-outs."""
        return f",{number_text(self.ridge)}" if self.ridge else ""

    def _depths(self, cell: Facts) -> Sequence[int]:
        return self.depth or range(1, len(cell.dims))

    def _is_exact(self, cell: Facts) -> bool:
        narrowest = min(cell.widths[depth - 1] for depth in self._depths(cell))
        return self.ridge == 0 and cell.noise == 0 and self.n_train >= narrowest

    def _readouts(self, cell: Facts) -> dict[str, tuple[str, int]]:
        """Return the cell's read-outs of few bits at this λ, each with its method and its bits."""
        kinds = {name: READOUTS.get(name) for name in cell.readouts}
        return {
            name: (kind.learner, _bits(name))
            for name, kind in kinds.items()
            if kind.learner in METHODS and kind.fields["ridge"] == self.ridge
        }

    def _panels(self, facts: Sequence[Facts]) -> dict[layout.Panel, list[Row]]:
        """Return the columns: the curve of the float read-out at every cell and depth."""
        rows = [
            row
            for cell in facts
            for depth in self._depths(cell)
            for row in cell.curves()
            if row["readout"] == self._float and row["depth"] == depth
        ]
        return layout.panels(rows, facts)

    def draw(self, tables: Tables) -> Drawing:
        """Draw the test error above and the training error below, a column for each cell and depth."""
        panels = self._panels(tables.facts)
        rows = [row for (row,) in panels.values()]
        named = {cell.cell: self._readouts(cell) for cell in tables.facts}
        readout, theory = (self._chosen(table, rows, named) for table in (tables.readout, tables.theory))
        laws, bits = list(readout["law"].unique()), sorted({bits for of in named.values() for _, bits in of.values()})
        used = [name for name in METHODS if any(name == method for of in named.values() for method, _ in of.values())]
        figure, axes, below = _new_columns(len(panels), -(-(len(laws) + len(used) + 1) // KEYS))
        titles = curves.panel_titles(panels, {cell.cell: cell for cell in tables.facts})
        for title, row, column in zip(titles, rows, axes.T, strict=True):
            own = [_points(table, row, named[row["cell"]], bits[-1] + 1) for table in (readout, theory)]
            for panel, (metric, apart) in zip(column, APART.items(), strict=True):
                _draw_panel(panel, *(table[table["metric"] == metric] for table in own), Pen(laws, used, apart))
            column[0].set_title(title)
        _dress(axes, bits)
        style.legend_below(below, _keys(laws, used), KEYS if len(panels) > 1 else KEYS - 1)
        said = f"n = {self.n_train}, λ = {self.ridge:g}; {style.seeds_in_words(readout)}"
        figure.suptitle("\n".join([", ".join(curves.describe_cells(tables.facts)), said]), fontsize=9)
        notes = "; ".join(_notes(theory, readout))
        style.note(figure, [fill(notes, int(LETTERS * figure.get_figwidth()))])
        found = [*self._compared(readout, theory, panels, named), *self._against_theory(readout, theory, named)]
        return Drawing(figure, self._caption(used, tables.facts), found)

    def _chosen(self, table: "pd.DataFrame", rows: Sequence[Row], named: dict[str, dict]) -> "pd.DataFrame":
        """Return the rows of the figure's n, cells, depths, read-outs and law, of the sampled teachers."""
        places = {(row["cell"], row["depth"], name) for row in rows for name in (self._float, *named[row["cell"]])}
        there = [place in places for place in zip(*(table[name] for name in curves.CURVE), strict=True)]
        table = table[there & (table["n_train"] == self.n_train).to_numpy()]
        if "law" not in table:
            return table
        table = table[table["estimator"] == "sampled_teacher"]
        return table if self.law is None else table[table["law"] == self.law]

    def _caption(self, used: Sequence[str], facts: Sequence[Facts]) -> str:
        noise = (
            " The noise model is ridge regression whose weights are under noise as strong as the grid's steps, and "
            "tested as trained: it stands for what training under rounding is often taken to be."
        )
        straight = " Straight-through training has no theory: a thin line joins its marks."
        return (
            f"Test MSE (above) and training MSE (below) against the bits of the read-out at n = {self.n_train} and "
            f"λ = {self.ridge:g}. Lines are theory, marks are simulation with random teachers; the horizontal line is "
            "the read-out that is not rounded. Above, lines and marks of one number of bits stand side by side."
            f"{noise if 'noise' in used else ''}"
            f"{straight if 'straight_through' in used else ''}{curves.not_odd(facts)}"
        )

    def _compared(
        self, readout: "pd.DataFrame", theory: "pd.DataFrame", panels: dict, named: dict
    ) -> Iterator[Finding]:
        """Yield for every column and pair of methods the test error of one over that of the other, − 1, at few bits.

        It is at the fewest bits of the one, of the same seed and law, and the mean over laws.
        """
        for panel, (row,) in panels.items():
            told = {**{name: value for name, value in panel if value is not None}, "depth": row["depth"]}
            words = [layout.words(name, value) for name, value in told.items()]
            where = plain_text(", ".join([*words, f"n = {self.n_train}", f"λ = {self.ridge:g}"]))
            there = {place: name for name, place in named[row["cell"]].items()}
            for method, base in COMPARED:
                bits = min((b for m, b in there if m == method), default=0)
                pair = there.get((method, bits), ""), self._float if base == FLOAT else there.get((base, bits), "")
                gaps = _relative(_of(readout, row), *pair, ["law", "seed"]).groupby("seed").mean()
                if len(gaps):
                    gap, expected = interval(gaps), _relative(_of(theory, row), *pair, ["cell"])
                    known = f"; theory {per_cent(expected.item(), 1)}" if len(expected) else ""
                    how = METHODS[method].sentence.format(_bits_in_words(bits))
                    against = METHODS[base].label if base in METHODS else base
                    said = f"test MSE against {against} {with_interval(*gap, len(gaps), 1)}{known}"
                    yield Finding(f"{where}: {how}, {said}", *gap, len(gaps))

    def _against_theory(self, readout: "pd.DataFrame", theory: "pd.DataFrame", named: dict) -> Iterator[Finding]:
        """Yield how far each method that has a theory is from it, mean over columns, bits and laws."""
        where = f"{depths_in_words(readout['depth'])}, n = {self.n_train}, λ = {self.ridge:g}, test MSE"
        for method, look in METHODS.items():
            names = [name for of in named.values() for name, (m, _) in of.items() if m == method]
            tables = [table[table["readout"].isin(names) & (table["metric"] == "mse")] for table in (readout, theory)]
            bits = sorted(set(map(_bits, names)))
            which = f"{bits[0]} to {bits[-1]} bits" if len(bits) > 1 else "".join(map(_bits_in_words, bits))
            yield from theory_gap(*tables, f"{look.label}, {which}, {where}")


def _bits(readout: str) -> int:
    """BITS of a read-out KIND:BITS or KIND:BITS,λ."""
    return int(readout.partition(":")[2].partition(",")[0])


def _bits_in_words(bits: int) -> str:
    return f"{bits} bit{'s' * (bits > 1)}"


def _of(table: "pd.DataFrame", row: Row) -> "pd.DataFrame":
    """Return the test errors of a column."""
    return table[(table["cell"] == row["cell"]) & (table["depth"] == row["depth"]) & (table["metric"] == "mse")]


def _relative(rows: "pd.DataFrame", name: str, base: str, keys: list[str]) -> "pd.Series":
    """Return value(name)/value(base) − 1 of the same `keys`, of what was found."""
    found = rows[rows["converged"]]
    one, other = (found[found["readout"] == readout].set_index(keys)["value"] for readout in (name, base))
    return (one / other - 1).dropna()


def _points(table: "pd.DataFrame", row: Row, named: dict[str, tuple[str, int]], last: int) -> "pd.DataFrame":
    """Return the rows of a column that were found and are not 0, with their method and their bits, `last` of float."""
    rows = table[(table["cell"] == row["cell"]) & (table["depth"] == row["depth"])]
    rows = rows[rows["converged"] & (rows["value"] > EXACT)]
    known = [named.get(str(name), (FLOAT, last)) for name in rows["readout"]]
    return rows.assign(method=[method for method, _ in known], bits=[bits for _, bits in known])


def _new_columns(count: int, lines: int) -> "tuple[Figure, Any, Axes]":
    """Return a figure, its axes of test errors above and training errors below, (2, count), and those of the legend."""
    heights = [HEIGHT, HEIGHT, 0.18 * lines]
    width = max(LEAST_WIDTH, 0.8 + SIDE * count)
    figure = style.pyplot().figure(figsize=(width, sum(heights) + 0.9), layout="constrained")
    spec = figure.add_gridspec(3, count, height_ratios=heights)
    axes = spec[:2, :].subgridspec(2, count).subplots(sharex=True, sharey="row", squeeze=False)
    return figure, axes, figure.add_subplot(spec[2, :])


@dataclass(frozen=True)
class Pen:
    """Which laws and methods are drawn, and how far apart their marks of one number of bits are."""

    laws: Sequence[str]
    methods: Sequence[str]
    apart: float

    @property
    def beside(self) -> dict[str, float]:
        """By how much the marks of each law are moved aside."""
        return style.side_by_side(self.laws, self.apart)

    @property
    def aside(self) -> dict[str, float]:
        """By how much the line and the marks of each method are, and those of the float read-out."""
        return {FLOAT: 0.0, **style.side_by_side(self.methods, self.apart * len(self.laws))}


def _draw_panel(axes: "Axes", readout: "pd.DataFrame", theory: "pd.DataFrame", pen: Pen) -> None:
    """Draw theory as lines, the float read-out's horizontal, and the means over seeds of every law as marks.

    Each method's line and marks are moved aside together, so that the marks lie on the line.
    """
    for value in theory.loc[theory["method"] == FLOAT, "value"]:
        axes.axhline(value, color=style.THEORY["color"], lw=1.0, zorder=1)
    for name, shift in pen.aside.items():
        look = METHODS.get(name, Method(FLOAT, "", style.THEORY["color"]))
        line = theory[theory["method"] == name].sort_values("bits")
        if name != FLOAT:
            axes.plot(line["bits"] + shift, line["value"], color=look.colour, ls=look.line, lw=1.2, zorder=1)
        joined = {"ls": look.line if line.empty and name != FLOAT else "", "lw": 0.7}
        points = style.mean_over_seeds(readout[readout["method"] == name], ["law", "bits"])
        for law, rows in points.groupby("law", observed=True):
            own = {**style.law_look(law, pen.laws), "color": look.colour, "label": None, **joined}
            x = rows["bits"] + shift + pen.beside[law]
            axes.errorbar(x, rows["mean"], rows["half"], ms=4.5, elinewidth=0.8, **own)


def _dress(axes: Any, bits: Sequence[int]) -> None:
    """Label the axes: linear from 0 above, logarithmic below, where a bit is about a factor of four."""
    for bottom in axes[1]:
        bottom.set_xticks([*bits, bits[-1] + 1], labels=[*map(str, bits), FLOAT])
        bottom.set_xlim(bits[0] - 0.5, bits[-1] + 1.5)
        bottom.set_xlabel("bits of the read-out")
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].set_ylabel("test MSE")
    axes[1, 0].set_ylabel("training MSE")
    style.log_scale(axes[1, 0])


def _keys(laws: Sequence[str], used: Sequence[str]) -> "list[Line2D]":
    """The legend's entries: laws by mark, methods by colour and line."""
    marks = [style.key(**{**style.law_look(law, laws), "color": "0.2", "ms": 5}) for law in laws]
    plain = style.key("not rounded, theory", ls="-", color=style.THEORY["color"], lw=1.0)
    return [*marks, plain, *(_key(METHODS[name], name != "straight_through") for name in used)]


def _key(look: Method, predicted: bool) -> "Line2D":
    label = f"{look.label}, {'theory' if predicted else 'no theory'}"
    return style.key(label, ls=look.line, color=look.colour, lw=1.2 if predicted else 0.7)


def _notes(theory: "pd.DataFrame", readout: "pd.DataFrame") -> list[str]:
    exact = (readout["converged"] & (readout["value"] <= EXACT)).any()
    return [*style.count_not_found(theory, readout), *([curves.EXACT[1]] if exact else [])]


figure = Rounding

"""Mirror descent: test MSE against n/d_1 by mirror, and its ratio to that of the ℓ2 mirror at every depth.

Without noise E_ψ/E_ℓ2 depends on n/d_L, the mirror and the law of the teacher only: neither depth nor activation nor
data enter, so that the ratios of all depths lie on one curve.
"""

from collections.abc import Iterator, Sequence
from math import ceil, lcm
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.figures import layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    interval,
    law_gaps,
    per_cent,
    plain_text,
    theory_gap,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.lines import Line2D

BASE = "mirror:l2"
WIDTH = 7.4  # inches
MOST_ERRORS, MOST_RATIOS = 3, 4  # panels in a line
TITLE = 90  # letters of a line above the figure
KEYS = 5  # of the legend, in a line
SAID = ("teacher", "noise", "network.widths", "network.activation")  # leaves that words of their own tell
SAMPLES, RATIO = "samples per feature $n/d_1$", r"$E_\psi\,/\,E_{\ell_2}$"
FEW = 8  # sample sizes whose marks are drawn, set aside for every mirror, depth and law
DEPTH_MARKS = "osD^v<>phP*X8d"  # all of them can be hollow
FILLS = ("none", "full", "left", "top", "right", "bottom")  # of the marks, by law; the baseline is hollow
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)))  # of the mirrors, to be told in grey


class Mirrors(FigureRecord, tag="mirrors"):
    """Test MSE of the interpolators that mirror descent ends at, and its ratio to that of the ℓ2 mirror."""

    experiments: Experiments

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(dict.fromkeys(mistake for cell in facts for mistake in _mistakes(cell, facts)))
        if not mistakes and not ratio_panels(facts):
            mistakes = [f": one of the experiments must have the read-out {BASE} and another mirror to divide by it"]
        count = len(error_panels(facts)) + len(ratio_panels(facts))
        if not mistakes and count > layout.MOST_PANELS:
            mistakes = [f": {count} panels, one a mirror, are more than {layout.MOST_PANELS}; draw fewer experiments"]
        yield from mistakes

    def draw(self, tables: Tables) -> Drawing:
        """Draw the errors at L = 1 above, the ratios to the ℓ2 mirror of the same teachers at all depths below."""
        readout, theory = (_mirrors_only(table) for table in (tables.readout, tables.theory))
        facts, laws = tables.facts, list(readout["law"].unique())
        baseline = baseline_of(laws)
        looks = _Looks(facts, [baseline, *(law for law in laws if law != baseline)])
        keys = looks.keys(readout)
        figure, tops, bottoms = _new_panels(len(error_panels(facts)), len(ratio_panels(facts)), keys)
        for axes, cell in zip(tops, error_panels(facts), strict=True):
            _draw_errors(axes, cell, _of_setting(readout, cell, facts), theory, looks)
            axes.set_title("\n".join(_cell_words(cell, error_panels(facts), always=True)))
        for axes, (cell, mirror) in zip(bottoms, ratio_panels(facts), strict=True):
            _draw_ratios(axes, cell, mirror, (ratios(readout, cell.cell), ratios(theory, cell.cell)), looks)
            axes.set_title(_ratio_words(cell, mirror, facts))
        shared = {style.describe(cell.dims, cell.activation) for cell in facts}
        lines = [*(shared if len(shared) == 1 else ()), style.seeds_in_words(readout)]
        figure.suptitle("\n".join(fill(line, TITLE) for line in lines), fontsize=9)
        drawn = readout[(readout["depth"] == 1) | readout["cell"].isin([cell.cell for cell, _ in ratio_panels(facts)])]
        aside = "marks of one n stand side by side"
        style.note(figure, [*style.count_not_found(theory, drawn), *_thinned(drawn), aside])
        return Drawing(figure, _caption(readout, facts, looks), _findings(readout, theory, facts))


def error_panels(facts: Sequence[Facts]) -> list[Facts]:
    """The cells whose errors are drawn: those with interpolators."""
    return [cell for cell in facts if _named(cell, "mirror:")]


def ratio_panels(facts: Sequence[Facts]) -> list[tuple[Facts, str]]:
    """The cells and mirrors whose ratio to ℓ2 is drawn: those of cells that have ℓ2, too."""
    bases = [cell for cell in facts if BASE in cell.readouts]
    return [(cell, name) for cell in bases for name in _named(cell, "mirror:") if name != BASE]


def _named(cell: Facts, start: str) -> list[str]:
    return [name for name in cell.readouts if name.startswith(start)]


def _setting(cell: Facts) -> tuple:
    """What mirror descent must share with interpolators to be held against them."""
    data = [(leaf, value) for leaf, value in cell.swept.items() if leaf.startswith("dataset.")]
    return cell.dataset, *data, cell.network, tuple(cell.dims), cell.activation, cell.teacher, cell.noise


def _mistakes(cell: Facts, facts: Sequence[Facts]) -> list[str]:
    name = f"experiment {cell.experiment!r}"
    if cell.target != "teacher":
        return [f": {name} must have target teacher"]
    if not cell.described:
        return [f": {name} must use Gaussian inputs, which the theory line assumes"]
    if not _named(cell, "mirror:") and not _named(cell, "descent:"):
        return [f": {name} must have read-outs mirror:NAME or descent:NAME"]
    if _setting(cell) not in map(_setting, error_panels(facts)):
        return [f": {name} has descent: but no experiment of the same data, network, teacher and noise has mirror:"]
    return []


def _mirrors_only(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of interpolators and of mirror descent."""
    return table[table["readout"].astype(str).str.contains("^(?:mirror|descent):")]


def _of_setting(readout: "pd.DataFrame", cell: Facts, facts: Sequence[Facts]) -> "pd.DataFrame":
    """Return the read-outs at L = 1 of a cell, and mirror descent of all cells of its setting."""
    same = [other.cell for other in facts if _setting(other) == _setting(cell)]
    descent = readout["readout"].astype(str).str.startswith("descent:")
    return readout[(readout["depth"] == 1) & ((readout["cell"] == cell.cell) | (descent & readout["cell"].isin(same)))]


def ratios(table: "pd.DataFrame", cell: str) -> "pd.DataFrame":
    """Return the rows of a cell's other mirrors with the value E_ψ/E_ℓ2: of the same seed, law, depth and n."""
    rows = table[(table["cell"] == cell) & table["converged"] & (table["value"] > 0)]
    keys = [name for name in ("law", "seed", "depth", "n_train") if name in rows]
    base = rows.loc[rows["readout"] == BASE, [*keys, "value"]].rename(columns={"value": "base"})
    mirrors = rows["readout"].astype(str).str.startswith("mirror:") & (rows["readout"] != BASE)
    both = rows[mirrors].merge(base, on=keys)
    return both.assign(value=both["value"] / both["base"])


class _Looks:
    """Colour and dashes of the mirrors, fill of the laws, marker of the depths."""

    def __init__(self, facts: Sequence[Facts], laws: Sequence[str]) -> None:
        self.laws = list(laws)
        self.mirrors = list(dict.fromkeys(name for cell in facts for name in _named(cell, "mirror:")))
        self.depths = max(len(cell.dims) - 1 for cell in facts)
        self._palette = style.categories(len(self.mirrors))

    def colour(self, mirror: str) -> Any:
        return self._palette[self.mirrors.index(mirror)]

    def line(self, mirror: str) -> dict[str, Any]:
        dashes = DASHES[self.mirrors.index(mirror) % len(DASHES)]
        return {"color": self.colour(mirror), "ls": dashes, "lw": 1.2, "zorder": 1}

    def mark(self, law: str, depth: int) -> dict[str, Any]:
        fill = FILLS[self.laws.index(law) % len(FILLS)]
        return {"marker": DEPTH_MARKS[(depth - 1) % len(DEPTH_MARKS)], "fillstyle": fill, "ms": 4, "mew": 0.8}

    def keys(self, readout: "pd.DataFrame") -> "list[Line2D]":
        """The legend's entries."""
        names = {law: style.law_look(law, self.laws)["label"] for law in self.laws}
        laws = [style.key(name, color="0.2", **self.mark(law, 1)) for law, name in names.items()]
        shape = {"color": "0.6", "fillstyle": "full"}  # neither hollow nor black: of any law
        shapes = {depth: {**self.mark(self.laws[0], depth), **shape} for depth in range(1, self.depths + 1)}
        depths = [style.key(f"$L = {depth}$", **look) for depth, look in shapes.items()]
        mirrors = [style.key(f"{layout.readout_words(name)}, theory", **self.line(name)) for name in self.mirrors]
        descent = readout["readout"].astype(str).str.startswith("descent:").any()
        stars = [style.key("mirror descent itself", color="0.2", **STAR)] if descent else []
        return [*mirrors, *laws, *stars, *depths]


STAR = {"marker": "*", "ms": 10, "mfc": "none", "mew": 0.8}


def _new_panels(errors: int, ratio: int, keys: "Sequence[Line2D]") -> tuple["Figure", "list[Axes]", "list[Axes]"]:
    """Return a figure with panels of errors above, of ratios below, each kind on one vertical range, and the legend."""
    rows = [ceil(errors / MOST_ERRORS), ceil(ratio / MOST_RATIOS)]
    columns = [ceil(count / lines) for count, lines in ((errors, rows[0]), (ratio, rows[1])) if lines]
    heights = [*[2.6] * rows[0], *[2.0] * rows[1], 0.18 * ceil(len(keys) / KEYS)]
    figure = style.pyplot().figure(figsize=(WIDTH, sum(heights) + 1), layout="constrained")
    spec = figure.add_gridspec(len(heights), lcm(*columns), height_ratios=heights)
    tops = _panels(figure, spec[: rows[0], :], errors, rows[0])
    bottoms = _panels(figure, spec[rows[0] : -1, :], ratio, rows[1]) if ratio else []
    for axes, below, beside in ((tops, SAMPLES, "test MSE, $L = 1$"), (bottoms, "$n/d_L$", RATIO)):
        for i, panel in enumerate(axes):
            per_line = ceil(len(axes) / rows[axes is bottoms])
            panel.set_xlabel(below if i + per_line >= len(axes) else "")
            panel.set_ylabel(beside if i % per_line == 0 else "")
            panel.tick_params(labelleft=i % per_line == 0)
    style.legend_below(figure.add_subplot(spec[-1, :]), keys, KEYS)
    return figure, tops, bottoms


def _panels(figure: "Figure", place: "SubplotSpec", count: int, rows: int) -> "list[Axes]":
    """Return axes that share their vertical range, side by side in so many lines of a part of a grid."""
    columns, axes = ceil(count / rows), []
    grid, first = place.get_gridspec(), place.rowspan.start
    span = grid.ncols // columns
    for i in range(count):
        row, column = divmod(i, columns)
        cell = grid[first + row, column * span : (column + 1) * span]
        axes.append(figure.add_subplot(cell, sharey=axes[0] if axes else None))
    return axes


def shown(sizes: Sequence[int]) -> list[int]:
    """The sample sizes whose marks are drawn: all, or some at equal steps where there are many."""
    sizes = sorted(set(sizes))
    return [sizes[i] for i in np.unique(np.linspace(0, len(sizes) - 1, min(FEW, len(sizes))).astype(int))]


def _thinned(readout: "pd.DataFrame") -> list[str]:
    count = readout.groupby("cell", observed=True)["n_train"].nunique().max()
    return [f"marks at {FEW} of up to {count} sample sizes"] if count > FEW else []


def _step(sizes: Sequence[int], width: int, count: int, most: float) -> float:
    """By how much n/d_L the marks of one n are set apart, so that `count` of them stay between their neighbours.

    No more than the fraction `most` of the largest n/d_L.
    """
    gap = np.diff(sizes).min() if len(sizes) > 1 else sizes[0]
    return min(most * sizes[-1], 0.75 * gap / count) / width


def _draw_errors(axes: "Axes", cell: Facts, readout: "pd.DataFrame", theory: "pd.DataFrame", looks: _Looks) -> None:
    """Draw errors at L = 1: a line of theory and a mark of every law a mirror, a star where mirror descent was run."""
    mirrors, width = _named(cell, "mirror:"), cell.widths[0]
    readout = readout[
        readout["n_train"].isin(shown(readout.loc[readout["cell"] == cell.cell, "n_train"]))
        | readout["readout"].astype(str).str.startswith("descent:")
    ]
    slots = [(mirror, law) for mirror in mirrors for law in looks.laws]
    step = _step(sorted(set(readout["n_train"])), width, len(slots), 0.007)  # errors fall steeply
    offsets = {slot: step * (i - (len(slots) - 1) / 2) for i, slot in enumerate(slots)}
    for mirror in mirrors:
        line = theory[(theory["cell"] == cell.cell) & (theory["depth"] == 1) & (theory["readout"] == mirror)]
        axes.plot(line["n_train"] / width, line["value"].where(line["converged"]), **looks.line(mirror))
        for start, look in (("mirror", None), ("descent", STAR)):
            # Seeds of a descent are averaged within its own cell: several may share the setting.
            rows = readout[readout["readout"] == mirror.replace("mirror", start, 1)]
            points = style.mean_over_seeds(rows, ["cell", "law", "n_train"])
            for law, marks in points.groupby("law", observed=True):
                x = marks["n_train"] / width + offsets[mirror, law]
                own = {"ls": "", "color": looks.colour(mirror), "elinewidth": 0.7, **(look or looks.mark(law, 1))}
                axes.errorbar(x, marks["mean"], None if look else marks["half"], **own)
    style.log_ticks(axes)
    axes.set_xlim(left=0)


def _draw_ratios(axes: "Axes", cell: Facts, mirror: str, tables: tuple, looks: _Looks) -> None:
    """Draw the ratios of one mirror to ℓ2 at every depth: the lines of theory, and a mark of every law."""
    readout, theory = (table[table["readout"] == mirror] for table in tables)
    sizes = shown(readout["n_train"]) if len(readout) else [1]
    readout = readout[readout["n_train"].isin(sizes)]
    slots = [(depth, law) for depth in range(1, len(cell.dims)) for law in looks.laws]
    points = style.mean_over_seeds(readout, ["law", "depth", "n_train"])
    axes.axhline(1, color="0.5", lw=0.8, zorder=0)
    for depth, width in enumerate(cell.widths, 1):
        line = theory[theory["depth"] == depth]
        # Solid: the panel names the mirror, and dashes of depths that nearly coincide would fill each other's gaps.
        axes.plot(line["n_train"] / width, line["value"], **{**looks.line(mirror), "ls": "-", "lw": 0.9})
        for law, rows in points[points["depth"] == depth].groupby("law", observed=True):
            place = slots.index((depth, law)) - (len(slots) - 1) / 2
            x = rows["n_train"] / width + place * _step(sizes, width, len(slots), 0.025)
            own = {"ls": "", "color": looks.colour(mirror), "elinewidth": 0.7, **looks.mark(law, depth)}
            axes.errorbar(x, rows["mean"], rows["half"], **own)
    axes.set_xlim(left=0)


def _teacher_words(teacher: str | None) -> str:
    name, _, parameters = str(teacher).partition(":")
    return f"{name}({parameters.replace(',', ', ')}) teacher" if parameters else f"{name} teacher"


def _cell_words(cell: Facts, among: Sequence[Facts], always: bool = False) -> list[str]:
    """What tells a cell from others, a line each: its leaves, teacher and noise, network; else its experiment.

    Teacher and noise are said `always`, or where they differ.
    """
    facts = {other.cell: _facts_in_words(other) for other in among}
    told = {name for name in ("teacher", "noise", "network") if len({own[name] for own in facts.values()}) > 1}
    told |= {"leaves", *(("teacher", "noise") if always else ())}
    said = {name: _in_lines({key: text for key, text in own.items() if key in told}) for name, own in facts.items()}
    unique = len(set(map(tuple, said.values()))) == len(said)
    return [*([] if unique else [layout.words("experiment", cell.experiment)]), *said[cell.cell]]


def _facts_in_words(cell: Facts) -> dict[str, str]:
    own = {leaf: value for leaf, value in cell.swept.items() if leaf not in SAID}
    leaves = ", ".join(layout.words(leaf, value) for leaf, value in own.items())
    noise, network = style.noise_in_words(cell.noise), style.describe(cell.dims, cell.activation)
    return {"leaves": leaves, "teacher": _teacher_words(cell.teacher), "noise": noise, "network": network}


def _in_lines(said: dict[str, str]) -> list[str]:
    task = ", ".join(said[name] for name in ("teacher", "noise") if name in said)
    return [line for line in (said.get("leaves"), task, said.get("network")) if line]


def _ratio_words(cell: Facts, mirror: str, facts: Sequence[Facts]) -> str:
    cells = {other.cell: other for other, _ in ratio_panels(facts)}
    return "\n".join([layout.readout_words(mirror), *_cell_words(cell, list(cells.values()))])


def _caption(readout: "pd.DataFrame", facts: Sequence[Facts], looks: _Looks) -> str:
    bars = ", with 95 % confidence intervals over seeds" if readout["seed"].nunique() > 1 else " of one seed"
    descent = any(_named(cell, "descent:") for cell in facts)
    stars = " Stars are mirror descent itself, run until it interpolates." if descent else ""
    teachers = list(dict.fromkeys(_teacher_words(cell.teacher) for cell in error_panels(facts)))
    quiet = all(not cell.noise for cell in facts)
    law = " Without noise the theory has one curve for all depths." if quiet else ""
    return (
        "Above, test MSE at one hidden layer against n/d_1 of the interpolators that stochastic mirror descent ends "
        f"at, by mirror ({', '.join(layout.readout_words(name) for name in looks.mirrors)}; {' and '.join(teachers)}). "
        "Below, its ratio to the error of the ℓ2 mirror for the same teachers, at every depth. Lines are theory, marks "
        f"are simulations{bars}: depths by their shape, laws of the weights by their fill, set side by side around "
        f"their n.{stars}{law}"
    )


def _findings(readout: "pd.DataFrame", theory: "pd.DataFrame", facts: Sequence[Facts]) -> list[Finding]:
    """Whether the ratios change with depth, and the gaps between laws and to the theory, of every cell of mirrors."""
    findings = []
    for cell in error_panels(facts):
        mirrors = _named(cell, "mirror:")
        said = _cell_words(cell, error_panels(facts), always=True)
        where = plain_text(", ".join(said))
        findings += depth_gap(ratios(readout, cell.cell), ratios(theory, cell.cell), where)
        rows = readout[(readout["cell"] == cell.cell) & readout["readout"].isin(mirrors)]
        count = f"{len(mirrors)} mirrors" if len(mirrors) > 1 else f"mirror {layout.readout_words(mirrors[0])}"
        last = len(cell.dims) - 1
        over = f"{where}, {count}, {f'depths 1 to {last}' if last > 1 else 'depth 1'}"
        keys = ["readout", "depth", "n_train"]
        findings += law_gaps(rows, keys, over)
        findings += theory_gap(rows, theory, f"{over}, test MSE")
    return findings


def depth_gap(readout: "pd.DataFrame", theory: "pd.DataFrame", where: str) -> list[Finding]:
    """Return the finding of E_ψ/E_ℓ2 at the largest depth over that at L = 1, − 1: of the same seed, law, mirror and n.

    The mean is the geometric one: that of quotients themselves is above 1 for noise in the denominators alone.
    """
    deepest = readout["depth"].max() if len(readout) else 1
    if deepest == 1:
        return []
    keys = ["law", "seed", "readout", "n_train"]
    growth = _log_growth(readout, keys, deepest)
    predicted = _log_growth(theory, ["readout", "n_train"], deepest)
    compared = growth.merge(predicted, on=["readout", "n_train"], suffixes=("", "_theory"))
    if compared.empty:
        return []
    by_seed = compared.groupby("seed")["growth"].mean()
    value, low, high = (float(np.expm1(end)) for end in interval(by_seed))
    expected = round(float(np.expm1(compared["growth_theory"].mean())), 6) + 0.0
    mirrors = [layout.readout_words(name) for name in readout["readout"].unique()]
    over = f"n and {len(mirrors)} mirrors ({'; '.join(mirrors)})" if len(mirrors) > 1 else f"n, mirror {mirrors[0]}"
    text = f"{where}: E_ψ/E_ℓ2 at L = {deepest} against that at L = 1, mean over {over}"
    said = f"{with_interval(value, low, high, len(by_seed), 1)}; theory {per_cent(expected, 1) if expected else 0}"
    return [Finding(f"{text}: {said}", value, low, high, len(by_seed))]


def _log_growth(rows: "pd.DataFrame", keys: list[str], deepest: int) -> "pd.DataFrame":
    """Return log(ratio at the largest depth/ratio at depth 1) by `keys`, in the column `growth`."""
    first, last = (rows.loc[rows["depth"] == depth, [*keys, "value"]] for depth in (1, deepest))
    both = first.merge(last, on=keys, suffixes=("_first", "_last"))
    return both[keys].assign(growth=np.log(both["value_last"] / both["value_first"]))


figure = Mirrors

"""Test error against depth: every law on the theory line (the paper's Figure 1), and how far off each is."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import Finding, covered, depths_in_words, law_gaps, plain_text, theory_gap
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import Count, member_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ESTIMATORS = {
    "sampled_teacher": "random teachers\n(as in the paper)",
    "teacher_averaged": "averaged over teachers exactly\n(the sharp test)",
}
THEORY = {**style.THEORY, "marker": "_", "ms": 12, "linewidth": 0.9}  # a dash too: one depth alone has no line
APART, SPAN = 0.16, 0.8  # of a depth: between the marks of two laws, and over all of them at most
WIDE = 5  # a range of errors, largest over smallest, that asks for a logarithmic axis


class Depth(FigureRecord, tag="depth"):
    """Test error against depth at one n."""

    experiments: Annotated[list[str], Meta(min_length=1, max_length=1, description="name of one experiment")]
    n_train: Annotated[Count, Meta(description="n, one of the experiment's")]
    readout: Annotated[str, member_of(READOUTS, "whose error is drawn")] = "ridge:0"

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(dict.fromkeys(mistake for cell in facts for mistake in self._mistakes(cell)))
        if not mistakes and (columns := len(facts) * len(ESTIMATORS)) > layout.MOST_PANELS:
            mistakes = [f": {columns} panels, {len(ESTIMATORS)} a cell, are more than {layout.MOST_PANELS}"]
        yield from mistakes

    def _mistakes(self, cell: Facts) -> list[str]:
        name = f"experiment {cell.cell!r}"
        if cell.target != "teacher":
            return [f": experiment {cell.experiment!r} must have target teacher"]
        if not cell.described:
            return [f": experiment {cell.experiment!r} must use Gaussian inputs, which the theory line assumes"]
        if self.readout not in cell.readouts:
            return [f": experiment {cell.experiment!r} must have the read-out {self.readout}"]
        if self.n_train not in cell.n_train:
            sizes = layout.listed(cell.n_train)
            return [f".n_train: {self.n_train} is not among the sample sizes of {name}: {sizes}"]
        if self.readout == "ridge:0" and cell.noise == 0 and self.n_train >= max(cell.widths):
            exact = "without noise the teacher is recovered exactly at n ≥ d_L, and no error is left to draw"
            return [f".n_train: must be below {max(cell.widths)}, the largest width of {name}: {exact}"]
        return []

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error above and its deviation from the theory below, a column for each cell and estimator."""
        facts, theory = tables.facts, self._chosen(tables.theory)
        exact = exact_depths(theory)
        readout = without_exact(self._chosen(tables.readout), exact)
        parts = [(cell, name, _of(readout, cell.cell, name)) for cell in facts for name in ESTIMATORS]
        columns = [part for part in parts if len(part[2])]
        laws, metric = list(readout["law"].unique()), curves.METRICS[readout["metric"].iloc[0]]
        figure, axes = curves.new_panels(len(columns), share=False)
        _share([estimator for _, estimator, _ in columns], axes)
        for (cell, estimator, rows), pair in zip(columns, axes, strict=True):
            expected = _expected(theory, cell.cell) if len(covered(rows)) else theory.iloc[:0]["value"]
            _draw_column(*pair, rows, expected, laws)
            leaves = ", ".join(layout.words(leaf, value) for leaf, value in cell.swept.items())
            pair[0].set_title("\n".join(filter(None, [leaves, ESTIMATORS[estimator]])))
            style.whole_depths(pair[1], range(1, len(cell.dims)))
            pair[1].set_xlim(0.5, len(cell.dims) - 0.5)
        _set_scales(axes, metric)
        keys = [style.key(**{**style.law_look(law, laws), "ms": 6}) for law in laws]
        figure.legend(handles=[*keys, style.key(**{**THEORY, "ms": 9})], loc="outside right center")
        said = f"n = {self.n_train}, {layout.readout_words(self.readout)}; {style.seeds_in_words(readout)}"
        figure.suptitle("\n".join([", ".join(curves.describe_cells(facts)), said]), fontsize=9)
        not_drawn = [*style.count_not_found(theory, readout), *([curves.EXACT[0]] if len(exact) else [])]
        style.note(figure, [*not_drawn, *curves.silences(facts, laws)])
        caption = self._caption(columns, metric, readout["seed"].nunique() > 1, facts)
        return Drawing(figure, caption, _findings(readout, theory, facts, self.n_train, metric))

    def _chosen(self, table: "pd.DataFrame") -> "pd.DataFrame":
        """Return the rows of the figure's n and read-out."""
        return table[(table["n_train"] == self.n_train) & (table["readout"] == self.readout)]

    def _caption(self, columns: Sequence[tuple], metric: str, several: bool, facts: Sequence[Facts]) -> str:
        estimators = list(dict.fromkeys(estimator for _, estimator, _ in columns))
        kinds = {
            "sampled_teacher": "the error for random teachers, as the paper plots it",
            "teacher_averaged": "the error averaged over all teachers exactly",
        }
        spread = "means over seeds with 95 % confidence intervals" if several else "of one seed"
        text = (
            f"{metric.capitalize().replace('mse', 'MSE')} against depth at n = {self.n_train}. "
            f"The line is the asymptotic theory, marks are the laws of the weights, {spread}, side by side; "
            f"below, their deviation from the theory. Drawn {'are' if len(estimators) > 1 else 'is'} "
            f"{', and '.join(kinds[name] for name in estimators)}."
        )
        return text + curves.not_odd(facts)


def exact_depths(theory: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows (cell, depth) whose predicted error is 0: what is simulated there is rounding, not an error."""
    return theory.loc[theory["converged"] & (theory["value"] == 0), ["cell", "depth"]]


def without_exact(readout: "pd.DataFrame", exact: "pd.DataFrame") -> "pd.DataFrame":
    """Return the read-outs of other cells and depths than those in `exact`."""
    left_out = set(zip(exact["cell"], exact["depth"], strict=True))
    drawn = [key not in left_out for key in zip(readout["cell"], readout["depth"], strict=True)]
    return readout[drawn]


def _of(readout: "pd.DataFrame", cell: str, estimator: str) -> "pd.DataFrame":
    return readout[(readout["cell"] == cell) & (readout["estimator"] == estimator)]


def _expected(theory: "pd.DataFrame", cell: str) -> "pd.Series":
    """The predicted errors by depth, where there is one above 0."""
    rows = theory[(theory["cell"] == cell) & theory["converged"] & (theory["value"] > 0)]
    return rows.set_index("depth")["value"].sort_index()


def _share(estimators: Sequence[str], axes: Sequence[tuple]) -> None:
    """Share the range of the errors, and that of the deviations of one estimator: the exact average has far less."""
    first: dict[str, Axes] = {}
    for estimator, (top, bottom) in zip(estimators, axes, strict=True):
        if top is not axes[0][0]:
            top.sharey(axes[0][0])
        if (other := first.setdefault(estimator, bottom)) is not bottom:
            bottom.sharey(other)


def _draw_column(
    top: "Axes", bottom: "Axes", readout: "pd.DataFrame", theory: "pd.Series", laws: Sequence[str]
) -> None:
    """Draw the errors and, in per cent, their deviations from the theory where it covers the law, side by side."""
    told = set(covered(readout)["law"])
    points = style.mean_over_seeds(readout, ["law", "depth"])
    top.plot(theory.index, theory, **THEORY)
    aside = style.side_by_side(laws, min(APART, SPAN / len(laws)))
    for law, rows in points.groupby("law", observed=True):
        x = rows["depth"] + aside[law]
        look = {"ls": "", "elinewidth": 0.9, **style.law_look(law, laws)}
        top.errorbar(x, rows["mean"], rows["half"], ms=6, **look)
        if law not in told:
            continue
        expected = theory.reindex(rows["depth"]).to_numpy()
        bottom.errorbar(x, 100 * (rows["mean"] / expected - 1), 100 * rows["half"] / expected, ms=5, **look)


def _set_scales(axes: Sequence[tuple], metric: str) -> None:
    """Label the axes, and make that of the errors logarithmic where they span enough for it."""
    low, high = axes[0][0].dataLim.intervaly
    if low > 0 and high > WIDE * low:
        style.log_ticks(axes[0][0])
    for _, bottom in axes:
        style.centre_on_zero(bottom)
    for top, bottom in axes[:: curves.COLUMNS]:
        top.set_ylabel(metric)
        bottom.set_ylabel("simulation /\ntheory − 1 (%)")


def _findings(
    readout: "pd.DataFrame", theory: "pd.DataFrame", facts: Sequence[Facts], n_train: int, metric: str
) -> list[Finding]:
    """The paired gaps of the laws and the gap to the theory, over all depths, of each cell's sharpest estimator."""
    findings = []
    for cell in facts:
        rows = _of(readout, cell.cell, "teacher_averaged")
        if rows.empty:
            rows = _of(readout, cell.cell, "sampled_teacher")
        network = style.describe(cell.dims, cell.activation)
        said = [network, *(plain_text(layout.words(leaf, value)) for leaf, value in cell.swept.items())]
        where = ", ".join([*said, f"n = {n_train}", depths_in_words(rows["depth"])])
        findings += law_gaps(rows, ["depth"], where, metric)
        findings += theory_gap(rows, theory, f"{where}, {metric}")
    return findings


figure = Depth

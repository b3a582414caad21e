"""The claim on one page: one bit against depth, against samples, beside other laws of the weights, and what it buys."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.costs import BYTES, WORDS, draw_networks, format_keys, read_pair
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    covered,
    interval,
    law_gaps,
    law_means,
    law_words,
    paired,
    per_cent,
    with_interval,
)
from onebit_rf.figures.kinds import FIGURES, Drawing, FigureRecord, Tables
from onebit_rf.model.record import Count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SIZE = (9.6, 7.2)  # inches
MARGIN = 0.01
SMALL = {"ls": "", "elinewidth": 0.8, "ms": 4.5, "capsize": 0}
COVER = {
    "covered by the theory": {"color": "#0072B2"},
    "not covered": {"color": "#D55E00", "markerfacecolor": "white"},
}


class Summary(FigureRecord, tag="summary"):
    """One page: test error against depth, one bit against Gaussian weights, other laws, and what one bit buys."""

    depth: Annotated[str, Meta(description="experiment whose error is drawn against depth")]
    n_train: Annotated[Count, Meta(description="n of the depths")]
    boundary: Annotated[str, Meta(description="experiment whose laws are compared along n")]
    laws: Annotated[str, Meta(description="experiment whose laws are compared, at its deepest layer and largest n")]
    cost: Annotated[str, Meta(description="experiment on images whose networks are compared by bytes")]

    stages = ("readout", "theory", "cost")
    metrics = ("mse", "accuracy")

    @property
    def experiments(self) -> list[str]:
        """The experiments that it draws."""
        return list(dict.fromkeys((self.depth, self.boundary, self.laws, self.cost)))

    @property
    def timed(self) -> list[str]:
        """The experiments whose networks are timed."""
        return [self.cost]

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        for role in ("depth", "boundary", "laws"):
            cells = [cell for cell in facts if cell.experiment == getattr(self, role)]
            if len(cells) > 1 or cells[0].target != "teacher":
                yield f".{role}: must be an experiment with target teacher and without a sweep"
            elif missing := [law for law in WORDS if law not in cells[0].laws]:
                yield f".{role}: experiment {getattr(self, role)!r} must have the law {missing[0]}"
            elif role == "depth" and self.n_train not in cells[0].n_train:
                sizes = layout.listed(cells[0].n_train)
                yield f".n_train: {self.n_train} is not among the sample sizes of {self.depth!r}: {sizes}"
        cells = [cell for cell in facts if cell.experiment == self.cost]
        yield from FIGURES.get("cost")(experiments=[self.cost]).check(cells)

    def draw(self, tables: Tables) -> Drawing:
        """Draw a panel for each question, with what its numbers say above it."""
        figure, axes = style.grid(2, 2, *SIZE)
        (top, beside), (below, last) = axes
        findings = [
            _draw_depth(top, *_of(tables, self.depth), self.n_train),
            _draw_boundary(beside, *_of(tables, self.boundary)[::2]),
            _draw_laws(below, *_of(tables, self.laws)[::2]),
            _draw_cost(last, tables, self.cost),
        ]
        for letter, panel in zip("abcd", (top, beside, below, last), strict=True):
            panel.set_title(f"({letter}) {panel.get_title()}", fontsize=9)
        figure.suptitle("One-bit against full-precision weights in random-feature networks", fontsize=12)
        style.note(figure, [_seeds_in_words(tables.readout), f"shaded: ±{100 * MARGIN:g} %"])
        return Drawing(figure, _CAPTION, findings)


_CAPTION = (
    "Top left, test MSE against depth: marks are simulation, dashes the asymptotic theory. Top right, one-bit against "
    "Gaussian weights of the same seed, along the samples per feature. Bottom left, other laws of the weights against "
    "Gaussian ones; the theory covers the filled marks: independent weights of mean 0 and variance 1/d. Bottom right, "
    "test error on images against the bytes of the hidden weights, a mark a width."
)


def _of(tables: Tables, experiment: str) -> "tuple[pd.DataFrame, pd.DataFrame, Facts]":
    """The simulated rows of an experiment, averaged over teachers, the predicted ones, and its cell."""
    (cell,) = (each for each in tables.facts if each.experiment == experiment)
    readout, theory = (table[table["experiment"] == experiment] for table in (tables.readout, tables.theory))
    return readout[readout["estimator"] == "teacher_averaged"], theory, cell


def _draw_depth(axes: "Axes", readout: "pd.DataFrame", theory: "pd.DataFrame", cell: Facts, n_train: int) -> Finding:
    """Draw the errors of all laws at one n, and the theory."""
    rows, expected = (table[table["n_train"] == n_train] for table in (readout, theory))
    laws = list(WORDS)
    expected = expected[expected["converged"]].sort_values("depth")
    axes.plot(expected["depth"], expected["value"], **style.THEORY, marker="_", ms=12)
    for law, points in style.mean_over_seeds(rows, ["law", "depth"]).groupby("law", observed=True):
        if law in laws:
            x = points["depth"] + style.side_by_side(laws, 0.12)[law]
            axes.errorbar(x, points["mean"], points["half"], **{**SMALL, "ms": 6, **style.law_look(law)})
    style.whole_depths(axes, range(1, len(cell.dims)))
    style.log_ticks(axes)
    axes.set_ylabel(f"test MSE at n = {n_train}")
    axes.legend(loc="upper right")
    return _gap(axes, rows, ["depth"], f"{style.describe(cell.dims, cell.activation)}, n = {n_train}", "over depths")


def _draw_boundary(axes: "Axes", readout: "pd.DataFrame", cell: Facts) -> Finding:
    """Draw one bit against Gaussian weights along n, a colour a depth, but for where n is near d_L."""
    rows = readout[readout["n_train"].isin(cell.n_train)]
    rows = rows[(rows["n_train"] / cell.widths[-1] - 1).abs() > curves.THRESHOLD]
    gaps = paired(rows, "one_bit", "gaussian", ["depth", "n_train"]).rename("value").reset_index()
    means = style.mean_over_seeds(gaps, ["depth", "n_train"])
    depths, keys = sorted(means["depth"].unique()), []
    for colour, (depth, points) in zip(style.colours(len(depths)), means.groupby("depth"), strict=True):
        x = points["n_train"] / cell.widths[depth - 1] + 0.006 * (depth - np.mean(depths))
        axes.errorbar(x, 100 * points["mean"], 100 * points["half"], color=colour, marker="o", **{**SMALL, "ms": 3})
        keys.append(style.key(f"$L = {depth}$", marker="o", ms=4, color=colour))
    axes.legend(handles=keys, loc="lower left", ncols=len(depths), columnspacing=1.0, handletextpad=0.2)
    _shade(axes, "h")
    axes.set(xlabel="samples per feature $n/d_L$", ylabel="one-bit / Gaussian − 1 (%)")
    reach = 100 * max(3 * MARGIN, 1.3 * means["mean"].abs().max())  # bars near n = d_L may leave the panel
    axes.set_ylim(-reach, reach)
    network = style.describe(cell.dims, cell.activation)
    return _gap(axes, rows, ["depth", "n_train"], f"{network}, |n/d_L − 1| > {curves.THRESHOLD:g}", "over n and depths")


def _draw_laws(axes: "Axes", readout: "pd.DataFrame", cell: Facts) -> Finding:
    """Draw every law against Gaussian weights at the deepest layer and the largest n, the nearest above."""
    rows = readout[(readout["n_train"] == max(cell.n_train)) & (readout["depth"] == len(cell.widths))]
    told = set(covered(rows)["law"])
    gaps = {law: (*gap, n_seeds) for law, gap, n_seeds in law_means(rows, ["depth"])}
    order = sorted(gaps, key=lambda law: (law not in told, abs(gaps[law][0])))
    for place, law in enumerate(reversed(order)):
        value, low, high = (100 * number for number in gaps[law][:3])
        look = list(COVER.values())[law not in told]
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], marker="o", **SMALL, **look)
    axes.set_yticks(range(len(order)), labels=[law_words(law) for law in reversed(order)])
    axes.set_xscale("symlog", linthresh=100 * MARGIN)
    axes.margins(x=0.08)
    _shade(axes, "v")
    axes.legend(handles=[style.key(words, marker="o", ms=5, **look) for words, look in COVER.items()], loc="lower left")
    axes.set_xlabel("test MSE / that of Gaussian weights − 1 (%)")
    worst = max((law for law in order if law in told), key=lambda law: abs(gaps[law][0]))
    number = gaps[worst]
    said = f"{law_words(worst)} {with_interval(*number)}"
    count = len([law for law in order if law in told])
    axes.set_title(f"the {count} laws that the theory covers: within {100 * abs(number[0]):.2g} % of Gaussian")
    where = f"{style.describe(cell.dims, cell.activation)}, n = {max(cell.n_train)}"
    sentence = f"{where}: of {count} laws that the theory covers the furthest from Gaussian weights is {said}"
    return Finding(sentence, *number)


def _draw_cost(axes: "Axes", tables: Tables, experiment: str) -> Finding:
    """Draw the test errors on images against bytes."""
    cells = [cell for cell in tables.facts if cell.experiment == experiment]
    pair = read_pair(tables.readout[tables.readout["metric"] == "accuracy"], tables.cost, cells)
    for law, networks in pair.networks.items():
        draw_networks(axes, networks, law, BYTES, pair.widths)
    data = pair.cells[0].dataset_words
    axes.set(xscale="log", yscale="log", xlabel="bytes of hidden weights", ylabel=f"test error (%), {data}")
    style.log_ticks(axes)
    axes.margins(x=0.12, y=0.12)
    axes.autoscale(axis="y")
    axes.legend(handles=format_keys(), loc="upper right")
    budgets, ratios = pair.ratios(BYTES)
    best = int(ratios.mean(axis=0).argmin())
    value, low, high = map(float, np.exp(interval(ratios[:, best])))
    worst = float(np.exp(ratios.mean(axis=0).max()))
    axes.set_title(f"at equal bytes one bit has {value:.2g} to {worst:.2g} of the error")
    said = f"test error of one bit {value:.3g} (95 % interval {low:.3g} to {high:.3g}) times that of float32"
    return Finding(f"{pair.where}: at {budgets[best] / 1e3:.3g} kB {said}", value, low, high, len(ratios))


def _gap(axes: "Axes", rows: "pd.DataFrame", keys: Sequence[str], where: str, over: str) -> Finding:
    """Say above the axes, and as a finding, the mean over all points of one-bit against Gaussian weights."""
    (finding,) = law_gaps(rows[rows["law"].isin(list(WORDS))], keys, where)
    axes.set_title(f"one-bit against Gaussian, {over}: {per_cent(finding.value)}")
    return finding


def _seeds_in_words(readout: "pd.DataFrame") -> str:
    counts = sorted(readout.groupby("experiment", observed=True)["seed"].nunique().unique())
    many = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"means over {many} seeds with 95 % confidence intervals"


def _shade(axes: "Axes", along: str) -> None:
    """Shade what counts as equal."""
    getattr(axes, f"ax{along}span")(-100 * MARGIN, 100 * MARGIN, color="0.9", lw=0, zorder=0)


figure = Summary

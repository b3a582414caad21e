"""Test accuracy on a data set's own labels against depth, the laws side by side (the paper's Figure 3).

Below, every law against the baseline: seeds share images and draws, so that their difference is known far better than
either accuracy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import msgspec

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    depths_in_words,
    law_gaps,
    law_means,
    law_words,
    paired,
    per_cent,
    plain_text,
)
from onebit_rf.figures.kinds import Drawing, Experiments, FigureRecord, Tables
from onebit_rf.figures.layout import At

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SAID = ("network.widths", "network.activation")  # leaves that the network in words tells
TITLE = 36  # letters of a line above a panel
APART = 0.14  # of a depth, between the marks of two laws


class Images(FigureRecord, tag="images"):
    """Accuracy against depth at the largest n; the test MSE where the labels are numbers."""

    experiments: Experiments
    at: At = msgspec.field(default_factory=dict)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        others = dict.fromkeys(cell.experiment for cell in facts if cell.target != "labels")
        mistakes = [f": experiment {name!r} must have target labels" for name in others]
        mistakes = mistakes or list(layout.check_layout(facts, self.at, "depth", None))
        wanted = layout.chosen(self.at, facts).get("n_train", [])
        if not mistakes and len(wanted) > 1:
            mistakes.append(f".at.n_train: must be one n, got {wanted}")
        drawn = {row["cell"] for row in layout.curves(facts, self.at)} if not mistakes and wanted else ()
        for cell in (cell for cell in facts if cell.cell in drawn and wanted[0] not in cell.n_train):
            mistakes.append(f".at.n_train: {wanted[0]} is not among the sample sizes of experiment {cell.cell!r}")
        yield from mistakes

    def draw(self, tables: Tables) -> Drawing:
        """Draw the accuracy above and the paired differences from the baseline below, a column a cell and read-out."""
        law = layout.chosen(self.at, tables.facts).get("law")
        readout = curves.simulated(tables.readout)
        readout = readout if law is None else readout[readout["law"].isin(law)]
        panels, laws = self._panels(readout, tables.facts), list(readout["law"].unique())
        ratios = (2.2, 1) if len(laws) > 1 else (3.2, 0.01)  # one law has nothing to be held against
        figure, axes = curves.new_panels(len(panels), share=False, ratios=ratios)
        for panel, (top, bottom) in zip(panels, axes, strict=True):
            _draw_values(top, panel, laws)
            _draw_differences(bottom, panel, laws)
            top.set_title(panel.title())
            style.whole_depths(bottom, sorted(panel.rows["depth"].unique()))
            bottom.set_xlim(panel.rows["depth"].min() - 0.5, panel.rows["depth"].max() + 0.5)
        for i, panel in enumerate(panels):
            if i % curves.COLUMNS == 0 or panel.classes != panels[i - 1].classes:
                axes[i][0].set_ylabel(panel.value_label)
                axes[i][1].set_ylabel(panel.difference_label(baseline_of(laws)))
        if len(laws) == 1:
            _without_differences(axes)
        keys = [style.key(**{**style.law_look(law, laws), "ms": 6}) for law in laws]
        figure.legend(handles=keys, loc="outside right center")
        figure.suptitle(_in_lines(style.seeds_in_words(readout), len(panels)), fontsize=9)
        style.note(figure, style.count_not_found(None, _stacked(panel.rows for panel in panels)))
        findings = [finding for panel in panels for finding in panel.findings()]
        return Drawing(figure, _caption(panels, laws, readout["seed"].nunique()), findings)

    def _panels(self, readout: "pd.DataFrame", facts: Sequence[Facts]) -> "list[Panel]":
        sizes, cells, panels = layout.chosen(self.at, facts).get("n_train"), {cell.cell: cell for cell in facts}, []
        for row, *others in layout.panels(layout.curves(facts, self.at), facts, "depth").values():
            depths = [row["depth"], *(other["depth"] for other in others)]
            rows = readout[(readout["cell"] == row["cell"]) & (readout["readout"] == row["readout"])]
            rows = rows[rows["depth"].isin(depths) & (rows["n_train"].isin(sizes) if sizes is not None else True)]
            cell = cells[row["cell"]]
            metric = "accuracy" if cell.outputs > 1 else "mse"
            rows = rows[(rows["n_train"] == rows["n_train"].max()) & (rows["metric"] == metric)]
            panels.append(Panel(cell, row["readout"], rows))
        return panels


@dataclass(frozen=True)
class Panel:
    """A cell and read-out at its largest n.

    Attributes:
        cell: its facts.
        readout: the read-out.
        rows: of one metric and n, all laws, seeds and depths.
    """

    cell: Facts
    readout: str
    rows: "pd.DataFrame"

    @property
    def classes(self) -> bool:
        """Whether the labels are classes, with an accuracy, and not numbers, with an MSE."""
        return self.cell.outputs > 1

    @property
    def n_train(self) -> int:
        """n."""
        return int(self.rows["n_train"].iloc[0])

    @property
    def value_label(self) -> str:
        """The label of the axis of values."""
        return "test accuracy (%)" if self.classes else "test MSE"

    def difference_label(self, baseline: str) -> str:
        """The label of the axis of differences."""
        other = law_words(baseline)
        return f"minus {other}\n(points)" if self.classes else f"over {other}\n− 1 (%)"

    def differences(self, law: str, baseline: str) -> "pd.Series":
        """Return law − baseline of the accuracy, law/baseline − 1 of the MSE, by seed and depth."""
        return paired(self.rows, law, baseline, ["depth"], ratio=not self.classes)

    def title(self) -> str:
        """Data set and n; network; read-out; other leaves of the sweep."""
        own = {leaf: value for leaf, value in self.cell.swept.items() if leaf not in SAID}
        leaves = ", ".join(layout.words(leaf, value) for leaf, value in own.items())
        network = fill(style.describe(self.cell.dims, self.cell.activation), TITLE)
        lines = [f"{self.cell.dataset_words}, n = {self.n_train}", network, self.regime(), leaves]
        return "\n".join(filter(None, lines))

    def regime(self) -> str:
        """The read-out in words: for λ = 0, whether it interpolates."""
        if self.readout != "ridge:0":
            return layout.readout_words(self.readout)
        if self.n_train <= min(self.cell.widths):
            return "interpolation"
        return "least squares" + (" where $d_L < n$" if self.n_train <= max(self.cell.widths) else "")

    def findings(self) -> list[Finding]:
        """The paired difference of every law from the baseline, mean over depths."""
        laws = list(self.rows["law"].unique())
        said = [self.cell.dataset_words, style.describe(self.cell.dims, self.cell.activation), f"n = {self.n_train}"]
        said += [plain_text(layout.words(leaf, value)) for leaf, value in self.cell.swept.items()]
        said += [layout.readout_words(self.readout)] if len(self.cell.readouts) > 1 else []
        depths = depths_in_words(self.rows["depth"])
        over = f"mean over {depths}" if self.rows["depth"].nunique() > 1 else depths
        if not self.classes:
            return law_gaps(self.rows, ["depth"], ", ".join([*said, over]))
        findings = []
        for law, gap, n_seeds in law_means(self.rows, ["depth"], ratio=False):
            words = f"accuracy of {law_words(law)} minus {law_words(baseline_of(laws))} weights, {over}"
            findings.append(Finding(f"{', '.join(said)}: {words}: {in_points(*gap, n_seeds)}", *gap, n_seeds))
        return findings


def in_points(value: float, low: float, high: float, n_seeds: int) -> str:
    """Spell a difference of accuracies in points: `+0.05 points (95 % interval −0.10 to +0.20, 5 seeds)`."""
    number, *ends = (per_cent(end).removesuffix(" %") for end in (value, low, high))
    about = f"95 % interval {' to '.join(ends)}, {n_seeds} seeds" if n_seeds > 1 else "one seed, no interval"
    return f"{number} points ({about})"


def _stacked(frames: "Iterator[pd.DataFrame]") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(list(frames))


def _in_lines(text: str, panels: int) -> str:
    """Break the title of a narrow figure."""
    return text.replace(", ", ",\n") if panels == 1 else text


def _draw_values(axes: "Axes", panel: Panel, laws: Sequence[str]) -> None:
    """Draw the mean over seeds of every law, accuracies in per cent."""
    points, scale = style.mean_over_seeds(panel.rows, ["law", "depth"]), 100 if panel.classes else 1
    for law, rows in points.groupby("law", observed=True):
        look = {"ls": ":", "lw": 0.7, "ms": 5.5, "elinewidth": 0.9, **style.law_look(law, laws)}
        x = rows["depth"] + style.side_by_side(laws, APART)[law]
        axes.errorbar(x, scale * rows["mean"], scale * rows["half"], **look)


def _draw_differences(axes: "Axes", panel: Panel, laws: Sequence[str]) -> None:
    """Draw the paired difference of every law from the baseline."""
    baseline = baseline_of(laws)
    for law in (law for law in laws if law != baseline):
        differences = panel.differences(law, baseline).rename("value").reset_index()
        points = style.mean_over_seeds(differences, ["depth"])
        x = points["depth"] + style.side_by_side(laws, APART)[law]
        look = {"ls": "", "ms": 5, "elinewidth": 0.9, **style.law_look(law, laws)}
        axes.errorbar(x, 100 * points["mean"], 100 * points["half"], **look)
    style.centre_on_zero(axes)


def _without_differences(axes: Sequence[tuple]) -> None:
    """Take the lower axes away."""
    for top, bottom in axes:
        top.tick_params(labelbottom=True)
        top.set_xlabel(bottom.get_xlabel())
        bottom.remove()


def _caption(panels: Sequence[Panel], laws: Sequence[str], n_seeds: int) -> str:
    panel = panels[0]
    spread = ", means over seeds with 95 % confidence intervals" if n_seeds > 1 else ", of one seed"
    kinds = {one.value_label.removesuffix(" (%)").capitalize().replace("mse", "MSE"): None for one in panels}
    data = ", ".join(dict.fromkeys(one.cell.dataset_words for one in panels))
    text = (
        f"{' and '.join(kinds)} against depth of a last layer trained on the labels of "
        f"{data}. Marks are the laws of the hidden weights"
        f"{spread}, side by side."
    )
    if len(laws) == 1:
        return text
    difference = "the difference in points" if panel.classes else "the relative difference"
    return f"{text} Below, {difference} from {law_words(baseline_of(laws))} weights, paired by seed."


figure = Images

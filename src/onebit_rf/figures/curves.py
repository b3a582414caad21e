"""What learning curves and sweeps share: the rows of a curve, its deviation from the theory, and words around it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.figures import style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import (
    Finding,
    baseline_of,
    covered,
    law_gaps,
    law_words,
    paired,
    plain_text,
    theory_gap,
)
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.layout import Panel, Row, chosen, label, varying, words
from onebit_rf.model.readouts import READOUTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

METRICS = {"mse": "test MSE", "error_rate": "test error rate", "accuracy": "test accuracy"}
METRICS |= {"train_mse": "training MSE", "gap": "generalisation gap"}
METRICS |= {"shifted_mse": "MSE on the second path", "shifted_error_rate": "error rate on the second path"}
METRICS |= {"shifted_accuracy": "accuracy on the second path"}
METRICS |= {"lambda_max": "largest eigenvalue of $X^TX/n$", "trace": "trace of $X^TX/n$"}
CURVE = ["cell", "depth", "readout"]
OWN = ("mse", "train_mse", "gap")  # what the features' own spectrum predicts of ridge on labels
FEATURES = ("law", "seed")  # what tells features from others of the same cell and depth
SQUARES = ("mse", "train_mse", "gap", "shifted_mse", "lambda_max", "trace")  # drawn on a logarithmic axis
EXACT = (
    "$n ≥ d_L$ without noise: the teacher is recovered exactly, not drawn",
    "where the labels are fitted exactly the training MSE is 0, not drawn",
)
THRESHOLD = 0.1  # |n/d_L − 1| below which one singular value decides and deviations leave every scale
SIDE = 2.75  # inches of a panel
COLUMNS = 4
TITLE = 30  # letters of a line above a panel


def metric_of(facts: Facts, readout: str, wanted: str | None = None) -> str:
    """Return the metric that is drawn of a read-out: accuracy of classes, error rate of signs, else `wanted` or MSE."""
    if wanted:
        return wanted
    if facts.target == "labels":
        return "accuracy" if facts.outputs > 1 else "mse"
    return "error_rate" if READOUTS.get(readout).classifies or facts.labels == "sign" else "mse"


def measures(facts: Facts, readout: str) -> set[str]:
    """Return the metrics that are measured of a read-out."""
    kind = READOUTS.get(readout)
    if facts.target == "labels":
        tested = {"mse", "accuracy"} if facts.outputs > 1 else {"mse"}
    else:
        tested = {"error_rate"} if kind.classifies else {"mse", *(["error_rate"] if facts.labels == "sign" else [])}
    shifted = {f"shifted_{metric}" for metric in tested} if facts.changed else set()
    sharpness = {"lambda_max", "trace"} if facts.sharpness and kind.learner == "ridge" else set()
    return tested | shifted | ({"train_mse", "gap"} if kind.is_linear else set()) | sharpness


def one_metric(rows: Sequence[Row], facts: Sequence[Facts], wanted: str | None = None) -> list[str]:
    """Return a mistake, from the figure's key on, where curves of different metrics would share axes."""
    cells = {cell.cell: cell for cell in facts}
    metrics = {metric_of(cells[row["cell"]], row["readout"], wanted): row for row in rows}
    if metrics.keys() <= set(OWN) and len({cells[row["cell"]].own_spectrum for row in rows}) > 1:
        return [": cells with own_spectrum and without it do not share a figure; choose by `at`, or draw one of each"]
    for row in rows if wanted else ():
        if wanted not in measures(cells[row["cell"]], row["readout"]):
            return [f".metric: {wanted} is not measured of {row['readout']} in {row['experiment']}; choose by `at`"]
    if len(metrics) < 2:
        return []
    examples = ", ".join(f"{row['readout']} of {row['experiment']} by {metric}" for metric, row in metrics.items())
    return [f": read-outs are measured differently ({examples}); choose by `at`, or draw them in figures of their own"]


def key_of(row: Row) -> tuple[str, int, str]:
    """Cell, depth and read-out of a curve, which tell it from all others."""
    return row["cell"], row["depth"], row["readout"]


class Curves:
    """What a figure draws, by curve: one estimator and metric, without what the theory says is exactly 0.

    Attributes:
        rows: simulated rows of every curve, `value` the error.
        errors, deviations: their means over seeds, a row for each law and n, and `half` an interval; deviations are
            simulation/theory − 1 of the laws that it covers, and law/baseline − 1 of the same seed where they are not
            `from_theory`.
        theory: predicted rows of the curves that have a theory, of some law at least; from the features' own spectrum
            for each law, the mean over seeds.
        own: whether the theory is that from the features' own spectrum.
        from_theory: whether deviations are from the theory.
        facts: by cell.
        laws: in the order of the tables.
        averaged: whether the errors are averaged over all teachers.
        exact: whether errors that are 0 but for rounding were left out.
        metric: what is drawn.
    """

    def __init__(
        self,
        tables: Tables,
        rows: Sequence[Row],
        at: Mapping[str, Any],
        metric: str | None = None,
        between_laws: bool = False,
    ) -> None:
        """Sort the tables by the curves in `rows`, at the n and laws that `at` leaves; they are of `metric`.

        With `between_laws` deviations are from the baseline law even where the features' own spectrum gives a theory.
        """
        self.facts = {cell.cell: cell for cell in tables.facts}
        self.metric = metric_of(self.facts[rows[0]["cell"]], rows[0]["readout"], metric)
        self._ids = {key_of(row): i for i, row in enumerate(rows)}
        readout, kept = tables.readout, chosen(at, tables.facts)
        for name in kept.keys() & {"n_train", "law"}:
            readout = readout[readout[name].isin(kept[name])]
        readout = self._numbered(readout[readout["metric"] == self.metric])
        own, readout = readout[readout["estimator"] == "own_spectrum"], _one_estimator(readout)
        self.laws = list(readout["law"].unique())
        self.averaged = "teacher_averaged" in set(readout["estimator"])
        theory = tables.theory
        if theory is not None:
            theory = self._numbered(theory[theory["metric"] == self.metric])
        self.own = len(own) > 0 and (theory is None or theory.empty)
        theory = own if self.own else theory
        silent = set() if self.own else _silent_curves(readout)
        self._predicted = {} if theory is None else self._by_curve(theory[~theory["curve"].isin(silent)])
        self.theory = self._by_curve(_mean_lines(own)) if self.own else self._predicted
        of = FEATURES if self.own else ()
        expected = np.full(len(readout), np.nan) if theory is None else _expected(readout, theory, of)
        self.exact, drawn = bool((expected == 0).any()), expected != 0
        readout, expected = readout[drawn], expected[drawn]
        self.rows = self._by_curve(readout)
        self.errors = self._means(readout)
        self.from_theory = bool(self.theory) and not (self.own and between_laws)
        against = _from_theory(readout, expected) if self.from_theory else from_baseline(readout)
        self.deviations = self._means(covered(against) if self.from_theory and not self.own else against)

    def _numbered(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Return the rows of the curves, with the curve's number as column `curve`."""
        import pandas as pd

        curve = pd.MultiIndex.from_tuples(self._ids).get_indexer(pd.MultiIndex.from_frame(frame[CURVE]))
        return frame.assign(curve=curve)[curve >= 0]

    def _means(self, rows: "pd.DataFrame") -> "dict[tuple, pd.DataFrame]":
        return self._by_curve(style.mean_over_seeds(rows, ["curve", "law", "n_train"]))

    def _by_curve(self, frame: "pd.DataFrame") -> "dict[tuple, pd.DataFrame]":
        keys, groups = list(self._ids), frame.groupby("curve", sort=False)
        return {keys[number]: rows for number, rows in groups}

    def width(self, key: tuple[str, int, str]) -> int:
        """d_L of a curve."""
        return self.facts[key[0]].widths[key[1] - 1]

    def predicted(self, keys: Iterable[tuple[str, int, str]]) -> "list[pd.DataFrame]":
        """Return the rows that the simulated ones of some curves are held against, of each law and seed where `own`."""
        return [self._predicted[key] for key in keys if key in self._predicted]

    def notes(self, rows: Iterable[Row], n_train: Callable[[tuple], Sequence[int] | None]) -> list[str]:
        """Return what is to be said below the figure: of points that are not drawn, of the n of each curve or of all,
        and where there is no theory.
        """
        rows = list(rows)
        keys = [key_of(row) for row in rows]
        notes = [EXACT[self.metric == "train_mse"]] if self.exact else []
        lost = [ratio for key in keys for ratio in self._without_theory(key, n_train(key))]
        if lost:
            ratios = sorted({f"{ratio:.3g}" for ratio in lost})
            where = f" at $n/d_L$ = {', '.join(ratios)}" if len(ratios) <= 3 else ""
            notes.append(f"the theory diverges or was not found at {len(lost)} points{where}: not drawn")
        rows_of = [_at_n(self.rows[key], n_train(key)) for key in keys if key in self.rows]
        found = [frame["converged"] for frame in rows_of]
        if left_out := sum(int((~column).sum()) for column in found):
            notes.append(f"{left_out} of {sum(map(len, found))} read-outs were not found: left out")
        return notes + silences([self.facts[row["cell"]] for row in rows], self.laws)

    def _without_theory(self, key: tuple[str, int, str], n_train: Sequence[int] | None) -> list[float]:
        """n/d_L of a curve where its theory was not found."""
        if (theory := self.theory.get(key)) is None:
            return []
        theory = _at_n(theory, n_train)
        return list(theory.loc[~theory["converged"], "n_train"] / self.width(key))


def silences(cells: Iterable[Facts], laws: Sequence[str]) -> list[str]:
    """Say of which cells of a teacher, and of which of the `laws` in them, the theory says nothing, and why."""
    notes = []
    for cell in (cell for cell in cells if cell.target == "teacher"):
        silent = {law: reason for law, reason in cell.silent_laws.items() if law in laws and cell.described}
        notes += [f"no theory of {law_words(law)} weights: {reason}" for law, reason in silent.items()]
        notes += [] if cell.described else [f"no theory: {cell.silence}"]
    return list(dict.fromkeys(notes))


def _silent_curves(readout: "pd.DataFrame") -> set[int]:
    """The numbers of the curves of which the theory covers no law."""
    return set(readout["curve"]) - set(covered(readout)["curve"])


def _at_n(frame: "pd.DataFrame", n_train: Sequence[int] | None) -> "pd.DataFrame":
    return frame if n_train is None else frame[frame["n_train"].isin(n_train)]


def simulated(readout: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of fits: without what the features' own spectrum predicts of these."""
    return readout[readout["estimator"] != "own_spectrum"]


def _one_estimator(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Keep of every curve the fits, and of these the average over all teachers where there is one."""
    rows = simulated(rows)
    averaged = (rows["estimator"] == "teacher_averaged").to_numpy()
    return rows[averaged | ~rows["curve"].isin(rows["curve"][averaged].unique()).to_numpy()]


def _mean_lines(own: "pd.DataFrame") -> "pd.DataFrame":
    """Return the means over seeds of what the features' own spectrum predicts, a row for each curve, law and n."""
    found = own.assign(value=own["value"].where(own["converged"])).groupby(["curve", "law", "n_train"], observed=True)
    return found.agg(value=("value", "mean"), converged=("converged", "any")).reset_index()


def lines_of(theory: "pd.DataFrame") -> "Iterator[tuple[Any, pd.DataFrame]]":
    """Yield line style and rows of every line of a theory: one, or one a law from the features' own spectrum."""
    if "law" not in theory:
        yield "-", theory
        return
    yield from ((style.law_line(law), rows) for law, rows in theory.groupby("law", observed=True))


def _expected(readout: "pd.DataFrame", theory: "pd.DataFrame", of: Sequence[str] = ()) -> np.ndarray:
    """What the theory, `of` these features or all, predicts of every row of `readout`; NaN where it has no number."""
    import pandas as pd

    known, wanted = (pd.MultiIndex.from_frame(frame[["curve", "n_train", *of]]) for frame in (theory, readout))
    return theory["value"].where(theory["converged"]).set_axis(known).reindex(wanted).to_numpy()


def _from_theory(readout: "pd.DataFrame", expected: np.ndarray) -> "pd.DataFrame":
    """Return rows whose `value` is simulation/theory − 1."""
    return readout.assign(value=readout["value"] / expected - 1).dropna(subset="value")


def from_baseline(readout: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows whose `value` is law/baseline − 1 of the same seed, for every law but the baseline."""
    import pandas as pd

    if readout.empty:
        return readout
    laws = list(readout["law"].unique())
    pairs = {law: paired(readout, law, baseline_of(laws), ["curve", "n_train"]) for law in laws}
    rows = pd.concat(pairs, names=["law"]).rename("value").reset_index()
    return rows[rows["law"] != baseline_of(laws)]


def new_panels(
    count: int, share: bool, ratios: Sequence[float] = (2.2, 1), side: float = SIDE
) -> tuple["Figure", list[tuple]]:
    """Return a figure and the axes of every panel, value above and comparisons below.

    Args:
        count: of panels.
        share: whether they share their ranges.
        ratios: of the axes' heights.
        side: width of a panel in inches.
    """
    columns, deep = min(count, COLUMNS), len(ratios)
    blocks = -(-count // columns)
    height = 1 + (3.9 + 1.2 * (deep - 2)) * blocks
    figure, axes = style.grid(
        deep * blocks, columns, 1.6 + side * columns, height, height_ratios=[*ratios] * blocks, sharex=False
    )
    places = [(deep * (i // columns), i % columns) for i in range(blocks * columns)]
    panels = [tuple(axes[line : line + deep, column]) for line, column in places]
    for unused in panels[count:]:
        for one in unused:
            one.remove()
    for panel in panels[:count]:
        for above in panel[:-1]:
            above.sharex(panel[-1])
            above.tick_params(labelbottom=False)
        for below in panel[1:]:
            below.axhline(0, color="0.3", lw=0.8, zorder=0)
        if share and panel is not panels[0]:
            for one, first in zip(panel, panels[0], strict=True):
                one.sharey(first)
    return figure, panels[:count]


def first_of_lines(count: int) -> range:
    """Numbers of the panels that stand leftmost."""
    return range(0, count, min(count, COLUMNS))


def describe_cells(cells: Sequence[Facts]) -> list[str]:
    """The network, the noise and the teacher of some cells, as far as they share them."""
    shared = [{_network(cell) for cell in cells}, {cell.noise for cell in cells}, {cell.teacher for cell in cells}]
    network, noise, teacher = (values.pop() if len(values) == 1 else None for values in shared)
    activations = {_activation(cell) for cell in cells}
    if network is None and len(activations) == 1 and len({cell.experiment for cell in cells}) == 1:
        network = activations.pop()
    elif network is None and len({tuple(cell.dims) for cell in cells}) == 1:
        network = f"{cells[0].dims[0]} → {style.layers_in_words(cells[0].widths)}"
    datasets = {cell.dataset_words for cell in cells if cell.target == "labels"}
    data = datasets.pop() if len(datasets) == 1 else None
    texts = [data, network, None if noise is None else style.noise_in_words(noise)]
    return list(filter(None, [*texts, None if teacher in (None, "normal") else f"{teacher} teacher"]))


def _activation(cell: Facts) -> str:
    return cell.activation.replace("_", " ") + ("" if cell.odd else " (not odd)")


def _network(cell: Facts) -> str:
    return style.describe(cell.dims, _activation(cell))


def panel_titles(panels: Mapping[Panel, Sequence[Row]], facts: Mapping[str, Facts]) -> list[str]:
    """The titles of the panels: what tells each from the others.

    For an experiment that is what its cells share and the figure does not, and its name where that is not enough.
    """
    if not any(name == "experiment" for panel in panels for name, _ in panel):
        return [_said(panel, beside=panels) for panel in panels]
    everywhere = describe_cells(list(facts.values()))
    cells = [[facts[row["cell"]] for row in rows] for rows in panels.values()]
    own = [_lines([text for text in describe_cells(some) if text not in everywhere], ", ") for some in cells]
    named, unnamed = (
        [
            "\n".join(filter(None, [_said(panel, without, panels), text]))
            for panel, text in zip(panels, own, strict=True)
        ]
        for without in ((), ("experiment",))
    )
    return unnamed if len(set(unnamed)) == len(unnamed) else named


def _said(panel: Panel, without: Sequence[str] = (), beside: Iterable[Panel] = ()) -> str:
    others = [value for other in beside for name, value in other if name == "readout"]
    return _lines(
        [words(name, value, others) for name, value in panel if value is not None and name not in without], " · "
    )


def _lines(parts: Iterable[str], joiner: str) -> str:
    """Join parts, as many to a line as stand above a panel."""
    lines, line = [], ""
    for part in parts:
        line, before = (f"{line}{joiner}{part}" if line else part), line
        if before and len(plain_text(line)) > TITLE:
            lines, line = [*lines, before], part
    return "\n".join([*lines, line])


def palette_of(rows: Sequence[Row], colour: str) -> dict[str, tuple]:
    """Return value of `colour`, as repr spells it → (its words, its colour), by first appearance."""
    values = list(dict.fromkeys(row.get(colour) for row in rows))
    shades = style.colours(len(values))
    return {repr(value): (words(colour, value, values), shade) for value, shade in zip(values, shades, strict=True)}


def dress(
    figure: "Figure",
    axes: Sequence[tuple],
    found: Curves,
    palette: dict,
    titles: Sequence[str],
    marks: "Sequence[Line2D]" = (),
) -> None:
    """Label the axes of the panels, explain marks, lines and colours, and write the title: `titles` below the cells.

    `marks` are entries of the legend beside those of the laws, the theory and the colours.
    """
    for i in first_of_lines(len(axes)):
        axes[i][0].set_ylabel(METRICS[found.metric] + ("\n(averaged over teachers)" if found.averaged else ""))
        against = "own-spectrum" if found.own else "theory"
        axes[i][1].set_ylabel(f"simulation /\n{against} − 1 (%)" if found.from_theory else against_baseline(found.laws))
    words = "theory, from the features'\nown spectrum, by law" if found.own else "theory"
    theory = [style.key(words, ls="-", color="0.2", lw=1.2)] if found.theory else []
    keys = [style.key(label, ls="-", color=colour) for label, colour in palette.values()]
    figure.legend(handles=[*style.law_keys(found.laws, "0.2"), *theory, *keys, *marks], loc="outside right center")
    shared = ", ".join(describe_cells(list(found.facts.values())))
    figure.suptitle("\n".join(filter(None, [shared, "; ".join(titles)])), fontsize=9)


def against_baseline(laws: Sequence[str]) -> str:
    """The label of the axis of deviations from the baseline law."""
    return f"law / {law_words(baseline_of(laws))}\n− 1 (%)"


def caption(found: Curves, against: str) -> str:
    """Say what is drawn, what lines and marks are, and what to know of the activations."""
    name = METRICS[found.metric]
    lines, laws = (
        "",
        f"Below, the laws of the weights against the {law_words(baseline_of(found.laws))} one, seed by seed.",
    )
    if found.own:
        moments = "the second moments of its features on all rows"
        lines = f"Lines are theory, predicted for each law from {moments}, mean over seeds; marks are simulation. "
        below = "Below, simulation over the prediction from the same seed's features." if found.from_theory else laws
    elif found.theory:
        below = "Lines are theory, marks are simulation; below, simulation over theory."
    else:
        below = laws
    averaged = " The error is averaged over all teachers without sampling." if found.averaged else ""
    odd = not_odd(found.facts.values()) if found.theory and not found.own else ""
    return f"{name[0].upper()}{name[1:]} against {against}. {lines}{below}{averaged}{odd}"


def findings(
    found: Curves,
    panels: Mapping[Panel, Sequence[Row]],
    chosen: Mapping[tuple, "pd.DataFrame"],
    over: str,
    between_laws: bool = True,
) -> list[Finding]:
    """Return for every panel the paired gap between laws and the deviation from the theory, means over its points.

    Args:
        found: the curves.
        panels: the curves of each panel.
        chosen: the simulated rows that count, by curve.
        over: what the mean is over, in words.
        between_laws: whether the gap between laws is said.
    """
    import pandas as pd

    said = []
    for panel, rows in panels.items():
        keys = [key_of(row) for row in rows]
        if not any(key in chosen for key in keys):
            continue
        readout = pd.concat([chosen[key] for key in keys if key in chosen])
        where = place_words(panel, panels, rows)
        inside = [label(name) for name in varying(rows, list(found.facts.values())) if name not in dict(panel)]
        where = plain_text(f"{where}, mean over {', '.join([*inside, over])}")
        said += law_gaps(readout, [*CURVE, "n_train"], where, METRICS[found.metric]) if between_laws else []
        said += _own_gaps(found, keys, readout, where) if found.own else _theory_gaps(found, keys, readout, where)
    return said


def _theory_gaps(found: Curves, keys: Sequence[tuple], readout: "pd.DataFrame", where: str) -> list[Finding]:
    import pandas as pd

    theories = found.predicted(keys)
    return theory_gap(readout, pd.concat(theories), where) if theories else []


def _own_gaps(found: Curves, keys: Sequence[tuple], readout: "pd.DataFrame", where: str) -> list[Finding]:
    """Return the deviation from the features' own spectrum of every law, below the threshold n = d_L and above it."""
    import pandas as pd

    theory, said = pd.concat(found.predicted(keys)), []
    excess = readout["n_train"] - [found.width(key) for key in zip(*(readout[name] for name in CURVE), strict=True)]
    for side, rows in (("n < d_L", readout[excess < 0]), ("n > d_L", readout[excess > 0])):
        for law in found.laws:
            of_law = rows[rows["law"] == law]
            said += theory_gap(
                of_law, theory, f"{where}, {side}, {law_words(law)} weights", "own-spectrum theory", FEATURES
            )
    return said


def place_words(panel: Panel, beside: Iterable[Panel], rows: Sequence[Row]) -> str:
    """Say what a finding is of: what tells a panel from those `beside` it, or the experiment of its rows."""
    return _said(panel, beside=beside) or rows[0]["experiment"].replace("_", " ")


def not_odd(facts: Iterable[Facts]) -> str:
    """A sentence on activations that are not odd, where there are any."""
    names = list(dict.fromkeys(cell.activation.replace("_", " ") for cell in facts if not cell.odd))
    if not names:
        return ""
    return (
        f" φ = {', '.join(names)} is not odd: its features have a mean, which the theory leaves out; learning it from "
        "n samples costs a factor of about 1 + 1/n."
    )


def limit(reach: Iterable[float], least: float = 1.0) -> float:
    """Half the height of a panel of deviations in per cent, for the largest of some."""
    return 1.15 * max([least, *(value for value in reach if np.isfinite(value))])

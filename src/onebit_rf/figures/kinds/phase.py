"""Where rounding the read-out lowers its test error: E_q/E − 1 in the plane of n/d_L and the noise, by bits and λ.

Both errors are affine in σ² at every n and λ, so that the σ of the tables give the whole plane.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from onebit_rf.figures import curves, layout, style
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import Finding, law_gaps, per_cent, theory_gap, with_interval
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables
from onebit_rf.model.readouts import READOUTS, spell
from onebit_rf.model.record import DISTINCT, Count, NonNegative
from onebit_rf.model.registry import number_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

LEVELS = (-40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40)  # per cent, between the bands of colour
SIDE, HEIGHT, REST = 1.9, 2.0, 1.6  # inches of a panel's sides, and of what stands left and right of all
LEAST_WIDTH, KEY = 5.0, 2.5  # inches of the narrowest figure, and of an entry of the legend
LETTERS = 20  # of a note, in an inch
FINE = 120  # values of σ of the plane
MARKS = {
    "better": {"marker": "o", "ms": 5, "mfc": "black", "mec": "white", "mew": 0.6},
    "worse": {"marker": "o", "ms": 4.2, "mfc": "white", "mec": "black", "mew": 0.8},
    "unsure": {"marker": "D", "ms": 4, "mfc": "0.65", "mec": "black", "mew": 0.8},
}
BOUNDARY = {"color": "black", "lw": 2.0}
OPTIMUM = {"color": "black", "lw": 1.0, "ls": (0, (4, 2))}
UNSETTLED = "0.75"  # the grey of where the best λ may be a larger one
RATIO = "rounded over float test MSE"
PLACE = ["noise", "n_train", "expected"]
PAIR = ["cell", "depth", "law", "seed", *PLACE]


class Phase(FigureRecord, tag="phase"):
    """The plane of n/d_L and σ, parted where rounding the read-out changes nothing: a panel for each λ and bits."""

    experiments: Annotated[
        list[str], Meta(min_length=1, max_length=1, description="name of one experiment, which sweeps noise")
    ]
    bits: Annotated[list[Count], Meta(min_length=1, description="a line of panels each; otherwise all"), DISTINCT] | (
        None
    ) = None
    ridge: (
        Annotated[
            list[NonNegative],
            Meta(min_length=1, description="λ of a column of panels each; otherwise all, as for the best λ"),
            DISTINCT,
        ]
        | None
    ) = None
    depth: Annotated[Count, Meta(description="number of hidden layers")] = 1

    metrics = ("mse",)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        cell, name = facts[0], f"experiment {facts[0].experiment!r}"
        others = sorted({leaf for other in facts for leaf in other.swept if leaf != "noise"})
        if cell.target != "teacher" or cell.labels == "sign":
            yield f".experiments: {name} must have target teacher and labels linear; choose one that does"
        elif not cell.described:
            yield f".experiments: {name} must use Gaussian inputs, which the theory assumes; choose one that does"
        elif others:
            yield f".experiments: {name} must sweep noise alone; take {', '.join(others)} out of its sweep"
        elif len(facts) < 2:
            yield f".experiments: {name} must sweep noise; add `sweep: {{noise: [0.0, 0.5, 1.0]}}` to it"
        elif self.depth > len(cell.widths):
            yield f".depth: {name} has no depth {self.depth}; choose from 1 to {len(cell.widths)}"
        else:
            yield from self._mistakes(name, Names(cell.readouts))

    def _mistakes(self, name: str, names: "Names") -> Iterator[str]:
        """Yield what is wrong with the read-outs of an experiment."""
        bits, ridges = self._bits(names), self._ridges(names)
        wanted = [f"ridge:{number_text(ridge)}" for ridge in ridges if ridge not in names.plain]
        wanted += [
            spell("rounded", b, ridge) for b in bits for ridge in ridges if ridge not in names.rounded.get(b, ())
        ]
        count = len(bits) * (len(ridges) + (len(names.plain) > 1))
        if not names.plain or not names.rounded:
            yield f".experiments: {name} must have read-outs ridge:λ and rounded:BITS,λ; add them"
        elif wanted:
            yield f".ridge: {name} must have the read-out {wanted[0]}; add it, or choose other λ, or bits"
        elif count > layout.MOST_PANELS:
            yield f".ridge: {count} panels, by λ and bits, are more than {layout.MOST_PANELS}; choose some λ, or bits"

    def _bits(self, names: "Names") -> Sequence[int]:
        return self.bits or sorted(names.rounded)

    def _ridges(self, names: "Names") -> Sequence[float]:
        return self.ridge or sorted(names.plain)

    def draw(self, tables: Tables) -> Drawing:
        """Draw a line of panels for each number of bits: every λ, and both read-outs at their best."""
        names, cell = Names(tables.facts[0].readouts), tables.facts[0]
        theory, readout = (table[table["depth"] == self.depth] for table in (tables.theory, tables.readout))
        readout = readout[readout["estimator"] == "sampled_teacher"]
        plane = Plane(theory, tables.facts, cell.widths[self.depth - 1])
        panels = [Panel(bits, at, plane, readout) for bits in self._bits(names) for at in self._choices(names, bits)]
        optimal = cell.teacher == "normal"
        keys = _keys(panels, plane, readout["seed"].nunique() > 1, optimal)
        figure, axes, below = _new_panels(len(self._bits(names)), len(panels) // len(self._bits(names)), keys)
        for place, panel in zip(axes.flat, panels, strict=True):
            filled = _draw_plane(place, panel, plane, optimal)
            _draw_marks(place, panel, plane.width)
        _dress(axes, panels, plane)
        bar = figure.colorbar(
            filled, ax=axes, ticks=LEVELS, aspect=30, label="theory: rounded over float\ntest MSE − 1 (%)"
        )
        bar.ax.set_yticks(LEVELS, labels=[f"{level:+d}".replace("-", "−") if level else "0" for level in LEVELS])
        style.legend_below(below, keys, int(figure.get_figwidth() / KEY))
        said = f"$L = {self.depth}$; simulation: {_seeds(readout)}"
        figure.suptitle("\n".join([", ".join(curves.describe_cells(tables.facts)), said]), fontsize=9)
        notes = "; ".join(_notes(theory, readout, names, panels))
        style.note(figure, [fill(notes, int(LETTERS * figure.get_figwidth()))])
        where = f"{style.describe(cell.dims, cell.activation)}, L = {self.depth}"
        return Drawing(figure, _caption(cell, panels, optimal), list(_findings(panels, plane, where, optimal)))

    def _choices(self, names: "Names", bits: int) -> Iterator["Choice"]:
        """Yield the read-outs that are held against each other in the panels of a line."""
        rounded = names.rounded[bits]
        for ridge in self._ridges(names):
            yield Choice({ridge: names.plain[ridge]}, {ridge: rounded[ridge]})
        if len(names.plain) > 1:
            yield Choice(names.plain, rounded)


class Names:
    """The read-outs of an experiment: `plain`, λ → ridge:λ, and `rounded`, bits → λ → rounded:BITS,λ; by rising λ."""

    def __init__(self, readouts: Sequence[str]) -> None:
        """Sort them."""
        kinds = sorted((READOUTS.get(name) for name in readouts), key=lambda kind: kind.fields.get("ridge", 0))
        self.plain = {kind.fields["ridge"]: kind.name for kind in kinds if kind.learner == "ridge"}
        self.rounded: dict[int, dict[float, str]] = {}
        for kind in (kind for kind in kinds if kind.learner == "rounded"):
            self.rounded.setdefault(kind.options["bits"], {})[kind.fields["ridge"]] = kind.name


@dataclass(frozen=True)
class Choice:
    """Float and rounded read-outs by λ, one of each, or all: then the best of each counts."""

    plain: Mapping[float, str]
    rounded: Mapping[float, str]

    @property
    def is_best(self) -> bool:
        """Whether the best λ of each counts."""
        return len(self.plain) > 1

    @property
    def ridge(self) -> float:
        """λ, where there is one."""
        return next(iter(self.plain))

    @property
    def words(self) -> str:
        """As a title says it."""
        return "best λ of each" if self.is_best else f"λ = {self.ridge:g}"


class Plane:
    """The predicted errors of all read-outs, at every n and σ.

    Attributes:
        n_train: all n of the theory.
        cells: σ → cell, by rising σ.
        sigmas: σ of the tables.
        fine: σ of the picture, close to each other where those of the tables are.
        width: d_L.
    """

    def __init__(self, theory: "pd.DataFrame", facts: Sequence[Facts], width: int) -> None:
        """Sort the table by read-out."""
        self.cells = dict(sorted((cell.noise, cell.cell) for cell in facts))
        self.sigmas, self.width = np.array(list(self.cells)), width
        self.n_train = np.unique(theory["n_train"])
        found = theory.assign(value=theory["value"].where(theory["converged"]))
        self._errors = {
            str(name): rows.pivot(index="n_train", columns="cell", values="value")
            .reindex(index=self.n_train, columns=list(self.cells.values()))
            .to_numpy()
            for name, rows in found.astype({"cell": str}).groupby("readout", observed=True)
        }
        unit = self.unit
        ends = np.arcsinh(self.sigmas[[0, -1]] / unit)
        self.fine = np.union1d(self.sigmas, unit * np.sinh(np.linspace(*ends, FINE)))

    @property
    def unit(self) -> float:
        """The σ up to which the axis is about linear, and logarithmic above."""
        return float(self.sigmas[self.sigmas > 0][0])

    def errors(self, name: str, sigmas: np.ndarray) -> np.ndarray:
        """Return the error of a read-out at every n and some σ, affine in σ² between those of the table."""
        known, wanted = self.sigmas**2, sigmas**2
        above = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
        share = (wanted - known[above - 1]) / (known[above] - known[above - 1])
        table = self._errors[name]
        return table[:, above - 1] + share * (table[:, above] - table[:, above - 1])

    def least(self, names: Mapping[float, str], sigmas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least error over read-outs at every n and some σ, NaN where none was found, and whose it is."""
        errors = np.stack([self.errors(name, sigmas) for name in names.values()])
        which = np.argmin(np.where(np.isnan(errors), np.inf, errors), axis=0)
        return np.take_along_axis(errors, which[None], axis=0)[0], which


class Panel:
    """What a panel shows.

    Attributes:
        bits, choice: of the read-outs.
        ratio: E_q/E − 1 of the theory, E_q of the rounded read-out and E of float, at every n and σ of the picture; NaN
            where there is none or it is not settled.
        settled: whether it is: where the best λ counts and is the largest, a larger one may be better.
        pairs: simulated log E_q/E of every n, σ, law and seed, beside `expected`, what the theory says of E_q/E − 1.
        points: its mean over laws and seeds at every n and σ, with `half`, its interval, and `mark`, a name of MARKS.
    """

    def __init__(self, bits: int, choice: Choice, plane: Plane, readout: "pd.DataFrame") -> None:
        """Hold the read-outs of `choice` against each other."""
        self.bits, self.choice = bits, choice
        ratio, self.settled, _ = _ratio(choice, plane, plane.fine)
        self.ratio = np.where(self.settled, ratio, np.nan)
        self.pairs = _pairs(choice, plane, readout)
        self.points = _points(self.pairs)

    @property
    def bits_words(self) -> str:
        """The bits in words."""
        return f"{self.bits} bit{'s' * (self.bits > 1)}"


def _ratio(choice: Choice, plane: Plane, sigmas: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Return E_q/E − 1 at every n and some σ, whether it is settled, and which of the read-outs are meant."""
    (plain, one), (rounded, other) = (plane.least(names, sigmas) for names in (choice.plain, choice.rounded))
    with np.errstate(divide="ignore", invalid="ignore"):  # without noise the teacher may be recovered exactly
        ratio = rounded / plain - 1
    last = (one == len(choice.plain) - 1) | (other == len(choice.rounded) - 1)
    return ratio, ~last if choice.is_best else np.ones_like(last), (one, other)


def _pairs(choice: Choice, plane: Plane, readout: "pd.DataFrame") -> "pd.DataFrame":
    """Return simulated log E_q/E of the same seed and law; the λ that count are those that the theory finds best."""
    import pandas as pd

    ratio, settled, (one, other) = _ratio(choice, plane, plane.sigmas)
    i, j = np.nonzero(settled)
    meant = pd.DataFrame({"cell": np.array(list(plane.cells.values()))[j], "noise": plane.sigmas[j]})
    meant = meant.assign(n_train=plane.n_train[i], expected=ratio[i, j])
    found = readout[readout["converged"]].astype({"cell": str, "readout": str})
    found = found[["cell", "depth", "law", "seed", "n_train", "readout", "value"]]
    plain, rounded = (
        meant.assign(readout=np.array(list(names.values()))[which[i, j]]).merge(found)
        for names, which in ((choice.plain, one), (choice.rounded, other))
    )
    both = rounded.merge(plain, on=PAIR, suffixes=("", "_plain"))
    return both.assign(value=np.log(both["value"] / both["value_plain"]))


def _points(pairs: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean of log E_q/E over laws and seeds at every n and σ, its interval and its mark."""
    by_seed = pairs.groupby([*PLACE, "seed"], as_index=False, dropna=False)["value"].mean()
    means = by_seed.groupby(PLACE, as_index=False, dropna=False)["value"].agg(["mean", "sem", "size"])
    half = style.half_width(means["sem"].to_numpy(), means["size"].to_numpy())
    sure = np.abs(means["mean"]) > np.nan_to_num(half)
    mark = np.where(sure, np.where(means["mean"] < 0, "better", "worse"), "unsure")
    return means.assign(half=half, mark=mark)


def _new_panels(lines: int, columns: int, keys: "Sequence[Line2D]") -> "tuple[Figure, Any, Axes]":
    """Return a figure, its axes, (lines, columns), and those of the legend."""
    width = max(LEAST_WIDTH, REST + SIDE * columns)
    heights = [HEIGHT] * lines + [0.18 * -(-len(keys) // int(width / KEY))]
    figure = style.pyplot().figure(figsize=(width, sum(heights) + 1.1), layout="constrained")
    spec = figure.add_gridspec(lines + 1, 1, height_ratios=heights)
    axes = spec[:lines, 0].subgridspec(lines, columns).subplots(sharex=True, sharey=True, squeeze=False)
    return figure, axes, figure.add_subplot(spec[lines, 0])


def _draw_plane(axes: "Axes", panel: Panel, plane: Plane, optimal: bool) -> Any:
    """Draw E_q/E − 1 as bands of colour, the line where it is 0, and the σ at which λ is the best of float."""
    x, limit = plane.n_train / plane.width, 2.0 * LEVELS[-1]
    ratio = np.clip(100 * panel.ratio, -limit, limit).T
    shades = style.pyplot().get_cmap("RdBu_r")(np.linspace(0.1, 0.9, len(LEVELS) + 1))
    axes.set_facecolor(UNSETTLED if panel.choice.is_best else "white")
    masked = np.ma.masked_invalid(ratio)
    filled = axes.contourf(x, plane.fine, masked, LEVELS, colors=shades, extend="both", zorder=0)
    if (masked < 0).any() and (masked > 0).any():
        axes.contour(x, plane.fine, masked, [0], colors=BOUNDARY["color"], linewidths=BOUNDARY["lw"], zorder=1)
    if optimal and not panel.choice.is_best:
        axes.axhline((panel.choice.ridge / plane.width) ** 0.5, **OPTIMUM, zorder=1)
    return filled


def _draw_marks(axes: "Axes", panel: Panel, width: int) -> None:
    for mark, rows in panel.points.groupby("mark"):
        axes.plot(rows["n_train"] / width, rows["noise"], ls="", clip_on=False, zorder=3, **MARKS[mark])


def _dress(axes: Any, panels: Sequence[Panel], plane: Plane) -> None:
    """Label the axes; that of σ is linear up to its first tick above 0, and logarithmic beyond."""
    first = axes[0, 0]
    first.set_yscale("asinh", linear_width=plane.unit)
    first.set_yticks(plane.sigmas, labels=[f"{sigma:g}" for sigma in plane.sigmas])
    first.yaxis.minorticks_off()
    first.set_ylim(plane.sigmas[[0, -1]])
    first.set_xlim(0, plane.n_train[-1] / plane.width)
    for place, panel in zip(axes.flat, panels, strict=True):
        place.grid(visible=False)
        if place in axes[0]:
            place.set_title(panel.choice.words)
        if place in axes[:, 0]:
            place.set_ylabel(f"{panel.bits_words}\nnoise $\\sigma$")
    for place in axes[-1]:
        place.set_xlabel("$n/d_L$")


def _keys(panels: Sequence[Panel], plane: Plane, several: bool, optimal: bool) -> "list[Line2D]":
    """The legend's entries."""
    words = {"better": "rounding lowers the error", "worse": "rounding raises it"}
    words |= {"unsure": "unsure: the interval holds 0"} if several else {}
    marks = [style.key(f"simulation: {text}", **MARKS[mark]) for mark, text in words.items()]
    lines = [style.key("theory: rounding changes nothing", ls="-", **BOUNDARY)]
    heights = [panel.choice.ridge / plane.width for panel in panels if not panel.choice.is_best]
    if optimal and any(0 < height <= plane.sigmas[-1] ** 2 for height in heights):
        lines.append(style.key("$λ = \\sigma^2 d_L$, the best λ of float", **OPTIMUM))
    grey = {"marker": "s", "ms": 7, "color": UNSETTLED}
    unsettled = [style.key("the best λ may be a larger one", **grey)] if not _all_settled(panels) else []
    return [*marks, *lines, *unsettled]


def _all_settled(panels: Sequence[Panel]) -> bool:
    return all(panel.settled.all() for panel in panels)


def _seeds(readout: "pd.DataFrame") -> str:
    count = readout["seed"].nunique()
    return "one seed, no intervals" if count == 1 else f"95 % confidence intervals over {count} seeds"


def _notes(theory: "pd.DataFrame", readout: "pd.DataFrame", names: Names, panels: Sequence[Panel]) -> list[str]:
    used = [*names.plain.values(), *(name for of in names.rounded.values() for name in of.values())]
    notes = style.count_not_found(*(table[table["readout"].isin(used)] for table in (theory, readout)))
    if any(np.isinf(panel.ratio).any() for panel in panels):
        notes.append("λ = 0, σ = 0, $n≥d_L$: the float read-out is exact, rounding raises its error without bound")
    return notes


def _caption(cell: Facts, panels: Sequence[Panel], optimal: bool) -> str:
    best = [panel.choice for panel in panels if panel.choice.is_best]
    ridges = ", ".join(f"{ridge:g}" for ridge in best[0].plain) if best else ""
    steps = f"In the last column each has its own best λ of {ridges}, as the theory finds it; bands step where it does."
    last = f" {steps}" if best else ""
    grey = "" if _all_settled(panels) else " Grey is where that is the largest of them, and a larger one may be better."
    bayes = " At λ = σ² d_L the float read-out is the posterior mean of the teacher, and none is better on average."
    return (
        "How rounding the read-out to few bits after training changes its test MSE, in the plane of n/d_L and of the "
        "noise σ (linear up to its first tick above 0, logarithmic beyond). Bands of colour are theory, open beyond "
        f"±{LEVELS[-1]} %; on the bold line rounding changes nothing. Marks are simulation: the rounded read-out over "
        "the float one of the same seed and law of the weights, the geometric mean over seeds and laws."
        f"{last}{grey}{bayes if optimal else ''}{curves.not_odd([cell])}"
    )


def _findings(panels: Sequence[Panel], plane: Plane, where: str, optimal: bool) -> Iterator[Finding]:
    """Yield, by bits, how often rounding helps, where it helps most and whether it beats the best λ; then the gaps.

    Args:
        panels: of the figure.
        plane: what the theory says.
        where: which network, in words.
        optimal: whether λ = σ² d_L is known to be the best of float.
    """
    import pandas as pd

    for bits in dict.fromkeys(panel.bits for panel in panels):
        own = [panel for panel in panels if panel.bits == bits]
        single = [panel for panel in own if not panel.choice.is_best]
        points = pd.concat([panel.points.assign(ridge=panel.choice.ridge) for panel in single])
        words = f"{where}, {own[0].bits_words}"
        yield _counts(points, words, plane.width if optimal else None)
        yield from _most(points, words)
        yield from (
            _best(panel, plane, words)
            for panel in own
            if panel.choice.is_best and np.isfinite(panel.points["expected"]).any()
        )
    yield from _gaps([panel for panel in panels if not panel.choice.is_best], where)


def _counts(points: "pd.DataFrame", where: str, width: int | None) -> Finding:
    """Say at how many points rounding helps and hurts, and how many the theory has right.

    With d_L, say at how many of those where it helps λ is below σ² d_L, too.
    """
    better, worse, unsure = (points[points["mark"] == mark] for mark in MARKS)
    right = int((better["expected"] < 0).sum() + (worse["expected"] > 0).sum())
    sure = len(better) + len(worse)
    doubt = f", unsure at {len(unsure)}" if len(unsure) else ""
    said = f"rounding lowers the test MSE at {len(better)} and raises it at {len(worse)} of {len(points)} (n, σ, λ)"
    low = ""
    if width and len(better):
        below = int((better["ridge"] < better["noise"] ** 2 * width).sum())
        low = f"; where it lowers it λ is below σ² d_L at {below} of {len(better)}"
    seeds = int(points["size"].max())
    alone = " (one seed, no intervals)" if seeds == 1 else ""
    text = f"{where}: {said}{doubt}; the theory has the sign right at {right} of these {sure}{low}{alone}"
    return Finding(text, right / sure if sure else np.nan, n_seeds=seeds)


def _most(points: "pd.DataFrame", where: str) -> Iterator[Finding]:
    """Yield where rounding helps most in simulation, if it does."""
    row = points.iloc[int(points["mean"].argmin())]
    if row["mark"] == "better":
        gap, seeds = _relative(row), int(row["size"])
        place = f"helps most at λ = {row['ridge']:g}, n = {row['n_train']}, σ = {row['noise']:g}"
        said = f"{with_interval(*gap, seeds, 1)}; theory {per_cent(row['expected'], 1)}"
        yield Finding(f"{where}: {place}, test MSE against float {said}", *gap, seeds)


def _best(panel: Panel, plane: Plane, where: str) -> Finding:
    """Say whether rounding ever beats float where each has its own best λ, at the n that were simulated and above."""
    row, first = panel.points.iloc[int(panel.points["mean"].argmin())], panel.points["n_train"].min()
    ratio = np.where(plane.n_train[:, None] >= first, panel.ratio, np.nan)
    i, j = np.unravel_index(np.nanargmin(ratio), ratio.shape)
    gap, seeds, choice = _relative(row), int(row["size"]), panel.choice
    better = f"{(panel.points['mark'] == 'better').sum()} of {len(panel.points)} (n, σ)"
    least = f"{per_cent(ratio[i, j])} in theory for n ≥ {first} (n = {plane.n_train[i]}, σ = {plane.fine[j]:.3g})"
    found = f"{with_interval(*gap, seeds)} in simulation (n = {row['n_train']}, σ = {row['noise']:g})"
    edge = "" if panel.settled.all() else f"; left out is where that is the largest, λ = {max(choice.plain):g}"
    said = f"rounding lowers the test MSE at {better}; against float it is at least {least} and {found}"
    text = f"{where}, each at its best of {len(choice.plain)} λ: {said}{edge}"
    return Finding(text, *gap, seeds)


def _relative(row: "pd.Series") -> tuple[float, float, float]:
    """Return E_q/E − 1 of a mean logarithm, and the ends of its interval."""
    mean, half = row["mean"], row["half"]
    return float(np.expm1(mean)), float(np.expm1(mean - half)), float(np.expm1(mean + half))


def _gaps(panels: Sequence[Panel], where: str) -> Iterator[Finding]:
    """Yield how the ratio of the errors differs between laws and from the theory, mean over n, σ, λ and bits."""
    import pandas as pd

    pairs = pd.concat([panel.pairs for panel in panels])
    rows = pairs[np.isfinite(pairs["expected"])].assign(converged=True)
    keys = ["cell", "depth", "n_train", "readout"]
    theory = rows.drop_duplicates(keys).assign(value=lambda table: 1 + table["expected"])
    rows, over = rows.assign(value=np.exp(rows["value"])), f"{where}, mean over n, σ, λ and bits"
    yield from law_gaps(rows, keys, over, RATIO)
    yield from theory_gap(rows, theory, f"{over}, {RATIO}")


figure = Phase

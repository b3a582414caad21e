"""Features against Gaussian vectors of the moments that the theory gives them: errors, spectra, distances."""

from collections.abc import Iterator, Sequence
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
    law_means,
    law_words,
    per_cent,
    plain_text,
    with_interval,
)
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables
from onebit_rf.figures.layout import At
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import DISTINCT, member_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FEATURES, GAUSSIAN, EQUIVALENT = "features", "gaussian", "equivalent"
SHARED, OWN = "shared", "own"
MARKS = 16  # n or eigenvalues that are marked
DEPTHS = 5  # columns at most
APART = 0.14  # of a depth, between the marks of two laws
TWIN = {"lw": 1.1, "marker": "", "zorder": 1}
THEORY = {**style.THEORY, "linewidth": 0.8, "ls": (0, (5, 2)), "zorder": 0}
PALE = 0.45  # opacity of what is measured against neurons with variances of their own
WIDTH, HEIGHTS = 2.45, (2.5, 1.3, 2.1)  # inches of a column and of the lines


class Universality(FigureRecord, tag="universality"):
    """Learning curves, spectra and covariances of features and of their Gaussian equivalents, a column a depth."""

    experiments: Annotated[list[str], Meta(min_length=1, max_length=1, description="name of one experiment"), DISTINCT]
    readout: Annotated[str, member_of(READOUTS, "ridge:λ, whose errors are drawn")] = "ridge:0"
    at: At = {}  # noqa: RUF012 (a struct's default is copied)
    stages = ("equivalents", "theory")

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        name = f"experiment {facts[0].experiment!r}"
        if not all(cell.equivalents for cell in facts):
            yield f".experiments: {name} does not measure them; add `equivalents: true` to it"
            return
        if lost := list(layout.check_layout(facts, self.at, "depth", None)):
            yield from lost
            return
        cells = self._cells(facts)
        if len(cells) > 1:
            yield f".at: {len(cells)} cells of {name}, one is drawn; choose by `at`"
        elif READOUTS.get(self.readout).learner != "ridge" or self.readout not in cells[0].readouts:
            yield f".readout: {name} must have the read-out {self.readout}, of ridge:λ"
        elif len(self._depths(facts)) > DEPTHS:
            yield f".at: {len(self._depths(facts))} depths are more than {DEPTHS}; choose by `at: {{depth: …}}`"

    def _cells(self, facts: Sequence[Facts]) -> list[Facts]:
        there = {row["cell"] for row in layout.curves(facts, self.at)}
        return [cell for cell in facts if cell.cell in there]

    def _depths(self, facts: Sequence[Facts]) -> list[int]:
        return sorted({row["depth"] for row in layout.curves(facts, self.at)})

    def draw(self, tables: Tables) -> Drawing:
        """Draw test errors, their ratios and eigenvalues, a column a depth; on the right distances by depth."""
        (cell,) = self._cells(tables.facts)
        found = Found(tables, cell, self._depths(tables.facts), self.readout, self.at)
        columns = len(found.depths) + 1
        figure, axes = style.grid(
            3, columns, 0.6 + WIDTH * columns, 1.5 + sum(HEIGHTS), height_ratios=HEIGHTS, sharex=False
        )
        _share(axes[:, :-1])
        for depth, column in zip(found.depths, axes.T, strict=False):
            _draw_errors(column[0], found, depth)
            _draw_ratios(column[1], found, depth)
            _draw_spectrum(column[2], found, depth)
            column[0].set_title(layout.words("depth", depth))
        _draw_distances(axes[:, -1], found)
        _dress(axes, found)
        figure.legend(handles=_keys(found), loc="outside lower center", ncols=4)
        figure.suptitle("\n".join([_title(found, self.readout), *curves.silences([cell], found.laws)]), fontsize=9)
        return Drawing(figure, _caption(found), _findings(found, self.readout))


class Found:
    """What is drawn of a cell.

    Attributes:
        cell, depths, laws: which.
        errors: rows of test errors of features and Gaussian vectors; at the n where the theory has a number above 0.
        ratios: E_features/E_gaussian − 1 of the same seed, law, depth and n, as column `value`.
        spectra, distances: the other rows.
        theory: predicted errors; None where the theory is silent.
    """

    def __init__(self, tables: Tables, cell: Facts, depths: Sequence[int], readout: str, at: dict[str, Any]) -> None:
        """Sort the tables."""
        kept = layout.chosen(at, tables.facts)
        rows = tables.equivalents
        rows = rows[(rows["cell"] == cell.cell) & rows["depth"].isin(depths)]
        rows = rows[rows["law"].isin(kept.get("law", cell.laws))]
        self.theory = _predicted(tables.theory, cell, depths, readout) if cell.described else None
        errors = rows[(rows["metric"] == "mse") & (rows["readout"] == readout)]
        errors = errors[errors["n_train"].isin(kept.get("n_train", cell.n_train))]
        self.cell, self.depths, self.errors = cell, list(depths), errors
        if self.theory is not None:
            known = set(zip(self.theory["depth"], self.theory["n_train"], strict=True))
            drawn = [key in known for key in zip(errors["depth"], errors["n_train"], strict=True)]
            self.errors = errors[drawn]
        self.laws = [law for law in cell.laws if law in set(rows["law"])]
        both = (self.of_rows(self.errors, name) for name in (FEATURES, GAUSSIAN))
        index = ["law", "seed", "depth", "n_train"]
        one, other = (each.set_index(index)["value"] for each in both)
        self.ratios = (one / other - 1).rename("value").reset_index()
        self.spectra = rows[rows["metric"] == "eigenvalue"]
        self.distances = rows[rows["metric"].isin(["frobenius", "operator", "squared"])]
        self.samples = int(self.distances["n_train"].iloc[0])

    @staticmethod
    def of_rows(frame: "pd.DataFrame", name: str) -> "pd.DataFrame":
        """Return the rows of features, or of Gaussian vectors, or of the equivalent."""
        return frame[frame["rows"] == name]

    def width(self, depth: int) -> int:
        """d_L."""
        return self.cell.widths[depth - 1]

    def look(self, law: str) -> dict[str, Any]:
        """Colour and marker of a law."""
        return {**style.law_look(law, self.laws), "label": None}

    def distance(self, metric: str, rows: str, variance: str) -> "pd.DataFrame":
        """Return a distance by law, seed and depth as column `value`."""
        chosen = self.of_rows(self.distances, rows)
        return chosen[(chosen["metric"] == metric) & (chosen["variance"] == variance)]


def _predicted(theory: "pd.DataFrame", cell: Facts, depths: Sequence[int], readout: str) -> "pd.DataFrame":
    """The errors above 0 that the theory predicts of a read-out."""
    theory = theory[(theory["cell"] == cell.cell) & (theory["readout"] == readout) & (theory["metric"] == "mse")]
    return theory[theory["converged"] & (theory["value"] > 0) & theory["depth"].isin(depths)]


def _some(count: int) -> np.ndarray:
    """Return at most MARKS numbers of 0 … count − 1, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, MARKS)).round().astype(int))


def _draw_errors(axes: "Axes", found: Found, depth: int) -> None:
    """Draw theory and Gaussian vectors as lines, features as marks."""
    if found.theory is not None:
        theory = found.theory[found.theory["depth"] == depth].sort_values("n_train")
        theory = theory[theory["n_train"] >= found.errors["n_train"].min()]
        axes.plot(theory["n_train"] / found.width(depth), theory["value"], **THEORY)
    for name in (GAUSSIAN, FEATURES):
        rows = found.of_rows(found.errors, name)
        for law, points in style.mean_over_seeds(rows[rows["depth"] == depth], ["law", "n_train"]).groupby(
            "law", observed=True
        ):
            look, x = found.look(law), points["n_train"] / found.width(depth)
            if name == GAUSSIAN:
                axes.plot(x, points["mean"], **{**look, **TWIN, "ls": style.law_line(law)})
            else:
                at = _some(len(points))
                axes.errorbar(x.iloc[at], points["mean"].iloc[at], points["half"].iloc[at], ls="", ms=4, lw=0.8, **look)
    style.log_scale(axes)


def _draw_ratios(axes: "Axes", found: Found, depth: int) -> None:
    """Draw E_features/E_gaussian − 1 in per cent."""
    axes.axhline(0, color="0.3", lw=0.8, zorder=0)
    rows = found.ratios[found.ratios["depth"] == depth]
    span = np.ptp(rows["n_train"]) / found.width(depth) or 1
    aside = style.side_by_side(found.laws, 0.02 * span)
    for law, points in style.mean_over_seeds(rows, ["law", "n_train"]).groupby("law", observed=True):
        chosen = points.iloc[_some(len(points))]
        x = chosen["n_train"] / found.width(depth) + aside[law]
        look = {"ls": "", "ms": 4, "lw": 0.8, "capsize": 0, **found.look(law)}
        axes.errorbar(x, 100 * chosen["mean"], 100 * chosen["half"], **look)


def _draw_spectrum(axes: "Axes", found: Found, depth: int) -> None:
    """Draw eigenvalues against their rank: of the equivalent, of Gaussian vectors and of features."""
    rows, width = found.spectra[found.spectra["depth"] == depth], found.width(depth)
    rows = rows[rows["value"] > 0]
    for name in (EQUIVALENT, GAUSSIAN, FEATURES):
        means = found.of_rows(rows, name).groupby(["law", "rank"], observed=True)["value"].mean().reset_index()
        for law, points in means.groupby("law", observed=True):
            x = (points["rank"] - 0.5) / width
            look = found.look(law)
            if name == FEATURES:
                at = _some(len(points))
                axes.plot(x.iloc[at], points["value"].iloc[at], ls="", ms=4, **look)
            elif name == GAUSSIAN:
                axes.plot(x, points["value"], **{**look, **TWIN, "ls": style.law_line(law)})
            else:
                axes.plot(x, points["value"], **{**look, **TWIN, "lw": 0.8, "ls": style.law_line(law), "color": "0.6"})
    style.log_scale(axes)


def _draw_distances(axes: Sequence["Axes"], found: Found) -> None:
    """Draw by depth the Frobenius distance, the same without the noise of sampling, and the operator distance."""
    aside = style.side_by_side(found.laws, APART)
    for panel, metric in zip(axes[::2], ("frobenius", "operator"), strict=True):
        for law in found.laws:
            for rows, look in ((GAUSSIAN, {"marker": "_", "ms": 11}), (FEATURES, {})):
                frame = found.distance(metric, rows, SHARED)
                points = style.mean_over_seeds(frame[frame["law"] == law], ["depth"])
                pen = {"ls": "", "ms": 5, "lw": 0.8, "capsize": 0, **found.look(law), **look}
                bars = 100 * points["half"] if rows == FEATURES else None
                panel.errorbar(points["depth"] + aside[law], 100 * points["mean"], bars, **pen)
        panel.set_ylim(bottom=0)
    axes[1].axhline(0, color="0.3", lw=0.8, zorder=0)
    for law in found.laws:
        for variance, look in ((OWN, {"alpha": PALE}), (SHARED, {})):
            frame = found.distance("squared", FEATURES, variance)
            points = style.mean_over_seeds(frame[frame["law"] == law], ["depth"])
            middle, low, high = (100 * _root(points["mean"] + sign * points["half"].fillna(0)) for sign in (0, -1, 1))
            x = points["depth"] + aside[law] + (APART / 3 if variance == OWN else 0)
            pen = {"ls": "", "ms": 5, "lw": 0.8, "capsize": 0, **found.look(law), **look}
            axes[1].errorbar(x, middle, [middle - low, high - middle], **pen)


def _root(square: Any) -> Any:
    """The root of an estimate of a square, 0 where it is negative."""
    return np.sqrt(np.maximum(square, 0))


def _share(axes: np.ndarray) -> None:
    """Give errors, ratios and spectra one range each, and the former two the same n below each other."""
    for line in axes:
        for panel in line[1:]:
            panel.sharey(line[0])
            panel.tick_params(labelleft=False)
    for top, ratio in axes[:2].T:
        ratio.sharex(top)
        top.tick_params(labelbottom=False)


def _dress(axes: np.ndarray, found: Found) -> None:
    """Label the axes."""
    style.centre_on_zero(axes[1, 0])
    for _, ratio, spectrum in axes[:, :-1].T:
        ratio.set_xlabel("$n/d_L$")
        spectrum.set_xlabel("rank of the eigenvalue / $d_L$")
    axes[0, 0].set_ylabel("test MSE\n(averaged over teachers)")
    axes[1, 0].set_ylabel("features /\nGaussian − 1 (%)")
    axes[2, 0].set_ylabel("eigenvalue of the covariance")
    words = ("|Σ̂ − Σ|/|Σ|, Frobenius (%)", "without the noise\nof sampling (%)", "|Σ̂ − Σ|/|Σ|, operator (%)")
    for panel, text in zip(axes[:, -1], words, strict=True):
        panel.set_ylabel(text)
        style.whole_depths(panel, found.depths)
        panel.set_xlim(found.depths[0] - 0.5, found.depths[-1] + 0.5)
        panel.set_xlabel(panel.get_xlabel() if panel is axes[2, -1] else "")
    axes[0, -1].set_title("covariance from $Σ_L$")


def _keys(found: Found) -> "list[Line2D]":
    marks = [style.key(**{**style.law_look(law, found.laws), "ms": 5}) for law in found.laws]
    lines = [
        style.key(
            f"Gaussian vectors, {law_words(law)} $Σ_L$", color=found.look(law)["color"], ls=style.law_line(law), lw=1.1
        )
        for law in found.laws
    ]
    floor = style.key("Gaussian vectors: noise of sampling alone", color="0.3", marker="_", ms=10)
    pale = style.key("each neuron with its own variance", color="0.3", marker="o", ms=5, alpha=PALE)
    limit = style.key("$Σ_L$ itself", color="0.6", ls="-", lw=0.8)
    theory = [] if found.theory is None else [style.key(**{**THEORY, "label": "theory"})]
    return [*marks, *lines, *theory, limit, floor, pale]


def _where(found: Found) -> list[str]:
    leaves = [plain_text(layout.words(*leaf)) for leaf in found.cell.swept.items()]
    return [style.describe(found.cell.dims, found.cell.activation), found.cell.dataset_words, *leaves]


def _title(found: Found, readout: str) -> str:
    noise = style.noise_in_words(found.cell.noise)
    said = [*_where(found), noise, layout.readout_words(readout)]
    return f"{', '.join(said)}\n{found.samples} rows; {style.seeds_in_words(found.errors)}"


def _caption(found: Found) -> str:
    return (
        "Features of given hidden weights (marks) against Gaussian vectors (lines) of the mean and the covariance Σ_L "
        "that section 2 of the theory gives these weights, Σ_L = D1 W Σ_{L−1} Wᵀ D1 + D2. Above, test MSE of ridge "
        "regression trained and tested on either, averaged over teachers without sampling; in the middle its ratio; "
        "below, eigenvalues of the covariance of all rows, in grey those of Σ_L itself. On the right, how far the "
        f"covariance Σ̂ of {found.samples} rows is from Σ_L; dashes: of as many Gaussian vectors, sampling alone; in "
        "the middle an estimate without that noise, pale where each neuron has its own variance, not the mean of all."
    )


def _findings(found: Found, readout: str) -> list[Finding]:
    """Of every depth and law the errors' ratio and the distance; of the laws how they differ in both."""
    said, where = [], ", ".join(_where(found))
    for depth in found.depths:
        for law in found.laws:
            here = f"{where}, {law_words(law)} weights, L = {depth}"
            said += [_of_errors(found, law, depth, f"{here}, {layout.readout_words(readout)}")]
            said += [_of_distance(found, law, depth, here)]
    over = f"{where}, {depths_in_words(found.ratios['depth'])}"
    for law, gap, n_seeds in law_means(found.ratios.assign(value=1 + found.ratios["value"]), ["depth", "n_train"]):
        words = f"{law_words(law)} against {law_words(baseline_of(found.laws))} weights"
        text = f"{over}: features over Gaussian vectors in test MSE, {words}, {with_interval(*gap, n_seeds)}"
        said.append(Finding(text, *gap, n_seeds))
    for law, gap, n_seeds in law_means(found.distance("squared", FEATURES, SHARED), ["depth"], ratio=False):
        words = f"{law_words(law)} minus {law_words(baseline_of(found.laws))} weights"
        text = f"{over}: squared distance of the covariance from Σ_L, {words}, {with_interval(*gap, n_seeds)}"
        said.append(Finding(text, *gap, n_seeds))
    return said


def _of_errors(found: Found, law: str, depth: int, where: str) -> Finding:
    rows = found.ratios[(found.ratios["law"] == law) & (found.ratios["depth"] == depth)]
    by_seed = rows.groupby("seed")["value"].mean()
    gap = interval(by_seed)
    finite = per_cent(1 / found.width(depth)).removeprefix("+")
    at_n = rows.groupby("n_train")["value"].mean()
    text = f"{where}, mean over n: test MSE on features against Gaussian vectors {with_interval(*gap, len(by_seed))}"
    single = f"{per_cent(at_n.min())} to {per_cent(at_n.max())} at single n"
    return Finding(f"{text}, {single}; 1/d_L is {finite}", *gap, len(by_seed))


def _of_distance(found: Found, law: str, depth: int, where: str) -> Finding:
    """The distance from Σ_L beyond sampling, with one variance for all neurons or each its own; in operator norm."""

    def values(metric: str, rows: str, variance: str) -> "pd.Series":
        frame = found.distance(metric, rows, variance)
        return frame[(frame["law"] == law) & (frame["depth"] == depth)]["value"]

    shared, own = (_root(np.array(interval(values("squared", FEATURES, name)))) for name in (SHARED, OWN))
    largest, floor = (values("operator", name, SHARED).mean() for name in (FEATURES, GAUSSIAN))
    n_seeds = len(values("squared", FEATURES, SHARED))
    text = (
        f"{where}: covariance {with_interval(*shared, n_seeds)} from Σ_L in Frobenius norm beyond sampling, "
        f"{per_cent(own[0])} where each neuron has its own variance; in operator norm {per_cent(largest, 1)} where "
        f"sampling alone makes {per_cent(floor, 1)}"
    ).replace("+", "")
    return Finding(text, *map(float, shared), n_seeds)


figure = Universality

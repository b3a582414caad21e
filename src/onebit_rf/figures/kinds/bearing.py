"""How trained models bear distorted test images: error against severity by bits, and by kind of distortion.

The claim (arXiv 2404.11769) is that networks trained through a quantizer bear distortions better than float ones. What
is held against it is the difference of the distorted errors, and the same less the difference of the clean errors.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from onebit_rf.figures import one_cell, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding, interval
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.one_cell import Protocol, Quantizer
from onebit_rf.figures.settings import At, WeightDecay, protocol_words, setting_words
from onebit_rf.figures.trained import FLOAT, Difference

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, LINE = 9.4, 1.6, 0.24  # inches of the figure: its width, its height, and that of each kind of distortion
LETTERS = 20  # of a note, in an inch
APART = {"severity": 0.09, "kind": 0.17}  # between the marks of two models at one severity, and of one kind
MOST_FEW = 4  # bits up to which models are held against float by kind and in findings
WIDE = 1.8  # times the largest mean that is shown by kind: intervals of few seeds may be far wider
LEAST_REACH = 1.0  # points that are shown at least
CLEAN = 0  # the severity of test images as they are
ALL_KINDS, CLEAN_KIND = "all kinds", "clean"
_NAMES = {"jpeg": "JPEG", "gaussian_blur": "Gaussian blur", "gaussian_noise": "Gaussian noise"}
BEARS = {
    -1: "it bears distortions better, as claimed",
    0: "cannot be told from float",
    1: "it bears them worse, against the claim",
}
BEYOND = {
    -1: "it bears distortions better than its clean error says",
    0: "no more and no less than its clean error says",
    1: "it bears distortions worse than its clean error says",
}


class Bearing(FigureRecord, tag="bearing"):
    """Error on distorted test images: against severity, and of few bits less float's by kind."""

    trainings: Trainings
    quantizer: Quantizer = "lsq"
    protocol: Protocol = "fixed_epochs"
    weight_decay: WeightDecay = None
    at: At = msgspec.field(default_factory=dict)

    stages = ("models", "bearing")

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing one of these cells."""
        if mistakes := list(one_cell.check_cell(facts, self.at, self.weight_decay, self.protocol)):
            yield from mistakes
            return
        cell = one_cell.cell_of(facts, self.at)
        yield from one_cell.check_quantizer(cell, self.quantizer)
        names = one_cell.models_of(cell, self.quantizer)
        if names and not _few(names):
            yield f".quantizer: training {cell.training!r} has no {self.quantizer} of 1 to {MOST_FEW} bits; add one"
        if not cell.distorted:
            yield f".trainings: training {cell.training!r} must test distorted images; give it `distorted: true`"

    def draw(self, tables: Tables) -> Drawing:
        """Draw the error against severity at the left, and the differences from float by kind at the right."""
        cell = one_cell.cell_of(tables.facts, self.at)
        names = one_cell.models_of(cell, self.quantizer)
        models, bearing = (
            one_cell.rows_of(table, cell, self.protocol, self.weight_decay) for table in (tables.models, tables.bearing)
        )
        models = models[models["model"].isin([FLOAT, *names])]
        errors = errors_of(trained.sound(models, ["test_loss", "test_error"]), bearing)
        kinds = _kinds(errors)
        figure, (left, right), below = _new_panels(len(kinds))
        _draw_severities(left, errors, names)
        _draw_kinds(right, errors, _few(names), kinds)
        style.legend_below(below, _keys(names), len(names) + 1)
        seeds = one_cell.seeds_words(models, "of the difference from float, paired by seed")
        heading = one_cell.title(
            cell, self.protocol, self.weight_decay, trained.quantizer_look(self.quantizer)["label"]
        )
        figure.suptitle(f"{heading}\n{seeds}", fontsize=9)
        style.note(figure, [fill("; ".join(trained.count_unconverged(models)), int(LETTERS * WIDTH))])
        findings = list(self._findings(errors, cell, _few(names)))
        return Drawing(figure, _caption(models, errors), findings)

    def _findings(self, errors: "pd.DataFrame", cell: TrainingFacts, names: Sequence[str]) -> Iterator[Finding]:
        """Yield for few bits the distorted error less float's, and that less the same of the clean error."""
        where = f"{setting_words(cell)}, {protocol_words(self.protocol, [cell])}, {cell.source} hidden weights"
        for name in names:
            distorted, clean = (_differences(_of_kind(errors, kind), name) for kind in (ALL_KINDS, CLEAN_KIND))
            said = f"{where}: {trained.model_words(name)} minus float, mean error on distorted test images"
            if len(distorted):
                yield _finding(said, trained.difference(distorted), BEARS)
                less = f"{said}, less the difference of the clean errors"
                yield _finding(less, trained.difference(distorted - clean), BEYOND)


def errors_of(models: "pd.DataFrame", bearing: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows (model, seed, kind, severity, error) of some models: the distorted ones, and clean as severity 0."""
    import pandas as pd

    names = {"model": str, "kind": str}
    clean = models[["model", "seed", "test_error"]].rename(columns={"test_error": "error"})
    clean = clean.assign(kind=CLEAN_KIND, severity=CLEAN).astype(names)
    distorted = bearing.rename(columns={"distorted_error": "error"}).astype(names)[list(clean)]
    there = pd.MultiIndex.from_frame(clean[["model", "seed"]])
    drawn = pd.MultiIndex.from_frame(distorted[["model", "seed"]]).isin(there)
    return pd.concat([clean, distorted[drawn]], ignore_index=True)


def _kinds(errors: "pd.DataFrame") -> list[str]:
    """Return the kinds of distortion, those that the models bear worst first."""
    rows = errors[errors["severity"] != CLEAN]
    return list(rows.groupby("kind")["error"].mean().sort_values(ascending=False).index)


def _few(names: Sequence[str]) -> list[str]:
    return [name for name in names if trained.bits_of(name) <= MOST_FEW]


def _mean(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean error of every model and seed over the kinds and severities in `rows`."""
    return rows.groupby(["model", "seed"], as_index=False)["error"].mean()


def _of_kind(errors: "pd.DataFrame", kind: str) -> "pd.DataFrame":
    """Return the mean error over severities of a kind, over all kinds, or the clean one."""
    return _mean(errors[errors["severity"] != CLEAN] if kind == ALL_KINDS else errors[errors["kind"] == kind])


def _differences(errors: "pd.DataFrame", name: str) -> "pd.Series":
    """Return the error of a model less that of the float model of the same seed."""
    return trained.differences(*(errors[errors["model"] == model] for model in (name, FLOAT)), "error")


def _finding(said: str, found: Difference, verdicts: Mapping[int, str]) -> Finding:
    verdict = verdicts[found.sign] if found.n_seeds > 1 else "one seed cannot tell"
    return Finding(f"{said} {found.words('error')}: {verdict}", found.value, found.low, found.high, found.n_seeds)


def _new_panels(n_kinds: int) -> "tuple[Figure, tuple[Axes, Axes], Axes]":
    """Return a figure, its two axes, and those of the legend."""
    size = (WIDTH, HEIGHT + LINE * (n_kinds + 2))
    figure = style.pyplot().figure(figsize=size, layout="constrained")
    spec = figure.add_gridspec(2, 2, height_ratios=[1, 0.08], width_ratios=[1, 1.05])
    return figure, (figure.add_subplot(spec[0, 0]), figure.add_subplot(spec[0, 1])), figure.add_subplot(spec[1, :])


def _look(name: str) -> dict[str, Any]:
    return {**one_cell.bits_look(trained.bits_of(name)), "ms": 4.5, "markerfacecolor": "white"}


def _keys(names: Sequence[str]) -> list:
    return [style.key(**{**_look(name), "ls": "-", "lw": 0.9}) for name in (FLOAT, *names)]


def _draw_severities(axes: "Axes", errors: "pd.DataFrame", names: Sequence[str]) -> None:
    """Draw the error, mean over kinds, against the severity, 0 for clean images.

    A mark is float's mean and the paired difference from it: the models of a seed differ less than seeds do.
    """
    at = {severity: _mean(rows) for severity, rows in errors.groupby("severity")}
    level = {severity: rows.loc[rows["model"] == FLOAT, "error"].mean() for severity, rows in at.items()}
    aside = style.side_by_side([FLOAT, *names], APART["severity"])
    axes.plot(np.array(list(at)) + aside[FLOAT], [100 * error for error in level.values()], lw=0.8, **_look(FLOAT))
    for name in names:
        found = {severity: _differences(rows, name) for severity, rows in at.items()}
        points = [
            (severity, *(level[severity] + np.array(interval(gaps)))) for severity, gaps in found.items() if len(gaps)
        ]
        x, values, bars = _points(points)
        axes.errorbar(x + aside[name], values, bars, ls="-", lw=0.8, elinewidth=0.7, **_look(name))
    if not np.isfinite(list(level.values())).all():
        one_cell.write_missing(axes, "float is not there")
    axes.set_xticks(list(at), labels=["clean" if severity == CLEAN else str(severity) for severity in at])
    axes.set_xlabel("severity of the distortion")
    axes.set_ylabel("test error (%), mean over kinds of distortion")


def _points(rows: Sequence[tuple[float, float, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places, values and bars, below and above, of rows (place, value, low, high), in per cent."""
    places, values, low, high = np.array(rows, dtype=float).reshape(-1, 4).T
    return places, 100 * values, 100 * np.array([values - low, high - values])


def _draw_kinds(axes: "Axes", errors: "pd.DataFrame", names: Sequence[str], kinds: Sequence[str]) -> None:
    """Draw the difference of few bits from float, in points, a line a kind: means over severities."""
    lines = [*kinds, ALL_KINDS, CLEAN_KIND]
    aside = style.side_by_side(names, APART["kind"])
    reach = LEAST_REACH
    axes.axvline(0, color="0.3", lw=0.8, zorder=1)
    axes.axhspan(len(kinds) - 0.5, len(lines) - 0.5, color="0.95", zorder=0)
    for name in names:
        found = {place: _differences(_of_kind(errors, kind), name) for place, kind in enumerate(lines)}
        points = [(place, *interval(gaps)) for place, gaps in found.items() if len(gaps)]
        y, values, bars = _points(points)
        axes.errorbar(values, y + aside[name], xerr=bars, ls="", elinewidth=0.8, **_look(name))
        reach = max([reach, *(WIDE * abs(values))])
    axes.set_xlim(-reach, reach)
    axes.set_yticks(range(len(lines)), labels=[_NAMES.get(kind, kind.replace("_", " ")) for kind in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xlabel("test error minus float's (points), mean over severities\n← bears it better    bears it worse →")


def _caption(models: "pd.DataFrame", errors: "pd.DataFrame") -> str:
    kinds = errors.loc[errors["severity"] != CLEAN, "kind"].nunique()
    spread = ", with its 95 % confidence interval over seeds" if models["seed"].nunique() > 1 else ""
    return (
        f"Left: error on distorted test images against the severity of the distortion, mean over {kinds} kinds; a mark "
        f"is the mean of float plus the difference from the float model of the same seed{spread}. Right: error of few "
        "bits less that of float by kind, mean over severities, with the mean over all kinds and the error on the test "
        "images as they are; bars beyond the range are cut."
    )


figure = Bearing

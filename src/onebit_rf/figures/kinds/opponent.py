"""Does training through a quantizer beat float training that is regularised as well as it can be?

Weight decay and early stopping are chosen for every model and seed by the loss on held-out rows, for quantized networks
as for the float one. What is drawn are differences from float of the same seed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from onebit_rf.figures import layout, settings, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.settings import At
from onebit_rf.figures.trained import FLOAT, PROTOCOLS, Difference
from onebit_rf.model.record import DISTINCT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHOICES = ("fixed_epochs", "early_stopping")  # when a model is taken: chosen between, by the held-out loss
COLUMNS = {"test_loss": "test loss", "test_error": "test error", "distorted_error": "error on distorted images"}
MOST_CELLS = 4
SIDE, ROW, LEAST_HEIGHT = 2.7, 0.3, 1.2  # inches of a panel's width, of a model's row and of a panel's least height
LETTERS = 20  # of a note, in an inch
BEST, PLAIN = "best", "plain"
HOW = {BEST: "best-regularised", PLAIN: "plain"}
# (how the quantized model was trained, which float it is held against) → marker, and place in a row.
MARKS = {
    (BEST, BEST): {"marker": "o", "y": -0.27},
    (BEST, PLAIN): {"marker": "o", "y": -0.09},
    (PLAIN, BEST): {"marker": "s", "y": 0.09},
    (PLAIN, PLAIN): {"marker": "s", "y": 0.27},
}
WIDE = 4  # differences beyond so many times the median one are written at the edge
EDGE = 0.02  # of the range: beside it, so that no mark is cut
VERDICTS = {-1: "beats it", 0: "cannot be told from it", 1: "is beaten by it"}
CHANCE = 0.025  # of an interval of 95 % that lies on one side of 0 though the truth is 0


class Opponent(FigureRecord, tag="opponent"):
    """Quantized networks against the plain and the best-regularised float network."""

    trainings: Trainings
    quantizers: (
        Annotated[list[str], Meta(min_length=1, description="whose models are drawn; otherwise all"), DISTINCT] | None
    ) = None
    at: At = msgspec.field(default_factory=dict)

    stages = ("models",)

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        mistakes = list(settings.check_settings(facts, self.at, MOST_CELLS))
        if not mistakes:
            cells = settings.chosen(facts, self.at)
            mistakes = [mistake for cell in cells for mistake in self._mistakes(cell)]
            if len(cells) > MOST_CELLS:
                mistakes.append(f".at: {len(cells)} trainings are more than {MOST_CELLS}; choose some")
        yield from dict.fromkeys(mistakes)

    def _mistakes(self, cell: TrainingFacts) -> Iterator[str]:
        name = f"training {cell.training!r}"
        there = trained.in_order(map(trained.quantizer_of, cell.models))
        if FLOAT not in cell.models:
            yield f".trainings: {name} must have the model float, which the others are held against; add it"
        elif missing := [protocol for protocol in CHOICES if protocol not in cell.protocols]:
            yield f".trainings: {name} must have the protocols {' and '.join(CHOICES)}; add {missing[0]}"
        elif lost := [quantizer for quantizer in self.quantizers or () if quantizer not in there]:
            yield f".quantizers: {name} has no model of {lost[0]!r}; choose from {layout.listed(there)}"
        elif not self._models(cell):
            yield f".trainings: {name} must have a quantized model to hold against float; add one"

    def _models(self, cell: TrainingFacts) -> list[str]:
        """The quantized models that are drawn, in the order of the rows."""
        kept = self.quantizers or trained.in_order(map(trained.quantizer_of, cell.models))
        by_kind = [[model for model in cell.models if trained.quantizer_of(model) == kind] for kind in kept]
        ordered = (sorted(models, key=trained.bits_of, reverse=True) for models in by_kind)
        return [model for models in ordered for model in models if model != FLOAT]

    def draw(self, tables: Tables) -> Drawing:
        """Draw for every training a panel each for test loss, test error and distorted error."""
        cells = settings.chosen(tables.facts, self.at)
        models = tables.models[tables.models["protocol"].isin(CHOICES)]
        columns = [name for name in COLUMNS if name != "distorted_error" or any(cell.distorted for cell in cells)]
        contests = [_contest(models, cell, self._models(cell), columns) for cell in cells]
        figure, axes, below = _new_panels([len(contest.models) + 1 for contest in contests], len(columns))
        for contest, line in zip(contests, axes, strict=True):
            for column, panel in zip(columns, line, strict=True):
                _draw_panel(panel, contest, column)
            _name_rows(line, contest.models)
            if len(cells) > 1:
                trained.head(line[0], _where(contest.cell), above=int(contest is contests[0]))
        for column, *line in zip(columns, *axes, strict=True):
            line[0].set_title(COLUMNS[column])
            line[-1].set_xlabel(f"minus float's{' (points)' if trained.is_share(column) else ''}\n← better   worse →")
        style.legend_below(below, _keys(), 2)
        shared = [_where(cells[0])] if len(cells) == 1 else []
        how = f"best-regularised: weight decay ({_decays(cells)}) and early stopping by held-out loss; plain: neither"
        figure.suptitle("\n".join([*shared, how, _seeds_in_words(tables.models)]), fontsize=9)
        of_cells = models[models["cell"].isin([cell.cell for cell in cells])]
        notes = "; ".join(trained.count_unconverged(of_cells))
        style.note(figure, [fill(notes, int(LETTERS * figure.get_figwidth()))])
        return Drawing(figure, _caption(cells), [finding for one in contests for finding in _findings(one)])


@dataclass(frozen=True)
class Contest:
    """The quantized models of a training against its float ones.

    Attributes:
        cell: its facts.
        models: the quantized models, in the order of the rows.
        differences: (model, how it was trained, which float, column) → model − float, where any seed has both.
    """

    cell: TrainingFacts
    models: list[str]
    differences: dict[tuple[str, str, str, str], Difference]

    def of(self, model: str, how: str, against: str) -> dict[str, Difference]:
        """Return column → difference."""
        return {key[3]: gap for key, gap in self.differences.items() if key[:3] == (model, how, against)}


def _contest(rows: "pd.DataFrame", cell: TrainingFacts, models: Sequence[str], columns: Sequence[str]) -> Contest:
    of = rows[rows["cell"] == cell.cell]
    taken, found = {BEST: best(of), PLAIN: plain(of)}, {}
    for how, against in MARKS:
        for model in [FLOAT, *models] if (how, against) == (BEST, PLAIN) else models:
            one, other = (
                frame[frame["model"] == name] for frame, name in ((taken[how], model), (taken[against], FLOAT))
            )
            for column in columns:
                if len(gaps := trained.differences(one, other, column)):
                    found[model, how, against, column] = trained.difference(gaps)
    return Contest(cell, list(models), found)


def plain(models: "pd.DataFrame") -> "pd.DataFrame":
    """Return the models of one cell that are not regularised: the least weight decay, all epochs; a row a seed."""
    kept = (models["weight_decay"] == models["weight_decay"].min()) & (models["protocol"] == "fixed_epochs")
    return trained.sound(models[kept])


def best(models: "pd.DataFrame") -> "pd.DataFrame":
    """Return of every model of one cell and seed the weight decay and protocol of the least held-out loss."""
    known = trained.sound(models, ("train_loss", "test_loss", "valid_loss"))
    return known.loc[known.groupby(["model", "seed"], observed=True)["valid_loss"].idxmin()]


def _new_panels(rows: Sequence[int], columns: int) -> "tuple[Figure, np.ndarray, Axes]":
    """Return a figure, its axes (trainings, columns), and those of the legend."""
    heights = [max(LEAST_HEIGHT, ROW * count) for count in rows]
    size = 1.3 + SIDE * columns, sum(heights) + 1.4 + 0.3 * len(rows)
    figure = style.pyplot().figure(figsize=size, layout="constrained")
    spec = figure.add_gridspec(len(rows) + 1, columns, height_ratios=[*heights, 0.4])
    axes = [[figure.add_subplot(spec[i, j]) for j in range(columns)] for i in range(len(rows))]
    return figure, np.array(axes), figure.add_subplot(spec[-1, :])


def _draw_panel(axes: "Axes", contest: Contest, column: str) -> None:
    """Draw the differences of one column, a row a model, float at the top."""
    scale = 100 if trained.is_share(column) else 1
    gaps = {key[:3]: gap for key, gap in contest.differences.items() if key[3] == column}
    low, high = _range(list(gaps.values()))
    axes.axvline(0, color="0.3", lw=0.8, zorder=1)
    axes.set_xlim(scale * (low - EDGE * (high - low)), scale * (high + EDGE * (high - low)))
    for y, model in enumerate([FLOAT, *contest.models]):
        of = {pair: gaps[model, *pair] for pair in MARKS if (model, *pair) in gaps}
        for pair, gap in of.items():
            if low < gap.value < high:
                pen = {**_look(pair, trained.quantizer_of(model)), "label": ", ".join([model, *pair])}
                x, bar = scale * gap.value, scale * gap.half
                axes.errorbar([x], [y + MARKS[pair]["y"]], xerr=[bar], ms=4, elinewidth=0.8, **pen)
        beyond = [gap.value for gap in of.values() if not low < gap.value < high]
        _write_beyond(axes, y, beyond, column)
    axes.locator_params(axis="x", nbins=6)
    if not gaps:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color="0.4")


def _look(pair: tuple[str, str], quantizer: str = "") -> dict[str, Any]:
    """Colour, marker and filling of a comparison."""
    colour = trained.quantizer_look(quantizer)["color"] if quantizer else "0.2"
    filling = colour if pair[1] == BEST else "white"
    return {"color": colour, "marker": MARKS[pair]["marker"], "markerfacecolor": filling, "ls": "", "zorder": 3}


def _range(gaps: Sequence[Difference]) -> tuple[float, float]:
    """Return the range that is drawn: 0, the means that are not far beyond the median one, and room for intervals."""
    sizes, halves = [abs(gap.value) for gap in gaps], [gap.half for gap in gaps if np.isfinite(gap.half)]
    drawn = [0.0, *(gap.value for gap in gaps if abs(gap.value) <= WIDE * np.median(sizes))]
    room = np.median(halves) if halves else 0.1 * np.ptp(drawn)
    return min(drawn) - (room or 1.0), max(drawn) + (room or 1.0)


def _write_beyond(axes: "Axes", y: float, values: Sequence[float], column: str) -> None:
    """Write the differences of a model that are beyond the range at its edge."""
    for side, x, arrow in ((-1, 0.01, "← {}"), (1, 0.99, "{} →")):
        if some := [value for value in values if side * value > 0]:
            ends = dict.fromkeys(trained.signed(end, column) for end in (min(some), max(some)))
            text = arrow.format(" to ".join(ends))
            look = {"ha": "left" if side < 0 else "right", "va": "center", "fontsize": 6.5}
            axes.text(x, y, text, transform=axes.get_yaxis_transform(), **look)


def _name_rows(line: Sequence["Axes"], models: Sequence[str]) -> None:
    """Name the rows at the left, and shade every other one."""
    names = [f"{FLOAT}, {HOW[BEST]}", *map(trained.model_words, models)]
    for axes in line:
        axes.set_yticks(range(len(names)), labels=names if axes is line[0] else [""] * len(names))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        for y in range(0, len(names), 2):
            axes.axhspan(y - 0.5, y + 0.5, color="0.96", lw=0, zorder=0)


def _keys() -> list:
    """The legend's entries, best-regularised models first."""
    words = "{} quantized model against {} float"
    return [style.key(words.format(HOW[pair[0]], HOW[pair[1]]), ms=4.5, **_look(pair)) for pair in MARKS]


def _where(cell: TrainingFacts) -> str:
    return f"{settings.setting_words(cell)}, {cell.source} hidden weights"


def _seeds_in_words(models: "pd.DataFrame") -> str:
    count = models["seed"].nunique()
    return f"mean paired differences of {count} seeds with 95 % intervals" if count > 1 else "one seed: no intervals"


def _decays(cells: Sequence[TrainingFacts]) -> str:
    return layout.listed([f"{decay:g}" for decay in sorted({decay for cell in cells for decay in cell.weight_decays})])


def _caption(cells: Sequence[TrainingFacts]) -> str:
    taken = " or ".join(PROTOCOLS[protocol] for protocol in CHOICES)
    return (
        "Quantized networks minus the float network of the same seed, on test loss and on the errors on test images, "
        "clean and distorted. Best-regularised: weight decay (among "
        f"{_decays(cells)}) and {taken} are those of the least loss on held-out rows, chosen for every model and seed "
        "by itself. Plain: the least weight decay and fixed epochs. Circles are quantized networks regularised as well "
        "as they can be, squares plain ones; filled marks are against the best-regularised float network, open ones "
        "against the plain one. The top row is the best-regularised float network against the plain one. Differences "
        "that are far beyond the others are written at the edge."
    )


def _findings(contest: Contest) -> Iterator[Finding]:
    """Yield what regularising does to float, how many models beat it, and how each compares, regularised alike."""
    where = _where(contest.cell)
    if of_float := contest.of(FLOAT, BEST, PLAIN):
        yield _finding(f"{where}: best-regularised float against plain float", of_float)
    for how in (PLAIN, BEST):
        yield from _count(contest, how, where)
    for model in contest.models:
        if of_model := contest.of(model, BEST, BEST):
            words = f"{trained.model_words(model)} against float, both best-regularised"
            yield _finding(f"{where}: {words}", of_model)


def _finding(what: str, gaps: dict[str, Difference]) -> Finding:
    """Say every difference with its verdict; the number is the test loss's."""
    said = [f"{COLUMNS[column]} {gap.words(column)}{_verdict(gap)}" for column, gap in gaps.items()]
    gap = gaps["test_loss"]
    return Finding(f"{what}: {'; '.join(said)}", gap.value, gap.low, gap.high, gap.n_seeds)


def _verdict(gap: Difference) -> str:
    return f", {VERDICTS[gap.sign]}" if gap.n_seeds > 1 else ""


def _count(contest: Contest, how: str, where: str) -> Iterator[Finding]:
    """Yield how many models beat float in test loss, both trained alike, and how many would by chance."""
    gaps = [contest.of(model, how, how).get("test_loss") for model in contest.models]
    gaps = [gap for gap in gaps if gap and gap.n_seeds > 1]
    if gaps:
        beat, even, beaten = (sum(gap.sign == sign for gap in gaps) for sign in (-1, 0, 1))
        said = f"{beat} beat it, {even} cannot be told from it, {beaten} are beaten by it"
        chance = f"by chance {CHANCE * len(gaps):.1g} of {len(gaps)} would beat it"
        against = f"of {len(gaps)} {HOW[how]} quantized models against {HOW[how]} float in test loss"
        yield Finding(f"{where}: {against} {said}; {chance}", beat, n_seeds=max(gap.n_seeds for gap in gaps))


figure = Opponent

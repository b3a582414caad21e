"""Frozen against learned hidden weights at equal bits: the same layers, the same bits, one switch.

Beside the trained networks, optionally, ridge read-outs that are trained anew on frozen and on learned features.
"""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from onebit_rf.figures import layout, settings, style, trained
from onebit_rf.figures.facts import AnyFacts, Facts, TrainingFacts
from onebit_rf.figures.feature_readouts import Place, feature_readouts, place_of
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.settings import At, WeightDecay
from onebit_rf.figures.trained import FLOAT, PROTOCOLS, SOURCES
from onebit_rf.model.record import DISTINCT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 4  # of panels
SIDE, HEIGHT = 2.45, 2.2  # inches of a panel's sides
LETTERS = 20  # of a note, in an inch
APART = 0.12  # of the distance of two bits, between the marks of frozen and learned
PANELS = {
    "test_loss": "test loss",
    "gap_loss": "generalization gap",
    "test_error": "test error (%)",
    "distorted_error": "distorted error (%)",
}
READOUTS = {"accuracy": "test accuracy (%)", "mse": "test MSE"}
LOOKS = {
    "learned": {**SOURCES["learned"], "color": "#0072B2", "marker": "o"},
    "frozen": {**SOURCES["frozen"], "color": "#D55E00", "marker": "s"},
}


class Switch(FigureRecord, tag="switch"):
    """Losses and errors against bits, of frozen and of learned hidden weights."""

    trainings: Trainings
    experiments: Annotated[
        list[str], Meta(description="whose ridge read-outs on frozen and learned features are drawn, too"), DISTINCT
    ] = msgspec.field(default_factory=list)
    quantizer: Annotated[str, Meta(description="of the hidden weights: lsq, noise, ptq or asymmetric")] = "lsq"
    protocol: Annotated[Literal[tuple(PROTOCOLS)], Meta(description="when a model is taken")] = "fixed_epochs"
    weight_decay: WeightDecay = None
    at: At = msgspec.field(default_factory=dict)

    @property
    def stages(self) -> Sequence[str]:
        """The stages whose tables it draws: read-outs where there are experiments."""
        return ("models", "readout") if self.experiments else ("models",)

    def check(self, facts: Sequence[AnyFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        trainings, experiments = _split(facts)
        mistakes = list(settings.check_settings(trainings, self.at, MOST_LINES))
        if not mistakes:
            cells = settings.chosen(trainings, self.at)
            mistakes += settings.check_decay(cells, self.weight_decay)
            mistakes += [mistake for cell in cells for mistake in self._mistakes(cell)]
            mistakes += [mistake for some in settings.facets(cells).values() for mistake in self._pair_mistakes(some)]
            mistakes += [mistake for cell in experiments for mistake in self._experiment_mistakes(cell)]
            if (count := len(settings.facets(cells)) + len(experiments)) > MOST_LINES:
                mistakes.append(f".at: {count} lines, one a setting and cell, are more than {MOST_LINES}; choose some")
        yield from dict.fromkeys(mistakes)

    def _mistakes(self, cell: TrainingFacts) -> Iterator[str]:
        name = f"training {cell.training!r}"
        there = trained.in_order(map(trained.quantizer_of, cell.models))
        if FLOAT not in cell.models:
            yield f".trainings: {name} must have the model float, which few bits are held against; add it"
        elif self.quantizer == FLOAT or self.quantizer not in there:
            others = layout.listed([name for name in there if name != FLOAT])
            yield f".quantizer: {name} has no models of few bits of {self.quantizer!r}; choose from {others}"
        elif self.protocol not in cell.protocols:
            yield f".protocol: {name} has no {self.protocol}; choose from {', '.join(cell.protocols)}"

    def _pair_mistakes(self, cells: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps the cells of a setting from being compared: one is learned, one frozen, else they agree."""
        if len(cells) == 1:
            (cell,) = cells
            other = next(source for source in SOURCES if source != cell.source)
            alike = f"its data set, network, n_train and swept leaves and source {other}"
            yield f".trainings: {cell.cell!r} has {cell.source} weights only; add a training with {alike}"
            return
        compared = ["epochs", *(["loss"] if self.protocol == "matched_loss" else [])]
        for name in compared:
            one, other = (getattr(cell, name) for cell in cells)
            if one != other:
                names = " and ".join(repr(cell.cell) for cell in cells)
                yield f".trainings: {names} must have the same {name}, got {one:g} and {other:g}"

    def _experiment_mistakes(self, cell: Facts) -> Iterator[str]:
        name, places = f"experiment {cell.experiment!r}", self._places(cell)
        if cell.target != "labels" or cell.outputs < 2:
            yield f".experiments: {name} must have target labels, and classes for labels; choose one that does"
        elif {source for source, _ in places.values()} != set(SOURCES):
            laws = f"learned:{self.trainings[0]},MODEL, of float or {self.quantizer}, and gaussian or grid:BITS"
            yield f".experiments: {name} must have frozen and learned weights; use laws {laws}"
        else:
            first: dict[Place, str] = {}
            for law, (source, bits) in places.items():
                if (other := first.setdefault((source, bits), law)) != law:
                    alike = f"{source} weights of {trained.bits_words(bits)}"
                    yield f".experiments: {other} and {law} of {name} are both {alike}; leave one out"

    def _places(self, cell: Facts) -> dict[str, Place]:
        """Return law → source and bits of the laws that are drawn."""
        found = {law: place_of(law, self.trainings, self.quantizer) for law in cell.laws}
        return {law: place for law, place in found.items() if place is not None}

    def draw(self, tables: Tables) -> Drawing:
        """Draw a line of panels for every setting, and one for every cell of the experiments."""
        trainings, experiments = _split(tables.facts)
        cells = settings.chosen(trainings, self.at)
        rows, facets = self._chosen(tables.models, cells), list(settings.facets(cells).values())
        readouts = [feature_readouts(tables.readout, cell, self._places(cell)) for cell in experiments]
        columns = [name for name in PANELS if name != "distorted_error" or any(cell.distorted for cell in cells)]
        bits = sorted({*rows["bits"].astype(int), *(b for one in readouts for b in one.bits)}, reverse=True)
        figure, lines, below = _new_panels(len(facets), len(columns), len(readouts))
        for some, line in zip(facets, lines[: len(facets)], strict=True):
            of = rows[rows["cell"].isin([cell.cell for cell in some])]
            for column, axes in zip(columns, line, strict=True):
                found = trained.sound(of, ("test_loss", "gap_loss", column))
                _draw_marks(axes, found.assign(value=found[column]), bits, 100 if trained.is_share(column) else 1)
                axes.set_ylabel(PANELS[column])
            if len(facets) > 1 or readouts:
                trained.head(line[0], settings.setting_words(some[0]))
        for one, line in zip(readouts, lines[len(facets) :], strict=True):
            for metric, axes in zip(READOUTS, line, strict=True):
                theory = one.of(metric, "own_spectrum")
                _draw_marks(axes, one.of(metric), bits, 100 if metric == "accuracy" else 1, theory)
                axes.set_ylabel(READOUTS[metric])
            trained.head(line[0], one.where)
        has_theory = any(len(one.of("mse", "own_spectrum")) for one in readouts)
        _legend(below, has_theory, beside=bool(readouts))
        self._title(figure, cells, rows, [] if len(facets) > 1 or readouts else [settings.setting_words(cells[0])])
        findings = [*self._findings(rows, facets), *(finding for one in readouts for finding in one.findings())]
        return Drawing(figure, self._caption(bool(readouts), has_theory), findings)

    def _chosen(self, models: "pd.DataFrame", cells: Sequence[TrainingFacts]) -> "pd.DataFrame":
        """Return the models of the figure's cells, quantizer, protocol and weight decay."""
        kept = models["cell"].isin([cell.cell for cell in cells]) & (models["protocol"] == self.protocol)
        kept &= models["model"].astype(str).map(trained.quantizer_of).isin([FLOAT, self.quantizer])
        return models[kept & (models["weight_decay"] == settings.decay(cells, self.weight_decay))]

    def _title(
        self, figure: "Figure", cells: Sequence[TrainingFacts], rows: "pd.DataFrame", shared: Sequence[str]
    ) -> None:
        """Write what all panels share above them, and below what is not drawn."""
        decay = f"weight decay {settings.decay(cells, self.weight_decay):g}"
        said = f"{self.quantizer}, {settings.protocol_words(self.protocol, cells)}, {decay}"
        figure.suptitle("\n".join([*shared, f"{said}; {style.seeds_in_words(rows)}"]), fontsize=9)
        notes = "; ".join(trained.count_unconverged(rows))
        style.note(figure, [fill(notes, int(LETTERS * figure.get_figwidth()))])

    def _caption(self, has_readouts: bool, has_theory: bool) -> str:
        text = (
            "Trained networks against the bits of their hidden weights, which are learned or stay as they start, "
            f"rounded by the same quantizer ({self.quantizer}; 32 bits are float). All else agrees: layers, bits, "
            "batches, and what is trained beside them. Distorted error is the mean over kinds and severities. Findings "
            "compare models of the same seed."
        )
        if has_readouts:
            text += (
                " Below, ridge read-outs trained anew on the features of frozen and of learned weights, those of the "
                "training's first protocol and weight decay, at the λ of the least test MSE for each."
            )
        if has_theory:
            text += " Lines through test MSEs are predicted from the second moments of the very features."
        return text

    def _findings(self, rows: "pd.DataFrame", facets: Sequence[Sequence[TrainingFacts]]) -> Iterator[Finding]:
        """Yield for every setting learned − frozen at each number of bits, and what the fewest bits cost either."""
        for some in facets:
            where = f"{settings.setting_words(some[0])}, {settings.protocol_words(self.protocol, some)}"
            by_source = {cell.source: rows[rows["cell"] == cell.cell] for cell in some}
            known = {source: trained.sound(of) for source, of in by_source.items()}
            models = sorted(rows["model"].astype(str).unique(), key=trained.bits_of, reverse=True)
            for model in models:
                pair = [known[source][known[source]["model"] == model] for source in ("learned", "frozen")]
                yield from _finding(
                    f"{where}: learned minus frozen hidden weights, {trained.model_words(model)}", *pair
                )
            for source, of in known.items():
                pair = [of[of["model"] == model] for model in (models[-1], FLOAT)]
                words = f"{source} hidden weights, {trained.model_words(models[-1])} minus float"
                yield from _finding(f"{where}: {words}", *pair)


def _split(facts: Sequence[AnyFacts]) -> tuple[list[TrainingFacts], list[Facts]]:
    """Return the cells of the trainings and those of the experiments."""
    trainings = [cell for cell in facts if isinstance(cell, TrainingFacts)]
    return trainings, [cell for cell in facts if isinstance(cell, Facts)]


def _finding(what: str, one: "pd.DataFrame", other: "pd.DataFrame") -> Iterator[Finding]:
    """Yield the paired differences of test error and test loss; the number is the error's. None without a pair."""
    gaps = {column: trained.differences(one, other, column) for column in ("test_error", "test_loss")}
    if len(gaps["test_error"]):
        known = {column: trained.difference(values) for column, values in gaps.items()}
        said = ", ".join(f"{column.replace('_', ' ')} {gap.words(column)}" for column, gap in known.items())
        gap = known["test_error"]
        yield Finding(f"{what}: {said}", gap.value, gap.low, gap.high, gap.n_seeds)


def _new_panels(settings: int, columns: int, readouts: int) -> "tuple[Figure, list[list[Axes]], Axes]":
    """Return a figure, the axes of its lines, and those of the legend: beside the read-outs, or below all."""
    heights = [HEIGHT] * (settings + readouts) + [0.2] * (not readouts)
    size = 0.4 + SIDE * columns, sum(heights) + 0.9
    figure = style.pyplot().figure(figsize=size, layout="constrained")
    spec = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    lines = [[figure.add_subplot(spec[i, j]) for j in range(columns)] for i in range(settings)]
    lines += [[figure.add_subplot(spec[settings + i, j]) for j in range(len(READOUTS))] for i in range(readouts)]
    return figure, lines, figure.add_subplot(spec[settings, len(READOUTS) :] if readouts else spec[-1, :])


def _draw_marks(
    axes: "Axes", rows: "pd.DataFrame", bits: Sequence[int], scale: float, theory: "pd.DataFrame | None" = None
) -> None:
    """Draw the means over seeds of frozen and learned against bits: joined, or on the lines of a theory."""
    places, aside = trained.bits_axis(axes, bits), style.side_by_side(LOOKS, APART)
    lines = style.mean_over_seeds(theory, ["source", "bits"]) if theory is not None and len(theory) else None
    points = style.mean_over_seeds(rows, ["source", "bits"])
    for source, look in LOOKS.items():
        of = points[points["source"] == source].sort_values("bits", ascending=False)
        x = of["bits"].map(places) + aside[source]
        pen = {**look, "label": source, "ms": 5, "lw": 0.9, "elinewidth": 0.9, **({} if lines is None else {"ls": ""})}
        axes.errorbar(x, scale * of["mean"], scale * of["half"], **pen)
        if lines is not None:
            line = lines[lines["source"] == source].sort_values("bits", ascending=False)
            ends = line["bits"].map(places) + aside[source]
            axes.plot(ends, scale * line["mean"], color=look["color"], ls=look["ls"], lw=1.2, zorder=1)


def _legend(axes: "Axes", has_theory: bool, beside: bool) -> None:
    keys = [style.key(**{**look, "ms": 5, "lw": 0.9}) for look in LOOKS.values()]
    if has_theory:
        keys.append(
            style.key("test MSE: lines are theory,\nfrom the features' own spectrum", ls="-", color="0.3", lw=1.2)
        )
    style.legend_below(axes, keys, 1 if beside else len(keys))


figure = Switch

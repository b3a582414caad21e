"""Which measure puts the generalization gaps of trained models in order: measure against gap, and rank statistics.

A measure that explains why quantized networks generalize must order the gaps of many models (arXiv 1912.02178), and do
better than random numbers. A small gap is not a small test loss: the first panel holds the gap against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from onebit_rf.figures import one_cell, ranks, style, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables, Trainings
from onebit_rf.figures.one_cell import Protocol
from onebit_rf.figures.settings import protocol_words, setting_words
from onebit_rf.figures.trained import Difference
from onebit_rf.model.record import DISTINCT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: of the figure, of a line of scatter panels, of a measure below them, of a line of the legend.
WIDTH, HEIGHT, LINE, KEYS = 9.0, 2.2, 0.24, 0.18
COLUMNS = 3
IN_LINE = (9, 3, 3)  # keys in a line of the legends of bits, of quantizers with sources (two lines), of weights
NARROW = 2.0  # positive numbers of a range up to this ratio are drawn on a linear axis
MOST_MEASURES = 8  # three lines of scatter panels
LETTERS = 20  # of a note, in an inch
APART = 0.26  # of a line, between the marks of the two weights
STATISTICS = {  # as the table calls them: as an axis does, and what a measure without a clue has
    "kendall": ("τ: all pairs", 0.0),
    "granulated": ("Ψ: one hyper-\nparameter at a time", 0.0),
    "sign_error_mean": ("sign error, mean", 0.5),
    "sign_error_worst": ("sign error, worst\npair of settings", 0.5),
}
WEIGHTS: dict[str, dict[str, Any]] = {
    "": {"label": "at the weights as tested", "color": "#0072B2", "marker": "o"},
    ranks.LATENT: {"label": "at the latent weights", "color": "#D55E00", "marker": "s", "markerfacecolor": "white"},
}
NEITHER = {"color": "0.2", "marker": "D"}  # a measure that is not of a set of weights
SPAN = {0.0: 1.05, 0.5: 0.55}  # of an axis, on either side of what tells nothing
ORDERS = {
    -1: "more noise, smaller gap, as claimed",
    0: "no order can be told",
    1: "more noise, larger gap, against the claim",
}
GOES = {
    -1: "a smaller gap goes with a higher test {}",
    0: "the gap does not tell the test {}",
    1: "a smaller gap goes with a lower test {}",
}
Measures = Annotated[
    list[Literal[ranks.NAMES]],
    Meta(min_length=1, max_length=MOST_MEASURES, description="drawn against the gap, a panel each"),
    DISTINCT,
]
DEFAULT = (
    "lambda_max",
    "inverse_sigma_squared",
    "inverse_sigma_magnitude_squared",
    "adaptive_sharpness",
    "quantization_noise",
)


class Ranking(FigureRecord, tag="ranking"):
    """Measures against the gap, and how well each orders it."""

    trainings: Trainings
    gap: Annotated[Literal["loss", "error"], Meta(description="the gap that is ordered")] = "loss"
    protocol: Protocol = "fixed_epochs"
    measures: Measures = msgspec.field(default_factory=lambda: list(DEFAULT))

    stages = ("models", "ranking")

    def check(self, facts: Sequence[TrainingFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        yield from dict.fromkeys(mistake for cell in facts for mistake in self._mistakes(cell))

    def _mistakes(self, cell: TrainingFacts) -> Iterator[str]:
        name = f"training {cell.training!r}"
        if self.protocol not in cell.protocols:
            yield f".protocol: {name} has no {self.protocol}; choose from {', '.join(cell.protocols)}"
        sharp = [measure for measure in self.measures if measure.removesuffix(ranks.LATENT) in ranks.SHARPNESS]
        if sharp and not cell.sharpness:
            yield f".measures: {sharp[0]} is not measured of {name}; give it `sharpness`, or leave it out"
        if ranks.LABELLED in self.measures and not cell.distorted:
            yield f".measures: {ranks.LABELLED} is not measured of {name}; give it `distorted: true`, or leave it out"

    def draw(self, tables: Tables) -> Drawing:
        """Draw every model's gap against test loss and measures above, and the statistics of all measures below."""
        cells = tables.facts
        there = tables.models["cell"].isin([cell.cell for cell in cells])
        models = tables.models[there & (tables.models["protocol"] == self.protocol)]
        found, table = trained.sound(models, [self._test, self._gap]), self._chosen(tables.ranking, cells)
        lines = ranks.lines_of(table)
        figure, scatter, dots, legends = _new_panels(1 + len(self.measures), len(lines))
        self._draw_scatter(scatter, found, table)
        for panel, statistic in zip(dots, STATISTICS, strict=True):
            _draw_statistic(panel, table, statistic, lines)
        dots[0].set_yticks(range(len(lines)), labels=[_axis_name(line) for line in lines])
        dots[0].set_ylim(len(lines) - 0.5, -0.5)
        keys = [_bit_keys(found), _quantizer_keys(found, cells), _weight_keys()]
        for below, of, columns in zip(legends, keys, IN_LINE, strict=True):
            style.legend_below(below, of, columns)
        figure.suptitle(self._title(cells, found), fontsize=9)
        notes = [*trained.count_unconverged(models, [self._test, self._gap]), *_notes(table, len(models))]
        style.note(figure, [fill("; ".join(notes), int(LETTERS * WIDTH))])
        return Drawing(figure, self._caption(), list(self._findings(cells, found, table)))

    @property
    def _gap(self) -> str:
        return f"gap_{self.gap}"

    @property
    def _test(self) -> str:
        return f"test_{self.gap}"

    def _chosen(self, ranking: "pd.DataFrame", cells: Sequence[TrainingFacts]) -> "pd.DataFrame":
        """Return the rows of the ranking of this gap, this protocol, and the cells' data set and network, or all."""
        groups = {f"{cell.dataset}/{cell.network}" for cell in cells}
        group = groups.pop() if len(groups) == 1 else "all"
        of = (ranking["gap"] == self._gap) & (ranking["protocol"] == self.protocol) & (ranking["group"] == group)
        return ranking[of]

    def _draw_scatter(self, axes: Sequence["Axes"], models: "pd.DataFrame", table: "pd.DataFrame") -> None:
        """Draw the gap of every model against the test loss and against the measures."""
        scale, share = (100, True) if trained.is_share(self._gap) else (1, False)
        gaps, test = scale * models[self._gap], scale * models[self._test]
        axes[0].set_title(f"within a seed: τ {ranks.words(ranks.within_seeds(models, test, self._gap))}")
        _scatter(axes[0], models, test, gaps)
        axes[0].set_xlabel(f"test {self.gap}{' (%)' if share else ''}")
        for panel, name in zip(axes[1:], self.measures, strict=True):
            tau, psi = (ranks.words(ranks.statistic(table, name, statistic)) for statistic in ("kendall", "granulated"))
            panel.set_title(f"τ {tau}\nΨ {psi}")
            _scatter(panel, models, ranks.measured(models, name), gaps)
            panel.set_xlabel(_axis_name(name))
        for panel in axes[::COLUMNS]:
            panel.set_ylabel(f"generalization gap{' (points)' if share else ''}")

    def _title(self, cells: Sequence[TrainingFacts], models: "pd.DataFrame") -> str:
        seeds = models["seed"].nunique()
        spread = "brackets and bars: 95 % intervals over seeds" if seeds > 1 else "no intervals"
        count = f"{len(models)} models of {seeds} seed{'s' * (seeds != 1)}, a mark each"
        return f"{_settings(cells)}\n{protocol_words(self.protocol, cells)}; {count}; {spread}"

    def _caption(self) -> str:
        return (
            f"Above: generalization gap (of the {self.gap}) of every model against its test {self.gap} and against "
            "what might foretell the gap. τ is Kendall's over all pairs of models whose gaps differ by more than test "
            "noise, Ψ over those of them that differ in one hyperparameter alone, mean over hyperparameters: 1 where "
            "the measure puts the gaps in order, −1 where it reverses them, 0 where it tells nothing; their intervals "
            "are of a bootstrap over seeds. Within a seed, τ is over all its pairs, with Student's interval over "
            "seeds. Below: τ, Ψ and the share of pairs that are put in the wrong order, of all measures; grey is what "
            "random numbers reach."
        )

    def _findings(
        self, cells: Sequence[TrainingFacts], models: "pd.DataFrame", table: "pd.DataFrame"
    ) -> Iterator[Finding]:
        """Yield the best measure by Ψ, what the quantization noise orders, and what the gap says of the test loss."""
        where = f"{_settings(cells)}, {protocol_words(self.protocol, cells)}, gap of the {self.gap}"
        if best := ranks.best_of(table):
            psi, control = (ranks.statistic(table, name, "granulated") for name in (best, ranks.RANDOM))
            said = f"{where}: of {len(ranks.unlabelled(table))} measures, {ranks.measure_name(best)} orders it best"
            told = f"random numbers {ranks.words(control)}: {_told(psi, control)}; {self._with_test(models, best)}"
            yield _finding(f"{said}, Ψ = {ranks.words(psi)}, {told}", psi)
        elif len(table):
            said = f"{where}: no two models differ in the gap by more than test noise, so that no measure is ranked"
            yield Finding(said, np.nan)
        tau, psi = (ranks.statistic(table, "quantization_noise", name) for name in ("kendall", "granulated"))
        if np.isfinite(tau.value):
            said = f"{where}: quantization noise, τ = {ranks.words(tau)}, Ψ = {ranks.words(psi)}"
            yield _finding(f"{said}: {_verdict(tau, ORDERS)}; {self._with_test(models, 'quantization_noise')}", tau)
        tau = ranks.within_seeds(models, models[self._test], self._gap)
        said = f"{where}: test {self.gap} and gap within a seed, τ = {ranks.words(tau)}"
        yield _finding(f"{said}: {_verdict(tau, GOES).format(self.gap)}", tau)

    def _with_test(self, models: "pd.DataFrame", name: str) -> str:
        """Say how a measure orders the test loss: a gap alone leaves out how good a model is."""
        tau = ranks.within_seeds(models, ranks.measured(models, name), self._test)
        return f"with the test {self.gap}, within a seed, τ = {ranks.words(tau)}"


def _settings(cells: Sequence[TrainingFacts]) -> str:
    settings = list(dict.fromkeys(map(setting_words, cells)))
    return settings[0] if len(settings) == 1 else f"{len(settings)} settings of data set, network and n"


def _verdict(found: Difference, verdicts: Mapping[int, str]) -> str:
    return verdicts[found.sign] if np.isfinite(found.low) else "one seed cannot tell"


def _told(best: Difference, control: Difference) -> str:
    """Say whether the interval of the best is above that of random numbers: it was chosen, and should be well above."""
    if not np.isfinite([best.low, control.high]).all():
        return "one seed cannot tell them apart"
    return "it can be told from them" if best.low > control.high else "it cannot be told from them"


def _finding(sentence: str, found: Difference) -> Finding:
    return Finding(sentence, found.value, found.low, found.high, found.n_seeds)


def _axis_name(measure: str) -> str:
    """The same with its formulas, on an axis."""
    return ranks.measure_name(measure).replace("λ_max", "$λ_\\mathrm{max}$")


def _notes(table: "pd.DataFrame", drawn: int) -> list[str]:
    """Say how many pairs the statistics are of, and of how many models that are not drawn."""
    if table.empty:
        return ["there is no ranking of these models"]
    pairs, ranked = int(table["n_pairs"].max()), int((table["n_models"] + table["n_left_out"]).max())
    others = [f"ranked together with {ranked - drawn} models that are not drawn"] if ranked > drawn else []
    return [f"τ and Ψ are of {pairs} pairs of models whose gaps differ by more than test noise", *others]


def _new_panels(count: int, lines: int) -> "tuple[Figure, list[Axes], np.ndarray, list[Axes]]":
    """Return a figure, `count` axes above that share the gap, those of the statistics, and those of the legends."""
    blocks = -(-count // COLUMNS)
    heights = [HEIGHT * blocks, KEYS, 2 * KEYS, LINE * lines, KEYS]
    figure = style.pyplot().figure(figsize=(WIDTH, sum(heights) + 1.3), layout="constrained")
    spec = figure.add_gridspec(5, 1, height_ratios=heights)
    axes = spec[0].subgridspec(blocks, COLUMNS).subplots(sharey=True, squeeze=False).flatten()
    for empty in axes[count:]:
        empty.remove()
    dots = spec[3].subgridspec(1, len(STATISTICS)).subplots(sharey=True)
    return figure, list(axes[:count]), dots, [figure.add_subplot(spec[i]) for i in (1, 2, 4)]


def _model_look(model: str, source: str) -> dict[str, Any]:
    """Colour by bits, marker by quantizer, open for frozen hidden weights."""
    colour = one_cell.bits_look(trained.bits_of(model))["color"]
    marker = trained.quantizer_look(trained.quantizer_of(model))["marker"]
    face = "white" if source == "frozen" else colour
    return {"color": colour, "marker": marker, "markerfacecolor": face, "ls": "", "ms": 4, "mew": 0.8}


def _scatter(axes: "Axes", models: "pd.DataFrame", x: "pd.Series", y: "pd.Series") -> None:
    """Draw a mark a model, on a logarithmic axis where numbers range widely above 0; zeros stand at its left end."""
    values, origin = x.to_numpy(dtype=float), None
    if not np.isfinite(values).any():
        one_cell.write_missing(axes, "not measured")
    positive = values[values > 0]
    if len(positive) and positive.max() > NARROW * positive.min() and not (values < 0).any():
        if (values == 0).any():
            origin = positive.min() / max((positive.max() / positive.min()) ** 0.12, 1.5)
        _log_axis(axes, positive, origin)
    places = x if origin is None else x.where(x != 0, origin)
    groups = models.assign(x=places, y=y).groupby([models["model"].astype(str), models["source"].astype(str)])
    for (model, source), rows in groups:
        axes.plot(rows["x"], rows["y"], alpha=0.85, **_model_look(model, source))


def _log_axis(axes: "Axes", positive: np.ndarray, origin: float | None) -> None:
    """Make the horizontal axis logarithmic, with ticks for its range, and one for 0 at `origin`."""
    low, high = positive.min(), positive.max()
    steps = (1,) if high > 200 * low else (1, 2, 5) if high > 5 * low else (1, 1.5, 2, 3, 4, 5, 7)
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks = [step * decade for decade in decades for step in steps if low / 1.05 <= step * decade <= 1.05 * high]
    labels = [_tick(tick) for tick in ticks]
    axes.set_xscale("log")
    if origin is not None:
        ticks, labels = [origin, *ticks], ["0", *labels]
        axes.axvline(np.sqrt(origin * low), color="0.6", lw=0.8, ls=":", zorder=0)
    axes.set_xticks(ticks, labels=labels)
    axes.minorticks_off()


def _tick(value: float) -> str:
    """Spell a tick: `1000`, `0.05`, or a power of ten beyond."""
    if 2e-3 < value < 1e5:
        return f"{value:g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = round(value / 10.0**exponent, 3)
    return f"${'' if factor == 1 else f'{factor:g} · '}10^{{{exponent}}}$"


def _draw_statistic(axes: "Axes", table: "pd.DataFrame", statistic: str, lines: Sequence[str]) -> None:
    """Draw a statistic of all measures, a line each, both weights in it; grey is the interval of random numbers."""
    name, nothing = STATISTICS[statistic]
    control = ranks.statistic(table, ranks.RANDOM, statistic)
    if np.isfinite(control.low):
        axes.axvspan(control.low, control.high, color="0.88", zorder=0)
    axes.axvline(nothing, color="0.4", lw=0.8, zorder=1)
    for suffix, look in WEIGHTS.items():
        aside = APART / 2 * (1 if suffix else -1)
        for place, line in enumerate(lines):
            found = ranks.statistic(table, line + suffix, statistic)
            if np.isfinite(found.value):
                y = place + (aside if line in ranks.SHARPNESS else 0)
                bars = [[found.value - found.low], [found.high - found.value]]
                own = look if line in ranks.SHARPNESS else NEITHER
                axes.errorbar([found.value], [y], xerr=bars, ls="", ms=4, elinewidth=0.8, **own)
    axes.set_xlim(nothing - SPAN[nothing], nothing + SPAN[nothing])
    axes.set_xlabel(name)
    if not axes.containers:
        one_cell.write_missing(axes, "too few pairs")


def _bit_keys(models: "pd.DataFrame") -> list:
    """The legend's entries of the scatter: bits by colour."""
    bits = sorted(set(map(trained.bits_of, models["model"].astype(str))), reverse=True)
    return [style.key(one_cell.bits_words(b), ls="-", lw=4, color=one_cell.bits_look(b)["color"]) for b in bits]


def _quantizer_keys(models: "pd.DataFrame", cells: Sequence[TrainingFacts]) -> list:
    """The legend's entries of the scatter: quantizers by marker, in the order of the configuration, and open marks."""
    drawn = set(models["model"].astype(str))
    names = dict.fromkeys(trained.quantizer_of(name) for cell in cells for name in cell.models if name in drawn)
    looks = [trained.quantizer_look(name) for name in names]
    keys = [style.key(look["label"], marker=look["marker"], color="0.3", ms=5) for look in looks]
    if (models["source"] == "frozen").any():
        keys.append(style.key("frozen hidden weights", marker="o", color="0.3", markerfacecolor="white", ms=5))
    return keys


def _weight_keys() -> list:
    """The legend's entries of the statistics."""
    keys = [style.key(**{**look, "ms": 5}) for look in WEIGHTS.values()]
    return [*keys, style.key("interval of random numbers", marker="s", color="0.88", ms=8)]


figure = Ranking

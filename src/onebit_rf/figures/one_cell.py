"""What figures of a single cell of a training share: its rows at one protocol and weight decay, and the looks of bits.

One data set, network, n, source and weight decay: what a figure draws is averaged over nothing else than seeds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from onebit_rf.figures import settings, trained
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.trained import FLOAT, FLOAT_BITS, PROTOCOLS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Protocol = Annotated[Literal[tuple(PROTOCOLS)], Meta(description="when the models were taken from their training")]
Quantizer = Annotated[str, Meta(description="of the hidden weights, one of the training's")]
# Told apart by marker in grey, too; float is black, and the fewest bits stand out.
_BITS = {
    FLOAT_BITS: {"color": "black", "marker": "D"},
    8: {"color": "#999999", "marker": "v"},
    4: {"color": "#56B4E9", "marker": "s"},
    2: {"color": "#0072B2", "marker": "o"},
    1: {"color": "#D55E00", "marker": "^"},
}
_OTHER_BITS = {"color": "#009E73", "marker": "P"}


def bits_look(bits: int) -> dict[str, Any]:
    """Label, colour and marker of a number of bits."""
    label = FLOAT if bits == FLOAT_BITS else f"{bits} bit{'s' * (bits > 1)}"
    return {"label": label, **_BITS.get(bits, _OTHER_BITS)}


def check_cell(
    facts: Sequence[TrainingFacts], at: Mapping[str, Any], weight_decay: float | None, protocol: str | None
) -> Iterator[str]:
    """Yield what keeps a figure from drawing one cell of these, from its key on."""
    if mistakes := list(settings.check_settings(facts, at, most=1)):
        yield from mistakes
        return
    cells = settings.chosen(facts, at)
    if len(cells) > 1:
        yield ".at: learned and frozen hidden weights are no single cell; choose by `at: {source: …}`"
        return
    yield from settings.check_decay(cells, weight_decay)
    name, there = f"training {cells[0].training!r}", cells[0].protocols
    if protocol is not None and protocol not in there:
        yield f".protocol: {name} has no {protocol}; choose from {', '.join(there)}"
    if FLOAT not in cells[0].models:
        yield f".trainings: {name} must have the model float, which the others are held against; add it"


def check_quantizer(cell: TrainingFacts, quantizer: str) -> Iterator[str]:
    """Yield that a cell has no models of a quantizer."""
    if not models_of(cell, quantizer):
        there = dict.fromkeys(name for name in map(trained.quantizer_of, cell.models) if name != FLOAT)
        known = f"choose from {', '.join(there)}" if there else "it has float alone, add others"
        yield f".quantizer: training {cell.training!r} has no model of {quantizer}; {known}"


def cell_of(facts: Sequence[TrainingFacts], at: Mapping[str, Any]) -> TrainingFacts:
    """Return the cell that is drawn, once `check_cell` found no mistake."""
    return settings.chosen(facts, at)[0]


def models_of(cell: TrainingFacts, quantizer: str) -> list[str]:
    """Return a cell's models of a quantizer, those of the most bits first; float is none of them."""
    names = [name for name in cell.models if name != FLOAT and trained.quantizer_of(name) == quantizer]
    return sorted(names, key=trained.bits_of, reverse=True)


def rows_of(table: "pd.DataFrame", cell: TrainingFacts, protocol: str, weight_decay: float | None) -> "pd.DataFrame":
    """Return a table's rows of a cell, a protocol and a weight decay: the one wanted, or the least."""
    at_decay = table["weight_decay"] == settings.decay([cell], weight_decay)
    return table[(table["cell"] == cell.cell) & (table["protocol"] == protocol) & at_decay]


def title(cell: TrainingFacts, protocol: str, weight_decay: float | None, *more: str) -> str:
    """Say what a figure of one cell is of, in two lines, with what else is to be said in the second."""
    decay = f"weight decay {settings.decay([cell], weight_decay):g}"
    second = [f"{cell.source} hidden weights", settings.protocol_words(protocol, [cell]), decay, *more]
    return "\n".join([settings.setting_words(cell), "; ".join(second)])


def seeds_words(rows: "pd.DataFrame", bars: str) -> str:
    """Say how many seeds there are, and what the bars are where there are several."""
    count = rows["seed"].nunique()
    return f"{count} seeds; bars: 95 % intervals {bars}" if count > 1 else "one seed: no intervals"


def bits_words(bits: int) -> str:
    """Spell a number of bits: `1 bit`, `2 bits`, `float`."""
    return bits_look(bits)["label"]


def write_missing(axes: "Axes", text: str) -> None:
    """Write into a panel why it is empty."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4", fontsize=8)

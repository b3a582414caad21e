"""The parameters of what a figure draws, a line for each experiment and training: what its caption says of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from onebit_rf.figures import style
from onebit_rf.figures.facts import AnyFacts, Facts, TrainingFacts
from onebit_rf.figures.findings import law_words, plain_text
from onebit_rf.figures.layout import label, readout_words

MOST = 16  # values that a line lists


def parameters(facts: Sequence[AnyFacts]) -> list[str]:
    """Return a line for each experiment and training: what all of its cells share, then what it varies."""
    return [_line(name, list(cells)) for name, cells in groupby(facts, key=_name)]


def _name(cell: AnyFacts) -> str:
    return cell.experiment if isinstance(cell, Facts) else cell.training


def _line(name: str, cells: Sequence[AnyFacts]) -> str:
    told = [dict(_told(cell)) for cell in cells]
    words = [_shared(key, [each[key] for each in told]) for key in told[0]]
    swept = [f"{plain_text(label(leaf))}: {_listed(cell.swept[leaf] for cell in cells)}" for leaf in cells[0].swept]
    varied = [f"varied: {', '.join(swept)}"] if swept else []
    return f"{name}: {'; '.join([*filter(None, words), *varied])}"


def _told(cell: AnyFacts) -> Iterator[tuple[str, Any]]:
    """Yield what there is to say of a cell, each under a key of its own."""
    words = cell.dataset_words if isinstance(cell, Facts) else cell.dataset.replace("_", " ")
    yield "", words.partition(",")[0]  # without the leaves that are swept, which are told as varied
    yield from _told_of_training(cell) if isinstance(cell, TrainingFacts) else _told_of_experiment(cell)


def _told_of_experiment(cell: Facts) -> Iterator[tuple[str, Any]]:
    yield "network", style.describe(cell.dims, cell.activation)
    yield "weights", ", ".join(map(law_words, cell.laws))
    yield "read-outs", ", ".join(map(readout_words, cell.readouts))
    first, last, count = cell.n_train[0], cell.n_train[-1], len(cell.n_train)
    yield "n", f"{first}" if count == 1 else f"{first} … {last} ({count} sizes)"
    if cell.noise is not None:
        yield "σ", f"{cell.noise:g}"


def _told_of_training(cell: TrainingFacts) -> Iterator[tuple[str, Any]]:
    yield "network", f"{cell.kind}, depth {cell.depth}, width {cell.width}, {cell.source} hidden weights"
    yield "quantizers", ", ".join(cell.models)
    yield "weight decays", ", ".join(f"{decay:g}" for decay in cell.weight_decays)
    yield "n", f"{cell.n_train}"
    yield "epochs", f"{cell.epochs}"


def _shared(key: str, values: Sequence[Any]) -> str:
    """Say a value that all cells have, or list the values of the cells."""
    return " ".join(filter(None, [key, _listed(values, " | ")]))


def _listed(values: Iterable[Any], joiner: str = ", ") -> str:
    distinct = list(dict.fromkeys(f"{value:g}" if isinstance(value, float) else str(value) for value in values))
    return joiner.join(distinct[:MOST]) + (f"{joiner}…" if len(distinct) > MOST else "")

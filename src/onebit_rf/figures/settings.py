"""The settings in which trained models are compared: data set, network, n and what a sweep varies, a facet each.

The source of the hidden weights is no part of a setting: learned and frozen ones share a facet.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from onebit_rf.figures import layout
from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.findings import plain_text
from onebit_rf.model.record import NonNegative

NAMES = ("training", "dataset", "network", "n_train", "source")
At = Annotated[
    dict[str, Any],
    Meta(description=f"draws these only: {', '.join(NAMES)} or a swept leaf, with a value or a list of them"),
]
WeightDecay = Annotated[NonNegative, Meta(description="of all models; otherwise the least that all cells have")] | None
Setting = tuple[tuple[str, Any], ...]


def value_of(cell: TrainingFacts, name: str) -> Any:
    """Return what a cell has under a name, one of NAMES or a leaf; None where it does not sweep the leaf."""
    return getattr(cell, name) if name in NAMES else cell.swept.get(name)


def setting(cell: TrainingFacts) -> Setting:
    """Return names and values of all that tells the facets apart."""
    names = ["dataset", "network", "n_train", *(leaf for leaf in cell.swept if leaf not in NAMES)]
    return tuple((name, value_of(cell, name)) for name in names)


def chosen(cells: Sequence[TrainingFacts], at: Mapping[str, Any]) -> list[TrainingFacts]:
    """Return the cells that `at` leaves."""
    kept = {name: layout.matching(asked, _there(cells, name))[0] for name, asked in at.items()}
    return [cell for cell in cells if all(value_of(cell, name) in kept[name] for name in kept)]


def facets(cells: Sequence[TrainingFacts]) -> dict[Setting, list[TrainingFacts]]:
    """Return the cells of every setting, by first appearance."""
    found: dict[Setting, list[TrainingFacts]] = {}
    for cell in cells:
        found.setdefault(setting(cell), []).append(cell)
    return found


def check_settings(cells: Sequence[TrainingFacts], at: Mapping[str, Any], most: int) -> Iterator[str]:
    """Yield what is wrong with `at` or with the settings, of which at most `most` are drawn, from the figure's key on.

    Cells of one setting must differ in their source: what else tells them apart no facet would say.
    """
    known = [*NAMES, *dict.fromkeys(leaf for cell in cells for leaf in cell.swept if leaf not in NAMES)]
    for name, asked in at.items():
        if name not in known:
            yield f".at: unknown name {name}; known are {', '.join(known)}"
            return
        if asked in (None, []) or isinstance(asked, dict):
            yield f".at.{name}: must be a value or a list of values, got {asked!r}"
            return
        if missing := layout.matching(asked, there := _there(cells, name))[1]:
            yield f".at.{name}: {missing[0]!r} is not in any training; there are {layout.listed(there)}"
            return
    left = facets(chosen(cells, at))
    if not left:
        yield ".at: nothing is left to draw"
    elif len(left) > most:
        yield f".at: {len(left)} settings of data set, network, n and swept leaves are more than {most}; choose some"
    yield from _check_sources(left)


def _check_sources(left: Mapping[Setting, Sequence[TrainingFacts]]) -> Iterator[str]:
    for cells in left.values():
        first: dict[str, str] = {}
        for cell in cells:
            if (other := first.setdefault(cell.source, cell.cell)) != cell.cell:
                alike = f"have the same data set, network, n, swept leaves and {cell.source} weights"
                yield f".trainings: {other!r} and {cell.cell!r} {alike}; draw them in figures of their own"
                return


def _there(cells: Sequence[TrainingFacts], name: str) -> list[Any]:
    return list(dict.fromkeys(value_of(cell, name) for cell in cells if value_of(cell, name) is not None))


def decay(cells: Sequence[TrainingFacts], wanted: float | None) -> float | None:
    """Return the weight decay that is drawn: the one wanted, or the least that all cells have; None for none."""
    shared = set.intersection(*(set(cell.weight_decays) for cell in cells))
    if wanted is not None:
        return wanted if wanted in shared else None
    return min(shared, default=None)


def check_decay(cells: Sequence[TrainingFacts], wanted: float | None) -> Iterator[str]:
    """Yield that there is no such weight decay in all cells."""
    if decay(cells, wanted) is None:
        known = layout.listed(sorted({value for cell in cells for value in cell.weight_decays}))
        asked = "no weight decay" if wanted is None else f"{wanted:g} is not a weight decay"
        yield f".weight_decay: {asked} of all trainings that are drawn; they have {known}"


def setting_words(cell: TrainingFacts) -> str:
    """A setting as a title says it: `mnist small, relu 64 (mlp, depth 2, width 64), n = 1000`."""
    network = f"{_name(cell.network, 'network')} ({cell.kind}, depth {cell.depth}, width {cell.width})"
    leaves = [layout.words(name, value) for name, value in setting(cell)[3:]]
    return ", ".join([_name(cell.dataset, "dataset"), network, f"n = {cell.n_train}", *map(plain_text, leaves)])


def _name(name: str, part: str) -> str:
    """A name as a title says it, without the leaves that a sweep changes, which are said anyway."""
    return name.partition(",")[0].removesuffix(f"-{part}").replace("_", " ")


def protocol_words(protocol: str, cells: Sequence[TrainingFacts]) -> str:
    """A protocol in words, with the number that all cells share: `fixed epochs (20)`, `matched train loss (0.1)`."""
    words = {
        "fixed_epochs": ("fixed epochs", {cell.epochs for cell in cells}),
        "matched_loss": ("matched train loss", {cell.loss for cell in cells}),
        "early_stopping": ("early stopping", ()),
    }
    name, numbers = words[protocol]
    return f"{name} ({min(numbers):g})" if len(numbers) == 1 else name

"""Which curves a figure draws, in which panel and colour: the same answer when the config is read and when it is drawn.

A curve is a row of names and values: cell, experiment, depth, readout and the leaves that a sweep varies.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from onebit_rf.figures.facts import Facts
from onebit_rf.model.record import DISTINCT
from onebit_rf.model.values import spelled

Row = dict[str, Any]
Panel = tuple[tuple[str, Any], ...]  # (name, value) of what tells a panel from the others
MOST_PANELS = 12
MOST_COLOURS = 12
ROUNDINGS = {"rounded": "rounded", "noise": "noise model", "straight-through": "straight through"}
LISTED = 12  # values that a message names

At = Annotated[
    dict[str, Any],
    Meta(description="draws these only: depth, n_train, readout, law or a swept leaf, with a value or a list of them"),
]
Metric = Annotated[
    Literal["mse", "train_mse", "gap", "shifted_mse", "shifted_error_rate", "shifted_accuracy", "lambda_max", "trace"]
    | None,
    Meta(description="what is drawn: the test error unless one is named; shifted ones are those of the second path"),
]
Column = Annotated[str, Meta(description="depth, readout, experiment or a swept leaf")]
Facets = Annotated[list[Column], DISTINCT] | None


def chosen(at: Mapping[str, Any], facts: Sequence[Facts]) -> dict[str, list[Any]]:
    """Return what `at` leaves of every name in it, as the tables have it: 1e-5, "1e-05" and 0.00001 are the same."""
    return {name: matching(asked, there(name, facts))[0] for name, asked in at.items()}


def matching(asked: Any, values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return which of the `values` are asked for, by one or a list of them, and what is asked for and not there."""
    known = {spelled(value): value for value in values}
    items = [asked] if not isinstance(asked, list) or spelled(asked) in known else asked
    found = [known[spelled(item)] for item in items if spelled(item) in known]
    return found, [item for item in items if spelled(item) not in known]


def listed(values: Sequence[Any]) -> str:
    """Name the first values in a message."""
    return ", ".join(map(str, values[:LISTED])) + (", …" if len(values) > LISTED else "")


def there(name: str, facts: Sequence[Facts]) -> list[Any]:
    """Return the values of a name that the cells have."""
    if name in ("n_train", "law"):
        own = [getattr(cell, {"n_train": "n_train", "law": "laws"}[name]) for cell in facts]
        return list(dict.fromkeys(value for values in own for value in values))
    return list(dict.fromkeys(row[name] for cell in facts for row in cell.curves() if name in row))


def curves(facts: Sequence[Facts], at: Mapping[str, Any]) -> list[Row]:
    """Return the curves of all cells that `at` leaves."""
    rows, kept = [row for cell in facts for row in cell.curves()], chosen(at, facts)
    return [row for row in rows if all(row[name] in kept[name] for name in kept if name in row)]


def swept_leaves(facts: Sequence[Facts]) -> list[str]:
    """Return the leaves that any cell sweeps."""
    return list(dict.fromkeys(leaf for cell in facts for leaf in cell.swept))


def varying(rows: Sequence[Row], facts: Sequence[Facts]) -> list[str]:
    """Return what takes several values: of experiment, the swept leaves, readout and depth."""
    names = ["experiment", *swept_leaves(facts), "readout", "depth"]
    return [name for name in names if len({repr(row.get(name)) for row in rows}) > 1]


def panels(rows: Sequence[Row], facts: Sequence[Facts], *within: str) -> dict[Panel, list[Row]]:
    """Return the curves of every panel: one for each combination of what varies and is not told apart `within`."""
    names = [name for name in varying(rows, facts) if name not in within]
    sorted_rows: dict[Panel, list[Row]] = {}
    for row in rows:
        sorted_rows.setdefault(tuple((name, row.get(name)) for name in names), []).append(row)
    return sorted_rows


def check_layout(
    facts: Sequence[Facts],
    at: Mapping[str, Any],
    colour: str,
    facets: Sequence[str] | None,
    x: str | None = None,
    along: Sequence[str] = (),
    mixed: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with a figure's `at`, `x`, `colour` and `facets`, from its key on.

    `along` are names that x may have beside those of curves. Cells with a theory and without share a `mixed` figure.
    """
    leaves = swept_leaves(facts)
    known = ["depth", "readout", "experiment", *leaves]
    for key, name in (("colour", colour), ("x", x), *(("facets", name) for name in facets or ())):
        names = [*known, *along] if key == "x" else known
        if name is not None and name not in names:
            yield f".{key}: must be one of {', '.join(names)}, got {name!r}"
            return
    selectable = [*known, "n_train", "law"]
    if unknown := [name for name in at if name not in selectable]:
        yield f".at: unknown name {', '.join(unknown)}; known are {', '.join(selectable)}"
        return
    for name, asked in at.items():
        if asked in (None, []) or isinstance(asked, dict):
            yield f".at.{name}: must be a value or a list of values, got {asked!r}"
            return
        if missing := matching(asked, there(name, facts))[1]:
            yield f".at.{name}: {missing[0]!r} is not drawn by any experiment; there are {listed(there(name, facts))}"
            return
    rows = curves(facts, at)
    if not rows:
        yield ".at: nothing is left to draw"
        return
    described = {cell.cell: cell.described for cell in facts}
    if not mixed and len({described[row["cell"]] for row in rows}) > 1:
        yield ": cells with a theory and without one do not share a figure; choose by `at`, or draw one of each"
        return
    drawn = panels(rows, facts, *filter(None, (colour, x)))
    outside = [name for name, _ in next(iter(drawn))]
    if facets is not None and (lost := [name for name in outside if name not in facets]):
        yield f".facets: {', '.join(lost)} varies too; add it, or choose by `at: {{{lost[0]}: …}}`"
    elif len(drawn) > MOST_PANELS:
        yield f": {len(drawn)} panels by {', '.join(outside)} are more than {MOST_PANELS}; choose some by `at`"
    elif (count := len({repr(row.get(colour)) for row in rows})) > MOST_COLOURS:
        yield f".colour: {count} values of {colour} are more than {MOST_COLOURS} colours; choose some by `at`"


def check_one_n(facts: Sequence[Facts], at: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps a figure from drawing all cells at the one n that `at` gives, from the figure's key on."""
    wanted, drawn = chosen(at, facts).get("n_train"), {row["cell"] for row in curves(facts, at)}
    if wanted is not None and len(wanted) > 1:
        yield f".at.n_train: must be one n, got {wanted}"
        return
    for cell in (cell for cell in facts if cell.cell in drawn and wanted and wanted[0] not in cell.n_train):
        yield f".at.n_train: {wanted[0]} is not among the sample sizes of {cell.cell!r}"
        return


def n_of(cell: Facts, at: Mapping[str, Sequence[Any]]) -> int:
    """The one n at which a cell is drawn: what `at` leaves, or its largest."""
    return (at.get("n_train") or cell.n_train[-1:])[0]


def n_in_words(facts: Sequence[Facts], at: Mapping[str, Sequence[Any]]) -> str:
    """The one n at which some cells are drawn: `n = 100`."""
    sizes = {n_of(cell, at) for cell in facts}
    return f"n = {sizes.pop()}" if len(sizes) == 1 else "the largest n of each"


def ordered(panel_rows: Mapping[Panel, Any], facets: Sequence[str] | None) -> dict[Panel, Any]:
    """Return the panels sorted by the facets in the order given, each by first appearance."""
    if not facets:
        return dict(panel_rows)
    places = {name: list(dict.fromkeys(repr(dict(panel).get(name)) for panel in panel_rows)) for name in facets}
    rank = {panel: [places[name].index(repr(dict(panel).get(name))) for name in facets] for panel in panel_rows}
    return {panel: panel_rows[panel] for panel in sorted(panel_rows, key=rank.__getitem__)}


def words(name: str, value: Any, beside: Iterable[Any] = ()) -> str:
    """Return a value with its name as a title or a legend spells it, `beside` others of that name."""
    if name == "experiment":
        return str(value).replace("_", " ")
    if name == "depth":
        return f"$L = {value}$"
    if name == "dataset.radial":
        return {"false": "heavy-tailed coordinates", "true": "heavy-tailed lengths"}[str(value)]
    if name == "readout":
        kinds = {str(other).partition(":")[0] for other in beside}
        return ("least squares, " if value.startswith("ridge") and len(kinds) > 1 else "") + readout_words(value)
    number = f"{value:g}".replace("inf", "∞") if isinstance(value, float) else str(value)
    return f"{label(name)} = {number}" if len(label(name)) < 3 or "$" in label(name) else f"{label(name)} {number}"


def readout_words(readout: str) -> str:
    """Return a read-out as a legend spells it."""
    kind, _, argument = readout.partition(":")
    if kind == "ridge":
        return f"λ = {argument}"
    if kind in ROUNDINGS:
        bits, _, penalty = argument.partition(",")
        parts = [ROUNDINGS[kind], f"{bits} bit{'s' * (bits != '1')}", f"λ = {penalty}" if penalty else ""]
        return ", ".join(filter(None, parts))
    if kind in ("mirror", "descent"):
        name, _, parameter = argument.partition(":")
        mirror = {"l2": "ℓ2", "q": f"q = {parameter}", "hypentropy": f"hypentropy, β = {parameter}"}.get(name, name)
        return mirror if kind == "mirror" else f"descent, {mirror}"
    return f"{kind.replace('-', ' ')} loss, λ = {argument}"


def label(name: str) -> str:
    """Return a column's name as an axis or a title spells it."""
    known = {"depth": "depth $L$", "n_train": "samples $n$", "noise": "noise $\\sigma$", "readout": "read-out"}
    known |= {"network.widths": "width $d$", "network.activation": "activation", "dataset.dim": "$d_0$"}
    known |= {"dataset.degrees": "degrees of freedom $\\nu$", "dataset.radial": "radial"}
    known |= {"network.step.rate": "step size $\\eta$", "network.step.rows": "rows of the step $n_0$"}
    known |= {"dataset.spectrum": "spectrum", "n_train.last": "samples $n$"}
    known |= {"test_inputs.noise": "input noise $\\tau$ at test", "test_weights.bits": "bits of $W$ at test"}
    known |= {"test_weights.correlation": "correlation $c$ of $W$ at test", "test_inputs.gain": "input gain at test"}
    known |= {"test_inputs.overlap": "input overlap at test", "test_readout.noise": "read-out noise $s$ at test"}
    known |= {"n/d_L": "$n/d_L$"}
    return known.get(name, name.replace("_", " "))

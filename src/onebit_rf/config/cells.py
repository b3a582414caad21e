"""The cells of an experiment: what it is at every combination of the leaves that it sweeps, and the names of its files.

An experiment without a sweep is one cell, called as it is. Cells that share a data set or a network share its files:
both are named by what they are, a record that the configuration has under a name by that name, wherever it comes from.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import chain, count, product
from typing import Any, Generic, TypeVar

import msgspec

from onebit_rf.config.experiment import AnyDataset, AnyExperiment, TeacherExperiment, task_of
from onebit_rf.config.network import AnyNetwork, Network
from onebit_rf.config.parse import parse
from onebit_rf.config.records import Config
from onebit_rf.config.task import CHANGED, AnyTask, TeacherTask, changed_features
from onebit_rf.config.training import Training, recipe_of
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.errors import OnebitError
from onebit_rf.model.record import Record, plain
from onebit_rf.model.registry import number_text
from onebit_rf.model.values import Value, column_value
from onebit_rf.training.networks import NetworkRecord
from onebit_rf.training.networks.mlp import Step
from onebit_rf.training.quantizers import QUANTIZERS
from onebit_rf.training.recipe import Recipe

Kind = TypeVar("Kind", bound=Record)
_LONGEST = 60  # characters of a value in a file name
FIXED = ("sweep", "target", "laws", "seeds")  # leaves of an experiment that no sweep varies
_PARTS = {"dataset": AnyDataset, "network": AnyNetwork}


@dataclass(frozen=True)
class Cell:
    """One experiment at one value of every leaf that it sweeps.

    Attributes:
        name: names its files: EXPERIMENT, or EXPERIMENT/LEAF~VALUE/… of a sweep.
        experiment: name of the experiment.
        swept: leaf → its value here, as the tables' columns hold it.
        task: what is learned.
        dataset, network: their names, which name the files of the features.
        data, net: their records.
        laws, seeds: of the hidden weights; replicates.
        equivalents: whether features are held against their Gaussian equivalents, too.
    """

    name: str
    experiment: str
    swept: Mapping[str, Value]
    task: AnyTask
    laws: list[str]
    seeds: list[int]
    dataset: str
    network: str
    data: DatasetRecord
    net: Network
    equivalents: bool = False

    @property
    def shift(self) -> str:
        """Names the features of its second path by what is changed; empty where nothing is."""
        changed, usual = changed_features(self.task), {part: plain(kind()) for part, kind in CHANGED.items()}
        leaves = [(part, leaf) for part in changed for leaf in changed[part]]
        return ",".join(
            f"{part}.{leaf}~{file_text(changed[part][leaf])}"
            for part, leaf in leaves
            if changed[part][leaf] != usual[part][leaf]
        )

    @property
    def silence(self) -> str:
        """Why the theory says nothing of it; empty where it does: of a teacher on inputs whose spectrum is given.

        A step makes the entries of W_1 depend on each other.
        """
        if not isinstance(self.task, TeacherTask):
            return "the labels are the data's own"
        if self.net.has_step:
            return "W_1 took a step"
        return self.data.silence

    @property
    def is_described(self) -> bool:
        """Whether the theory describes it."""
        return not self.silence


@dataclass(frozen=True)
class TrainingCell:
    """One training at one value of every leaf that it sweeps; `record` holds also what is measured of its models."""

    name: str
    training: str
    swept: Mapping[str, Value]
    recipe: Recipe
    record: Training
    dataset: str
    network: str
    data: DatasetRecord
    net: NetworkRecord

    @property
    def has_one_bit(self) -> bool:
        """Whether some of its models have hidden weights of one bit."""
        return any(QUANTIZERS.get(model).bits == 1 for model in self.recipe.models)


@dataclass
class Layout:
    """The cells of all experiments and trainings, their data sets and networks by name; a line for every mistake."""

    cells: dict[str, Cell]
    trainings: dict[str, TrainingCell]
    datasets: dict[str, DatasetRecord]
    networks: dict[str, NetworkRecord]
    mistakes: list[str]


@dataclass
class Named(Generic[Kind]):
    """Records under their names; one that is there already keeps its name."""

    records: dict[str, Kind]
    names: dict[bytes, str] = field(init=False)

    def __post_init__(self) -> None:
        """Index the records; the alphabetically first of several equal ones gives the name."""
        self.names = {_bytes(self.records[name]): name for name in sorted(self.records, reverse=True)}

    def add(self, record: Kind, wanted: str) -> str:
        """Return the name of a record, which is `wanted` where it is new and nothing else is called so."""
        if _bytes(record) not in self.names:
            name = unique(wanted, self.records)
            self.records[name], self.names[_bytes(record)] = record, name
        return self.names[_bytes(record)]


def _bytes(record: Record) -> bytes:
    return msgspec.json.encode(record, order="sorted")


def unique(wanted: str, taken: Mapping[str, Any]) -> str:
    """Return `wanted`, with a number where it is taken."""
    return next(name for name in chain([wanted], (f"{wanted}-{i}" for i in count(2))) if name not in taken)


def lay_out(config: Config) -> Layout:
    """Return the cells of all experiments and trainings."""
    datasets, networks = Named(dict(config.datasets)), Named(dict(config.networks))
    layout = Layout({}, {}, datasets.records, networks.records, [])
    for section, of_section in (("experiments", config.experiments), ("trainings", config.trainings)):
        for name, record in of_section.items():
            try:
                for place in _places(name, record, datasets, networks):
                    _add(layout, name, place, config)
            except OnebitError as error:
                layout.mistakes += [f"{section}.{name}{line}" for line in str(error).splitlines()]
    return layout


@dataclass(frozen=True)
class _Place:
    """A cell of an experiment or a training: title, swept values, record, and the names and records of its parts."""

    title: str
    values: dict[str, Value]
    record: AnyExperiment | Training
    names: dict[str, str]
    parts: dict[str, Any]


def _add(layout: Layout, name: str, place: _Place, config: Config) -> None:
    record, of_parts = place.record, (place.names["dataset"], place.names["network"], *place.parts.values())
    if isinstance(record, Training):
        layout.trainings[place.title] = TrainingCell(
            place.title, name, place.values, recipe_of(record), record, *of_parts
        )
    else:
        replicates = record.laws or config.laws, record.seeds or config.seeds
        equivalents = isinstance(record, TeacherExperiment) and record.equivalents
        layout.cells[place.title] = Cell(
            place.title, name, place.values, task_of(record), *replicates, *of_parts, equivalents=equivalents
        )


def _places(name: str, experiment: AnyExperiment | Training, datasets: Named, networks: Named) -> Iterator[_Place]:
    """Yield the cells of an experiment or a training; OnebitError names what is wrong from its key on."""
    rows, taken = assignments(experiment.sweep), {}
    leaves = list(dict.fromkeys(leaf for row in rows for leaf in row))
    for row in rows:
        nodes, names = _nodes(name, experiment, row, datasets, networks)
        try:
            record = parse(type(experiment), nodes["experiment"])
            parts = {part: parse(kind, nodes[part], part) for part, kind in _PARTS.items()}
        except OnebitError as error:
            raise OnebitError("\n".join(f".{line}{at_cell(row)}" for line in str(error).splitlines())) from None
        found = {part: plain(parts[part]) for part in parts}
        for part, known in (("dataset", datasets), ("network", networks)):
            changed = [leaf.partition(".")[2] for leaf in row if leaf.startswith(f"{part}.")]
            tail = "".join(f",{leaf}~{file_text(_at(found[part], leaf))}" for leaf in changed)
            if known.records.get(names[part]) != parts[part]:
                names[part] = known.add(parts[part], names[part] + tail)
        nodes = {**plain(record), **found, "network": _told(parts["network"], leaves)}
        named = {part: names[part] for part in _PARTS if isinstance(row.get(part, ""), str)}
        values = {leaf: named[leaf] if leaf in named else column_value(_at(nodes, leaf)) for leaf in leaves}
        title = unique("/".join([name, *(f"{leaf}~{file_text(value)}" for leaf, value in values.items())]), taken)
        if values in taken.values():
            raise OnebitError(f".sweep: the cell {', '.join(f'{k} {v}' for k, v in values.items())} stands twice")
        taken[title] = values
        yield _Place(title, values, record, names, parts)


def _told(network: NetworkRecord, leaves: Sequence[str]) -> dict[str, Any]:
    """A network as its names tell it: without kind and step, where these are the usual ones and not swept."""
    node, usual = plain(network), {"kind": network.usual_kind, "step": plain(Step())}
    swept = {leaf.split(".")[1] for leaf in leaves if leaf.startswith("network.")}
    return {key: value for key, value in node.items() if key in swept or value != usual.get(key)}


def at_cell(swept: Mapping[str, Any]) -> str:
    """Say in brackets at which values of the swept leaves something is wrong."""
    return f" (at {', '.join(f'{leaf} {column_value(value)}' for leaf, value in swept.items())})" if swept else ""


def assignments(sweep: Any) -> list[dict[str, Any]]:
    """Return what each cell of a sweep sets, leaf → value: a product, or the mappings as they are given.

    Raises:
        OnebitError: for anything but leaf → list of values, or a list of mappings leaf → value.
    """
    if sweep is None or sweep == {}:
        return [{}]
    rows = sweep if isinstance(sweep, list) else [sweep]
    if odd := [leaf for row in rows if isinstance(row, Mapping) for leaf in row if not isinstance(leaf, str)]:
        raise OnebitError(f".sweep: leaves are text, got {odd[0]!r}")
    if isinstance(sweep, Mapping):
        wrong = [leaf for leaf, values in sweep.items() if not isinstance(values, list) or not values]
        if wrong:
            raise OnebitError(f".sweep.{wrong[0]}: must be a list of values, got {sweep[wrong[0]]!r}")
        return [dict(zip(sweep, values, strict=True)) for values in product(*sweep.values())]
    if isinstance(sweep, list) and sweep and all(isinstance(row, Mapping) and row for row in sweep):
        return [dict(row) for row in sweep]
    raise OnebitError(".sweep: must be a mapping leaf → list of values, or a list of mappings leaf → value")


def _nodes(
    name: str, experiment: AnyExperiment, row: Mapping[str, Any], datasets: Named, networks: Named
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the experiment, its data set and its network as mappings with a cell's leaves set, and the names of both.

    Raises:
        OnebitError: for a name or a leaf that is not there.
    """
    own, parts, names = {**plain(experiment), "sweep": None}, {}, {}
    of_parts = [leaf for leaf in row if leaf not in _PARTS and leaf.partition(".")[0] in _PARTS]
    lost = [leaf for leaf in row if leaf in FIXED or (leaf not in of_parts and not _set(own, leaf, row[leaf]))]
    for part, known in (("dataset", datasets), ("network", networks)):
        choice = own[part]
        if isinstance(choice, str) and choice not in known.records:
            raise OnebitError(f".{part}: no such {part} {choice!r}; known are {', '.join(known.records) or 'none'}")
        names[part] = choice if isinstance(choice, str) else _name_of(name, part, choice, part in row)
        parts[part] = plain(known.records[choice]) if isinstance(choice, str) else deepcopy(choice)
    lost += [leaf for leaf in of_parts if not _set(parts, leaf, row[leaf])]
    if lost:
        leaves = [leaf for leaf in _leaves(own) if leaf not in FIXED]
        raise OnebitError(f".sweep: no such leaf {lost[0]!r}; known are {', '.join([*leaves, *_leaves(parts)])}")
    return {"experiment": own, **parts}, names


def _name_of(experiment: str, part: str, record: Any, swept: bool) -> str:
    """What a record that stands where a name does is called: after the experiment, and in a sweep by its values."""
    return f"{experiment}-{part}" + (f"~{file_text(record)}" if swept else "")


def _set(node: Any, path: str, value: Any) -> bool:
    """Put a value at a dotted path where there is one that is no mapping; say whether there was."""
    *above, last = path.split(".")
    for key in above:
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node or (isinstance(node[last], dict) and path not in _PARTS):
        return False
    node[last] = value
    return True


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    for key, value in node.items():
        yield from _leaves(value, f"{path}{key}.") if isinstance(value, dict) else (f"{path}{key}",)


def _at(node: Any, path: str) -> Any:
    for key in path.split("."):
        node = node[key]
    return node


def file_text(value: Any) -> str:
    """Return a leaf's value as a file's name holds it."""
    value = column_value(value)
    text = value if isinstance(value, str) else number_text(value)
    return re.sub(r"[^\w.+-]", "_", text)[:_LONGEST]

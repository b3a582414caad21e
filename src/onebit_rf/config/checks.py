"""Reading a configuration: its records, its cells, and the checks across them."""

from collections.abc import Iterator, Mapping
from typing import Any

from onebit_rf.config.cells import Cell, at_cell, lay_out
from onebit_rf.config.parse import parse
from onebit_rf.config.records import Config
from onebit_rf.config.sizes import largest_matrix
from onebit_rf.config.study import Study
from onebit_rf.config.task import TeacherTask, problem
from onebit_rf.data.dataset import Shape, data_root
from onebit_rf.errors import OnebitError
from onebit_rf.model.readouts import READOUTS
from onebit_rf.tables.files import MOST_NUMBERS
from onebit_rf.theory.coverage import check_covered


def read_config(node: dict[str, Any], base: dict[str, Any] | None = None) -> Study:
    """Return what a configuration asks for.

    Args:
        node: the configuration, with its overlays.
        base: the one that they are laid over: what is switched off must be there.

    Raises:
        OnebitError: a line for every mistake, each naming the key and what would be right.
    """
    try:
        config = parse(Config, node)
    except OnebitError as error:
        raise _all_of(str(error).splitlines()) from None
    if strangers := list(_switched_off(node, base or node)):
        raise _all_of(strangers)
    cells, datasets, networks, mistakes = lay_out(config)
    shapes, unreadable = _shapes(config, cells, datasets.records)
    study = Study(config, cells, datasets.records, networks.records, shapes)
    mistakes += [*unreadable, *_cross_checks(study)]
    if mistakes:
        raise _all_of(mistakes)
    return study


def _switched_off(node: dict[str, Any], base: dict[str, Any]) -> Iterator[str]:
    """Yield the entries that are null and have never been anything else."""
    for section in ("datasets", "networks", "experiments", "figures"):
        known = base.get(section) or {}
        for name in (name for name, entry in node[section].items() if entry is None and name not in known):
            yield f"{section}.{name}: there is none to switch off; known are {', '.join(known)}"


def _all_of(mistakes: list[str]) -> OnebitError:
    return OnebitError("\n".join(f"config: {mistake}" for mistake in dict.fromkeys(mistakes)))


def _shapes(config: Config, cells: Mapping[str, Cell], datasets: Mapping[str, Any]) -> tuple[dict[str, Shape], list]:
    """Return the shape of every data set that a cell uses, and a line for each whose files are not as it says."""
    root, shapes, mistakes = data_root(config.data_root), {}, []
    for name in dict.fromkeys(cell.dataset for cell in cells.values()):
        try:
            shapes[name] = datasets[name].shape(root)
        except OnebitError as error:
            mistakes.append(f"{_key_of(name, config)}: {error}")
    return shapes, mistakes


def _key_of(dataset: str, config: Config) -> str:
    """Where a data set stands in the configuration."""
    name, _, leaves = dataset.partition(",")
    at = f" (at {leaves.replace('~', ' ')})" if leaves else ""
    if name in config.datasets:
        return f"datasets.{name}{at}"
    return f"experiments.{name.partition('-dataset')[0]}.dataset{at}"


def _cross_checks(study: Study) -> Iterator[str]:
    """Yield what is wrong across records."""
    unsound = set(study.config.experiments) - {cell.experiment for cell in study.cells.values()}
    for cell in study.cells.values():
        if cell.dataset not in study.shapes:
            unsound.add(cell.experiment)
        elif cell.experiment not in unsound:
            for mistake in _check_cell(cell, study):
                unsound.add(cell.experiment)
                yield f"experiments.{cell.experiment}{mistake}{at_cell(cell.swept)}"
    for name, figure in study.config.figures.items():
        if "latency" in figure.stages and study.config.latency is None:
            off = f"switch the figure off, too, by figures: {{{name}: null}}"
            yield f"figures.{name}: draws latency, which is switched off; {off}"
        known = study.config.experiments
        if unknown := [experiment for experiment in figure.experiments if experiment not in known]:
            listed = ", ".join(known) or "none"
            off = f"a figure is switched off by figures: {{{name}: null}}"
            yield f"figures.{name}: no such experiment {unknown[0]!r}; known are {listed}; {off}"
        elif not unsound & set(figure.experiments):
            yield from (f"figures.{name}{mistake}" for mistake in figure.check(study.facts(name)))


def _check_cell(cell: Cell, study: Study) -> Iterator[str]:
    """Yield what is wrong with a cell, from its experiment's key on."""
    shape, last = study.shapes[cell.dataset], cell.task.n_train.last
    if last > shape.train_rows:
        rows = f"{shape.train_rows}, the train rows of data set {cell.dataset!r}"
        yield f".n_train.last: must be at most {rows}, got {last}"
    if largest_matrix(shape, cell.net) > MOST_NUMBERS:
        yield f": weights or features of a layer are more than {MOST_NUMBERS} numbers, the most a table takes"
    yield from _check_path(cell, study)
    if isinstance(cell.task, TeacherTask):
        yield from _check_teacher(cell, shape)
    elif not shape.outputs:
        yield f".target: data set {cell.dataset!r} has no labels; use teacher, or a data set of images or a table"
    else:
        others = [readout for readout in cell.task.readouts if not READOUTS.get(readout).learns_labels]
        yield from (f".readouts: {readout} cannot learn labels; use ridge:λ" for readout in others)


def _check_path(cell: Cell, study: Study) -> Iterator[str]:
    """Yield what keeps a cell from being tested otherwise than it was trained."""
    if cell.shift and not any(study.takes(law, cell.shift) for law in study.config.laws):
        yield ".test_weights.bits: rounds normal weights, which no law here has; add gaussian to laws"
    if cell.task.test_readout.noise > 0:
        others = [readout for readout in cell.task.readouts if not READOUTS.get(readout).is_linear]
        yield from (f".test_readout.noise: is for ridge:λ and what follows from it, not for {name}" for name in others)


def _check_teacher(cell: Cell, shape: Shape) -> Iterator[str]:
    """Yield what keeps a cell from training its read-outs on a teacher's labels."""
    task, widths = cell.task, cell.net.widths
    for name in task.readouts:
        readout = READOUTS.get(name)
        if readout.interpolates and task.n_train.last >= min(widths):
            yield f".readouts: {name} interpolates: n_train.last must be below every width, {min(widths)}"
        if readout.classifies and task.noise > 0:
            yield f".readouts: {name} learns the teacher's signs: noise must be 0, got {task.noise:g}"
        elif task.second_path and readout.interpolates:
            yield f".readouts: {name} has no second path; leave out test_inputs, test_weights and test_readout"
        elif task.labels == "sign" and readout.interpolates:
            yield f".readouts: {name} learns no signs; use ridge:λ, logistic:λ or squared-hinge:λ with labels sign"
        elif cell.is_described:
            dims = [shape.input_dim, widths[0]]  # one layer: what is covered does not depend on the others
            try:
                check_covered(problem(task, dims, cell.net.activation, cell.data.spectrum, name), task.second_path)
            except OnebitError as error:
                yield f".readouts: {name}: {error}"


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Lay `overlay` over `base` as Snakemake does: mappings merge key by key, everything else is replaced."""
    both = {
        key: merge(base[key], overlay[key])
        for key in base.keys() & overlay.keys()
        if isinstance(base[key], dict) and isinstance(overlay[key], dict)
    }
    return {**base, **overlay, **both}

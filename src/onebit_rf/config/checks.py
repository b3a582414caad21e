"""Reading a configuration: its records, its cells, and the checks across them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onebit_rf.config.cells import Cell, at_cell, lay_out
from onebit_rf.config.parse import parse
from onebit_rf.config.records import Config
from onebit_rf.config.sizes import all_rows, largest_matrix
from onebit_rf.config.study import Study
from onebit_rf.config.task import TeacherTask, problem
from onebit_rf.config.training_checks import check_training
from onebit_rf.data.dataset import Shape, data_root
from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.tables.files import MOST_NUMBERS
from onebit_rf.theory.coverage import check_covered
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.learned import Learned


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
    layout = lay_out(config)
    used = [cell.dataset for cell in (*layout.cells.values(), *layout.trainings.values())]
    used += [name for figure in config.figures.values() for name in figure.datasets if name in config.datasets]
    shapes, unreadable = _shapes(config, used, layout.datasets)
    study = Study(config, layout.cells, layout.trainings, layout.datasets, layout.networks, shapes)
    mistakes = [*layout.mistakes, *unreadable, *_cross_checks(study)]
    if mistakes:
        raise _all_of(mistakes)
    return study


def _switched_off(node: dict[str, Any], base: dict[str, Any]) -> Iterator[str]:
    """Yield the entries that are null and have never been anything else."""
    for section in ("datasets", "networks", "experiments", "trainings", "figures"):
        known = base.get(section) or {}
        for name in (name for name, entry in node[section].items() if entry is None and name not in known):
            yield f"{section}.{name}: there is none to switch off; known are {', '.join(known)}"


def _all_of(mistakes: list[str]) -> OnebitError:
    return OnebitError("\n".join(f"config: {mistake}" for mistake in dict.fromkeys(mistakes)))


def _shapes(config: Config, used: Sequence[str], datasets: Mapping[str, Any]) -> tuple[dict[str, Shape], list]:
    """Return the shape of every data set that is used, and a line for each whose files are not as it says."""
    root, shapes, mistakes = data_root(config.data_root), {}, []
    for name in dict.fromkeys(used):
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
    owner = name.partition("-dataset")[0]
    return f"{'experiments' if owner in config.experiments else 'trainings'}.{owner}.dataset{at}"


def _cross_checks(study: Study) -> Iterator[str]:
    """Yield what is wrong across records."""
    config = study.config
    unsound = set(config.experiments) - {cell.experiment for cell in study.cells.values()}
    unsound |= set(config.trainings) - {cell.training for cell in study.trainings.values()}
    for cell in study.cells.values():
        if cell.dataset not in study.shapes:
            unsound.add(cell.experiment)
        elif cell.experiment not in unsound:
            for mistake in _check_cell(cell, study):
                unsound.add(cell.experiment)
                yield f"experiments.{cell.experiment}{mistake}{at_cell(cell.swept)}"
    for cell in study.trainings.values():
        if cell.dataset in study.shapes and cell.training not in unsound:
            for mistake in check_training(cell, study.shapes[cell.dataset]):
                unsound.add(cell.training)
                yield f"trainings.{cell.training}{mistake}{at_cell(cell.swept)}"
    for name, figure in config.figures.items():
        if {"latency", "cost"} & {*figure.stages} and config.latency is None:
            off = f"switch the figure off, too, by figures: {{{name}: null}}"
            yield f"figures.{name}: draws latency, which is switched off; {off}"
        lost = [*_unknown(name, "experiment", figure.experiments, config.experiments)]
        lost += _unknown(name, "training", figure.trainings, config.trainings)
        lost += _unknown(name, "data set", figure.datasets, config.datasets)
        yield from lost
        if not lost and not unsound & {*figure.experiments, *figure.trainings}:
            yield from (f"figures.{name}{mistake}" for mistake in figure.check(study.facts(name)))


def _unknown(figure: str, what: str, named: Sequence[str], known: Mapping[str, Any]) -> Iterator[str]:
    """Yield that a figure names an experiment, a training or a data set that is not there."""
    off = f"a figure is switched off by figures: {{{figure}: null}}"
    for name in [name for name in named if name not in known][:1]:
        yield f"figures.{figure}: no such {what} {name!r}; known are {', '.join(known) or 'none'}; {off}"


def _check_cell(cell: Cell, study: Study) -> Iterator[str]:
    """Yield what is wrong with a cell, from its experiment's key on."""
    if not cell.net.has_features:
        yield f".network: {cell.network!r} has no layers that can be frozen; use one of kind mlp"
        return
    shape, last = study.shapes[cell.dataset], cell.task.n_train.last
    if last > shape.train_rows - cell.task.skip:
        left = f"{shape.train_rows - cell.task.skip}, the train rows of data set {cell.dataset!r}"
        yield f".n_train.last: must be at most {left}{' after those skipped' if cell.task.skip else ''}, got {last}"
    if largest_matrix(shape, cell.net) > MOST_NUMBERS:
        yield f": weights or features of a layer are more than {MOST_NUMBERS} numbers, the most a table takes"
        return  # what follows may lay out a vector of d_0
    yield from _check_path(cell, study)
    yield from (mistake for law in cell.laws for mistake in _check_learned(cell, law, study))
    if cell.equivalents:
        yield from _check_equivalents(cell, shape)
    yield from _check_step(cell, shape)
    if isinstance(cell.task, TeacherTask):
        yield from _check_teacher(cell, shape)
    elif cell.task.own_spectrum and (rows := all_rows(shape) - cell.task.skip) <= max(cell.net.widths):
        yield f".own_spectrum: needs more rows than features, {max(cell.net.widths)}, there are {rows}; set it false"
    elif not shape.outputs:
        yield f".target: data set {cell.dataset!r} has no labels; use teacher, or a data set of images or a table"
    else:
        others = [readout for readout in cell.task.readouts if not READOUTS.get(readout).learns_labels]
        yield from (f".readouts: {readout} cannot learn labels; use ridge:λ" for readout in others)


def _check_learned(cell: Cell, name: str, study: Study) -> Iterator[str]:
    """Yield what keeps a cell from taking weights that a training learned."""
    law = LAWS.get(name)
    if not isinstance(law, Learned):
        return
    training = study.trainings.get(law.training)
    if training is None:
        known = [each.name for each in study.trainings.values() if each.name == each.training]
        yield f".laws: {name}: no such training without a sweep; known are {', '.join(known) or 'none'}"
    elif law.model not in training.recipe.models:
        yield f".laws: {name}: the training has no such model; it has {', '.join(training.recipe.models)}"
    elif (cell.dataset, cell.network) != (training.dataset, training.network):
        yield f".laws: {name}: was learned on {training.dataset} by {training.network}; take the same ones"
    elif cell.task.skip < training.recipe.n_train + training.recipe.n_valid:
        rows = training.recipe.n_train + training.recipe.n_valid
        yield f".skip: must be at least {rows}, the rows that {law.training} saw, got {cell.task.skip}"


def _check_step(cell: Cell, shape: Shape) -> Iterator[str]:
    """Yield what keeps the first hidden layer of a cell from taking its step."""
    if not cell.net.has_step:
        return
    rows = cell.net.step.rows
    others = [law for law in cell.laws if LAWS.get(law).quantise is None]
    if others:
        yield f".laws: {others[0]} rounds no Gaussian draw, which takes the step; leave it out, or network.step"
    if ACTIVATIONS.get(cell.net.activation).tensor is None:
        yield f".network.activation: {cell.net.activation} has no `tensor`, which network.step descends; use another"
    if not shape.outputs:
        yield f".network.step: data set {cell.dataset!r} has no labels to learn; use single_index, images or a table"
    if cell.shift:
        yield ".network.step: its features have no second path; leave out test_inputs and test_weights"
    if cell.task.skip < rows:
        yield f".skip: must be at least {rows}, the rows that network.step saw, got {cell.task.skip}"


def _check_path(cell: Cell, study: Study) -> Iterator[str]:
    """Yield what keeps a cell from being tested otherwise than it was trained."""
    if cell.shift and not any(study.takes(law, cell.shift) for law in cell.laws):
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


def _check_equivalents(cell: Cell, shape: Shape) -> Iterator[str]:
    """Yield what keeps a cell from holding its features against their Gaussian equivalents."""
    task, widest = cell.task, max(cell.net.widths)
    if cell.data.spectrum is None:
        yield f".equivalents: data set {cell.dataset!r} has no known spectrum to start from; set it false"
    elif (rows := all_rows(shape) - task.skip) <= widest:
        yield f".equivalents: needs more rows than features, {widest}, there are {rows}; set it false"
    if task.labels != "linear" or not TEACHERS.get(task.teacher).standard:
        yield ".equivalents: averages over teachers of mean 0 and variance 1 with labels linear; set it false"
    elif not any(READOUTS.get(name).learner == "ridge" for name in task.readouts):
        yield ".equivalents: needs a read-out ridge:λ; add one, or set it false"


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Lay `overlay` over `base` as Snakemake does: mappings merge key by key, everything else is replaced."""
    both = {
        key: merge(base[key], overlay[key])
        for key in base.keys() & overlay.keys()
        if isinstance(base[key], dict) and isinstance(overlay[key], dict)
    }
    return {**base, **overlay, **both}

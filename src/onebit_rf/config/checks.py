"""The checks across the records of a configuration."""

from collections.abc import Iterator
from typing import Any

from onebit_rf.config.experiment import TeacherExperiment, problem
from onebit_rf.config.network import Network
from onebit_rf.config.parse import parse
from onebit_rf.config.records import Config
from onebit_rf.config.sizes import largest_matrix
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.errors import OnebitError
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import plain
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.tables.files import MOST_NUMBERS
from onebit_rf.theory.coverage import check_covered

AVERAGED = ("depth", "learning_curve", "activations", "ridge")  # figures of the teacher-averaged error
# Read-outs that a figure cannot do without: in each of its experiments, for the mirrors in the first.
BASELINES = {"depth": "ridge:0", "learning_curve": "ridge:0", "activations": "ridge:0", "mirrors": "mirror:l2"}


def read_config(node: dict[str, Any]) -> Config:
    """Return the configuration as a record.

    Raises:
        OnebitError: a line for every mistake, each naming the key and what would be right.
    """
    try:
        config = parse(Config, node)
    except OnebitError as error:
        raise OnebitError("\n".join(f"config: {line}" for line in str(error).splitlines())) from None
    mistakes = list(dict.fromkeys(_cross_checks(config)))
    if mistakes:
        raise OnebitError("\n".join(f"config: {mistake}" for mistake in mistakes))
    return config


def _cross_checks(config: Config) -> Iterator[str]:
    """Yield what is wrong across records."""
    unsound = set()
    for name in config.experiments:
        for mistake in _check_experiment(name, config):
            unsound.add(name)
            yield f"experiments.{name}{mistake}"
    for figure, record in plain(config.figures).items():
        for name in record["experiments"]:
            if name not in unsound:
                yield from _check_figure(f"figures.{figure}", figure, name, record, config)


def _check_experiment(name: str, config: Config) -> Iterator[str]:
    """Yield what is wrong with an experiment, from its key on."""
    experiment = config.experiments[name]
    for field, known in (("dataset", config.datasets), ("network", config.networks)):
        if getattr(experiment, field) not in known:
            yield f".{field}: no such {field} {getattr(experiment, field)!r}; known are {', '.join(known)}"
            return
    _, dataset, network = config.of(name)
    rows, last = dataset.train_rows, experiment.n_train.last
    if last > rows:
        yield f".n_train.last: must be at most {rows}, the train rows of data set {experiment.dataset!r}, got {last}"
    if largest_matrix(dataset, network) > MOST_NUMBERS:
        yield f": weights or features of a layer are more than {MOST_NUMBERS} numbers, the most a table takes"
    if isinstance(experiment, TeacherExperiment):
        yield from _check_teacher(experiment, dataset, network)
    elif not dataset.labelled:
        yield f".target: data set {experiment.dataset!r} has no labels; use teacher, or a data set of images"
    else:
        others = [readout for readout in experiment.readouts if not READOUTS.get(readout).learns_labels]
        yield from (f".readouts: {readout} cannot learn labels; use ridge:λ" for readout in others)


def _check_teacher(experiment: TeacherExperiment, dataset: DatasetRecord, network: Network) -> Iterator[str]:
    """Yield what keeps an experiment from training its read-outs on a teacher's labels."""
    for name in experiment.readouts:
        readout = READOUTS.get(name)
        if readout.interpolates and experiment.n_train.last >= min(network.widths):
            yield f".readouts: {name} interpolates: n_train.last must be below every width, {min(network.widths)}"
        if readout.classifies and experiment.noise > 0:
            yield f".readouts: {name} learns the teacher's signs: noise must be 0, got {experiment.noise:g}"
        elif dataset.spectrum is not None:
            dims = [dataset.input_dim, network.widths[0]]
            try:
                check_covered(problem(experiment, dims, network.activation, dataset.spectrum, name))
            except OnebitError as error:
                yield f".readouts: {name}: {error}"


def _check_figure(key: str, figure: str, name: str, record: dict[str, Any], config: Config) -> Iterator[str]:
    """Yield what keeps a figure from drawing an experiment."""
    if name not in config.experiments:
        yield f"{key}: no such experiment {name!r}; known are {', '.join(config.experiments)}"
        return
    experiment, is_teacher = config.experiments[name], isinstance(config.experiments[name], TeacherExperiment)
    if is_teacher == (figure == "images"):
        yield f"{key}: experiment {name!r} must have target {'labels' if figure == 'images' else 'teacher'}"
        return
    if figure == "images" and len(experiment.readouts) > 1:
        yield f"{key}: experiment {name!r} must have one read-out, the one whose accuracy is drawn"
    if is_teacher and not config.is_described(name):
        yield f"{key}: experiment {name!r} must use Gaussian inputs, which the theory line assumes"
    if "n_train" in record and record["n_train"] not in experiment.n_train.sizes():
        yield f"{key}.n_train: {record['n_train']} is not among the sample sizes of experiment {name!r}"
    if figure in AVERAGED and not TEACHERS.get(experiment.teacher).standard:
        yield f"{key}: experiment {name!r} must have a normal teacher, to be averaged over exactly"
    needed = BASELINES.get(figure)
    compared = figure != "mirrors" or name == record["experiments"][0]
    if needed and compared and needed not in experiment.readouts:
        yield f"{key}: experiment {name!r} must have the read-out {needed}"


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Lay `overlay` over `base` as Snakemake does: mappings merge key by key, everything else is replaced."""
    both = {
        key: merge(base[key], overlay[key])
        for key in base.keys() & overlay.keys()
        if isinstance(base[key], dict) and isinstance(overlay[key], dict)
    }
    return {**base, **overlay, **both}

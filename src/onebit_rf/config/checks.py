"""The configuration: a closed schema, the checks across its fields, and the few facts the workflow derives from it."""

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onebit_rf.config.experiment import (
    DIGITS,
    largest_matrix,
    peak_bytes,
    problem,
    readout_kind,
    records,
    sample_sizes,
    train_rows,
)
from onebit_rf.data.datasets import check_mnist, data_root
from onebit_rf.errors import OnebitError
from onebit_rf.tables.files import MOST_NUMBERS
from onebit_rf.theory.coverage import check_covered

Config = dict[str, Any]

AVERAGED = ("depth", "learning_curve", "activations", "ridge")  # figures of the teacher-averaged error
# Read-outs that a figure cannot do without: in each of its experiments, for the mirrors in the first.
BASELINES = {"depth": "ridge:0", "learning_curve": "ridge:0", "activations": "ridge:0", "mirrors": "mirror:l2"}


def validate(config: Config, schema: Config) -> None:
    """Raise OnebitError with one line, naming the key and what would be right, unless `config` is sound."""
    import jsonschema

    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise OnebitError(f"config: {_explain(error)}")
    for mistake in _cross_checks(config):
        raise OnebitError(f"config: {mistake}")


def _explain(error: Any) -> str:
    """One line for a schema violation: the key's path, the value found and what the schema wants."""
    where = ".".join(str(part) for part in error.absolute_path) or "top level"
    rule, wanted, found = error.validator, error.validator_value, error.instance
    if rule == "additionalProperties":
        known = error.schema["properties"]
        unknown = [key for key in found if key not in known]
        return f"{where}: unknown key {', '.join(map(str, unknown))}; known are {', '.join(known)}"
    if rule == "required":
        missing = [key for key in wanted if key not in found]
        return f"{where}: missing key {', '.join(missing)}; config/config.yaml explains every key"
    expected = {
        "type": f"must be of type {wanted}",
        "enum": f"must be one of {wanted}",
        "minimum": f"must be at least {wanted}",
        "maximum": f"must be at most {wanted}",
        "minItems": f"must have at least {wanted} item(s)",
        "maxItems": f"must have at most {wanted} item(s)",
        "uniqueItems": "must not repeat an item",
        "pattern": f"must be {error.schema.get('description', 'lower-case letters, digits and _')}",
    }.get(rule, error.message)
    return f"{where}: {expected}, got {found!r}"


def _cross_checks(config: Config) -> Iterator[str]:
    """Yield what is wrong across fields, first things first."""
    for name, dataset in config["datasets"].items():
        kind = dataset["kind"]
        if kind == "digits" and dataset["n_train"] + dataset["n_test"] > DIGITS:
            yield f"datasets.{name}: n_train + n_test must be at most {DIGITS}, the number of digits"
    for key, value in _numbers(config):
        if not math.isfinite(value):
            yield f"{key}: must be finite, got {value}"
    for name, experiment in config["experiments"].items():
        try:
            yield from _check_experiment(f"experiments.{name}", experiment, config)
        except OnebitError as error:
            yield f"experiments.{name}: {error}"
    for figure, record in config["figures"].items():
        for name in record["experiments"]:
            yield from _check_figure(f"figures.{figure}", figure, name, record, config)


def _numbers(node: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number below `node` with its dotted path."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _numbers(value, f"{path}.{key}".lstrip("."))
    if isinstance(node, int | float):
        yield path, node


def _check_experiment(key: str, experiment: Config, config: Config) -> Iterator[str]:
    for field in ("dataset", "network"):
        known = config[f"{field}s"]
        if experiment[field] not in known:
            yield f"{key}.{field}: no such {field} {experiment[field]!r}; known are {', '.join(known)}"
            return
    dataset, n_train = config["datasets"][experiment["dataset"]], experiment["n_train"]
    if n_train["first"] > n_train["last"]:
        yield f"{key}.n_train: first must be at most last, got {n_train['first']} > {n_train['last']}"
    if n_train["last"] > train_rows(dataset):
        yield (
            f"{key}.n_train.last: must be at most {train_rows(dataset)}, the train rows of data set "
            f"{experiment['dataset']!r}, got {n_train['last']}"
        )
    if largest_matrix(*records(config, key.partition(".")[2])) > MOST_NUMBERS:
        yield f"{key}: weights or features of a layer are more than {MOST_NUMBERS} numbers, the most a table takes"
    if experiment["target"] == "labels" and dataset["kind"] == "gaussian":
        yield f"{key}.target: Gaussian inputs have no labels; use teacher, or a data set of images"
    for readout in experiment["readouts"]:
        yield from (f"{key}.readouts: {reason}" for reason in _check_readout(readout, experiment, config))


def _check_readout(readout: str, experiment: Config, config: Config) -> Iterator[str]:
    """Yield what keeps an experiment from training this read-out."""
    dataset, network = config["datasets"][experiment["dataset"]], config["networks"][experiment["network"]]
    kind, fields = readout_kind(readout)
    if experiment["target"] == "labels":
        if kind != "ridge":
            yield f"{readout} cannot learn labels; use ridge:λ"
        return
    if "mirror" in fields and experiment["n_train"]["last"] >= min(network["widths"]):
        yield f"{readout} interpolates: n_train.last must be below every width, {min(network['widths'])}"
    if "loss" in fields and experiment["noise"] > 0:
        yield f"{readout} learns the teacher's signs: noise must be 0, got {experiment['noise']}"
    if dataset["kind"] == "gaussian":
        check_covered(problem(experiment, dataset, network, readout, depth=1))


def _check_figure(key: str, figure: str, name: str, record: Config, config: Config) -> Iterator[str]:
    if name not in config["experiments"]:
        yield f"{key}: no such experiment {name!r}; known are {', '.join(config['experiments'])}"
        return
    experiment = config["experiments"][name]
    wanted = "labels" if figure == "images" else "teacher"
    if experiment["target"] != wanted:
        yield f"{key}: experiment {name!r} must have target {wanted}"
        return
    if wanted == "teacher" and config["datasets"][experiment["dataset"]]["kind"] != "gaussian":
        yield f"{key}: experiment {name!r} must use Gaussian inputs, which the theory line assumes"
    if "n_train" in record and record["n_train"] not in sample_sizes(experiment):
        yield f"{key}.n_train: {record['n_train']} is not among the sample sizes of experiment {name!r}"
    if figure in AVERAGED and experiment["teacher"] != "normal":
        yield f"{key}: experiment {name!r} must have a normal teacher, to be averaged over exactly"
    needed = BASELINES.get(figure)
    compared = figure != "mirrors" or name == record["experiments"][0]
    if needed and compared and needed not in experiment["readouts"]:
        yield f"{key}: experiment {name!r} must have the read-out {needed}"


def check_machine(config: Config) -> None:
    """Raise OnebitError where this machine cannot run `config`: a job too large for it, or data out of reach."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name, experiment in config["experiments"].items():
        needed = peak_bytes(*records(config, name))
        if needed > memory:
            raise OnebitError(
                f"config: networks.{experiment['network']}.widths: experiment {name!r} needs about "
                f"{needed / 2**30:.0f} GiB of memory for one job, this machine has {memory / 2**30:.0f} GiB"
            )
    used = {experiment["dataset"] for experiment in config["experiments"].values()}
    if any(config["datasets"][name]["kind"] == "mnist" for name in used):
        check_mnist(data_root(config["data_root"]))


def merge(base: Config, overlay: Config) -> Config:
    """Lay `overlay` over `base` as Snakemake does: mappings merge key by key, everything else is replaced."""
    both = {
        key: merge(base[key], overlay[key])
        for key in base.keys() & overlay.keys()
        if isinstance(base[key], dict) and isinstance(overlay[key], dict)
    }
    return {**base, **overlay, **both}


def main() -> None:
    """Check config files, each laid over the first: python -m onebit_rf.config.checks SCHEMA CONFIG [OVERLAY …]."""
    import yaml

    schema, base, *overlays = (yaml.safe_load(Path(path).read_text()) for path in sys.argv[1:])
    for path, overlay in zip(sys.argv[2:], [base, *overlays], strict=True):
        try:
            validate(merge(base, overlay), schema)
        except OnebitError as error:
            sys.exit(f"{path}: {error}")
        print(f"{path}: valid")


if __name__ == "__main__":
    main()

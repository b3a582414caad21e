# What all stages share: the validated config, wildcard constraints, and look-ups from names to records and files.
import sys

import yaml

from onebit_rf.config import check_machine, validate
from onebit_rf.errors import OnebitError
from onebit_rf.experiment import input_dim
from onebit_rf.sources import source_closure

with open(workflow.source_path("../schemas/config.schema.yaml")) as schema_file:
    config_schema = yaml.safe_load(schema_file)

try:
    validate(config, config_schema)
    check_machine(config)
except OnebitError as error:
    sys.exit(str(error))


# The project's tools are pip packages pinned in pyproject.toml, so no rule has a conda environment or a container.
wildcard_constraints:
    dataset="[a-z][a-z0-9_]*",
    network="[a-z][a-z0-9_]*",
    experiment="[a-z][a-z0-9_]*",
    law="gaussian|one_bit",
    d_in=r"\d+",
    seed=r"\d+",


def code(script):
    """Source files a script depends on: as an input, their edit reruns the rule and a bare touch does not."""
    return source_closure(f"workflow/scripts/{script}.py")


def dataset_of(experiment):
    return config["datasets"][config["experiments"][experiment]["dataset"]]


def network_of(experiment):
    return config["networks"][config["experiments"][experiment]["network"]]


def experiment_params(wildcards):
    return config["experiments"][wildcards.experiment]


def readout_tables(experiment):
    """The readout tables of every law and seed of an experiment."""
    return expand(rules.train_readout.output, experiment=experiment, law=config["laws"], seed=config["seeds"])


def experiments_with(target):
    return [name for name, record in config["experiments"].items() if record["target"] == target]


def experiment_facts(name):
    """What a figure says about an experiment."""
    experiment, dataset, network = config["experiments"][name], dataset_of(name), network_of(name)
    return {
        "dataset": dataset["kind"],
        "dims": [input_dim(dataset), *network["widths"]],
        "activation": network["activation"],
        "noise": experiment["noise"],
        "ridge": experiment["ridge"],
        "n_train": experiment["n_train"]["last"],
    }


def agreement_tables():
    """One table for every experiment that the theory describes: a teacher on Gaussian inputs."""
    described = [name for name in experiments_with("teacher") if dataset_of(name)["kind"] == "gaussian"]
    return expand(rules.compare_theory.output, experiment=described)


def figure_files(name):
    return multiext(f"results/figures/{name}", ".pdf", ".png")


def drawn(figure):
    """The experiments a figure draws."""
    record = config["figures"][figure]
    return [record["experiment"]] if "experiment" in record else record["experiments"]

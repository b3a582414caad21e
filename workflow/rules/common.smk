# What all stages share: the validated config, wildcard constraints, and look-ups from names to records and files.
import sys
from glob import glob

import yaml

from onebit_rf.config.checks import check_machine, validate
from onebit_rf.errors import OnebitError
from onebit_rf.config.experiment import input_dim
from onebit_rf.latency import devices
from onebit_rf.jobs.sources import source_closure
from onebit_rf.weights.laws import dims_label

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
    dims=r"\d[\dx-]*",
    seed=r"\d+",


def code(script):
    """Source files a script depends on: as an input, their edit reruns the rule and a bare touch does not."""
    return source_closure(f"workflow/scripts/{script}.py")


def dataset_of(experiment):
    return config["datasets"][config["experiments"][experiment]["dataset"]]


def network_of(experiment):
    return config["networks"][config["experiments"][experiment]["network"]]


def dims_of(dataset, network):
    """(d_0, d_1, …, d_L) of a network on a data set."""
    return [input_dim(config["datasets"][dataset]), *config["networks"][network]["widths"]]


def experiment_params(wildcards):
    return config["experiments"][wildcards.experiment]


def readout_tables(experiment):
    """The readout tables of every law and seed of an experiment."""
    return expand(rules.train_readout.output, experiment=experiment, law=config["laws"], seed=config["seeds"])


def experiments_with(target):
    return [name for name, record in config["experiments"].items() if record["target"] == target]


def experiment_facts(name):
    """What a figure says about an experiment."""
    experiment = config["experiments"][name]
    return {
        "dataset": dataset_of(name)["kind"],
        "dims": dims_of(experiment["dataset"], experiment["network"]),
        "activation": network_of(name)["activation"],
        "noise": experiment.get("noise"),
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
    return config["figures"][figure]["experiments"]


def readouts_of(figure):
    """All readout tables of a figure."""
    return [table for name in drawn(figure) for table in readout_tables(name)]


def theory_of(figure):
    """All theory tables of a figure, in the order of its experiments."""
    return expand(rules.predict_theory.output, experiment=drawn(figure))


def facts_of(figure):
    return {name: experiment_facts(name) for name in drawn(figure)}


def latency_tables():
    """The devices of this machine, then the tables kept from machines that had others."""
    kept = sorted(glob("results/reference/latency-*.parquet"))
    return expand(rules.measure_latency.output, device=devices()) + kept

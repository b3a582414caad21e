# What all stages share: the config as records, wildcard constraints, and look-ups from names to records and files.
import re
import sys
from glob import glob

import onebit_rf
from onebit_rf.config import sizes
from onebit_rf.config.checks import read_config
from onebit_rf.config.experiment import TeacherExperiment, problem
from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.errors import OnebitError
from onebit_rf.features.layers import ENCODINGS
from onebit_rf.jobs.sources import fingerprint
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import members
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import plain
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.readout.stage import learner_modules
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.sampling import parse_dims

project = Path(workflow.basedir)
imported = Path(onebit_rf.__file__).parents[2]
if imported != project.resolve():
    sys.exit(f"the package imported is {imported}/src/onebit_rf, not this project's: run `make setup` in {project}")

try:
    records = read_config(config)
except OnebitError as error:
    sys.exit(str(error))

FIGURES = [*plain(records.figures), "latency", "speedup"]


def one_of(names):
    return "|".join(map(re.escape, names))


wildcard_constraints:
    dataset=one_of(records.datasets),
    network=one_of(records.networks),
    experiment=one_of(records.experiments),
    law=one_of(records.laws),
    device=one_of(records.latency.devices),
    dims=r"\d[\dx-]*",
    seed=r"\d+",


def code(script, *modules):
    """Fingerprint of what a script runs, with the `modules` that it finds by name: a parameter of its rule."""
    return fingerprint(project / "workflow" / "scripts" / f"{script}.py", *modules)


def megabytes(size):
    return int(size / 1e6) + 1


def readout_tables(experiment):
    """The readout tables of every law and seed of an experiment."""
    return expand(rules.train_readout.output, experiment=experiment, law=records.laws, seed=records.seeds)


def model_params(experiment):
    """What Problem needs of an experiment's data set and network."""
    _, dataset, network = records.of(experiment)
    return {
        "dims": records.dims(experiment),
        "activation": network.activation,
        "spectrum": dataset.spectrum,
    }


def model_modules(name):
    """The members of registries that the problems of an experiment name."""
    experiment, model = records.experiments[name], model_params(name)
    readouts = {READOUTS.module(readout) for readout in experiment.readouts}
    if not isinstance(experiment, TeacherExperiment):
        return sorted(readouts)
    problems = [problem(experiment, **model, readout=readout) for readout in experiment.readouts]
    return sorted(readouts.union(*map(members, problems)))


def data_files(dataset):
    """Files that a data set is made from, found or to be downloaded."""
    return records.datasets[dataset].files(data_root(records.data_root))


def dataset_modules(dataset):
    """Modules of the registries' members that make a data set: its kind and its spectrum."""
    kind = DATASETS.module(plain(dataset)["kind"])
    return [kind] if dataset.spectrum is None else [kind, SPECTRA.module(dataset.spectrum)]


def feature_model(wildcards):
    """The records of the data set and the network of a features table."""
    return records.datasets[wildcards.dataset], records.networks[wildcards.network]


def features_code(wildcards):
    dataset, network = feature_model(wildcards)
    return code(
        "extract_features",
        *dataset_modules(dataset),
        LAWS.module(wildcards.law),
        ENCODINGS.module(LAWS.get(wildcards.law).encoding),
        ACTIVATIONS.module(network.activation),
    )


def experiment_facts(name):
    """What a figure says about an experiment."""
    experiment, dataset, network = records.of(name)
    return {
        "dataset": plain(dataset)["kind"],
        "dims": records.dims(name),
        "activation": network.activation,
        "noise": plain(experiment).get("noise"),
        "n_train": experiment.n_train.last,
    }


def figure_files(name):
    return multiext(f"results/figures/{name}", ".pdf", ".png")


def drawn(figure):
    """The experiments a figure draws."""
    return plain(records.figures)[figure]["experiments"]


def readouts_of(figure):
    """All readout tables of a figure."""
    return [table for name in drawn(figure) for table in readout_tables(name)]


def theory_of(figure):
    """All theory tables of a figure, in the order of its experiments."""
    return expand(rules.predict_theory.output, experiment=drawn(figure))


def facts_of(figure):
    return {name: experiment_facts(name) for name in drawn(figure)}


def latency_tables():
    """The devices of the config, then the tables kept from machines that had others."""
    kept = sorted(glob("results/reference/latency-*.parquet"))
    return expand(rules.measure_latency.output, device=records.latency.devices) + kept

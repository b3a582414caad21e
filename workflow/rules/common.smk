# What all stages share: the study that the config asks for, wildcard constraints, and look-ups from names to files.
import os
import re
import sys
from functools import cache
from glob import glob

import yaml

import onebit_rf
from onebit_rf.config import sizes
from onebit_rf.config.cells import file_text
from onebit_rf.config.checks import read_config
from onebit_rf.config.task import TeacherTask, problem
from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.sources import SOURCES
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import LEARNED, STEP
from onebit_rf.features.layers import ENCODINGS
from onebit_rf.figures.kinds import FIGURES
from onebit_rf.jobs.sources import fingerprint
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import members
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import plain
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.readout.stage import learner_modules
from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.quantizers import QUANTIZERS
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.sampling import parse_dims

project = Path(workflow.basedir).resolve()
imported = Path(onebit_rf.__file__).resolve().parents[2]
if imported != project:
    sys.exit(f"the package imported is {imported}/src/onebit_rf, not this project's: run `make setup` in {project}")

for folder in filter(os.path.exists, (".", "results")):
    if not os.access(folder, os.W_OK):
        sys.exit(f"{Path(folder).resolve()} cannot be written: change its rights, or choose another by --directory")

default = yaml.safe_load((project / "config" / "config.yaml").read_text(encoding="utf-8"))
try:
    study = read_config(config, default)
except OnebitError as error:
    sys.exit(str(error))

root = data_root(config["data_root"])
devices = study.config.latency.devices if study.config.latency else []
seeds = study.config.seeds


def one_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    dataset=one_of(study.datasets),
    network=one_of(study.networks),
    experiment=one_of(study.config.experiments),
    cell=one_of(study.cells),
    law=one_of(map(file_text, study.laws)),
    trained=one_of(study.trainings),
    training=one_of(study.config.trainings),
    shift=one_of(study.shifts),
    device=one_of(devices),
    figure=one_of(study.config.figures),
    dims=r"\d[\dx-]*",
    seed=r"\d+",


def code(script, *modules):
    """Fingerprint of what a script runs, with the `modules` that it finds by name: a parameter of its rule."""
    return fingerprint(project / "workflow" / "scripts" / f"{script}.py", *modules)


def megabytes(size):
    return int(size / 1e6) + 1


def names_of(cell):
    """The columns that say which cell a row belongs to."""
    record = study.cells[cell]
    return {"experiment": record.experiment, "cell": cell, **record.swept}


def model_params(cell):
    """What Problem needs of a cell's data set and network."""
    record = study.cells[cell]
    return {"dims": study.dims(cell), "activation": record.net.activation, "spectrum": record.data.spectrum}


def model_modules(cell):
    """The members of registries that the problems of a cell name."""
    task, model = study.cells[cell].task, model_params(cell)
    readouts = {READOUTS.module(readout) for readout in task.readouts}
    if not isinstance(task, TeacherTask):
        return sorted(readouts)
    problems = [problem(task, **model, readout=readout) for readout in task.readouts]
    return sorted(readouts.union(*map(members, problems)))


def data_files(dataset):
    """Files that a data set is made from, found or to be downloaded."""
    return study.datasets[dataset].files(root)


@cache
def shape_of(dataset):
    """d_0, rows and outputs of a data set, whether it is used or not."""
    return study.shapes.get(dataset) or study.datasets[dataset].shape(root)


def equivalents_code(wildcards):
    cell, law = study.cells[wildcards.cell], law_of(wildcards)
    encoding = ENCODINGS.module(LAWS.get(law).encoding)
    members = ACTIVATIONS.module(cell.net.activation), SPECTRA.module(cell.data.spectrum)
    return code("measure_equivalents", LAWS.module(law), encoding, *members)


def conditions_code(wildcards):
    dataset = study.datasets[wildcards.dataset]
    spectrum = [SPECTRA.module(dataset.spectrum)] if dataset.spectrum else []
    return code("measure_conditions", *dataset_modules(dataset), *spectrum)


def feature_sizes(wildcards):
    """Rows and dimensions of a features table."""
    return shape_of(wildcards.dataset), study.networks[wildcards.network]


def readout_sizes(wildcards):
    """Task, rows and dimensions of a readout table."""
    cell = study.cells[wildcards.cell]
    return cell.task, study.shapes[cell.dataset], cell.net


def dataset_modules(dataset):
    """The members of registries that make a data set: its kind, and what that names."""
    return [DATASETS.module(plain(dataset)["kind"]), *dataset.members()]


laws = {file_text(law): law for law in study.laws}  # by the names of their files


def law_of(wildcards):
    """The law of the hidden weights in a file's name."""
    return laws[wildcards.law]


def features_code(wildcards, script="extract_features"):
    dataset, network = study.datasets[wildcards.dataset], study.networks[wildcards.network]
    law = law_of(wildcards)
    learned = [LEARNED] if study.learned_from(law) else []
    stepped = [STEP] if network.has_step else []
    return code(
        script,
        *dataset_modules(dataset),
        LAWS.module(law),
        ENCODINGS.module(LAWS.get(law).encoding),
        ACTIVATIONS.module(network.activation),
        *learned,
        *stepped,
    )


def step_of(wildcards):
    """The step that the first hidden layer takes; None where it is as drawn."""
    network = study.networks[wildcards.network]
    return {**plain(network.step), "outputs": shape_of(wildcards.dataset).outputs} if network.has_step else None


def learned_weights(wildcards):
    """The table of the weights that a law's were learned in; none where they are drawn."""
    training = study.learned_from(law_of(wildcards))
    return expand(rules.train_networks.output.weights, trained=training.name, seed=wildcards.seed) if training else []


def second_path_code(wildcards):
    return features_code(wildcards, "extract_second_path")


def features_of(wildcards, pattern, **wanted):
    """The tables of the features that a read-out of a cell is trained or tested on."""
    cell = study.cells[wildcards.cell]
    return expand(pattern, dataset=cell.dataset, network=cell.network, law=wildcards.law, seed=wildcards.seed, **wanted)


def second_path_of(wildcards):
    """The features of a cell's second path, where it has one that a law can take."""
    shift = study.cells[wildcards.cell].shift
    if not shift or not study.takes(law_of(wildcards), shift):
        return []
    return features_of(wildcards, rules.extract_second_path.output, shift=shift)


def readout_tables(cells):
    """The readout tables of some cells, of every law and seed."""
    return of_replicates(rules.train_readout.output, cells)


def of_replicates(pattern, cells):
    """The tables of some cells, of every law and seed."""
    pairs = [(cell, file_text(law)) for cell in cells for law in cell.laws]
    return [path for cell, law in pairs for path in expand(pattern, cell=cell.name, law=law, seed=cell.seeds)]


def theory_tables(cells):
    """The theory tables of the cells that the theory describes."""
    return expand(rules.predict_theory.output, cell=[cell.name for cell in cells if cell.is_described])


def equivalents_tables(cells):
    """The tables of the cells whose features are held against their equivalents, of every law and seed."""
    return of_replicates(rules.measure_equivalents.output, [cell for cell in cells if cell.equivalents])


def conditions_tables(datasets):
    """The tables of data sets: one replicate says what there is to say."""
    return expand(rules.measure_conditions.output, dataset=datasets, seed=seeds[:1])


def equivalents_params(wildcards):
    """What the equivalents read of a cell's task."""
    task = study.cells[wildcards.cell].task
    ridges = {
        name: READOUTS.get(name).fields["ridge"] for name in task.readouts if READOUTS.get(name).learner == "ridge"
    }
    return {"n_train": task.n_train.sizes().tolist(), "ridges": ridges, "noise": task.noise, "skip": task.skip}


def latency_tables():
    """The devices of the config, then the tables kept from machines that had others."""
    kept = sorted(glob("results/reference/latency-*.parquet"))
    return expand(rules.measure_latency.output, device=devices) + kept


def latency_params():
    """How times of inference are measured."""
    return {key: value for key, value in (plain(study.config.latency) or {}).items() if key != "devices"}


def timed_experiments():
    """The experiments whose networks are timed for a figure; such a figure has them share d_0 and activation."""
    return sorted({name for figure in study.config.figures.values() for name in figure.timed})


def cost_params(wildcards):
    """How the networks of an experiment are timed: as latency is measured, at its smallest and its largest batch.

    Small networks take too little of a second for its number of repetitions to show the least time.
    """
    how, cells = latency_params(), study.cells_of(wildcards.experiment)
    return {
        **how,
        "repetitions": 4 * how["repetitions"],
        "seconds": 3 * how["seconds"],
        "d_in": study.dims(cells[0].name)[0],
        "networks": [list(cell.net.widths) for cell in cells],
        "batches": sorted({min(how["batches"]), max(how["batches"])}),
        "activation": cells[0].net.activation,
    }


def figure_tables(figure, stage):
    """The tables of a stage that a figure draws; none where its kind does not need the stage."""
    record = study.config.figures[figure]
    if stage not in record.stages:
        return []
    cells = [cell for name in record.experiments for cell in study.cells_of(name)]
    tables = {
        "readout": lambda: readout_tables(cells),
        "theory": lambda: theory_tables(cells),
        "equivalents": lambda: equivalents_tables(cells),
        "conditions": lambda: conditions_tables(record.datasets),
        "cost": lambda: expand(rules.measure_cost.output, experiment=record.timed),
        "latency": latency_tables,
        "ranking": ranking_tables,
    }
    return tables[stage]() if stage in tables else training_tables(record.trainings, stage)


def training_tables(names, stage):
    """The tables of a stage of some trainings: of every cell and seed."""
    if stage == "models":
        return expand(rules.collect_models.output, training=names)
    if stage == "deployment":
        return deployment_tables(names)
    cells = [cell.name for name in names for cell in study.trainings_of(name)]
    return expand(rules.measure_distorted.output, trained=cells, seed=seeds)


def ranking_tables():
    """The table that says which measure orders the gap."""
    return [rules.rank_measures.output.ranking]


def distortion_minutes(shape):
    """A minute for 1000 images of 32 × 32 × 3: five times what was measured."""
    return sizes.LEAST_MINUTES + shape.test_rows * shape.input_dim // 3_000_000


def trained_dataset(wildcards):
    return study.trainings[wildcards.trained].dataset


def trained_sizes(wildcards):
    """A training and the shape of its data set."""
    return study.trainings[wildcards.trained], shape_of(trained_dataset(wildcards))


def training_code(wildcards, script="train_networks"):
    cell = study.trainings[wildcards.trained]
    return code(
        script,
        *dataset_modules(cell.data),
        NETWORKS.module(plain(cell.net)["kind"]),
        *cell.net.members(),
        *sorted({QUANTIZERS.module(model) for model in cell.recipe.models}),
    )


def trained_params(wildcards):
    """What the models of a training are, for the jobs that make and measure them."""
    cell = study.trainings[wildcards.trained]
    return {
        "names": {"training": cell.training, "cell": cell.name, **cell.swept},
        "dataset": plain(cell.data),
        "network": plain(cell.net),
        "recipe": plain(cell.recipe),
        "shape": plain(shape_of(cell.dataset)),
    }


def cells_that(training, wanted):
    """The cells of a training of which something is wanted."""
    return [cell.name for cell in study.trainings_of(training) if wanted(cell.record)]


def model_facts(training):
    """What the table of models says of the cells of a training."""
    return [
        {
            "cell": cell.name,
            "dataset": cell.dataset,
            "network": cell.network,
            "width": cell.net.width,
            "depth": cell.net.depth,
            "n_train": cell.recipe.n_train,
            "source": cell.recipe.source,
            "label_noise": cell.recipe.label_noise,
            "learning_rate": cell.recipe.learning_rate,
        }
        for cell in study.trainings_of(training)
    ]


def added(section):
    """The names in a section of the config that overlays add to the default."""
    return [name for name in getattr(study.config, section) if name not in default[section]]


def studies(figures):
    """The headings of some figures, in an order that the config's does not change."""
    return {name: study.config.figures[name].study for name in sorted(figures)}


def deployment_tables(trainings):
    """The tables of trainings that have models of one bit for the native kernels."""
    cells = [cell for name in trainings for cell in study.trainings_of(name)]
    names = [cell.name for cell in cells if cell.net.has_features and cell.has_one_bit]
    return expand(rules.measure_deployment.output, trained=names, seed=seeds[:1])


def undrawn_cells():
    """The cells that neither a figure nor the agreement asks for."""
    drawn = {name for figure in study.config.figures.values() for name in figure.experiments}
    return [cell for cell in study.cells.values() if cell.experiment not in drawn.union(study.described())]

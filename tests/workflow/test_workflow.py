"""The workflow's promises: what an edit reruns, equal results for any number of cores, and errors of one line.

Each edit is made in a private copy of the project whose tiny run is complete, and a dry run says what it plans.
"""

import os
from fnmatch import fnmatch

import pyarrow.parquet as pq
import pytest
import yaml

from conftest import Project

pytestmark = pytest.mark.slow

THEORY_FIGURES = {
    f"figures/{name}.*" for name in ("depth", "learning_curve", "ridge", "mirrors", "activations", "classification")
}
FIGURES = {*THEORY_FIGURES, "figures/images.*"}
READOUT = {"readout/*", "agreement/*", *FIGURES}
FEATURES = {"features/*", *READOUT}

# file that gets a line appended → what is planned; a pattern stands for all outputs of its kind
EDITS = {
    "src/onebit_rf/data/datasets.py": {"data/*", *FEATURES},
    "src/onebit_rf/weights/laws.py": {"weights/*", *FEATURES},
    "src/onebit_rf/features.py": FEATURES,
    "src/onebit_rf/kernels/_signs.c": {*FEATURES, "latency/*", "figures/latency.*", "figures/speedup.*"},
    "src/onebit_rf/model/activations.py": {*FEATURES, "theory/*"},  # φ's coefficients are the theory's input
    "src/onebit_rf/readout/stage.py": READOUT,
    "src/onebit_rf/readout/learners.py": READOUT,
    "src/onebit_rf/readout/learning_curve.py": READOUT,
    "src/onebit_rf/theory/square.py": {"theory/*", "agreement/*", *THEORY_FIGURES},
    "src/onebit_rf/agreement.py": {"agreement/*"},
    "src/onebit_rf/figures/depth.py": {"figures/depth.*"},
    "src/onebit_rf/figures/images.py": {"figures/images.*"},
    "src/onebit_rf/figures/style.py": {"figures/*"},
    "src/onebit_rf/readout/classifiers.py": READOUT,
    "workflow/scripts/train_readout.py": READOUT,
    "workflow/scripts/plot_depth.py": {"figures/depth.*"},
}


def made(project):
    """Every file of the finished run, relative to results/."""
    results = project.path / "results"
    return {str(path.relative_to(results)) for kind in ("parquet", "pdf", "png") for path in results.rglob(f"*.{kind}")}


def matching(paths, patterns):
    return {path for path in paths if any(fnmatch(path, pattern) for pattern in patterns)}


def test_nothing_changed_plans_nothing(finished_project):
    assert finished_project.planned() == set()


@pytest.mark.parametrize("file", EDITS)
def test_edited_source_reruns_what_follows_from_it(finished_project, file):
    path = finished_project.path / file
    before = path.read_text()
    path.write_text(before + "\n# an edit\n")
    try:
        assert finished_project.planned() == matching(made(finished_project), EDITS[file])
    finally:
        path.write_text(before)


def test_touched_files_plan_nothing(finished_project):
    for folder in ("src", "workflow"):
        for path in (finished_project.path / folder).rglob("*.*"):
            os.utime(path)
    assert finished_project.planned() == set()


def edit_config(project, change):
    """Plan with a changed config, then put the old one back."""
    path = project.path / "config/config.yaml"
    before = path.read_text()
    config = yaml.safe_load(before)
    change(config)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    try:
        return project.planned()
    finally:
        path.write_text(before)


def test_new_seed_plans_its_own_chain_and_what_averages_over_seeds(finished_project):
    planned = edit_config(finished_project, lambda config: config["seeds"].append(7))
    of_seed_0 = matching(made(finished_project), {"*/seed0.parquet"})
    assert planned == {path.replace("seed0", "seed7") for path in of_seed_0} | matching(
        made(finished_project), {"agreement/*", *FIGURES}
    )


def test_experiment_parameter_plans_that_experiment_alone(finished_project):
    planned = edit_config(finished_project, lambda config: config["experiments"]["ridge"].update(noise=0.5))
    wanted = {"readout/ridge/*", "theory/ridge*", "agreement/ridge*", "figures/learning_curve.*", "figures/ridge.*"}
    assert planned == matching(made(finished_project), wanted)


def test_activation_parameter_plans_its_network_alone(finished_project):
    planned = edit_config(finished_project, lambda config: config["networks"]["relu_1024"].update(activation="gelu"))
    wanted = {"features/digits/*", "readout/digits/*", "figures/images.*"}
    assert planned == matching(made(finished_project), wanted)


def test_tables_are_equal_for_one_core_and_two(finished_project, tmp_path):
    other = Project(tmp_path)
    other.configure(yaml.safe_load((finished_project.path / "config/config.yaml").read_text()))
    assert other.snakemake("all", cores=1).returncode == 0
    names = matching(made(finished_project), {"*.parquet"})
    assert names == matching(made(other), {"*.parquet"})
    for name in names - {"latency/cpu.parquet"}:  # a time is never the same twice
        one, two = (project.path / "results" / name for project in (other, finished_project))
        assert one.read_bytes() == two.read_bytes(), name


def test_provenance_tells_parameters_version_commit_and_machine(finished_project):
    import json

    for name in sorted(matching(made(finished_project), {"*.parquet"})):
        metadata = pq.read_schema(finished_project.path / "results" / name).metadata
        record = json.loads(metadata[b"onebit_rf"])
        assert set(record) == {"schema", "params", "version", "commit", "machine"}
        assert record["params"], name


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda config: config["seeds"].append(0), "config: seeds: must not repeat an item"),
        (lambda config: config["experiments"]["digits"].update(network="nets"), "no such network 'nets'"),
    ],
)
def test_bad_config_is_one_line_and_writes_nothing(fresh_project, change, line):
    path = fresh_project.path / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    change(config)
    fresh_project.configure(config)
    run = fresh_project.snakemake("all")
    output = (run.stdout + run.stderr).strip()
    assert run.returncode != 0
    assert line in output.splitlines()[-1]
    assert "Traceback" not in output
    assert not (fresh_project.path / "results").exists()


def test_absent_mnist_without_a_network_is_one_line(fresh_project, config):
    path = fresh_project.path / "config/config.yaml"
    tiny = yaml.safe_load(path.read_text())
    tiny["datasets"]["mnist"] = {"kind": "mnist", "n_train_per_class": 10, "n_test": 10, "centre": True, "scale": True}
    tiny["experiments"]["digits"]["dataset"] = "mnist"
    fresh_project.configure(tiny)
    # A host name that does not resolve stands for a machine without a network.
    source = fresh_project.path / "src/onebit_rf/data/datasets.py"
    source.write_text(source.read_text().replace("ossci-datasets.s3.amazonaws.com", "nowhere.invalid"))
    run = fresh_project.snakemake("all", ONEBIT_RF_DATA="absent")
    assert run.returncode != 0
    assert "absent/MNIST/raw/train-images-idx3-ubyte is missing" in (run.stdout + run.stderr).splitlines()[-1]
    assert not (fresh_project.path / "results").exists()


@pytest.mark.parametrize("damage", ["truncated", "foreign"])
def test_damaged_table_is_named_with_the_remedy(finished_project, damage):
    path = finished_project.path / "results/theory/ridge.parquet"
    figure = finished_project.path / "results/figures/learning_curve.png"
    before, drawn = path.read_bytes(), figure.read_bytes()
    if damage == "truncated":
        path.write_bytes(before[: len(before) // 2])
    else:
        path.write_bytes((finished_project.path / "results/theory/tanh_8192.parquet").read_bytes()[:-8] + b"notPAR1!")
    try:
        run = finished_project.snakemake(
            "--forcerun", "plot_learning_curve", "--", "results/figures/learning_curve.png"
        )
        lines = [line for line in (run.stdout + run.stderr).splitlines() if "ridge.parquet" in line]
        assert run.returncode != 0
        assert any("delete it and run snakemake again" in line for line in lines)
        assert "Traceback" not in run.stdout + run.stderr
    finally:
        path.write_bytes(before)
        figure.write_bytes(drawn)

"""The workflow's promises: what an edit reruns, equal results for any number of cores, and errors of one line.

Each edit is made in a private copy of the project whose tiny run is complete, and a dry run says what it plans.
"""

import os
import re
from fnmatch import fnmatch

import pyarrow.parquet as pq
import pytest
import yaml

from conftest import ROOT, Project, load_yaml

pytestmark = pytest.mark.slow


def figures(*names):
    """Some figures, and the collection of all findings."""
    return {*(f"figures/{name}.*" for name in names), "findings.*"}


AFTER = ("second_path", "distorted", "rounding", "phase")  # training
OF_RIDGE = ("learning_curve", "ridge", "gap", "sharpness")
SQUARES = ("depth", *OF_RIDGE, "activations", "classification", *AFTER)
THEORY_FIGURES = figures("mirrors", *SQUARES)
FIGURES = {*THEORY_FIGURES, *figures("images")}
TIMES = figures("latency", "speedup")
READOUT = {"readout/*", "agreement/*", *FIGURES}
FEATURES = {"features/*", *READOUT}
CHANGED = ("quantize_after", "distorted", "rounding", "phase")
LINEAR = ("tanh_8192", "ridge", "tanh", "relu", "gelu", "classification", *CHANGED)
GAUSSIAN_INPUTS = {"mirrors", "entropy", "descent", *LINEAR}


def of_experiments(*names, drawn=()):
    """What follows from the read-outs of some experiments."""
    first = {f"readout/{name}/*" for name in names}
    return first | {f"agreement/{name}.parquet" for name in names} | (figures(*drawn) if drawn else set())


MIRRORS = of_experiments("mirrors", "entropy", "descent", drawn=["mirrors"])
CLASSIFICATION = of_experiments("classification", drawn=["classification"])

# File that gets a line appended → what is planned; a pattern stands for all outputs of its kind.
# docs/reruns.md says the same.
EDITS = {
    "src/onebit_rf/data/dataset.py": FEATURES,
    "src/onebit_rf/data/kinds/gaussian.py": {
        "features/gaussian_*",
        "features/phase-dataset/*",
        *of_experiments(*GAUSSIAN_INPUTS),
        *THEORY_FIGURES,
    },
    "src/onebit_rf/data/kinds/images.py": {"features/digits/*", "readout/digits/*", *figures("images")},
    "src/onebit_rf/data/sources/digits.py": {"features/digits/*", "readout/digits/*", *figures("images")},
    "src/onebit_rf/data/sources/torchvision.py": set(),
    "src/onebit_rf/data/kinds/table.py": set(),
    "src/onebit_rf/data/kinds/student.py": set(),
    "src/onebit_rf/weights/sampling.py": set(),
    "src/onebit_rf/weights/laws/one_bit.py": {"features/*/one_bit/*", "readout/*/one_bit/*", "agreement/*", *FIGURES},
    "src/onebit_rf/weights/laws/ternary.py": set(),
    "src/onebit_rf/features/extract.py": FEATURES,
    "src/onebit_rf/features/second_path.py": {
        "features/*~*/seed0.parquet",
        *of_experiments("quantize_after", "distorted", drawn=["second_path", "distorted"])
        - {"readout/quantize_after/*"},
        "readout/quantize_after/*/gaussian/*",  # the others have no weights to round
    },
    "src/onebit_rf/features/layers/dense.py": {
        "features/*/gaussian/*",
        "readout/*/gaussian/*",
        "agreement/*",
        *FIGURES,
    },
    "src/onebit_rf/kernels/_signs.c": {
        "features/*/one_bit/*",
        "readout/*/one_bit/*",
        "agreement/*",
        *FIGURES,
        "latency/*",
        *TIMES,
    },
    "src/onebit_rf/model/activations/gelu.py": {  # φ's coefficients are the theory's input
        "features/*/gelu_512/*",
        *of_experiments("gelu", drawn=["activations"]),
        "theory/gelu.parquet",
    },
    "src/onebit_rf/model/activations/leaky_relu.py": set(),
    "src/onebit_rf/model/spectra/power.py": set(),
    "src/onebit_rf/model/mirrors/q.py": {*MIRRORS, "theory/mirrors.parquet", "theory/descent.parquet"}
    - of_experiments("entropy"),
    "src/onebit_rf/model/losses/logistic.py": {*CLASSIFICATION, "theory/classification.parquet"},
    "src/onebit_rf/readout/stage.py": READOUT,
    "src/onebit_rf/readout/learning_curve.py": {
        *of_experiments(*LINEAR),
        *figures("images", *SQUARES),
        "readout/digits/*",
    },
    "src/onebit_rf/readout/interpolators.py": MIRRORS,
    "src/onebit_rf/readout/rounded.py": of_experiments("rounding", "phase", drawn=["rounding", "phase"]),
    "src/onebit_rf/readout/straight_through.py": of_experiments("rounding", drawn=["rounding"]),
    "src/onebit_rf/readout/descent.py": of_experiments("descent", drawn=["mirrors"]),
    "src/onebit_rf/readout/classifiers.py": CLASSIFICATION,
    "src/onebit_rf/theory/square.py": {"theory/*", "agreement/*", *THEORY_FIGURES},
    "src/onebit_rf/theory/stage.py": {"theory/*", "agreement/*", *THEORY_FIGURES},
    "src/onebit_rf/tables/latency.py": {"latency/*", *FIGURES, *TIMES},
    "src/onebit_rf/tables/agreement.py": {"agreement/*"},
    "src/onebit_rf/agreement.py": {"agreement/*"},
    "src/onebit_rf/config/checks.py": set(),
    "src/onebit_rf/config/cells.py": set(),
    "src/onebit_rf/__main__.py": set(),
    "src/onebit_rf/cli/__init__.py": set(),
    "src/onebit_rf/figures/kinds/depth.py": figures("depth"),
    "src/onebit_rf/figures/kinds/images.py": figures("images"),
    "src/onebit_rf/figures/kinds/learning_curve.py": figures(
        "learning_curve", "ridge", "gap", "activations", "classification"
    ),
    "src/onebit_rf/figures/kinds/sweep.py": figures("distorted"),
    "src/onebit_rf/figures/kinds/second_path.py": figures("second_path"),
    "src/onebit_rf/figures/kinds/phase.py": figures("phase"),
    "src/onebit_rf/figures/style.py": {*FIGURES, *TIMES},
    "src/onebit_rf/figures/__main__.py": set(),
    "workflow/scripts/train_readout.py": READOUT,
    "workflow/scripts/draw_figure.py": {*FIGURES, *TIMES},
    "workflow/scripts/collect_findings.py": {"findings.*"},
    "workflow/rules/readout.smk": set(),
}


def made(project):
    """Every file of the finished run, relative to results/."""
    results = project.path / "results"
    kinds = ("parquet", "pdf", "png", "rst")
    return {str(path.relative_to(results)) for kind in kinds for path in results.rglob(f"*.{kind}")}


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


def test_a_new_member_plans_nothing_until_it_is_named(finished_project):
    path = finished_project.path / "src/onebit_rf/model/activations/sine.py"
    path.write_text(
        """import numpy as np

from onebit_rf.model.activations import Activation

activation = Activation(np.sin, odd=True)
"""
    )
    try:
        assert finished_project.planned() == set()
        planned = edit_config(finished_project, lambda config: config["networks"]["gelu_512"].update(activation="sine"))
        wanted = {"features/*/gelu_512/*", "theory/gelu.parquet", *of_experiments("gelu", drawn=["activations"])}
        assert planned == matching(made(finished_project), wanted)
    finally:
        path.unlink()


def test_the_order_of_keys_plans_nothing(finished_project):
    def reorder(config):
        for key in sorted(config, reverse=True):
            value = config.pop(key)
            config[key] = dict(reversed(value.items())) if isinstance(value, dict) else value

    assert edit_config(finished_project, reorder) == set()


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
    wanted = {"readout/ridge/*", "theory/ridge*", "agreement/ridge*", *figures(*OF_RIDGE)}
    assert planned == matching(made(finished_project), wanted)


def test_activation_parameter_plans_its_network_alone(finished_project):
    planned = edit_config(finished_project, lambda config: config["networks"]["relu_1024"].update(activation="gelu"))
    wanted = {"features/digits/*", "readout/digits/*", *figures("images")}
    assert planned == matching(made(finished_project), wanted)


def test_every_rule_states_threads_memory_and_time():
    """A scheduler plans by them."""
    texts = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    rules = re.split(r"^ *rule (\w+):$", texts, flags=re.MULTILINE)[1:]
    assert len(rules) >= 2 * 10
    for name, body in zip(rules[::2], rules[1::2], strict=True):
        for key in ("threads:", "mem_mb=", "runtime="):
            assert re.search(rf"^ +{key}", body, flags=re.MULTILINE), f"{name} does not state {key}"


def test_tables_are_equal_for_one_core_and_two(finished_project, tmp_path):
    other = Project(tmp_path)
    other.configure(yaml.safe_load((finished_project.path / "config/config.yaml").read_text()))
    assert other.snakemake("all", cores=1).returncode == 0
    names = matching(made(finished_project), {"*.parquet"})
    assert names == matching(made(other), {"*.parquet"})
    times = {"latency/cpu.parquet", "figures/latency.parquet", "figures/speedup.parquet", "findings.parquet"}
    for name in names - times:  # a time is never the same twice
        one, two = (project.path / "results" / name for project in (other, finished_project))
        assert one.read_bytes() == two.read_bytes(), name


def test_provenance_tells_parameters_version_commit_and_machine(finished_project):
    import json

    for name in sorted(matching(made(finished_project), {"*.parquet"})):
        metadata = pq.read_metadata(finished_project.path / "results" / name).metadata
        record = json.loads(metadata[b"onebit_rf"])
        assert set(record) == {"schema", "params", "version", "commit", "libraries", "machine"}
        assert record["params"], name
        assert record["libraries"]["numpy"], name


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


@pytest.mark.parametrize("damage", ["truncated", "foreign"])
def test_damaged_table_is_named_with_the_remedy(finished_project, damage):
    path = finished_project.path / "results/theory/ridge.parquet"
    figure = (finished_project.path / "results/figures").glob("learning_curve.*")
    before = path.read_bytes()
    kept = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (path, *figure)}
    if damage == "truncated":
        path.write_bytes(before[: len(before) // 2])
    else:
        path.write_bytes((finished_project.path / "results/theory/tanh_8192.parquet").read_bytes()[:-8] + b"notPAR1!")
    try:
        run = finished_project.snakemake("--forcerun", "draw_figure", "--", "results/figures/learning_curve.png")
        lines = [line for line in (run.stdout + run.stderr).splitlines() if "ridge.parquet" in line]
        assert run.returncode != 0
        assert any("delete it and run snakemake again" in line for line in lines)
        assert "Traceback" not in run.stdout + run.stderr
    finally:
        for file, (content, time) in kept.items():  # as if nothing had been, for the tests that come after
            file.write_bytes(content)
            os.utime(file, ns=(time, time))


def dry_run(project, overlay):
    """What a run would do with a config laid over the project's."""
    (project.path / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    run = project.snakemake("-n", "all", "--configfile", "overlay.yaml")
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_an_overlay_switches_entries_off(finished_project):
    figures = load_yaml("config/config.yaml")["figures"]
    without_times = dry_run(finished_project, {"latency": None, "figures": {"latency": None, "speedup": None}})
    assert "measure_latency" not in without_times
    assert "figures/speedup" not in without_times
    assert "collect_findings" in without_times
    rest = {"figures": dict.fromkeys(figures), "latency": None}
    assert "draw_figure" not in dry_run(finished_project, rest)
    experiments = load_yaml("config/config.yaml")["experiments"]
    nothing = dry_run(finished_project, rest | {"experiments": dict.fromkeys(experiments)})
    assert "train_readout" not in nothing
    assert "compare_theory" not in nothing


def test_one_more_value_of_a_sweep_plans_its_cells_alone(fresh_project):
    """A new cell, the figure of the experiment and the findings; cells that are there stay."""
    name, changes = "classification", {"figures": {"mine": {"kind": "sweep", "experiments": ["mine"], "x": "noise"}}}
    shared = {key: load_yaml("config/config.yaml")["experiments"]["tanh"][key] for key in ("dataset", "network")}
    task = {"target": "teacher", "teacher": "normal", "teachers": 1, "noise": 0.0, "readouts": ["ridge:0"]}
    mine = shared | task | {"n_train": {"first": 10, "last": 20, "step": 10}, "sweep": {"noise": [0.0, 0.1]}}
    config = yaml.safe_load((fresh_project.path / "config/config.yaml").read_text())
    config.update(experiments={"mine": mine, name: config["experiments"][name]}, latency=None, **changes)
    fresh_project.configure(config)
    assert fresh_project.snakemake("all").returncode == 0
    features = {path for path in made(fresh_project) if path.startswith("features/")}
    assert len(features) == 2 * 2  # two data sets, two laws: both noises share their features
    mine["sweep"]["noise"].append(0.2)
    fresh_project.configure(config)
    new = {"readout/mine/noise~0.2/gaussian/seed0.parquet", "readout/mine/noise~0.2/one_bit/seed0.parquet"}
    old = matching(made(fresh_project), {"agreement/mine.*", "figures/mine.*", "findings.*"})
    assert fresh_project.planned() == new | old | {"theory/mine/noise~0.2.parquet"}

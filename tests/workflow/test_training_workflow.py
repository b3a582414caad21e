"""Trainings in the workflow: what an overlay adds is made, what an edit reruns, and what a killed run ends with.

On scikit-learn's digits, at sizes of seconds.
"""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from conftest import Project, load_yaml
from onebit_rf.tables.bearing import BEARING
from onebit_rf.tables.deployment import DEPLOYMENT
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.training import TRAINING

pytestmark = pytest.mark.slow

TRAINING_OF_DIGITS = {
    "dataset": "small_digits",
    "network": "relu_16",
    "n_train": 200,
    "n_valid": 50,
    "models": ["float", "lsq:2", "lsq:1", "noise:2", "ptq:1"],
    "weight_decays": [0.0, 1.0],
    "protocols": ["fixed_epochs", "matched_loss", "early_stopping"],
    "epochs": 4,
    "loss": 0.5,
    "batch": 32,
    "optimiser": "adam",
    "learning_rate": 0.01,
    "schedule": "cosine",
    "sharpness": {"examples": 40, "draws": 2, "drop": 0.1, "rho": 0.05},
    "distorted": True,
    "sweep": {"source": ["learned", "frozen"]},
}
OVERLAY = {
    "datasets": {
        "small_digits": {
            "kind": "images",
            "source": "digits",
            "n_train": 500,
            "n_test": 300,
            "n_distorted": 40,
            "centre": True,
            "scale": True,
        }
    },
    "networks": {"relu_16": {"activation": "relu", "widths": [16, 16]}, "cnn_4": {"kind": "cnn", "channels": 4}},
    "trainings": {
        "nets": TRAINING_OF_DIGITS,
        "plain": {**TRAINING_OF_DIGITS, "sweep": None, "weight_decays": [0.0]},
        "cnn": {
            **TRAINING_OF_DIGITS,
            "network": "cnn_4",
            "models": ["float", "lsq:2"],
            "weight_decays": [0.0],
            "sweep": None,
        },
    },
    "experiments": {
        "learned": {
            "dataset": "small_digits",
            "network": "relu_16",
            "target": "labels",
            "laws": ["gaussian", "grid:2", "learned:plain,float", "learned:plain,lsq:1"],
            "skip": 250,
            "n_train": {"first": 100, "last": 200, "step": 100},
            "readouts": ["ridge:1"],
            "own_spectrum": True,
        }
    },
    "figures": {
        "bits": {"kind": "bits", "trainings": ["plain"]},
        "images_of_learned": {"kind": "images", "experiments": ["learned"]},
    },
}


def made(path):
    """A tiny project with the overlay beside its config."""
    project = Project(path)
    config = load_yaml("config/config.yaml")
    config["seeds"] = [0, 1]
    project.configure(config)
    (path / "config/overlay.yaml").write_text(yaml.safe_dump(OVERLAY, sort_keys=False))
    return project


def run(project, *targets):
    return project.snakemake(*targets, "--configfile", "config/overlay.yaml")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project whose overlay is made."""
    project = made(tmp_path_factory.mktemp("trainings"))
    done = run(project, "overlay")
    assert done.returncode == 0, done.stderr[-4000:]
    return project


def planned(project):
    """The rules that a run would run."""
    lines = run(project, "--dry-run", "overlay").stdout.splitlines()
    if "Job stats:" not in lines:
        return set()
    start = lines.index("Job stats:") + 3
    return {line.split()[0] for line in lines[start : lines.index("", start)]} - {"total", "overlay"}


def test_every_model_is_a_row_with_all_measures(trained):
    results = trained.path / "results"
    rows = read_frame([results / "ranking/models.parquet"], MODELS)
    assert len(rows) == 2 * 3 * (2 * 2 * 5 + 5 + 2)  # seeds, protocols; nets, plain, cnn
    assert set(rows["source"]) == {"learned", "frozen"}
    measured = ["trace", "adaptive_sharpness", "adaptive_sharpness_average", "distorted_error", "distorted_loss"]
    assert rows[[name for name in rows if name.removesuffix("_latent") in measured]].notna().all().all()
    assert (rows["gap_loss"] == rows["test_loss"] - rows["train_loss"]).all()
    assert set(read_frame([results / "ranking/ranking.parquet"], RANKING)["measure"].astype(str)) >= {"random", "trace"}


def test_every_model_is_tested_on_every_distorted_image(trained):
    rows = read_frame([trained.path / "results/training/plain/seed0.distorted.parquet"], BEARING)
    assert len(rows) == 10 * 5 * 5 * 3  # kinds, severities, models, protocols


def test_one_bit_models_predict_on_the_native_kernels_what_they_do_in_torch(trained):
    rows = read_frame([trained.path / "results/deployment/plain/seed0.parquet"], DEPLOYMENT)
    assert set(rows["model"].astype(str)) == {"lsq:1", "ptq:1"}
    assert (rows["disagreements"] == 0).all()
    assert (rows["logit_error"] <= 1e-5).all()
    assert set(rows["batch"]) == {1, 64}
    assert (rows["bytes_packed"] < rows["bytes_float"]).all()


def test_learned_features_go_through_the_same_stages(trained):
    results = trained.path / "results/readout/learned"
    assert {path.name for path in results.iterdir()} == {
        "gaussian",
        "grid_2",
        "learned_plain_float",
        "learned_plain_lsq_1",
    }
    rows = read_frame(results.rglob("*.parquet"), READOUT)
    own = rows[rows["estimator"] == "own_spectrum"]
    assert set(rows["estimator"]) == {"labels", "own_spectrum"}
    assert set(own["law"].astype(str)) == set(OVERLAY["experiments"]["learned"]["laws"])


def test_nothing_is_left_to_do(trained):
    assert planned(trained) == set()


AFTER_MODELS = {"collect_models", "rank_measures", "draw_figure", "collect_overlay"}
MEASURED = {"measure_sharpness", "measure_distorted", *AFTER_MODELS}
FEATURES = {"extract_features", "train_readout"}
EDITS = {
    "src/onebit_rf/training/quantizers/lsq.py": {"train_networks", "measure_deployment", *MEASURED, *FEATURES},
    "src/onebit_rf/training/networks/cnn.py": {"train_networks", *MEASURED} - {"draw_figure", "collect_overlay"},
    "src/onebit_rf/training/networks/vit.py": set(),
    "src/onebit_rf/sharpness/hessian.py": {"measure_sharpness", *AFTER_MODELS},
    "src/onebit_rf/data/distortions/jpeg.py": {"distort_images", "measure_distorted", *AFTER_MODELS},
    "src/onebit_rf/ranking/statistics.py": {"rank_measures"},
    "src/onebit_rf/features/packed.py": {"measure_deployment", "draw_figure", "collect_overlay", *FEATURES},
    "src/onebit_rf/figures/kinds/bits.py": {"draw_figure", "collect_overlay"},
}


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_reruns_what_follows_from_it(trained, file):
    path = trained.path / file
    before = path.read_text()
    path.write_text(before + "\n# an edit\n")
    try:
        assert planned(trained) == EDITS[file]
    finally:
        path.write_text(before)


def test_a_run_that_is_killed_ends_with_the_table_it_would_have_had(trained, tmp_path):
    """Killed, without warning, once a first checkpoint is there."""
    project = made(tmp_path)
    (project.path / "src/onebit_rf/training/checkpoint.py").write_text(
        (project.path / "src/onebit_rf/training/checkpoint.py").read_text().replace("EVERY = 20.0", "EVERY = 0.0")
    )
    stage = project.path / "src/onebit_rf/training/stage.py"
    slow = "        checkpoint.save(training)\n"
    assert slow in stage.read_text()
    stage.write_text(stage.read_text().replace(slow, slow + "        __import__('time').sleep(1)\n"))
    target = "results/training/plain/seed0.parquet"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", target, "--configfile", "config/overlay.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(project.path / "src")}
    process = subprocess.Popen(command, cwd=project.path, env=environment, start_new_session=True)
    folder = project.path / "results/training/plain"
    deadline = time.monotonic() + 120
    while not list(folder.glob("*.npz")):
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (project.path / target).exists()
    assert project.snakemake("--unlock", target, "--configfile", "config/overlay.yaml").returncode == 0
    again = run(project, target)
    assert again.returncode == 0, again.stderr[-3000:]
    assert not list(folder.glob("*.npz"))
    both = [read_frame([root / target], TRAINING).drop(columns="seconds") for root in (project.path, trained.path)]
    assert both[0].equals(both[1])

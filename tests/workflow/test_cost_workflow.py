"""The stage cost in a tiny project: what is measured of an experiment's networks, and what an edit measures again."""

import pytest
import yaml

from conftest import Project, load_yaml
from onebit_rf.tables.files import read_frame, read_provenance
from onebit_rf.tables.findings import FINDINGS
from onebit_rf.tables.latency import LATENCY

pytestmark = pytest.mark.slow

OVERLAY = {
    "seeds": [0, 1],
    "latency": {"batches": [1, 2, 4], "repetitions": 3, "seconds": 0.0},
    "experiments": {
        "mine": {
            "dataset": {
                "kind": "images",
                "source": "digits",
                "n_train": 100,
                "n_test": 200,
                "centre": True,
                "scale": True,
            },
            "network": {"activation": "relu", "widths": [2]},
            "target": "labels",
            "n_train": {"first": 100, "last": 100, "step": 1},
            "readouts": ["ridge:1", "ridge:10"],
            "sweep": {"network.widths": [[2], [16], [128]]},
        }
    },
    "figures": {"mine": {"kind": "cost", "experiments": ["mine"]}},
}


def planned(project):
    """The rules that a run would run."""
    lines = project.snakemake("-n", "overlay", "--configfile", "config/overlay.yaml").stdout.splitlines()
    if "Job stats:" not in lines:
        return set()
    start = lines.index("Job stats:") + 3
    return {line.split()[0] for line in lines[start : lines.index("", start)]} - {"total", "overlay"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("cost"))
    project.configure(load_yaml("config/config.yaml"))
    (project.path / "config/overlay.yaml").write_text(yaml.safe_dump(OVERLAY, sort_keys=False))
    done = project.snakemake("overlay", "--configfile", "config/overlay.yaml")
    assert done.returncode == 0, done.stderr[-4000:]
    return project


def test_the_networks_of_the_experiment_are_measured_at_the_smallest_and_the_largest_batch(measured):
    path = measured.path / "results/cost/mine.parquet"
    rows = read_frame([path], LATENCY)
    assert set(rows["widths"].astype(str)) == {"2", "16", "128"}
    assert set(rows["batch"]) == {1, 4}
    assert set(rows["d_in"]) == {64}
    assert read_provenance(path, LATENCY)["params"]["activation"] == "relu"
    assert not (measured.path / "results/latency").exists()


def test_the_figure_says_what_a_bit_buys(measured):
    found = read_frame([measured.path / "results/figures/mine.parquet"], FINDINGS)["finding"].tolist()
    assert any("at equal bytes of hidden weights: " in text for text in found)
    assert any("at equal width: mean over widths " in text for text in found)


def test_an_edit_measures_again_what_follows_from_it(measured):
    after = {"measure_cost", "draw_figure", "collect_overlay"}
    features = {"extract_features", "train_readout"}
    edits = {
        "src/onebit_rf/latency/measure.py": after,
        "src/onebit_rf/model/activations/relu.py": after | features,
        "src/onebit_rf/model/activations/tanh.py": set(),
        "src/onebit_rf/figures/fronts.py": after - {"measure_cost"},
    }
    assert planned(measured) == set()
    for file, wanted in edits.items():
        path = measured.path / file
        before = path.read_text()
        path.write_text(before + "\n# an edit\n")
        assert planned(measured) == wanted, file
        path.write_text(before)


def test_a_cost_that_no_figure_draws_is_no_traceback(measured):
    done = measured.snakemake("-n", "results/cost/digits.parquet", "--configfile", "config/overlay.yaml")
    assert done.returncode != 0
    assert "No rule to produce results/cost/digits.parquet" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr

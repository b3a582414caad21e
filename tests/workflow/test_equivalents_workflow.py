"""Equivalents and conditions in the workflow: made where they are asked for, and nothing else is made again."""

import pytest
import yaml

pytestmark = pytest.mark.slow

FIGURES = {
    "universality": {"kind": "universality", "experiments": ["ridge"]},
    "conditions": {"kind": "conditions", "datasets": ["digits", "gaussian_512"]},
}


def configure(project, **changes):
    path = project.path / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    experiment = config["experiments"]["ridge"]
    experiment.update(dataset={"kind": "gaussian", "dim": 40, "spectrum": "power:1", "n_train": 90, "n_test": 60})
    experiment.update(changes)
    config.update(experiments={"ridge": experiment}, latency=None)
    config["figures"] = {} if not changes else FIGURES
    project.configure(config)


def test_they_are_added_to_what_is_there_and_rerun_by_their_sources(fresh_project):
    configure(fresh_project)
    assert fresh_project.snakemake("all").returncode == 0
    configure(fresh_project, equivalents=True)
    tables = {f"equivalents/ridge/{law}/seed0.parquet" for law in ("gaussian", "one_bit")}
    conditions = {f"conditions/{name}/seed0.parquet" for name in ("digits", "gaussian_512")}
    drawn = {f"figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "rst", "parquet")}
    findings = {"findings.parquet", "findings.rst"}
    assert fresh_project.planned() == tables | conditions | drawn | findings
    run = fresh_project.snakemake("all")
    assert run.returncode == 0, run.stderr
    assert fresh_project.planned() == set()
    edits = {
        "equivalents/distances.py": tables | {path for path in drawn if "universality" in path} | findings,
        "conditions.py": conditions | {path for path in drawn if "conditions" in path} | findings,
    }
    for file, wanted in edits.items():
        path = fresh_project.path / "src/onebit_rf" / file
        before = path.read_text()
        path.write_text(before + "\n# an edit\n")
        assert fresh_project.planned() == wanted
        path.write_text(before)

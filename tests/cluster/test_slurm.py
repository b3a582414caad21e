"""The workflow on a SLURM cluster that the test starts: the tables of a local run, and nothing lost with a node."""

import os
import signal
import subprocess
import sys
import time

import one_node
import pytest
import yaml

from conftest import ROOT, Project, different_tables, load_yaml, shrink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(one_node.why_unavailable() is not None, reason=f"slurm: {one_node.why_unavailable()}"),
]
EXPERIMENTS = ("ridge", "quantize_after", "digits")
FIGURES = ("ridge", "second_path", "images", "speedup")
TIMES = {"latency/cpu.parquet", "figures/speedup.parquet", "findings.parquet"}
ALONE = ("measure_latency", "measure_cost", "measure_deployment")
SECONDS_TO_RETURN = 60  # for SLURM to miss a node, after SlurmdTimeout, and to use it again


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    node = one_node.OneNode(tmp_path_factory.mktemp("slurm"))
    try:
        node.wait_until_idle()
        yield node
    finally:
        node.stop()


def tiny_project(path, experiments, figures, latency=True):
    config = shrink(load_yaml("config/config.yaml"), experiments, figures)
    config["latency"] = config["latency"] if latency else None
    path.mkdir()
    project = Project(path)
    project.configure(config)
    return project


def submit(project, target="all"):
    """Start the README's command."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", target]
    # Each job starts Python anew: it may keep what it compiled, whatever the tests' own environment says.
    environment = {**os.environ, "PYTHONPATH": str(project.path / "src"), "PYTHONDONTWRITEBYTECODE": ""}
    with (project.path / "log").open("w") as log:
        return subprocess.Popen(command, cwd=project.path, env=environment, stdout=log, stderr=log)


def test_a_cluster_makes_the_tables_of_a_local_run(cluster, tmp_path):
    here, there = (tiny_project(tmp_path / name, EXPERIMENTS, FIGURES) for name in ("here", "there"))
    run = submit(there)
    assert run.wait(timeout=600) == 0, (there.path / "log").read_text()
    assert not list((there.path / "results").rglob("*.partial"))
    alone = [job for job in cluster.jobs() if "measure_latency" in job["Comment"]]
    assert [job["OverSubscribe"] for job in alone] == ["NO"]  # as SLURM spells --exclusive
    local = here.snakemake("all")
    assert local.returncode == 0, local.stderr
    assert set(different_tables(here, there)) <= TIMES


def test_a_node_that_dies_loses_nothing(cluster, tmp_path):
    here, there = (tiny_project(tmp_path / name, EXPERIMENTS[:1], FIGURES[:1], latency=False) for name in "ab")
    target = "results/readout/ridge/one_bit/seed0.parquet"
    run = submit(there, target)
    while not list((there.path / "results/features").rglob("*.parquet")):
        assert run.poll() is None, (there.path / "log").read_text()
        time.sleep(0.05)
    cluster.kill_node()
    end = time.monotonic() + SECONDS_TO_RETURN
    while cluster.state() != "down*":
        assert time.monotonic() < end, cluster.state()
        time.sleep(0.5)
    cluster.start_node()
    assert run.wait(timeout=600) == 0, (there.path / "log").read_text()  # SLURM starts the job again by itself
    local = here.snakemake(target)
    assert local.returncode == 0, local.stderr
    assert different_tables(here, there) == []


def test_ctrl_c_takes_the_jobs_from_the_queue(cluster, tmp_path):
    project = tiny_project(tmp_path / "project", EXPERIMENTS[:1], FIGURES[:1], latency=False)
    run = submit(project)
    while not cluster.queue():
        assert run.poll() is None, (project.path / "log").read_text()
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)  # as Ctrl-C, which tests in the background do not hear
    assert run.wait(timeout=120) != 0
    end = time.monotonic() + 30
    while cluster.queue():
        assert time.monotonic() < end, cluster.queue()
        time.sleep(0.5)


def test_what_is_timed_is_alone_on_its_node():
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    assert set(profile["set-resources"]) == {f"{rule}:slurm_extra='--exclusive'" for rule in ALONE}
    assert set(profile["set-threads"]) == {f"{rule}=1" for rule in ALONE}

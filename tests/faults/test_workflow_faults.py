"""What the machine does to a whole run: a full disk, no right to write, Ctrl-C, a second run, odd paths and no home."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from memory import peaks

from conftest import Project, load_yaml, shrink
from onebit_rf.tables.whole import is_sealed

pytestmark = pytest.mark.slow

TARGET = "results/readout/digits/one_bit/seed0.parquet"
FEATURES = "results/features/gaussian_512/tanh_512/one_bit/seed0.parquet"
SIZE = 24  # KiB of a disk that the features, of 31, do not fit


@contextmanager
def mounted(folder, *options):
    """A small disk at `folder`, empty; skips where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip(f"cannot mount a disk: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def start(project, *arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(project.path / "src")}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(
        command, cwd=project.path, env=environment, start_new_session=True, text=True, encoding="utf-8", **streams
    )


def wait_for(project, pattern, process):
    deadline = time.monotonic() + 120
    while not list(project.path.glob(pattern)):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def half_written(project):
    """Tables that are not whole, and temporary files."""
    results = project.path / "results"
    return [path for path in results.rglob("*.parquet") if not is_sealed(path)] + list(results.rglob("*.partial"))


def test_a_full_disk_is_one_line_and_nothing_half_written(fresh_project):
    with mounted(fresh_project.path / "results", f"size={SIZE}k"):
        run = fresh_project.snakemake(FEATURES, cores=1)
        assert run.returncode != 0
        lines = [line for line in run.stderr.splitlines() if line.startswith("extract_features: ")]
        assert lines == [
            f"extract_features: {FEATURES}: No space left on device; free some space or raise the limit, "
            "then run snakemake again"
        ]
        assert "Traceback" not in run.stderr
        assert half_written(fresh_project) == []
    assert fresh_project.snakemake(FEATURES, cores=1).returncode == 0  # with room there is


def test_results_that_cannot_be_written_are_refused_in_one_line(fresh_project):
    with mounted(fresh_project.path / "results", "ro"):
        run = fresh_project.snakemake(TARGET)
    assert run.returncode != 0
    assert f"{fresh_project.path}/results cannot be written: change its rights, or choose another" in run.stderr
    assert "Traceback" not in run.stderr


def test_ctrl_c_ends_all_jobs_and_the_next_run_goes_on(fresh_project):
    process = start(fresh_project, TARGET)
    wait_for(fresh_project, "results/**/*.parquet", process)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said, said
    assert half_written(fresh_project) == []
    again = fresh_project.snakemake(TARGET)
    assert again.returncode == 0, again.stderr


def test_a_second_run_in_the_folder_is_refused_and_harms_nothing(fresh_project):
    process = start(fresh_project, TARGET)
    wait_for(fresh_project, ".snakemake/locks/*", process)
    os.killpg(process.pid, signal.SIGSTOP)  # so that it is not at its end before the second begins
    second = fresh_project.snakemake(TARGET)
    os.killpg(process.pid, signal.SIGCONT)
    said, _ = process.communicate(timeout=120)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    assert process.returncode == 0, said
    assert half_written(fresh_project) == []


def test_a_path_with_an_umlaut_in_a_locale_without_one(tmp_path):
    path = tmp_path / "Übergröße"
    path.mkdir()
    project = Project(path)
    project.configure(shrink(load_yaml("config/config.yaml")))
    run = project.snakemake("results/figures/images.pdf", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert run.returncode == 0, run.stdout + run.stderr
    assert half_written(project) == []


def test_a_snakefile_and_results_from_elsewhere(fresh_project, tmp_path_factory):
    """A relative path to the Snakefile, a folder with a configuration of its own, and results there."""
    other = tmp_path_factory.mktemp("other")
    (other / "config").mkdir()
    (other / "config/config.yaml").write_text("seeds: [0]\n")
    snakefile = os.path.relpath(fresh_project.path / "Snakefile", other)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-s", snakefile, "--directory", "."]
    environment = {**os.environ, "PYTHONPATH": str(fresh_project.path / "src")}
    target = "results/theory/entropy.parquet"
    run = subprocess.run([*command, target], cwd=other, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert is_sealed(other / target)


def test_a_home_that_cannot_be_made(fresh_project):
    """As the Makefile has it: Snakemake's cache is in the project."""
    cache = str(fresh_project.path / ".snakemake/cache")
    run = fresh_project.snakemake(TARGET, HOME="/proc/nowhere", XDG_CACHE_HOME=cache)
    assert run.returncode == 0, run.stderr


def test_jobs_stay_below_the_memory_that_their_rules_state(finished_project):
    rows = list(peaks(finished_project.path / "results/logs"))
    assert {rule for rule, *_ in rows} >= {"extract_features", "train_readout", "predict_theory", "draw_figure"}
    assert [row for row in rows if row[2] > row[3]] == []

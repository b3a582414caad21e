"""The commands a user types around a run: without --cores, from elsewhere, after a kill, under a plain locale."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def run(project, *arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=cwd or project.path,
        env={**os.environ, "PYTHONPATH": str(project.path / "src"), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    ["--unlock", "--summary", "--dag", "--rulegraph", "--lint", "--report report.html", "--list-changes params"],
)
def test_commands_that_run_nothing_need_no_cores(finished_project, command):
    done = run(finished_project, *command.split())
    assert done.returncode == 0, done.stderr


def test_the_workflow_starts_from_elsewhere(finished_project, tmp_path):
    snakefile = str(finished_project.path / "Snakefile")
    assert "Nothing to be done" in run(finished_project, "-s", snakefile, "-n", "all", cwd=tmp_path).stdout
    done = run(finished_project, "--directory", str(tmp_path), "--cores", "1", "results/theory/entropy.parquet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/theory/entropy.parquet").exists()


def test_a_locale_without_utf_8_is_no_obstacle(finished_project):
    done = run(finished_project, "-n", "all", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr


def test_numbers_on_the_command_line_are_numbers(finished_project):
    same = run(finished_project, "-n", "all", "--config", "seeds=[0]", "latency={threads: 1, repetitions: 3}")
    assert "Nothing to be done" in same.stdout, same.stdout[-2000:]


@pytest.mark.parametrize("target", ["agreement/nosuch", "agreement/digits", "theory/digits"])
def test_a_table_that_no_experiment_has_is_no_traceback(finished_project, target):
    done = run(finished_project, "-n", f"results/{target}.parquet")
    assert done.returncode != 0
    assert f"No rule to produce results/{target}.parquet" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_package_from_elsewhere_is_refused_in_one_line(finished_project, fresh_project):
    done = run(fresh_project, "-n", "all", PYTHONPATH=str(finished_project.path / "src"))
    assert done.returncode != 0
    assert "the package imported is" in done.stderr
    assert "make setup" in done.stderr


def test_a_job_ran_only_what_its_fingerprint_covers(finished_project):
    """The modules in each log against the closures that the rules give: no import by name is forgotten."""
    program = """
import sys
from onebit_rf.jobs.sources import source_closure
from pathlib import Path
names = [str(path) for path in source_closure(Path(sys.argv[1]), *sys.argv[2:])]
print(*names)
"""
    logs = finished_project.path / "results/logs"
    given = {
        "extract_features": {
            "gaussian_512/tanh_512/gaussian": "data.kinds.gaussian model.spectra.identity weights.laws.gaussian"
            " features.layers.dense model.activations.tanh",
            "digits/relu_1024/one_bit": "data.kinds.images data.sources.digits weights.laws.one_bit"
            " features.layers.signs model.activations.relu",
        },
        "train_readout": {
            "descent/gaussian": "readout.descent model.readouts.descent model.mirrors.l2 model.mirrors.q"
            " model.mirrors.hypentropy model.teachers.normal model.spectra.identity model.activations.tanh",
            "digits/one_bit": "readout.labels model.readouts.ridge",
        },
    }
    for script, cases in given.items():
        for folder, modules in cases.items():
            text = (logs / script / folder / "seed0.log").read_text(encoding="utf-8")
            ran = next(line for line in text.splitlines() if line.startswith("modules ")).split()[1:]
            path = finished_project.path / f"workflow/scripts/{script}.py"
            command = [sys.executable, "-c", program, str(path), *(f"onebit_rf.{name}" for name in modules.split())]
            environment = {**os.environ, "PYTHONPATH": str(finished_project.path / "src")}
            covered = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            for module in ran:
                stem = module.replace(".", "/")
                assert f"/{stem}.py" in covered or f"/{stem}/__init__.py" in covered or f"/{stem}." in covered, module


def test_a_crash_leaves_its_traceback_in_the_log(fresh_project):
    source = fresh_project.path / "src/onebit_rf/theory/stage.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("    with TableWriter(", "    1 / 0\n    with TableWriter("), encoding="utf-8")
    assert fresh_project.snakemake("results/theory/entropy.parquet").returncode != 0
    log = fresh_project.path / "results/logs/predict_theory/entropy.log"
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")


def test_a_job_larger_than_the_machine_says_so(fresh_project):
    run = fresh_project.snakemake(
        "results/theory/entropy.parquet", "--set-resources", "predict_theory:mem_mb=900000000"
    )
    assert run.returncode != 0
    assert "this job needs about 900000.0 GB of memory" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_after_a_kill_one_command_goes_on(fresh_project):
    """`make resume` is these two commands in a row."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "results/agreement/entropy.parquet"]
    environment = {**os.environ, "PYTHONPATH": str(fresh_project.path / "src")}
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=fresh_project.path, env=environment, start_new_session=True, **streams)
    deadline = time.monotonic() + 60
    while not list(fresh_project.path.glob("results/**/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert fresh_project.snakemake("results/agreement/entropy.parquet").returncode != 0  # locked
    assert run(fresh_project, "--unlock").returncode == 0
    resumed = fresh_project.snakemake("results/agreement/entropy.parquet")
    assert resumed.returncode == 0, resumed.stderr
    assert not list(fresh_project.path.glob("results/**/*.partial"))


def test_the_report_opens_with_the_findings(finished_project):
    """A list that links to the figures, without a mistake in its markup."""
    done = run(finished_project, "--report", "report.html")
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    report = (finished_project.path / "report.html").read_text(encoding="utf-8")
    assert "showResultInfo('results/figures/depth.png')" in report
    assert 'class=\\"system-message' not in report
    assert '"labels": {"figure": "depth", "format": "PDF"}' in report

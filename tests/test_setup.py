"""The Makefile's environment: made once, made anew where the project was copied or moved, refused where it cannot work.

A stand-in for Python makes an environment of one script, so that nothing is installed.
"""

import os
import shutil
import subprocess

import pytest

from conftest import ROOT

PYTHON = """#!/bin/sh
# python -m venv --clear .venv
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$@" >> calls\\n' > .venv/bin/python
chmod +x .venv/bin/python
"""


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


def make_project(path):
    kernel = path / "src/onebit_rf/kernels/_signs.c"
    kernel.parent.mkdir(parents=True)
    kernel.touch()
    (path / "workflow").mkdir()
    for name in ("Makefile", "pyproject.toml", "setup.py", "workflow/requirements.lock"):
        shutil.copy(ROOT / name, path / name)
    (path / "stub").write_text(PYTHON)
    (path / "stub").chmod(0o755)
    (path / "results/reference").mkdir(parents=True)
    (path / "results/README.md").touch()
    return path


def make(project, *targets):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", f"PYTHON={project}/stub", *targets]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def installs(project):
    calls = project / "calls"
    return calls.read_text().count("pip install") if calls.exists() else 0


def test_setup_installs_once(project):
    for _ in range(2):
        done = make(project, "setup")
        assert done.returncode == 0, done.stderr
    assert installs(project) == 1


@pytest.mark.parametrize("way", [shutil.copytree, shutil.move])
def test_a_copied_or_moved_project_makes_its_own_environment(project, tmp_path, way):
    make(project, "setup")
    (project / "results/readout").mkdir()
    other = tmp_path / "other"
    way(project, other)
    done = make(other, "setup")
    assert done.returncode == 0, done.stderr
    assert installs(other) == 2
    assert (other / "results/readout").exists()


@pytest.mark.parametrize("name", ["with space", "it's", 'a"b'])
def test_a_path_that_snakemake_cannot_quote_is_refused(tmp_path, name):
    project = make_project(tmp_path / name)
    done = make(project, "setup", "PYTHON=false")
    assert done.returncode != 0
    assert "move the project" in done.stderr
    assert not (project / ".venv").exists()


def test_clean_keeps_what_is_in_git(project):
    make(project, "setup")
    for name in ("figures", "benchmarks", "data"):
        (project / "results" / name).mkdir()
    assert make(project, "clean").returncode == 0
    assert sorted(path.name for path in (project / "results").iterdir()) == ["README.md", "reference"]
    assert not (project / ".venv").exists()

"""The Makefile's environment: made once, made anew where the project was copied or moved, refused where it cannot work.

A stand-in for Python makes an environment of one script, so that nothing is installed.
"""

import os
import shutil
import subprocess
import sys

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


def make(project, *targets, without=(), **changes):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    environment = {key: value for key, value in environment.items() if key not in without} | changes
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


def test_a_compiler_that_comes_later_is_tried_once(project, tmp_path):
    """The stand-in builds no extension, as where there is no compiler, so a new compiler is a reason to install."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "ls", "rm", "mkdir", "chmod", "test", "make"):
        (tools / name).symlink_to(shutil.which(name))
    for count in (1, 1):
        assert make(project, "setup", PATH=str(tools)).returncode == 0
        assert installs(project) == count
    (tools / "gcc").symlink_to(shutil.which("true"))
    for count in (2, 2):
        assert make(project, "setup", PATH=str(tools)).returncode == 0
        assert installs(project) == count


def test_setup_says_what_multiplies(project):
    make(project, "setup")
    assert "preferred_in_words" in (project / "calls").read_text()


def test_an_old_python_is_refused_in_one_line(project):
    """The stand-in runs what it is given as if it were Python 3.10."""
    (project / "stub").write_text(
        f"""#!{sys.executable}
import sys
sys.version_info = (3, 10, 13)
exec(sys.argv[2])
"""
    )
    done = make(project, "setup")
    assert done.returncode != 0
    assert "setup: this is Python 3.10, 3.11 or newer is needed: make setup PYTHON=python3.11" in done.stderr
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("home", [None, "read-only"])
def test_where_there_is_no_home_snakemake_keeps_its_cache_in_the_project(project, home):
    environment = {} if home is None else {"HOME": str(project / "nowhere")}
    told = make(project, "-n", "paper", without=("HOME", "XDG_CACHE_HOME"), **environment).stdout
    assert f"XDG_CACHE_HOME='{project}/.snakemake/cache' snakemake --cores all all" in told
    assert "XDG_CACHE_HOME" not in make(project, "-n", "paper", HOME=str(project)).stdout

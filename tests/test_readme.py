"""The README: what it tells a newcomer to write works as it stands, and its numbers are those that were computed."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from conftest import ROOT
from onebit_rf.cli import main
from onebit_rf.errors import OnebitError
from onebit_rf.figures.__main__ import read_findings, renew

README = (ROOT / "README.md").read_text(encoding="utf-8")
# `path` in the text, then the file's content.
FILES = dict(
    re.findall(r"`((?:config|src)/[\w/]+\.(?:py|yaml))`[^`]*:\n\n```(?:python|yaml)\n(.*?)```", README, re.DOTALL)
)
MOST_LINES = 15
FINDINGS = sorted((ROOT / "results/reference").glob("*findings.parquet"))


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_the_examples_are_short():
    study = yaml.safe_load(FILES["config/mine.yaml"])
    assert len(FILES) == 6
    for path, text in FILES.items():
        if path.endswith(".py"):
            assert len(lines(text)) <= MOST_LINES, path
    assert list(study) == ["laws", "experiments", "figures"]
    for path in ("config/spectra.yaml", "config/mine.yaml"):
        assert len(lines(FILES[path])) <= MOST_LINES, path


@pytest.mark.slow
def test_a_newcomers_study_runs_as_it_is_written(fresh_project):
    """A new activation, law, kind of inputs and kind of figure, in a sweep: no other file is touched."""
    for path, text in FILES.items():
        assert not (fresh_project.path / path).exists(), path
        (fresh_project.path / path).write_text(text, encoding="utf-8")
    command = re.search(r"^snakemake --cores all (.* --configfile config/mine.yaml)$", README, re.MULTILINE).group(1)
    run = fresh_project.snakemake(*shlex.split(command))
    assert run.returncode == 0, run.stderr[-3000:]
    results = fresh_project.path / "results"
    assert len(list((results / "readout/mine").rglob("*.parquet"))) == 2 * 3 * 3  # widths, noises, laws; one seed
    findings = read_findings(results / "figures/mine.parquet")["mine"]
    assert any("laplace against Gaussian weights" in sentence for sentence in findings)
    assert any("simulation against theory" in sentence for sentence in findings)


@pytest.mark.slow
def test_a_study_by_configuration_alone_runs_as_it_is_written(fresh_project):
    path = "config/spectra.yaml"
    (fresh_project.path / path).write_text(FILES[path], encoding="utf-8")
    command = re.search(rf"^snakemake --cores all (.* --configfile {path})$", README, re.MULTILINE).group(1)
    run = fresh_project.snakemake(*shlex.split(command))
    assert run.returncode == 0, run.stderr[-3000:]
    findings = read_findings(fresh_project.path / "results/figures/spectra.parquet")["spectra"]
    assert "one-bit against Gaussian weights equal within ±1 %" in findings[0]
    assert "at 0 of 8 points" in findings[0]  # one seed shows nothing
    assert "spectrum identity, power:0.5, condition:100" in findings[1]
    assert findings[1].endswith("no theory at spectrum power:2")


def test_the_findings_quoted_are_those_computed():
    learned = (ROOT / "docs/learned.md").read_text(encoding="utf-8")
    assert renew(learned, read_findings(*FINDINGS)) == learned, "make reference-learned"
    studies = (ROOT / "docs/studies.md").read_text(encoding="utf-8")
    assert renew(studies, read_findings(*FINDINGS)) == studies, "make reference-studies"
    assert renew(README, read_findings(*FINDINGS)) == README, "make reference"
    quoted = re.findall(r"<!-- findings of (\w+) -->\n-", README)
    assert quoted == ["summary", "depth", "images", "second_path", "opponent", "speedup"]


@pytest.mark.slow
def test_what_it_says_of_use_runs_as_it_is_written():
    """scikit-learn, torch and NumPy; warnings are errors."""
    section = README.split("## Use it")[1]
    snippets = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(snippets) == 3
    for code in snippets:
        run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


def test_findings_of_a_figure_that_has_none_are_refused():
    page = "a\n<!-- findings of depth -->\nold\n<!-- end -->\nb"
    assert renew(page, {"depth": ["new", "newer"]}) == page.replace("old", "- new\n- newer")
    with pytest.raises(OnebitError, match="no findings of the figure 'depth'; there are some of ridge"):
        renew(page, {"ridge": ["x"]})


def test_the_predictions_shown_are_what_the_commands_print(capsys):
    commands = [found for found in re.findall(r"\$ onebit-rf (.*?)\n(.*?)```", README, re.DOTALL) if found[1]]
    assert len(commands) == 2
    for command, shown in commands:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == shown


def test_links_lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README):
        assert (ROOT / target).exists(), target

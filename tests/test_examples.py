"""The examples: each runs as it is, is short, and says what it was written to show."""

import re
import subprocess
import sys

import pytest

from conftest import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MOST_LINES = 40


def output(name):
    command = [sys.executable, ROOT / "examples" / name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_they_are_short():
    assert len(EXAMPLES) == 3
    for path in EXAMPLES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, path


@pytest.mark.slow
def test_digits_are_told_apart_at_equal_time():
    """How many features each has depends on the machine; that all of them tell digits apart does not."""
    accuracies = re.findall(r"(\d+) features .* accuracy ([\d.]+)", output("digits_at_equal_time.py"))
    assert len(accuracies) == 3
    assert int(accuracies[0][0]) == 4096
    assert float(accuracies[0][1]) > 0.95


@pytest.mark.slow
def test_what_is_predicted_is_measured():
    """Within 6 %, which docs/theory.md, section 13, has as the largest deviation on digits for n ≥ 100."""
    rows = [line.split() for line in output("predict_before_training.py").splitlines()[1:]]
    assert [int(row[0]) for row in rows] == [100, 200, 400, 800, 1600]
    for _, predicted, measured, _ in rows:
        assert abs(float(predicted) / float(measured) - 1) < 0.06


@pytest.mark.slow
def test_a_swapped_layer_gives_the_same_outputs():
    """Outputs are of order 1: two layers in float32 are off by some 1e-6."""
    difference = re.search(r"largest difference .*?(\d\S*)", output("swap_a_torch_layer.py"))
    assert float(difference[1]) < 1e-5

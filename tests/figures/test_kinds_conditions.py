"""The figure `conditions`: every number and mark of the table, and its sentences, are those of the rows."""

import pandas as pd
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.conditions import Conditions

GOOD = {"dataset": "good_one", "seed": 0, "rows": 5000, "dim": 64, "mean": 0.0002, "covariance": "given", "rank": 64}
GOOD |= {"condition": 12.0, "leading_dim": 30.0, "effective_dim": 50.0, "norm_scatter": 1.04, "norm_error": 0.05}
GOOD |= {"kurtosis": 0.06}
BAD = {**GOOD, "dataset": "bad", "mean": 0.5, "condition": 3.2e6, "norm_scatter": 2.5, "kurtosis": 1.2, "rank": 60}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def draw(*rows, names=None):
    record = Conditions(datasets=names or [row["dataset"] for row in rows])
    return record.draw(Tables(conditions=pd.DataFrame(rows)))


def words(drawing):
    return [text.get_text() for text in drawing.figure.axes[0].texts]


def test_numbers_and_marks():
    said = words(draw(GOOD))
    for text in ("good one", "5000", "64", "0.0002", "12", "30", "50", "1.04 ± 0.10", "0.06", "20 %"):
        assert text in said  # 20 %: √(2 · 1.04/50)
    assert (said.count("✓"), said.count("✗")) == (4, 0)
    said = words(draw(BAD))
    assert "$3.2·10^{6}$" in said
    assert (said.count("✓"), said.count("✗")) == (0, 4)


@pytest.mark.parametrize(("name", "most"), [("mean", 0.01), ("condition", 100), ("norm_scatter", 2), ("kurtosis", 0.5)])
def test_each_threshold_is_told_in_the_caption_and_decides(name, most):
    drawing = draw({**GOOD, name: most}, {**GOOD, "dataset": "beyond", name: 1.01 * most})
    assert words(drawing).count("✗") == 1
    assert f"{most}" in drawing.caption
    within, beyond = (finding.sentence for finding in drawing.findings)
    assert within.endswith("all within the thresholds")
    assert "beyond the threshold: " in beyond


def test_findings_have_the_norms_with_their_interval():
    (finding,) = draw(BAD).findings
    assert (finding.value, finding.low, finding.high) == pytest.approx((2.5, 2.5 - 1.96 * 0.05, 2.5 + 1.96 * 0.05))
    assert "condition number 3.2e+06 at rank 60 of 64" in finding.sentence
    assert "2.50 times that of Gaussian vectors (95 % interval 2.40 to 2.60 over rows)" in finding.sentence
    assert finding.sentence.endswith("beyond the threshold: mean, condition number, norms, projections")


def test_rows_stand_in_the_order_of_the_configuration(tmp_path):
    drawing = draw(GOOD, BAD, names=["bad", "good_one"])
    heights = {text.get_text(): text.get_position()[1] for text in drawing.figure.axes[0].texts}
    assert heights["bad"] > heights["good one"]
    style.save(drawing.figure, [tmp_path / "table.png"])

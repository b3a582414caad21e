"""The figure `summary`: four panels whose numbers are known in closed form, and what keeps it from being drawn."""

import made_up
import numpy as np
import pandas as pd
import pytest
import test_kinds_cost as images

from onebit_rf.figures import style
from onebit_rf.figures.facts import mark_silent
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.summary import Summary

LAWS = ["gaussian", "one_bit", "sparse:0.1"]
NETWORKS = [images.facts(width) for width in images.WIDTHS]
SUMMARY = Summary(depth="net", n_train=4, boundary="net", laws="net", cost="c")


def cell(name="net", **changes):
    return made_up.facts(name, **{"laws": LAWS, "silent_laws": {"sparse:0.1": "few weights"}, **changes})


def tables():
    """Every law is 1 % above the one before it; one-bit images 2 % above float32's at equal width."""
    of_teacher = made_up.tables(cell(), laws=LAWS)
    of_images = mark_silent(images.readout(), NETWORKS)
    readout = pd.concat([of_teacher.readout, of_images], ignore_index=True)
    return Tables(readout=readout, theory=of_teacher.theory, cost=images.cost(), facts=[cell(), *NETWORKS])


@pytest.fixture
def drawing():
    yield SUMMARY.draw(tables())
    style.pyplot().close("all")


def test_every_panel_says_its_number(drawing):
    depth, boundary, laws, cost = drawing.findings
    for gap in (depth, boundary, laws):
        assert gap.value == pytest.approx(0.01)
        assert "one-bit" in gap.sentence
        assert "+1.00 %" in gap.sentence
    assert "of 1 laws that the theory covers" in laws.sentence
    assert 0 < cost.low <= cost.value <= cost.high < 1
    titles = [axes.get_title() for axes in drawing.figure.axes]
    assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)", "(d)"]
    assert "+1.00 %" in titles[0]
    assert drawing.figure.get_supxlabel().startswith("means over 3 seeds with 95 %")


def test_one_bit_is_drawn_along_n_but_near_the_threshold(drawing):
    x = np.concatenate([x for x, y in made_up.lines_of(drawing.figure.axes[1]) if len(x) > 2])
    assert len(x) == 2 * 11  # two depths, n = 1 … 12 but for d_L = 8
    assert np.abs(x - 1).min() > 0.1


def test_laws_that_the_theory_does_not_cover_are_open_marks(drawing):
    axes = drawing.figure.axes[2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sparse (share 0.1)", "one-bit"]
    fills = [line.get_markerfacecolor() for line in axes.get_lines() if line.get_marker() == "o"]
    assert fills[:2].count("white") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "labels"}, ".depth: must be an experiment with target teacher and without a sweep"),
        ({"laws": ["gaussian"]}, ".depth: experiment 'net' must have the law one_bit"),
        ({"n_train": [1, 2, 3]}, ".n_train: 4 is not among the sample sizes of 'net': 1, 2, 3"),
    ],
)
def test_what_it_cannot_draw_is_told(change, message):
    assert list(SUMMARY.check([cell(), *NETWORKS])) == []
    assert next(iter(SUMMARY.check([cell(**change), *NETWORKS]))) == message


def test_the_networks_are_checked_as_those_of_a_cost():
    others = [images.facts(width, laws=["one_bit"]) for width in images.WIDTHS]
    (mistake,) = SUMMARY.check([cell(), *others])
    assert "must have the laws gaussian and one_bit" in mistake


def test_only_the_networks_are_timed():
    assert SUMMARY.timed == ["c"]
    assert SUMMARY.experiments == ["net", "c"]

"""The figure `depth`: what is drawn, left out, refused and found."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from onebit_rf.figures.facts import Facts, mark_silent
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.depth import Depth

FIGURE = Depth(experiments=["a"], n_train=4)


def facts(**changes):
    known = {
        "cell": "a",
        "experiment": "a",
        "swept": {},
        "laws": ["gaussian", "one_bit"],
        "target": "teacher",
        "readouts": ["ridge:0"],
    }
    known |= {
        "n_train": [2, 4],
        "noise": 0.0,
        "teacher": "normal",
        "labels": None,
        "changed": False,
        "sharpness": False,
        "dataset": "gaussian_30",
        "network": "tanh_8",
    }
    known |= {
        "dims": [30, 8, 8],
        "activation": "tanh",
        "odd": True,
        "outputs": 1,
        "silence": "",
        "silent_laws": {},
        "equivalents": False,
    }
    return Facts(**{**known, **changes})


def readout(laws=("gaussian", "one_bit"), seeds=(0, 1, 2), depths=(1, 2), cell="a"):
    rows = [
        {"cell": cell, "experiment": "a", "law": law, "seed": seed, "depth": d, "n_train": n, "readout": "ridge:0"}
        | {"estimator": estimator, "metric": "mse", "converged": True}
        | {"value": (1 + 0.01 * seed + 0.1 * (law != "gaussian")) / (n * d)}
        for law in laws
        for seed in seeds
        for d in depths
        for n in (2, 4)
        for estimator in ("sampled_teacher", "teacher_averaged")
    ]
    return pd.DataFrame(rows).astype({"cell": "category", "law": "category", "estimator": "category"})


def theory(depths=(1, 2), cell="a"):
    rows = [
        {"cell": cell, "experiment": "a", "depth": d, "n_train": n, "readout": "ridge:0", "metric": "mse"}
        | {"value": 1 / (n * d), "converged": True}
        for d in depths
        for n in range(1, 6)
    ]
    return pd.DataFrame(rows).astype({"cell": "category"})


@pytest.fixture(autouse=True)
def _close():
    yield
    from onebit_rf.figures import style

    style.pyplot().close("all")


def draw(readout_rows, theory_rows, *cells, figure=FIGURE):
    return figure.draw(Tables(readout=readout_rows, theory=theory_rows, facts=cells or [facts()]))


def columns(drawing):
    """The pairs of axes, errors above and deviations below."""
    axes = drawing.figure.axes
    return list(zip(axes[: len(axes) // 2], axes[len(axes) // 2 :], strict=True))


def test_draws_theory_and_the_mean_of_every_law():
    drawing = draw(readout(), theory())
    assert len(columns(drawing)) == 2
    for top, bottom in columns(drawing):
        assert top.get_lines()[0].get_ydata().tolist() == [1 / 4, 1 / 8]
        gaussian, one_bit = (bars[0] for bars in top.containers)
        assert gaussian.get_ydata() == pytest.approx([1.01 / 4, 1.01 / 8])
        assert one_bit.get_ydata() == pytest.approx([1.11 / 4, 1.11 / 8])
        assert (gaussian.get_xdata() < one_bit.get_xdata()).all()
        assert bottom.containers[1][0].get_ydata() == pytest.approx([11, 11])


def test_findings_are_the_paired_gap_and_the_gap_to_the_theory():
    law, theory_gap = draw(readout(), theory()).findings
    gaps = [1.1 / 1 - 1, 1.11 / 1.01 - 1, 1.12 / 1.02 - 1]
    half = student.ppf(0.975, 2) * np.std(gaps, ddof=1) / np.sqrt(3)
    assert (law.value, law.low, law.high) == pytest.approx((np.mean(gaps), np.mean(gaps) - half, np.mean(gaps) + half))
    assert law.n_seeds == 3
    assert "n = 4, depths 1 to 2: test MSE of one-bit against Gaussian weights +9.90 % (95 % interval" in law.sentence
    assert theory_gap.value == pytest.approx(0.06)


def test_a_law_of_which_the_theory_is_silent_is_drawn_without_a_deviation():
    silent = facts(silent_laws={"one_bit": "their mean is not 0"})
    rows = mark_silent(readout(), [silent])
    drawing = FIGURE.draw(Tables(readout=rows, theory=theory(), facts=[silent]))
    assert [[len(axes.containers) for axes in pair] for pair in columns(drawing)] == [[2, 1], [2, 1]]
    assert "no theory of one-bit weights: their mean is not 0" in drawing.figure.get_supxlabel()
    alone = Tables(readout=rows[rows["silent"]], theory=theory(), facts=[silent])
    drawing = FIGURE.draw(alone)
    assert [[len(axes.containers) for axes in pair] for pair in columns(drawing)] == [[1, 0], [1, 0]]
    assert not any(line.get_xdata().size for line in columns(drawing)[0][0].get_lines() if line.get_color() == "black")
    assert drawing.findings == []


@pytest.mark.parametrize("law", ["rademacher", "of_my_own"])
def test_a_third_law_has_marks_and_a_finding(law):
    drawing = draw(readout(laws=("gaussian", "one_bit", law)), theory())
    marks = [bars[0].get_marker() for bars in columns(drawing)[0][0].containers]
    assert len(set(marks)) == 3
    assert len(drawing.findings) == 3


def test_one_seed_has_no_interval_in_any_words():
    drawing = draw(readout(seeds=[0]), theory())
    words = drawing.caption + drawing.figure.get_suptitle()
    assert "95 %" not in words
    assert "one seed" in drawing.findings[0].sentence


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    rows = readout()
    lost = (rows["seed"] == 2) & (rows["n_train"] == 4) & (rows["depth"] == 1)
    rows = rows.assign(converged=~lost, value=rows["value"].mask(lost, 1e9))
    drawing = draw(rows, theory())
    assert columns(drawing)[0][0].containers[0][0].get_ydata()[0] == pytest.approx(1.005 / 4)
    assert "4 of 24 read-outs were not found" in drawing.figure.get_supxlabel()


def test_what_is_exactly_0_is_no_data():
    rows, expected = readout(), theory()
    rows.loc[rows["depth"] == 2, "value"] = 1e-30
    expected.loc[expected["depth"] == 2, "value"] = 0.0
    drawing = draw(rows, expected)
    assert columns(drawing)[0][0].containers[0][0].get_ydata() == pytest.approx([1.01 / 4])
    assert "recovered exactly, not drawn" in drawing.figure.get_supxlabel()


def test_a_sweep_has_columns_of_each_cell():
    cells = [facts(cell=f"a/noise~{noise}", swept={"noise": noise}, noise=noise) for noise in (0.0, 0.5)]
    rows = pd.concat([readout(cell=cell.cell).astype({"cell": str}) for cell in cells])
    expected = pd.concat([theory(cell=cell.cell).astype({"cell": str}) for cell in cells])
    drawing = draw(rows, expected, *cells)
    assert len(columns(drawing)) == 4
    assert "0.5" in columns(drawing)[2][0].get_title()
    assert len(drawing.findings) == 4


def test_one_estimator_alone_has_one_column():
    rows = readout()
    drawing = draw(rows[rows["estimator"] == "sampled_teacher"], theory())
    assert len(columns(drawing)) == 1
    assert len(drawing.findings) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"target": "labels"}, ": experiment 'a' must have target teacher"),
        ({"silence": "why not"}, ": experiment 'a' must use Gaussian inputs"),
        ({"readouts": ["ridge:1"]}, ": experiment 'a' must have the read-out ridge:0"),
        ({"n_train": [2]}, ".n_train: 4 is not among the sample sizes of experiment 'a'"),
        ({"dims": [30, 4, 3]}, ".n_train: must be below 4"),
        ({"dims": [30, 4, 3], "noise": 0.1}, None),
        ({"dims": [30, 4, 5]}, None),
    ],
)
def test_check(changes, message):
    mistakes = list(FIGURE.check([facts(**changes)]))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)

"""Where laws are equal: every point has the verdict that its seeds give, and the findings count the marks drawn."""

import numpy as np
import pytest
from made_up import expected, facts, lines_of, tables
from scipy.stats import t as student

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.equality import LOOKS, Equality

N = list(range(1, 8))  # below the threshold d_L = 8


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def draw(record, made):
    assert list(record.check(made.facts)) == []
    return record.draw(made)


def along_n(made, **options):
    return draw(Equality(experiments=["net"], x="n_train", **options), made)


def marks(axes):
    """(x, y) of every mark with a bar, by the looks of the verdicts."""
    found = {verdict: [] for verdict in LOOKS}
    for container in axes.containers:
        line = container[0]
        empty = line.get_markerfacecolor() == "white"
        verdict = "different" if line.get_marker() == "D" else "undecided" if empty else "equal"
        found[verdict] += list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    return found


def test_error_deviation_and_gap_stand_below_each_other():
    top, middle, bottom = along_n(tables(facts(n_train=N), gap=0.001)).figure.axes
    x, y = lines_of(top)[0]
    assert (x[0], y[0]) == (1 / 8, expected(1, 1))
    assert top.containers[0][0].get_ydata() == pytest.approx([expected(1, n) * 1.01 for n in N])
    assert middle.containers[0][0].get_ydata() == pytest.approx(np.full(7, 1.0))
    assert [y for _, y in marks(bottom)["equal"]] == pytest.approx(np.full(14, 0.1))
    assert top.get_ylabel().startswith("test MSE")
    assert middle.get_ylabel() == "simulation /\ntheory − 1 (%)"
    assert bottom.get_ylabel() == "law / Gaussian\n− 1 (%)"


def test_marks_of_a_place_do_not_reach_the_next():
    bottom = along_n(tables(facts(n_train=N, dims=[30, 8, 8, 8, 8]), gap=0.001)).figure.axes[2]
    x = sorted(x for x, _ in marks(bottom)["equal"])
    apart = [abs(8 * value - round(8 * value)) for value in x]
    assert len(x) == len(set(x)) == 28
    assert max(apart) < 0.5


def test_one_n_stands_at_its_place():
    axes = along_n(tables(facts(n_train=[4], dims=[30, 8]), gap=0.001)).figure.axes
    assert marks(axes[2])["equal"] == [(0.5, pytest.approx(0.1))]
    assert axes[2].get_xlim()[0] < 0.5 < axes[2].get_xlim()[1]


@pytest.mark.parametrize(("gap", "verdict"), [(0.001, "equal"), (0.05, "different")])
def test_a_verdict_is_a_mark_and_a_number(gap, verdict):
    drawing = along_n(tables(facts(n_train=N), gap=gap))
    counts = {name: len(points) for name, points in marks(drawing.figure.axes[2]).items()}
    assert counts == {**dict.fromkeys(LOOKS, 0), verdict: 14}
    sentence = drawing.findings[0].sentence
    assert ("at 14 of 14 points" in sentence) == (verdict == "equal")
    assert ("different at 14;" in sentence) == (verdict == "different")


def scattered(made, law="one_bit", scale=0.5):
    """The tables with errors of a law that go up and down by `scale` from seed to seed, none on average."""
    rows = made.readout
    sway = np.where(rows["law"] == law, 1 + scale * (rows["seed"] - 1), 1.0)
    return Tables(rows.assign(value=rows["value"] * sway), made.theory, None, made.facts)


def test_noise_decides_nothing():
    drawing = along_n(scattered(tables(facts(n_train=N), gap=0.0)))
    assert len(marks(drawing.figure.axes[2])["undecided"]) == 14
    assert "at 0 of 14 points" in drawing.findings[0].sentence
    assert "undecided at 14" in drawing.findings[0].sentence


def test_one_seed_is_undecided():
    drawing = along_n(tables(facts(n_train=N), gap=0.0, seeds=(0,)))
    assert len(marks(drawing.figure.axes[2])["undecided"]) == 14
    assert "one seed, no interval" in drawing.findings[0].sentence


def test_a_wider_margin_is_said_and_shaded():
    drawing = along_n(tables(facts(n_train=N), gap=0.05), margin=0.1)
    assert len(marks(drawing.figure.axes[2])["equal"]) == 14
    assert "within ±10 %" in drawing.findings[0].sentence
    assert [text.get_text() for text in drawing.figure.legends[0].get_texts()][-3] == "equal within ±10 %"


def test_large_differences_do_not_hide_the_margin():
    axes = along_n(tables(facts(n_train=N), gap=3.0)).figure.axes[2]
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim()[1] > 300
    assert {-100.0, -1.0, 0.0, 1.0, 100.0} <= set(axes.get_yticks())
    assert along_n(tables(facts(n_train=N), gap=0.001)).figure.axes[2].get_yscale() == "linear"


def test_laws_are_an_axis():
    made = tables(facts(laws=["gaussian", "one_bit", "mine"]), laws=("gaussian", "one_bit", "mine"), gap=0.001)
    drawing = draw(Equality(experiments=["net"], x="law", at={"n_train": 4, "depth": 1}), made)
    top, middle, bottom = drawing.figure.axes
    assert [tick.get_text() for tick in bottom.get_xticklabels()] == ["Gaussian", "one-bit", "mine"]
    dashes = [tuple(line.get_xydata()[0]) for line in top.get_lines() if line.get_marker() == "_"]
    assert sorted(dashes) == [(place, expected(1, 4)) for place in (0, 1, 2)]
    assert len(middle.containers) == 3
    assert sorted(marks(bottom)["equal"]) == [(1.0, pytest.approx(0.1)), (2.0, pytest.approx(0.2))]
    assert "2 other laws against Gaussian weights" in drawing.findings[0].sentence
    assert "at depth 1, mine weights" in drawing.findings[0].sentence


def test_a_law_that_the_theory_does_not_cover_has_no_theory_in_it():
    """Its error and its gap are drawn; no dash, no deviation, no part in the finding, and the note says why."""
    laws = ("gaussian", "one_bit", "mine")
    cell = facts(laws=list(laws), silent_laws={"mine": "it is not 1/d"})
    drawing = draw(Equality(experiments=["net"], x="law", at={"n_train": 4, "depth": 1}), tables(cell, laws=laws))
    top, middle, bottom = drawing.figure.axes
    assert len(top.containers) == 3
    assert sorted(line.get_xdata()[0] for line in top.get_lines() if line.get_marker() == "_") == [0, 1]
    assert len(middle.containers) == 2
    assert sum(map(len, marks(bottom).values())) == 2
    assert "no theory of mine weights: it is not 1/d" in drawing.figure.get_supxlabel().replace("\n", " ")
    assert drawing.findings[1].value == pytest.approx(1.005 * 1.01 - 1)  # the mean of the laws covered


def swept(**changes):
    return [facts(f"s/noise~{noise}", swept={"noise": noise}, noise=noise, **changes) for noise in (0.1, 0.2, 0.3)]


def test_a_swept_leaf_is_an_axis():
    drawing = draw(Equality(experiments=["s"], x="noise", at={"n_train": 4}), tables(*swept(), gap=0.001))
    top, _, bottom = drawing.figure.axes
    assert lines_of(top)[0][0].tolist() == [0.1, 0.2, 0.3]
    assert len(marks(bottom)["equal"]) == 6
    assert "at 6 of 6 points (depths 1 to 2, noise σ 0.1, 0.2, 0.3)" in drawing.findings[0].sentence
    assert "n = 4" in drawing.figure.get_suptitle()


def test_cells_without_a_theory_share_the_figure():
    known, silent = swept()[0], facts("s/noise~9", swept={"noise": 9.0}, described=False)
    made = tables(known, silent, gap=0.001)
    drawing = draw(Equality(experiments=["s"], x="n_train", facets=["noise"], at={"n_train": N}), made)
    with_theory, without = drawing.figure.axes[2], drawing.figure.axes[3]
    (text,) = without.texts
    assert text.get_text().replace("\n", " ") == f"no theory: {silent.silence}"
    assert not with_theory.texts
    assert not without.containers
    assert len(marks(drawing.figure.axes[5])["equal"]) == 14
    sentences = [finding.sentence for finding in drawing.findings]
    assert [("simulation against theory" in sentence) for sentence in sentences] == [False, False, True]


def test_a_panel_with_silent_cells_says_where_they_are():
    known, silent = swept()[0], facts("s/noise~9", swept={"noise": 9.0}, described=False)
    drawing = draw(Equality(experiments=["s"], x="noise", at={"n_train": 4}), tables(known, silent, gap=0.001))
    assert not drawing.figure.axes[1].texts
    (validity,) = [one.sentence for one in drawing.findings if "simulation against theory" in one.sentence]
    assert validity.endswith("; no theory at noise σ = 9")


def test_without_any_theory_there_are_two_rows():
    cell = facts(target="labels", outputs=10, described=False, noise=None, teacher=None, n_train=N)
    drawing = along_n(tables(cell, estimator="labels", metric="accuracy", gap=0.001))
    assert [axes.get_ylabel() for axes in drawing.figure.axes] == ["test accuracy", "law / Gaussian\n− 1 (%)"]
    assert len(drawing.findings) == 1


def test_findings_are_the_numbers_of_the_points():
    equality, validity = along_n(tables(facts(n_train=N), gap=0.001)).findings
    assert equality.value == pytest.approx(0.001)
    assert "largest difference +0.10 % (95 % interval +0.10 to +0.10 %, 3 seeds)" in equality.sentence
    # seeds are the theory times 1, 1.01, 1.02, and the mean of the laws 1.0005 times that
    assert validity.value == pytest.approx(1.0005 * 1.01 - 1)
    assert "largest +1.10 %" in validity.sentence
    assert "at one-bit weights" in validity.sentence


def test_the_mean_leaves_out_the_threshold():
    """n = 8 = d_L is one of 8 points and 10 times as large: it counts as the largest, not in the mean."""
    made = tables(facts(n_train=list(range(1, 9))), gap=0.001)
    rows = made.readout
    spiked = rows["value"].where((rows["n_train"] != 8) | (rows["law"] == "gaussian"), 10 * rows["value"])
    drawing = along_n(Tables(rows.assign(value=spiked), made.theory.assign(converged=True), None, made.facts))
    assert drawing.findings[0].value == pytest.approx(0.001)
    assert "largest difference +901" in drawing.findings[0].sentence
    assert "n/d_L = 1" in drawing.findings[0].sentence


def test_many_panels_are_said_together():
    cells = [facts(f"s/noise~{k}", swept={"noise": float(k)}, noise=float(k), n_train=N) for k in range(5)]
    record = Equality(experiments=["s"], x="n_train")
    findings = draw(record, tables(*cells, gap=0.001)).findings
    assert len(findings) == 2
    assert "at 70 of 70 points (noise σ 0 to 4, 5 values, depths 1 to 2, n/d_L" in findings[0].sentence


def test_the_cost_of_a_mean_is_a_line():
    """What the theory leaves out where φ is not odd: 1/n, at every n between the first and the last."""
    drawing = along_n(tables(facts(n_train=[2, 4], odd=False, activation="relu"), gap=0.001))
    dotted = [lines for lines in drawing.figure.axes[1].get_lines() if lines.get_linestyle() == ":"]
    assert [line.get_xydata().tolist() for line in dotted] == [[[2 / 8, 50.0], [3 / 8, 100 / 3], [4 / 8, 25.0]]]
    assert "not odd" in drawing.figure.legends[0].get_texts()[-1].get_text()
    along = draw(Equality(experiments=["net"], x="depth"), tables(facts(odd=False), gap=0.001))
    assert not any("odd" in text.get_text() for text in along.figure.legends[0].get_texts())


def test_the_cost_of_a_mean_is_a_number():
    """Errors of the theory's times 1 + a/n, a = 1.5 for one seed and 2.5 for another."""
    made = tables(facts(n_train=[1, 2, 4, 6], dims=[30, 16], odd=False, activation="relu"), seeds=(0, 1), gap=0.0)
    rows = made.readout
    cost = (1 + (1.5 + rows["seed"]) / rows["n_train"]) / (1 + rows["seed"] / 100)
    made = Tables(rows.assign(value=rows["value"] * cost), made.theory, None, made.facts)
    finding = along_n(made).findings[-1]
    assert finding.value == pytest.approx(2.0)  # of n = 1 and 2, n/d_L ≤ 1/8
    assert finding.high - finding.value == pytest.approx(student.ppf(0.975, 1) * 0.5)
    assert "for n/d_L ≤ 0.125 simulation against theory goes as 1 + a/n, a = 2.00" in finding.sentence


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "mine"}, ".x: must be one of depth, readout, experiment, noise, law, n_train, got 'mine'"),
        ({"x": "noise", "at": {"n_train": [1, 2]}}, ".at.n_train: must be one n"),
        ({"x": "noise", "at": {"law": "one_bit"}}, ".at.law: needs two laws of the weights to compare, got one_bit"),
        ({"x": "n_train", "facets": []}, ".facets: noise varies too"),
    ],
)
def test_a_wrong_figure_is_one_line(options, message):
    (mistake,) = Equality(experiments=["s"], **options).check(swept())
    assert mistake.startswith(message)


def test_three_laws_need_an_axis_of_their_own():
    cells = swept(laws=["gaussian", "one_bit", "ternary"])
    (mistake,) = Equality(experiments=["s"], x="noise").check(cells)
    assert mistake.startswith(".at.law: one_bit, ternary share an axis")
    assert list(Equality(experiments=["s"], x="noise", at={"law": ["gaussian", "ternary"]}).check(cells)) == []

"""The figure `second_path`: errors and paired costs are the tables', what cannot be drawn is refused in one line."""

import numpy as np
import pandas as pd
import pytest
from made_up import expected, facts, lines_of
from made_up import readout as first_path
from made_up import theory as first_theory
from scipy.stats import t as student

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.second_path import SecondPath, words_of

FIGURE = SecondPath(experiments=["net"], n_train=4)
COSTS = {1: 0.5, 2: 0.2}  # of the made-up network, by the bits that its weights are rounded to
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def rounded(bits, **changes):
    """A cell whose weights are rounded after training."""
    swept = {"test_weights.bits": bits, **changes.pop("swept", {})}
    name = "/".join(["net", *(f"{leaf}~{value}" for leaf, value in swept.items())])
    return facts(name, swept=swept, changed=True, **changes)


CELLS = (rounded(1), rounded(2))


def cost_of(cell, seed=0):
    """E'/E − 1 of a cell; that of seeds 0, 1, 2 is (1, 1.1, 1.2) times the theory's."""
    return (1 + 0.1 * seed) * COSTS.get(cell.swept.get("test_weights.bits"), 0.3)


def readout(*cells, shifted_laws=("gaussian",), **options):
    first = first_path(*cells, **options)
    second = first[first["law"].isin(shifted_laws)].assign(metric="shifted_mse")
    by_name = {cell.cell: cell for cell in cells}
    factors = [1 + cost_of(by_name[cell], seed) for cell, seed in zip(second["cell"], second["seed"], strict=True)]
    both = pd.concat([first, second.assign(value=second["value"] * factors)], ignore_index=True)
    return both.astype({"cell": "category", "law": "category", "metric": "category"})


def theory(*cells):
    first = first_theory(*cells)
    factors = [1 + cost_of({cell.cell: cell for cell in cells}[name]) for name in first["cell"]]
    second = first.assign(metric="shifted_mse", value=first["value"] * factors)
    return pd.concat([first, second], ignore_index=True).astype({"cell": "category", "metric": "category"})


def draw(*cells, record=FIGURE, rows=None, expectation="made up", **options):
    assert list(record.check(cells)) == []
    described = theory(*cells) if cells[0].described else None
    expectation = described if isinstance(expectation, str) else expectation
    return record.draw(Tables(readout(*cells, **options) if rows is None else rows, expectation, None, cells))


def marks(axes):
    """Heights of the marks of every errorbar, in the order drawn: tested as trained first."""
    return [container[0].get_ydata() for container in axes.containers]


def numbers(axes):
    return [text.get_text() for text in axes.texts]


def test_errors_are_means_of_the_tables_and_lines_the_theory():
    top = draw(*CELLS).figure.axes[0]
    own = np.array([expected(1, 4), expected(2, 4)])
    after = [own * np.mean([(1 + seed / 100) * (1 + cost_of(cell, seed)) for seed in SEEDS]) for cell in CELLS]
    for found, wanted in zip(marks(top), [own * 1.01, own * 1.01 * 1.01, *after], strict=True):
        assert found == pytest.approx(wanted)
    wanted = [own, own * 1.5, own * 1.2]
    lines = [y for x, y in lines_of(top) if x.tolist() == [1, 2]]
    assert np.array(lines) == pytest.approx(np.array(wanted))


def test_costs_are_those_of_the_same_seed_over_the_baseline_as_trained():
    bottom = draw(*CELLS).figure.axes[1]
    before, one, two = marks(bottom)
    assert before == pytest.approx([1.0, 1.0])  # the gap of 1 % is that of every seed
    assert one == pytest.approx([55.0, 55.0])
    assert two == pytest.approx([22.0, 22.0])
    lines = [y.tolist() for x, y in lines_of(bottom) if x.tolist() == [1, 2] and len(set(y)) == 1]
    assert np.array(lines) == pytest.approx(np.array([[0, 0], [50, 50], [20, 20]]))
    assert numbers(bottom) == ["+55 %", "+55 %", "+22 %", "+22 %", "+1.0 %", "+1.0 %"]


def test_bars_are_students_intervals_over_seeds():
    bottom = draw(*CELLS).figure.axes[1]
    _, low, _ = (bars.get_segments()[0][:, 1].min() for _, _, (bars,) in bottom.containers)
    half = student.ppf(0.975, 2) * np.std([50, 55, 60], ddof=1) / np.sqrt(3)
    assert low == pytest.approx(55 - half)


def test_findings():
    before, one_first, one_last, one_theory, *two = draw(*CELLS).findings
    assert before.value == pytest.approx(0.01)
    assert "signs before training, depths 1 to 2: test MSE +1.00 % (95 %" in before.sentence
    costs = [cost_of(CELLS[0], seed) for seed in SEEDS]
    half = student.ppf(0.975, 2) * np.std(costs, ddof=1) / np.sqrt(3)
    for depth, finding in ((1, one_first), (2, one_last)):
        assert (finding.value, finding.low, finding.high) == pytest.approx((0.55, 0.55 - half, 0.55 + half))
        assert finding.n_seeds == 3
        assert f"signs after training, L = {depth}: test MSE +55.0 % (95 % interval" in finding.sentence
        assert finding.sentence.endswith("over Gaussian weights tested as trained; theory +50.0 %")
    ratios = [(1 + seed / 100) * (1 + cost_of(CELLS[0], seed)) / 1.5 for seed in SEEDS]
    assert one_theory.value == pytest.approx(np.mean(ratios) - 1)
    assert ["2 bits after training" in finding.sentence for finding in two] == [True] * 3


def test_laws_that_are_changed_too_are_drawn_and_compared():
    swept = [facts(f"net/{noise}", swept={"test_inputs.noise": noise}, changed=True) for noise in (0.1, 0.2)]
    drawing = draw(*swept, shifted_laws=("gaussian", "one_bit"))
    assert len(drawing.figure.axes[0].containers) == 6
    laws = [finding for finding in drawing.findings if "one-bit against Gaussian weights" in finding.sentence]
    assert [finding.value for finding in laws] == pytest.approx([0.01, 0.01])
    assert "quantize" not in drawing.figure.get_suptitle().lower()
    assert "signs before training" not in drawing.caption


def test_words_of_a_change():
    assert words_of((("test_weights.bits", 1),)) == "signs after training"
    assert words_of((("test_weights.bits", 3), ("test_inputs.gain", 0.5))) == (
        "3 bits after training, input gain at test 0.5"
    )
    assert words_of((("test_weights.bits", "none"),)) == "weights kept"
    assert words_of(()) == "changed after training"


def test_legend_says_which_is_before_and_which_is_after_training():
    (legend,) = draw(*CELLS).figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert "one-bit weights:\nsigns before training" in said
    assert said[-3:] == ["tested as trained", "signs after training", "2 bits after training"]


def test_cells_that_differ_otherwise_have_panels_of_their_own():
    cells = [rounded(bits, swept={"noise": noise}, noise=noise) for noise in (0.1, 0.5) for bits in (1, 2)]
    drawing = draw(*cells)
    titles = [axes.get_title() for axes in drawing.figure.axes if axes.get_title()]
    assert len(drawing.figure.axes) == 4
    assert [title.rpartition(" ")[2] for title in titles] == ["0.1", "0.5"]
    assert len(drawing.findings) == 14
    assert len({finding.sentence for finding in drawing.findings}) == 14


def test_one_law_has_no_comparison_before_training():
    drawing = draw(*CELLS, laws=("gaussian",))
    assert len(drawing.findings) == 6
    assert len(drawing.figure.axes[1].containers) == 2
    assert "before training" not in drawing.caption + drawing.figure.get_suptitle()


def test_without_the_gaussian_law_costs_are_over_the_first():
    drawing = draw(*CELLS, laws=("one_bit", "mine"), shifted_laws=("mine",))
    costs = [finding for finding in drawing.findings if "L = 1" in finding.sentence]
    assert "test MSE of mine weights +56.5 %" in costs[0].sentence  # 1.55 × 1.01
    assert "over one-bit weights tested as trained" in costs[0].sentence


def test_one_seed_has_no_interval_in_any_words():
    drawing = draw(*CELLS, seeds=(0,))
    assert "95 %" not in drawing.caption + drawing.figure.get_suptitle()
    assert all("one seed, no interval" in finding.sentence for finding in drawing.findings)


def test_sampled_teachers_are_drawn_where_there_is_no_average():
    sampled = readout(*CELLS, estimator="sampled_teacher")
    both = pd.concat([readout(*CELLS), sampled.assign(value=sampled["value"] * 9)], ignore_index=True)
    assert marks(draw(*CELLS, rows=both).figure.axes[0])[0] == pytest.approx([1.01 / 4, 1.01 / 8])
    drawing = draw(*CELLS, rows=sampled)
    assert marks(drawing.figure.axes[0])[0] == pytest.approx([1.01 / 4, 1.01 / 8])
    assert "averaged" not in drawing.caption + drawing.figure.axes[0].get_ylabel()


def test_without_a_theory_marks_are_joined():
    cells = [rounded(bits, described=False) for bits in (1, 2)]
    drawing = draw(*cells)
    assert "theory" not in drawing.caption.lower()
    assert all("theory" not in finding.sentence for finding in drawing.findings)
    assert [bars[0].get_linestyle() for bars in drawing.figure.axes[0].containers] == ["-", "-", "--", "-."]


def test_points_without_a_prediction_are_counted():
    drawing = draw(*CELLS, record=SecondPath(experiments=["net"], n_train=8))  # the made-up theory was not found
    assert "8 of 8 points of the theory" in drawing.figure.get_supxlabel()
    assert all("theory" not in finding.sentence for finding in drawing.findings)


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    rows = readout(*CELLS)
    lost = (rows["seed"] == 2) & (rows["n_train"] == 4) & (rows["depth"] == 1) & (rows["metric"] == "shifted_mse")
    drawing = draw(*CELLS, rows=rows.assign(converged=~lost, value=rows["value"].mask(lost, 1e9)))
    assert marks(drawing.figure.axes[1])[1] == pytest.approx([52.5, 55])
    assert "2 of 36 read-outs were not found" in drawing.figure.get_supxlabel()


@pytest.mark.parametrize("described", [True, False])
def test_what_is_exactly_0_as_trained_is_no_data_and_has_no_cost(described):
    cells = [rounded(bits, dims=[30, 8, 3], noise=0.0, described=described) for bits in (1, 2)]
    rows, expectation = readout(*cells), theory(*cells) if described else None
    for table, rounding in ((rows, 1e-30), (expectation, 0.0)):
        if table is not None:
            table.loc[(table["depth"] == 2) & (table["metric"] == "mse"), "value"] = rounding
    drawing = draw(*cells, rows=rows, expectation=expectation)
    top, bottom = drawing.figure.axes
    assert [len(heights) for heights in marks(top)] == [1, 1, 2, 2]
    assert [len(heights) for heights in marks(bottom)] == [1, 1, 1]
    assert "recovered exactly, not drawn" in drawing.figure.get_supxlabel()
    assert len([finding for finding in drawing.findings if "L = " in finding.sentence]) == 2


def test_costs_that_nearly_coincide_have_one_number(monkeypatch):
    monkeypatch.setitem(COSTS, 2, 0.51)
    assert numbers(draw(*CELLS).figure.axes[1]) == ["+55 %", "+55 %", "+1.0 %", "+1.0 %"]


@pytest.mark.parametrize(("costs", "scale"), [((0.5, 0.2), "symlog"), ((0.02, 0.01), "linear")])
def test_the_axis_of_costs_is_logarithmic_where_they_are_large(monkeypatch, costs, scale):
    for bits, cost in zip((1, 2), costs, strict=True):
        monkeypatch.setitem(COSTS, bits, cost)
    drawing = draw(*CELLS)
    assert drawing.figure.axes[1].get_yscale() == scale
    assert ("logarithmic" in drawing.figure.get_supxlabel()) == (scale == "symlog")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"described": False}, None),
        ({"target": "labels"}, ": experiment 'net' must have target teacher"),
        ({"labels": "sign"}, ": experiment 'net' must have labels linear"),
        ({"changed": False}, ": experiment 'net' is tested as it was trained"),
        ({"readouts": ["ridge:1"]}, ": experiment 'net' must have the read-out ridge:0"),
        ({"n_train": [2]}, ".n_train: 4 is not among the sample sizes of experiment 'net': 2"),
        ({"noise": 0.0, "dims": [30, 4, 3]}, ".n_train: must be below 4"),
        ({"noise": 0.0, "dims": [30, 4, 5]}, None),
    ],
)
def test_check(changes, message):
    mistakes = list(FIGURE.check([facts(**{"changed": True, **changes})]))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)


def test_read_outs_without_a_test_mse_are_refused():
    record = SecondPath(experiments=["net"], n_train=4, readout="logistic:1")
    (mistake,) = record.check([facts(changed=True, noise=0.0, readouts=["logistic:1"])])
    assert mistake.startswith(".readout: logistic:1 has no test MSE")


def test_cells_with_and_without_a_theory_are_refused():
    (mistake,) = FIGURE.check([rounded(1), rounded(2, described=False)])
    assert "cells with a theory and without one" in mistake


def test_too_many_panels_or_colours_are_refused():
    many = [rounded(1, swept={"noise": noise}, noise=noise) for noise in np.linspace(0.1, 1, 13)]
    assert list(FIGURE.check(many)) == [": 13 panels are more than 12; draw fewer experiments"]
    many = [facts(f"net/{c}", swept={"test_weights.correlation": c}, changed=True) for c in np.linspace(0.1, 0.9, 13)]
    assert list(FIGURE.check(many)) == [": 13 changes after training are more than 12 colours"]

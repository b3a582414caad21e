"""The figure `sharpness`: lines, marks and findings are the tables', what cannot be drawn is refused in one line."""

import numpy as np
import pandas as pd
import pytest
from made_up import LAWS, facts, lines_of
from scipy.stats import t as student

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.sharpness import Sharpness

FIGURE = Sharpness(experiments=["net"])
SIZES = [50, 120, 200, 300]
SEEDS = (0, 1, 2)
FACTORS = {"lambda_max": 0.98, "trace": 1.01}  # simulation over the limit, of seed 1 and the first law
TRACE = 3.0


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def cell(name="net", **changes):
    return facts(name, **{"sharpness": True, "readouts": ["ridge:0", "ridge:2"], "n_train": SIZES, **changes})


def limit(depth, n):
    return (1 + (100 / n) ** 0.5) / depth


def shift(n):
    return -0.4 * n ** (-2 / 3)


def theory(*cells, shifts=shift):
    rows = [
        {
            "cell": own.cell, "experiment": own.experiment, "depth": depth, "n_train": n, "readout": readout,
            "metric": metric, "value": value, "converged": n != 8, **own.swept,
        }
        for own in cells
        for readout in own.readouts
        for depth in range(1, len(own.dims))
        for n in range(1, max(own.n_train) + 1)
        for metric, value in (
            ("lambda_max", limit(depth, n)), ("lambda_finite", limit(depth, n) * (1 + shifts(n))), ("trace", TRACE),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"cell": "category", "metric": "category", "readout": "category"})


def readout(*cells, laws=LAWS, seeds=SEEDS):
    """Simulation: FACTORS of the limit, 1 % more for every further seed and 2 % for every further law."""
    rows = [
        {
            "cell": own.cell, "experiment": own.experiment, "law": law, "seed": seed, "depth": depth, "n_train": n,
            "readout": readout, "estimator": "features", "metric": metric, "converged": True,
            "value": {"lambda_max": limit(depth, n), "trace": TRACE}[metric] * factor_of(metric, seed, place),
            **own.swept,
        }
        for own in cells
        for place, law in enumerate(laws)
        for seed in seeds
        for readout in own.readouts
        for depth in range(1, len(own.dims))
        for n in own.n_train
        for metric in ("lambda_max", "trace")
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"cell": "category", "law": "category", "metric": "category"})


def factor_of(metric, seed, place=0):
    return FACTORS[metric] * (1 + 0.01 * (seed - 1)) * (1 + 0.02 * place)


def draw(*cells, record=FIGURE, expectation="made up", shifts=shift, **options):
    assert list(record.check(cells)) == []
    described = theory(*cells, shifts=shifts) if cells[0].described else None
    expectation = described if isinstance(expectation, str) else expectation
    return record.draw(Tables(readout(*cells, **options), expectation, None, cells))


def marks(axes):
    """Heights of the marks of every errorbar, in the order drawn."""
    return [container[0].get_ydata() for container in axes.containers]


def long_lines(axes):
    return [y for x, y in lines_of(axes) if len(x) > len(SIZES)]


def student_interval(values):
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return pytest.approx((np.mean(values), np.mean(values) - half, np.mean(values) + half))


def numbers(finding):
    return finding.value, finding.low, finding.high


def test_above_are_limit_mean_at_finite_size_and_marks_of_all_depths():
    top = draw(cell()).figure.axes[0]
    n = np.arange(SIZES[0], SIZES[-1] + 1)
    wanted = [limit(depth, n) * factor for depth in (1, 2) for factor in (1, 1 + shift(n))]
    assert np.array(long_lines(top)) == pytest.approx(np.array(wanted))
    sizes = np.array(SIZES)
    simulated = [limit(depth, sizes) * factor_of("lambda_max", 1, place) for depth in (1, 2) for place in (0, 1)]
    assert np.array(marks(top)) == pytest.approx(np.array(simulated))


def test_below_are_per_cent_of_the_limit_a_panel_a_depth():
    _, *bottoms = draw(cell()).figure.axes
    assert [axes.get_title().partition(",")[0] for axes in bottoms] == ["$L = 1$", "$L = 2$"]
    for axes in bottoms:
        (line,) = long_lines(axes)
        assert line == pytest.approx(100 * shift(np.arange(SIZES[0], SIZES[-1] + 1)))
        assert np.array(marks(axes)) == pytest.approx(np.array([[-2.0] * 4, [100 * (0.98 * 1.02 - 1)] * 4]))


def test_marks_stand_at_n_over_the_width_and_bars_are_students_intervals():
    _, bottom, _ = draw(cell(dims=[30, 10, 20], laws=["one_bit"]), laws=("one_bit",)).figure.axes
    (container,) = bottom.containers
    assert container[0].get_xdata() == pytest.approx(np.array(SIZES) / 10)
    values = [100 * (factor_of("lambda_max", seed) - 1) for seed in SEEDS]
    ends = [tuple(segment[:, 1]) for segment in container[2][0].get_segments()]
    assert (np.mean(values), *ends[0]) == student_interval(values)


def test_findings():
    one, two, laws, trace = draw(cell()).findings
    counted = np.array(SIZES[1:])  # from 100 samples on
    by_seed = [np.mean([factor_of("lambda_max", seed, place) for place in (0, 1)]) for seed in SEEDS]
    for depth, finding in ((1, one), (2, two)):
        assert numbers(finding) == student_interval([factor - 1 for factor in by_seed])
        assert finding.sentence.startswith(f"tanh, 30 → 8 × 2, depth {depth}, n ≥ 120: λ_max −1.02 % (95 % interval")
        from_mean = np.mean([factor / (1 + shift(counted)) - 1 for factor in by_seed])
        assert f"from its limit, {100 * from_mean:+.2f} % (95 %" in finding.sentence
    assert laws.value == pytest.approx(0.02)
    assert "depths 1 to 2, n ≥ 120: λ_max of one-bit against Gaussian weights +2.00 %" in laws.sentence
    traces = [np.mean([factor_of("trace", seed, place) for place in (0, 1)]) - 1 for seed in SEEDS]
    assert numbers(trace) == student_interval(traces)
    assert "n ≥ 120, trace: simulation against theory" in trace.sentence


def test_titles_of_the_panels_have_the_findings_numbers():
    drawing = draw(cell())
    said = drawing.figure.axes[1].get_title()
    assert "over $n$ ≥ 120:\n−1.0 % from dashed, " in said
    assert said.endswith("from solid")


def test_few_samples_are_all_counted_where_there_are_no_more():
    assert "n ≥ 10:" in draw(cell(n_train=[10, 20])).findings[0].sentence


def test_one_read_out_is_drawn_that_of_the_largest_ridge():
    rows = theory(cell())
    rows["converged"] = rows["readout"] == "ridge:2"  # as the theory of ridge:0 fails at n = d_L
    assert "not found" not in draw(cell(), expectation=rows).figure.get_supxlabel()


def test_some_depths():
    drawing = draw(cell(), record=Sharpness(experiments=["net"], depth=[2]))
    assert len(drawing.figure.axes) == 2
    assert np.array(marks(drawing.figure.axes[0]))[0] == pytest.approx(0.98 * limit(2, np.array(SIZES)))
    assert ["depth 2" in finding.sentence for finding in drawing.findings] == [True] * 3


def test_cells_have_blocks_of_their_own():
    cells = [cell(f"net/{d}", swept={"network.widths": f"[{d}]"}, dims=[30, d]) for d in (8, 16)]
    drawing = draw(*cells)
    assert [axes.get_title() for axes in drawing.figure.axes[::2]] == ["tanh, 30 → 8 × 1", "tanh, 30 → 16 × 1"]
    assert len({finding.sentence for finding in drawing.findings}) == 6


def test_an_outlier_is_not_shifted_and_said_to_be_one():
    own = cell(activation="relu", odd=False)
    drawing = draw(own, shifts=np.zeros_like)
    said = "s φ = relu is not odd, the largest eigenvalue is an outlier of order"
    assert said in drawing.caption
    assert said in drawing.figure.get_supxlabel()
    assert "finite size" not in drawing.findings[0].sentence
    assert drawing.figure.axes[1].get_title().endswith("−1.0 % from the limit")
    assert "outlier" not in draw(cell()).caption


def test_an_outlier_of_odd_activations_is_of_the_inputs():
    assert "one direction of the inputs has the largest variance" in draw(cell(), shifts=np.zeros_like).caption


def test_points_without_a_limit_are_counted_and_not_drawn():
    rows = theory(cell())
    lost = rows["n_train"] == 120
    drawing = draw(cell(), expectation=rows.assign(converged=~lost, value=rows["value"].mask(lost)))
    assert "was not found at 2 points" in drawing.figure.get_supxlabel()
    assert [len(heights) for heights in marks(drawing.figure.axes[1])] == [3, 3]
    assert numbers(drawing.findings[0])[0] == pytest.approx(0.98 * 1.01 - 1)


def test_one_seed_has_no_interval_in_any_words():
    drawing = draw(cell(), seeds=(0,))
    assert "95 %" not in drawing.caption + drawing.figure.get_suptitle()
    assert all("one seed, no interval" in finding.sentence for finding in drawing.findings)


def test_one_law_has_no_comparison_of_laws():
    drawing = draw(cell(laws=["one_bit"]), laws=("one_bit",))
    assert len(drawing.findings) == 3
    assert [len(axes.containers) for axes in drawing.figure.axes] == [2, 1, 1]
    assert "side by side" not in drawing.figure.get_supxlabel()


def test_without_a_theory_laws_are_compared():
    drawing = draw(cell(described=False))
    (finding,) = drawing.findings
    assert finding.value == pytest.approx(0.02)
    assert "Dashed" not in drawing.caption
    assert np.array(marks(drawing.figure.axes[1])) == pytest.approx(np.array([[2.0] * 4]))
    assert not any("theory" in text.get_text() for text in drawing.figure.legends[0].get_texts())


def test_without_a_theory_and_with_one_law_there_are_values_alone():
    drawing = draw(cell(described=False, laws=["one_bit"]), laws=("one_bit",))
    assert len(drawing.figure.axes) == 1
    assert drawing.findings == []


def test_one_sample_size_is_drawn(tmp_path):
    drawing = draw(cell(n_train=[120]))
    style.save(drawing.figure, [tmp_path / "one.png"])
    assert marks(drawing.figure.axes[0])[0] == pytest.approx([0.98 * limit(1, 120)])


def test_many_sample_sizes_are_marked_in_part_and_all_counted():
    drawing = draw(cell(n_train=list(range(10, 1001, 10))))
    assert max(map(len, marks(drawing.figure.axes[0]))) <= 16
    assert drawing.figure.axes[0].get_xscale() == "log"
    assert "not every $n$ is marked" in drawing.figure.get_supxlabel()


def test_caption_says_what_the_hessian_is():
    said = draw(cell()).caption
    assert "is 2 XᵀX/n: neither labels nor read-out enter it" in said
    assert "quantizing the read-out cannot change it" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"described": False}, None),
        ({"labels": "sign"}, None),
        ({"target": "labels"}, ".experiments: experiment 'net' must have target teacher"),
        ({"sharpness": False}, ".experiments: experiment 'net' does not measure eigenvalues; add `sharpness: true`"),
        ({"readouts": ["logistic:1"]}, ".experiments: experiment 'net' must have a read-out ridge:λ"),
        ({"dims": [30, 8]}, ".depth: experiment 'net' has no depth 2; choose from 1 to 1"),
    ],
)
def test_check(changes, message):
    mistakes = list(Sharpness(experiments=["net"], depth=[2]).check([cell(**changes)]))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)


def test_cells_with_and_without_a_theory_are_refused():
    (mistake,) = FIGURE.check([cell("net/1"), cell("net/2", described=False)])
    assert "cells with a theory and without one" in mistake


def test_too_many_panels_are_refused():
    (mistake,) = FIGURE.check([cell(f"net/{i}", swept={"noise": i}) for i in range(7)])
    assert mistake == ": 14 panels, one a depth, are more than 12; choose some by `depth`"

"""Finite width: what shrinks as 1/p is drawn and said to, at every n/d_L that the widths share."""

import numpy as np
import pandas as pd
import pytest
from made_up import facts, lines_of

from onebit_rf.figures import style
from onebit_rf.figures.facts import mark_silent
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.scaling import Scaling, untied

WIDTHS = (16, 32, 64, 128)
BIAS, GAP, SWAY = 2.0, 1.0, 0.5  # times 1/p: of simulation/theory − 1, of law/baseline − 1, and of a seed of the latter
SEEDS = range(6)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def cells(widths=WIDTHS, ratios=(0.25, 0.5), **changes):
    """Cells of two layers that differ in size alone."""
    return [
        facts(
            f"s/network.widths~{p}x2",
            swept={"network.widths": f"{p}x2", "dataset.dim": p},
            dims=[p, p, p],
            n_train=[int(ratio * p) for ratio in ratios],
            **changes,
        )
        for p in widths
    ]


def tables(made, power=1.0, noise=0.0):
    """Errors whose deviations are BIAS, GAP and SWAY times p^−power, seed by seed, exactly."""
    sway = np.linspace(-1, 1, len(SEEDS)) * SWAY
    keys = [(cell, depth, n) for cell in made for depth in (1, 2) for n in cell.n_train]
    known = [
        {"cell": cell.cell, "depth": depth, "n_train": n, "readout": "ridge:0", "metric": "mse", "value": 1 / n,
         "converged": True}
        for cell, depth, n in keys
    ]  # fmt: skip
    rows = []
    for cell, depth, n in keys:
        size = cell.widths[0] ** -power
        for seed in SEEDS:
            shared = (1 + BIAS * size * (1 + noise * sway[-1 - seed])) / n
            for law, gap in (("gaussian", 0.0), ("one_bit", (GAP + sway[seed]) * size)):
                rows.append(
                    {"cell": cell.cell, "experiment": "s", "law": law, "seed": seed, "depth": depth, "n_train": n,
                     "readout": "ridge:0", "estimator": "teacher_averaged", "metric": "mse", "converged": True,
                     "value": shared * (1 + gap)}
                )  # fmt: skip
    return Tables(pd.DataFrame(rows), pd.DataFrame(known), None, made)


def draw(made, **options):
    record = Scaling(experiments=["s"], **options)
    assert list(record.check(made.facts)) == []
    return record.draw(made)


def titles(drawing):
    return [axes.get_title() for axes in drawing.figure.axes if axes.get_title()]


def test_sizes_are_no_panels_but_ratios_are():
    drawing = draw(tables(cells()))
    assert titles(drawing) == ["$n/d_L$ = 0.25", "$n/d_L$ = 0.5"]
    assert len(drawing.figure.axes) == 6
    assert [text.get_text() for text in drawing.figure.legends[0].get_texts()][:2] == ["$L = 1$", "$L = 2$"]


def test_where_the_teacher_is_recovered_exactly_there_is_no_panel():
    made = tables(cells(ratios=(0.5, 1.0, 1.5), noise=0.0))
    assert titles(draw(made)) == ["$n/d_L$ = 0.5"]
    assert len(titles(draw(tables(cells(ratios=(0.5, 1.0, 1.5), noise=0.3))))) == 3


def test_marks_are_sizes_in_per_cent():
    axes = draw(tables(cells())).figure.axes
    top, gap, spread = axes[0], axes[2], axes[4]
    p = np.array(WIDTHS)
    # the mean over laws is (1 + BIAS/p)(1 + GAP/2p)
    assert top.containers[0][0].get_ydata() == pytest.approx(100 * ((1 + BIAS / p) * (1 + GAP / 2 / p) - 1))
    assert gap.containers[0][0].get_ydata() == pytest.approx(100 * GAP / p)
    assert spread.containers[0][0].get_ydata() == pytest.approx(
        100 * np.std(np.linspace(-1, 1, len(SEEDS)) * SWAY, ddof=1) / p
    )


def test_a_law_that_the_theory_does_not_cover_is_not_held_against_it():
    made = tables(cells(silent_laws={"one_bit": "a reason"}))
    marked = Tables(mark_silent(made.readout, made.facts), made.theory, None, made.facts)
    axes = draw(marked).figure.axes
    assert axes[0].containers[0][0].get_ydata() == pytest.approx(100 * BIAS / np.array(WIDTHS))  # of Gaussian weights
    assert axes[2].containers[0][0].get_ydata() == pytest.approx(100 * GAP / np.array(WIDTHS))


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_exponents_are_found(power):
    findings = draw(tables(cells(), power)).findings
    assert len(findings) == 6
    for finding in findings[1:3]:  # the gap and its spread, exactly p^−power: within the step of the exponents tried
        assert finding.value == pytest.approx(power, abs=1e-3)
        assert finding.low < power < finding.high
    assert findings[0].sentence.startswith("n/d_L = 0.25: simulation/theory − 1 goes as d_L^(−b), b = ")
    assert "standard deviation over seeds of one-bit/Gaussian" in findings[2].sentence


def test_a_law_is_a_line_and_the_guide_has_slope_minus_1():
    axes = draw(tables(cells())).figure.axes[2]
    lines = [(x, y) for x, y in lines_of(axes) if x.tolist() == list(WIDTHS)]
    slopes = [np.polyfit(np.log(x), np.log(y), 1)[0] for x, y in lines]
    assert slopes == pytest.approx([-1, -1, -1], abs=1e-3)  # two depths and the guide


def test_what_holds_0_is_an_upper_end_and_has_no_law():
    made = tables(cells())
    sign = np.where(made.readout["seed"] % 2, 1, -1) * np.where(made.readout["law"] == "one_bit", 1, 0)
    base = made.readout.groupby(["cell", "depth", "n_train", "seed"])["value"].transform("first")
    quiet = made.readout.assign(value=base * (1 + 0.1 * sign))
    drawing = draw(Tables(quiet, made.theory, None, made.facts))
    gap = drawing.figure.axes[2]
    triangles = [line for line in gap.get_lines() if line.get_marker() == "v"]
    assert sum(len(line.get_xdata()) for line in triangles) == 8
    assert "b unknown at L = 1" in drawing.findings[1].sentence
    assert np.isnan(drawing.findings[1].value)


def test_all_marks_are_on_their_axes():
    for axes in draw(tables(cells())).figure.axes:
        low, high = axes.get_ylim()
        for container in axes.containers:
            assert (container[0].get_ydata() > low).all()
            assert (container[0].get_ydata() < high).all()


def test_leaves_that_no_width_determines_stay():
    made = [
        facts(f"s/{p}/{noise}", swept={"network.widths": f"{p}x2", "noise": noise}, noise=noise, dims=[p, p, p])
        for p in WIDTHS
        for noise in (0.0, 0.3)
    ]
    assert [dict(cell.swept) for cell in untied(made)[:2]] == [{"noise": 0.0}, {"noise": 0.3}]


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        (cells(WIDTHS[:2]), {}, ".experiments: no n/d_L has 3 widths or more"),
        (cells(ratios=[0.25]), {"at": {"n_train": 4}}, ".experiments: no n/d_L has 3 widths or more"),
        (cells(described=False), {}, ": needs a theory of all cells"),
        (cells(), {"at": {"law": "one_bit"}}, ".at.law: needs two laws of the weights"),
        (cells(laws=["gaussian", "one_bit", "ternary"]), {}, ".at.law: needs two laws of the weights"),
        (cells(), {"colour": "mine"}, ".colour: must be one of"),
    ],
)
def test_a_wrong_figure_is_one_line(made, options, message):
    (mistake,) = Scaling(experiments=["s"], **options).check(made)
    assert mistake.startswith(message)


def test_one_seed_says_so():
    made = tables(cells())
    drawing = draw(Tables(made.readout[made.readout["seed"] == 0], made.theory, None, made.facts))
    assert len(drawing.findings) == 4  # no standard deviations
    assert all("b unknown" in finding.sentence for finding in drawing.findings)
    assert all("one seed, no interval" in finding.sentence for finding in drawing.findings)

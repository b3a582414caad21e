"""The figure `rounding`: what is drawn of each read-out of few bits, what is found and what is refused."""

import made_up
import numpy as np
import pandas as pd
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.rounding import Rounding

BITS = (1, 2, 3)
METHODS = ("rounded", "noise", "straight-through")
FACTOR = {"ridge": 1.0, "rounded": 0.9, "noise": 0.6, "straight-through": 0.8}  # of the test error at one bit
FIGURE = Rounding(experiments=["net"], n_train=4)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def names(ridge=""):
    penalty = f",{ridge}" if ridge else ""
    return [f"ridge:{ridge or 0}", *(f"{method}:{bits}{penalty}" for method in METHODS for bits in BITS)]


def facts(cell="net", **changes):
    return made_up.facts(cell, **{"readouts": names(), "labels": "linear", **changes})


def error(readout, depth, metric):
    """Test errors rise with the bits to the float one's, 1/depth; training errors fall fourfold, to 0 of ridge:0."""
    method, _, argument = readout.partition(":")
    bits = int(argument.partition(",")[0]) if method != "ridge" else 9
    if metric == "mse":
        return (1 - (1 - FACTOR[method]) / bits) / depth
    return (0.0 if readout == "ridge:0" else 4.0**-bits) * FACTOR[method] / depth


def wiggle(readout, seed):
    """What a seed multiplies: all errors of it, and those of few bits once more."""
    return (1 + 0.1 * seed) * (1 if readout.startswith("ridge") else 1 + 0.01 * (seed - 1))


def theory(*cells):
    rows = [
        {"cell": cell.cell, "experiment": cell.experiment, "depth": depth, "n_train": n, "readout": readout}
        | {"metric": metric, "value": error(readout, depth, metric), "converged": True, **cell.swept}
        for cell in cells
        for readout in cell.readouts
        if not readout.startswith("straight")
        for depth in range(1, len(cell.dims))
        for n in range(1, 13)
        for metric in ("mse", "train_mse")
    ]
    return pd.DataFrame(rows).astype({"readout": "category"})


def readout(*cells, laws=made_up.LAWS, seeds=(0, 1, 2), estimators=("sampled_teacher",)):
    rows = [
        {"cell": cell.cell, "experiment": cell.experiment, "law": law, "seed": seed, "depth": depth, "n_train": n}
        | {"readout": name, "estimator": estimator, "metric": metric, "converged": True, **cell.swept}
        | {"value": error(name, depth, metric) * wiggle(name, seed) * (1 + 0.001 * (law == "one_bit"))}
        for cell in cells
        for law in laws
        for seed in seeds
        for name in cell.readouts
        for depth in range(1, len(cell.dims))
        for n in cell.n_train
        for metric in ("mse", "train_mse")
        for estimator in estimators
    ]
    return pd.DataFrame(rows).astype({"readout": "category"})


def draw(*cells, figure=FIGURE, change=lambda rows: rows, **options):
    assert list(figure.check(cells)) == []
    return figure.draw(Tables(change(readout(*cells, **options)), theory(*cells), None, cells))


def panels(drawing):
    """Axes of test errors, of a column each, then those of training errors."""
    axes = [axes for axes in drawing.figure.axes if axes.axison]
    return axes[: len(axes) // 2], axes[len(axes) // 2 :]


def marks(axes):
    """(x, mean, upper end) of all marks of some axes, sorted."""
    found = []
    for bars in axes.containers:
        x, y = bars[0].get_xdata(), bars[0].get_ydata()
        ends = [segment[1][1] for segment in bars[2][0].get_segments()]
        found += list(zip(x, y, ends, strict=True))
    return sorted(found)


def legend(drawing):
    return [text.get_text() for text in drawing.figure.axes[-1].get_legend().get_texts()]


def test_lines_are_theory_and_the_float_read_out_is_horizontal():
    (top, _), _ = panels(draw(facts()))
    flat, rounded, noise = [line for line in top.get_lines() if line.get_linestyle() != "None"][:3]
    assert list(flat.get_ydata()) == [1, 1]
    for line, method in ((rounded, "rounded"), (noise, "noise")):
        assert np.diff(line.get_xdata()) == pytest.approx(1)
        assert line.get_ydata() == pytest.approx([error(f"{method}:{bits}", 1, "mse") for bits in BITS])


def test_marks_are_means_over_seeds_of_every_read_out_and_law():
    (_, top), (_, bottom) = panels(draw(facts()))
    assert len(marks(top)) == 2 * (1 + len(METHODS) * len(BITS))
    for axes, metric in ((top, "mse"), (bottom, "train_mse")):
        wanted = [
            np.mean([error(name, 2, metric) * wiggle(name, seed) for seed in range(3)]) * law
            for name in names()
            for law in (1, 1.001)
            if error(name, 2, metric)
        ]
        assert sorted(y for _, y, _ in marks(axes)) == pytest.approx(sorted(wanted))


def test_marks_stand_at_their_bits_and_float_beyond():
    (top, _), (bottom, _) = panels(draw(facts()))
    assert [label.get_text() for label in bottom.get_xticklabels()] == ["1", "2", "3", "float"]
    assert {round(x) for x, _, _ in marks(top)} == {1, 2, 3, 4}
    assert {x for x, _, _ in marks(bottom)} == {1, 2, 3}  # not aside, where lines are steep
    assert [y for x, y, _ in marks(top) if round(x) == 4] == pytest.approx([1.1, 1.1011])


def test_bars_are_students_intervals_over_seeds():
    (top, _), _ = panels(draw(facts(), laws=("gaussian",)))
    values = np.array([1.0, 1.1, 1.2])
    half = 4.302653 * values.std(ddof=1) / 3**0.5
    assert marks(top)[-1][2] == pytest.approx(1.1 + half)


def test_straight_through_marks_are_joined_for_want_of_a_theory():
    drawing = draw(facts())
    (top, _), _ = panels(drawing)
    joined = [bars[0] for bars in top.containers if bars[0].get_linestyle() != "None"]
    assert len(joined) == 2
    assert joined[0].get_ydata()[0] == pytest.approx(np.mean([0.8 * wiggle("s", seed) for seed in range(3)]))
    assert "trained straight through, no theory" in legend(drawing)
    assert "no theory" in drawing.caption


def test_training_errors_of_labels_that_are_fitted_exactly_are_not_drawn():
    drawing = draw(facts())
    assert min(y for axes in panels(drawing)[1] for _, y, _ in marks(axes)) > 1e-3
    assert "where the labels are fitted exactly the training MSE is 0, not drawn" in drawing.figure.get_supxlabel()
    ridge = Rounding(experiments=["net"], n_train=4, ridge=2)
    drawing = draw(facts(readouts=names("2")), figure=ridge)
    assert min(y for axes in panels(drawing)[1] for _, y, _ in marks(axes)) < 1e-5
    assert drawing.figure.get_supxlabel() == ""


def test_read_outs_of_another_penalty_are_left_out():
    drawing = draw(facts(readouts=[*names(), *names("2")]))
    assert len(marks(panels(drawing)[0][0])) == 2 * len(names())
    assert "λ = 0" in drawing.figure.get_suptitle()


def test_only_random_teachers_are_drawn():
    """Of ridge alone there is the average over teachers, too: it would be no pair of the others."""

    def change(rows):
        return rows.assign(value=rows["value"].where(rows["estimator"] == "sampled_teacher", 99.0))

    drawing = draw(facts(), change=change, estimators=("sampled_teacher", "teacher_averaged"))
    assert max(y for _, y, _ in marks(panels(drawing)[0][0])) < 2


def test_columns_are_depths_and_cells():
    titles = [axes.get_title() for axes in panels(draw(facts()))[0]]
    assert titles == ["$L = 1$", "$L = 2$"]
    one = Rounding(experiments=["net"], n_train=4, depth=[2])
    assert [axes.get_title() for axes in panels(draw(facts(), figure=one))[0]] == [""]
    cells = [facts(f"s/noise~{noise}", swept={"noise": noise}, noise=noise) for noise in (0.1, 0.3)]
    drawing = draw(*cells, figure=Rounding(experiments=["s"], n_train=4, depth=[1]))
    titles = [axes.get_title() for axes in panels(drawing)[0]]
    assert titles == ["noise $\\sigma$ = 0.1", "noise $\\sigma$ = 0.3"]
    assert drawing.findings[0].sentence.startswith(
        "noise σ = 0.1, L = 1, n = 4, λ = 0: rounded after training to 1 bit"
    )


def test_findings_are_paired_by_seed_at_the_fewest_bits():
    found = draw(facts()).findings[:8]
    compared = [
        ("rounded", "ridge"),
        ("noise", "ridge"),
        ("straight-through", "ridge"),
        ("straight-through", "rounded"),
    ]
    for finding, (depth, (method, base)) in zip(found, [(d, pair) for d in (1, 2) for pair in compared], strict=True):
        more = [1 + 0.01 * (seed - 1) * (base == "ridge") for seed in range(3)]
        gaps = np.array([FACTOR[method] / FACTOR[base] * factor - 1 for factor in more])
        half = 4.302653 * gaps.std(ddof=1) / 3**0.5
        wanted = gaps.mean(), gaps.mean() - half, gaps.mean() + half
        assert (finding.value, finding.low, finding.high) == pytest.approx(wanted, abs=1e-6)
        assert finding.n_seeds == 3
        assert finding.sentence.startswith(f"L = {depth}, n = 4, λ = 0: ")
        assert ("theory" in finding.sentence) == (method != "straight-through")
    assert "rounded after training to 1 bit, test MSE against float −10.0 %" in found[0].sentence
    assert "noise model of 1 bit, test MSE against float −40.0 %" in found[1].sentence
    assert "; theory −40.0 %" in found[1].sentence
    assert "trained straight through to 1 bit, test MSE against rounded after training −11.1 %" in found[3].sentence


def test_findings_say_how_far_the_theory_is():
    rounded, noise = draw(facts()).findings[-2:]
    wanted = np.mean([wiggle("rounded", seed) for seed in range(3)]) * 1.0005 - 1
    for finding, words in ((rounded, "rounded after training"), (noise, "noise model")):
        assert finding.sentence.startswith(f"{words}, 1 to 3 bits, depths 1 to 2, n = 4, λ = 0, test MSE")
        assert finding.value == pytest.approx(wanted)


def test_one_seed_has_no_intervals():
    drawing = draw(facts(), seeds=(0,))
    assert "one seed: no intervals" in drawing.figure.get_suptitle()
    assert all("no interval" in finding.sentence for finding in drawing.findings)


def test_one_law_is_chosen_or_alone():
    chosen = draw(facts(), figure=Rounding(experiments=["net"], n_train=4, law="one_bit"))
    alone = draw(facts(laws=["one_bit"]), laws=("one_bit",))
    for drawing in (chosen, alone):
        assert len(marks(panels(drawing)[0][0])) == len(names())
        assert "Gaussian weights" not in legend(drawing)
        assert len(drawing.findings) == 10


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    def change(rows):
        lost = (rows["seed"] == 2) & (rows["readout"] == "rounded:1") & (rows["depth"] == 1) & (rows["n_train"] == 4)
        return rows.assign(converged=~lost, value=rows["value"].mask(lost, 1e9))

    drawing = draw(facts(), change=change)
    assert max(y for _, y, _ in marks(panels(drawing)[0][0])) < 2
    assert "4 of 240 read-outs were not found: not drawn" in drawing.figure.get_supxlabel()
    assert drawing.findings[0].n_seeds == 2


def test_a_theory_that_diverges_leaves_the_marks():
    cells = (facts(),)
    known = theory(*cells)
    known = known.assign(converged=~((known["n_train"] == 4) & (known["readout"] == "ridge:0")))
    drawing = FIGURE.draw(Tables(readout(*cells), known, None, cells))
    assert len(marks(panels(drawing)[0][0])) == 2 * len(names())
    assert "theory" not in drawing.findings[0].sentence
    assert "points of the theory diverge" in drawing.figure.get_supxlabel()


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"target": "labels"}, {}, ".experiments: experiment 'net' must have target teacher and labels linear; choose"),
        ({"labels": "sign"}, {}, ".experiments: experiment 'net' must have target teacher and labels linear; choose"),
        ({"described": False}, {}, ".experiments: experiment 'net' must use Gaussian inputs"),
        ({}, {"ridge": 0.5}, ".ridge: experiment 'net' must have the read-out ridge:0.5; add it"),
        (
            {"readouts": ["ridge:0", "ridge:2", "rounded:1"]},
            {"ridge": 2},
            ".ridge: experiment 'net' must have a read-out of rounded:BITS,2, noise:BITS,2, straight-through:BITS,2",
        ),
        ({}, {"n_train": 99}, ".n_train: 99 is not among the sample sizes of experiment 'net'; choose from 1, 2"),
        ({}, {"law": "ternary"}, ".law: 'ternary' is not among the laws of the weights; choose from gaussian, one_bit"),
        ({}, {"depth": [1, 3]}, ".depth: experiment 'net' has no depth 3; choose from 1 to 2"),
        ({"noise": 0.0}, {"n_train": 9}, ".n_train: must be below the widths of experiment 'net': without noise"),
        ({"dims": [30, *[8] * 7]}, {}, ".depth: 7 columns, one a depth and cell, are more than 6; choose depths"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, options, message):
    record = Rounding(**{"experiments": ["net"], "n_train": 4, **options})
    (mistake,) = record.check([facts(**changes)])
    assert mistake.startswith(message)

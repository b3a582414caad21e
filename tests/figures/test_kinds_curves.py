"""Learning curves and sweeps draw what the tables say: every curve, law and point once; what is left out is said."""

import msgspec
import numpy as np
import pandas as pd
import pytest
from made_up import expected, facts, lines_of, readout, tables, theory

from onebit_rf.figures import layout, style
from onebit_rf.figures.axis import Axis
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.learning_curve import LearningCurve
from onebit_rf.figures.kinds.sweep import Sweep


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def draw(record, made):
    assert list(record.check(made.facts)) == []
    return record.draw(made)


def notes(drawing):
    return drawing.figure.get_supxlabel()


def titles(drawing):
    return [axes.get_title() for axes in drawing.figure.axes if axes.get_title()]


def test_theory_is_a_line_broken_where_it_was_not_found():
    drawing = draw(LearningCurve(experiments=["net"]), tables(facts()))
    x, y = lines_of(drawing.figure.axes[0])[0]
    assert x.tolist() == (np.arange(1, 13) / 8).tolist()
    assert np.isnan(y[7])
    assert y[0] == expected(1, 1)
    assert "the theory diverges or was not found at 2 points at $n/d_L$ = 1: not drawn" in notes(drawing)


def test_marks_are_means_of_every_law():
    drawing = draw(LearningCurve(experiments=["net"]), tables(facts(), laws=("gaussian", "one_bit", "mine")))
    top = drawing.figure.axes[0]
    assert len(top.containers) == 6  # three laws, two depths
    assert top.containers[0][0].get_ydata()[0] == pytest.approx(expected(1, 1) * 1.01)
    assert len({container[0].get_marker() for container in top.containers}) == 3


def test_deviations_are_per_cent():
    drawing = draw(LearningCurve(experiments=["net"]), tables(facts()))
    bars = drawing.figure.axes[1].containers[0]
    assert bars[0].get_ydata() == pytest.approx(np.full(11, 1.0))  # n = 8 has no theory


def test_readouts_that_were_not_found_are_left_out_and_counted():
    made = tables(facts())
    lost = (made.readout["seed"] == 2) & (made.readout["n_train"] == 4) & (made.readout["depth"] == 1)
    rows = made.readout.assign(converged=~lost, value=np.where(lost, 1e9, made.readout["value"]))
    drawing = draw(LearningCurve(experiments=["net"]), Tables(rows, made.theory, None, made.facts))
    assert drawing.figure.axes[0].containers[0][0].get_ydata()[3] == pytest.approx(expected(1, 4) * 1.005)
    assert "2 of 144 read-outs were not found: left out" in notes(drawing)


def test_rounding_is_no_data():
    """Without noise the teacher is recovered from n ≥ d_L samples; 1e-30 is not an error."""
    made = tables(facts(noise=0.0))
    known = made.theory.assign(value=made.theory["value"].where(made.theory["n_train"] < 8, 0.0), converged=True)
    rows = made.readout.assign(value=made.readout["value"].where(made.readout["n_train"] < 8, 1e-30))
    drawing = draw(LearningCurve(experiments=["net"]), Tables(rows, known, None, made.facts))
    assert drawing.figure.axes[0].get_ylim()[0] > 1e-3
    assert "recovered exactly, not drawn" in notes(drawing)


def test_one_seed_has_no_intervals_and_says_so():
    drawing = draw(LearningCurve(experiments=["net"]), tables(facts(), seeds=(0,)))
    assert "one seed: no intervals" in drawing.figure.get_suptitle()
    assert "95" not in drawing.figure.get_suptitle()
    assert all("no interval" in finding.sentence for finding in drawing.findings)


def test_colours_and_panels_are_chosen_by_name():
    cell = facts(readouts=["ridge:0", "ridge:3"])
    drawing = draw(LearningCurve(experiments=["net"], colour="readout"), tables(cell))
    assert titles(drawing) == ["$L = 1$", "$L = 2$"]
    assert [text.get_text() for text in drawing.figure.legends[0].get_texts()][-2:] == ["λ = 0", "λ = 3"]


def test_experiments_of_different_networks_are_drawn_at_their_own_width():
    wide = facts("wide", dims=[30, 16, 16])
    drawing = draw(LearningCurve(experiments=["net", "wide"]), tables(facts(), wide))
    assert lines_of(drawing.figure.axes[1])[0][0][-1] == 12 / 16
    assert titles(drawing) == ["tanh, 30 → 8 × 2", "tanh, 30 → 16 × 2"]


def test_an_activation_that_is_not_odd_is_said_to_be():
    drawing = draw(LearningCurve(experiments=["net"]), tables(facts(activation="relu", odd=False)))
    assert "relu (not odd)" in drawing.figure.get_suptitle()
    assert "relu is not odd" in drawing.caption


def test_labels_are_drawn_without_a_theory():
    cell = facts(target="labels", outputs=10, described=False, noise=None, teacher=None)
    made = tables(cell, estimator="labels", metric="accuracy")
    drawing = draw(LearningCurve(experiments=["net"]), made)
    assert drawing.figure.axes[0].get_ylabel() == "test accuracy"
    assert drawing.figure.axes[1].containers[0][0].get_ydata() == pytest.approx(np.full(12, 1.0))


def test_different_measures_do_not_share_axes():
    cell = facts(readouts=["ridge:0", "logistic:1"])
    (mistake,) = LearningCurve(experiments=["net"]).check([cell])
    assert "read-outs are measured differently" in mistake
    assert list(LearningCurve(experiments=["net"], at={"readout": "ridge:0"}).check([cell])) == []


def test_deviations_beyond_the_panel_are_said():
    made = tables(facts(n_train=list(range(1, 21)), dims=[30, 8, 8]))
    rows = made.readout.assign(value=made.readout["value"] * np.where(made.readout["n_train"] == 9, 3, 1))
    drawing = draw(LearningCurve(experiments=["net"]), Tables(rows, made.theory, None, made.facts))
    assert "deviations beyond their panel, up to 21" not in notes(drawing)  # n/d_L = 1.125 lies off the threshold
    rows = made.readout.assign(value=made.readout["value"] * np.where(made.readout["n_train"] == 8, 3, 1))
    known = made.theory.assign(converged=True)
    drawing = draw(LearningCurve(experiments=["net"]), Tables(rows, known, None, made.facts))
    assert "$n/d_L$ = 1" in notes(drawing)


def swept():
    """Two noises at three widths."""

    def cell(noise, width):
        leaves = {"noise": noise, "network.widths": f"{width}x2"}
        name = "/".join(["s", *(f"{leaf}~{value}" for leaf, value in leaves.items())])
        return facts(name, swept=leaves, dims=[30, width, width])

    return [cell(noise, width) for noise in (0.0, 0.3) for width in (8, 16, 64)]


def test_a_swept_leaf_is_the_x_axis():
    record = Sweep(experiments=["s"], x="network.widths", at={"n_train": 4})
    drawing = draw(record, tables(*swept()))
    x, y = lines_of(drawing.figure.axes[0])[0]
    assert x.tolist() == [8, 16, 64]
    assert y.tolist() == [expected(1, 4)] * 3
    assert drawing.figure.axes[0].get_xscale() == "log"
    assert titles(drawing) == ["noise $\\sigma$ = 0", "noise $\\sigma$ = 0.3"]
    assert "n = 4" in drawing.figure.get_suptitle()


def test_a_swept_leaf_may_be_colour_or_facet():
    record = Sweep(experiments=["s"], x="depth", colour="network.widths", facets=["noise"])
    drawing = draw(record, tables(*swept()))
    assert [text.get_text() for text in drawing.figure.legends[0].get_texts()][-3:] == [
        "width $d$ = 8x2",
        "width $d$ = 16x2",
        "width $d$ = 64x2",
    ]
    assert len(titles(drawing)) == 2


def test_words_make_an_axis_in_their_order():
    axis = Axis(["tanh", "relu", "tanh"])
    assert (axis.is_number, axis.places) == (False, {"tanh": 0, "relu": 1})
    assert Axis(["8x2", "16x3"]).is_number is False  # numbers of layers differ
    assert Axis([0.0, 0.5]).is_log is False
    assert Axis([2.5, float("inf")]).is_number is False  # no place for ∞ among numbers


def ticks(axis):
    """What the ticks of an axis say."""
    axes = style.grid(1, 1, 3, 3)[1][0, 0]
    axis.dress(axes, "x")
    return [tick.get_text() for tick in axes.get_xticklabels()]


def test_ticks_are_spelled_as_words():
    assert ticks(Axis(["power:0.5", "odd_sigmoid"])) == ["power:0.5", "odd sigmoid"]
    assert ticks(Axis([3.0, float("inf")])) == ["3", "∞"]
    assert ticks(Axis(["8x2", "16x3"])) == ["8 × 2", "16 × 3"]
    assert len(ticks(Axis([f"law {i}" for i in range(12)]))) == 12
    assert ticks(Axis(["one_bit", "gaussian"], str.upper)) == ["ONE_BIT", "GAUSSIAN"]
    assert ticks(Axis([16, 32])) == ["16", "32"]
    zero = Axis([0.0, 1.0, 8.0])
    assert (ticks(zero), list(zero.places.values())) == (["0", "1", "8"], [1 / 8, 1.0, 8.0])


def test_marks_keep_within_their_room():
    """Five marks of a place, at most 0.7/5 of the way to the next from each other, so within ±0.28."""
    for axis in (Axis([0.1, 0.2, 0.3]), Axis([1, 8, 64]), Axis(["a", "b", "c"])):
        places = list(axis.places.values())
        spread = [axis.aside(places[1], shift, marks=5) for shift in (-2, 2)]
        assert places[0] < spread[0] < places[1] < spread[1] < places[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "n_train"}, ".x: must be one of"),
        ({"at": {"n_train": 99}}, ".at.n_train: 99 is not drawn by any experiment; there are 1, 2"),
        ({"at": {"n_train": []}}, ".at.n_train: must be a value or a list of values, got []"),
        ({"at": {"law": None}}, ".at.law: must be a value or a list of values, got None"),
        ({"at": {"law": "foo"}}, ".at.law: 'foo' is not drawn by any experiment; there are gaussian, one_bit"),
        ({"at": {"n_train": {"a": 1}}}, ".at.n_train: must be a value or a list of values"),
        ({"at": {"n_train": [1, 2]}}, ".at.n_train: must be one n"),
    ],
)
def test_a_wrong_sweep_figure_is_one_line(options, message):
    mistakes = list(Sweep(**{"experiments": ["s"], "x": "noise", **options}).check(swept()))
    assert len(mistakes) == 1
    assert mistakes[0].startswith(message)


def test_findings_are_of_what_is_drawn():
    drawing = draw(Sweep(experiments=["s"], x="noise", at={"n_train": 4, "network.widths": "8x2"}), tables(*swept()))
    gap, from_theory = drawing.findings
    assert gap.value == pytest.approx(0.01)
    assert from_theory.value == pytest.approx(np.mean([1.0, 1.01]) * 1.01 - 1)
    assert isinstance(pd.DataFrame([vars(gap)]), pd.DataFrame)


def test_made_up_tables_have_a_key():
    rows = readout(facts())
    assert not rows.duplicated(["cell", "law", "seed", "depth", "n_train", "readout"]).any()
    assert not theory(facts()).duplicated(["cell", "depth", "n_train", "readout"]).any()


def test_a_panel_that_theory_calls_exact_is_empty_and_says_so():
    """Noise-free and past the threshold all errors are 0 but for rounding."""
    quiet, noisy = (
        facts("s/noise~0", swept={"noise": 0.0}, noise=0.0),
        facts("s/noise~1", swept={"noise": 1.0}, noise=1.0),
    )
    made = tables(quiet, noisy)
    is_quiet = made.theory["cell"] == quiet.cell
    known = made.theory.assign(value=made.theory["value"].where(~is_quiet | (made.theory["n_train"] < 8), 0.0))
    made = Tables(made.readout, known.assign(converged=True), None, made.facts)
    drawing = draw(Sweep(experiments=["s"], x="depth", colour="readout", facets=["noise"]), made)
    assert "recovered exactly, not drawn" in notes(drawing)
    assert [finding.sentence.split(",")[0] for finding in drawing.findings] == ["noise σ = 1"] * 2


def test_one_n_next_to_the_threshold_has_no_findings():
    drawing = draw(LearningCurve(experiments=["net"], at={"n_train": 8}), tables(facts()))
    assert drawing.findings == []


def test_values_of_at_are_compared_as_what_they_mean():
    record = Sweep(experiments=["s"], x="depth", colour="readout", at={"noise": "3e-1", "network.widths": [8, 8]})
    drawing = draw(record, tables(*swept()))
    assert titles(drawing) == []  # one panel
    assert list(record.check(swept())) == []


def test_findings_say_what_they_are_means_over():
    cell = facts(readouts=["ridge:0", "ridge:3"])
    finding = draw(LearningCurve(experiments=["net"], colour="readout"), tables(cell)).findings[0]
    assert finding.sentence.startswith("L = 1, mean over read-out, n/d_L > 0.05")
    drawing = draw(Sweep(experiments=["s"], x="noise"), tables(*swept()))
    assert (
        "mean over noise σ, depth L, the sweep" in drawing.findings[0].sentence
        or "depth L" in drawing.findings[0].sentence
    )
    assert "\\sigma" not in drawing.caption


def test_cells_with_a_theory_and_without_one_do_not_share_a_figure():
    silent = facts("images", described=False)
    (mistake,) = LearningCurve(experiments=["net", "images"]).check([facts(), silent])
    assert "cells with a theory and without one do not share a figure" in mistake


def test_notes_are_of_the_n_that_is_drawn():
    assert notes(draw(Sweep(experiments=["s"], x="noise", at={"n_train": 4}), tables(*swept()))) == ""


def test_a_logarithmic_axis_without_a_whole_decade_has_ticks():
    figure, axes = style.grid(1, 1, 3, 3)
    axes[0, 0].plot([1, 2], [0.2, 0.7])
    style.log_scale(axes[0, 0])
    style.save(figure, [])
    low, high = axes[0, 0].get_ylim()
    assert len([tick for tick in axes[0, 0].get_yticks() if low <= tick <= high]) >= 2


def test_a_cell_without_a_theory_is_drawn_alone_beside_one_that_has_it():
    """`at` leaves the cell that the theory says nothing of: its laws are held against each other."""
    silent = facts("images", described=False)
    made = tables(facts(), silent)
    drawing = draw(LearningCurve(experiments=["net", "images"], at={"experiment": "images"}), made)
    assert drawing.figure.axes[1].get_ylabel() == "law / Gaussian\n− 1 (%)"
    assert drawing.figure.axes[1].containers[0][0].get_ydata() == pytest.approx(np.full(12, 1.0))


SILENT = {"one_bit": "their mean is not 0"}
KINDS = (LearningCurve(experiments=["s"]), Sweep(experiments=["s"], x="noise", at={"n_train": 4}))


def silent(**changes):
    """Two noises, of which the theory is silent on one-bit weights."""
    cells = {noise: f"s/noise~{noise}" for noise in (0.0, 0.3)}
    return [facts(name, swept={"noise": noise}, silent_laws=SILENT, **changes) for noise, name in cells.items()]


@pytest.mark.parametrize("record", KINDS, ids=lambda record: type(record).__name__)
def test_a_law_of_which_the_theory_is_silent_is_drawn_but_not_held_against_it(record):
    drawing = draw(record, tables(*silent()))
    top, bottom = drawing.figure.axes[:2] if isinstance(record, Sweep) else (drawing.figure.axes[i] for i in (0, 2))
    assert {bar[0].get_marker() for bar in top.containers} == {"o", "x"}
    assert {bar[0].get_marker() for bar in bottom.containers} == {"o"}
    assert notes(drawing).count("no theory of one-bit weights: their mean is not 0") == 1
    against = [finding for finding in drawing.findings if "against theory" in finding.sentence]
    assert [finding.value for finding in against] == pytest.approx([0.01] * len(against))  # Gaussian alone: seeds' mean
    assert against
    assert any("one-bit against Gaussian" in finding.sentence for finding in drawing.findings)


@pytest.mark.parametrize("record", KINDS, ids=lambda record: type(record).__name__)
def test_no_theory_is_drawn_where_it_covers_no_law(record):
    alone = type(record)(**{**msgspec.structs.asdict(record), "at": {**record.at, "law": "one_bit"}})
    drawing = draw(alone, tables(*silent()))
    assert len(lines_of(drawing.figure.axes[0])) < len(lines_of(draw(record, tables(*silent())).figure.axes[0]))
    assert "theory" not in [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert "no theory of one-bit weights" in notes(drawing)
    assert drawing.findings == []


def test_a_cell_of_a_teacher_without_a_theory_says_why():
    assert "no theory: the spectrum of data is not known" in notes(
        draw(LearningCurve(experiments=["net"]), tables(facts(described=False)))
    )
    cell = facts(target="labels", outputs=1, described=False, noise=None, teacher=None)
    made = tables(cell, estimator="labels")
    assert "no theory" not in notes(draw(LearningCurve(experiments=["net"]), made))
    assert "no theory" not in notes(draw(LearningCurve(experiments=["net"]), tables(facts(silent_laws={"other": "x"}))))


def test_infinite_degrees_are_spelled_so():
    assert layout.words("dataset.degrees", float("inf")) == "degrees of freedom $\\nu$ = ∞"
    assert layout.words("dataset.radial", "true") == "heavy-tailed lengths"


def labelled(cell="net", **changes):
    """A cell of labels that its features' own spectrum predicts."""
    own = {"target": "labels", "outputs": 1, "described": False, "noise": None, "teacher": None, "own_spectrum": True}
    return facts(cell, **{**own, **changes})


def of_own_spectrum(*cells, metric="mse"):
    """Fits, and what is predicted of them: 1 % more below n = d_L, 4 % less above, of one bit twice that; none at 8."""
    fits = readout(*cells, estimator="labels", metric=metric)
    more = np.where(fits["n_train"] < 8, 0.01, -0.04) * np.where(fits["law"] == "one_bit", 2, 1)
    found = fits["n_train"] != 8
    own = fits.assign(
        estimator="own_spectrum", value=(fits["value"] * (1 + more)).where(found, np.inf), converged=found
    )
    return Tables(readout=pd.concat([fits, own], ignore_index=True), facts=cells)


@pytest.mark.parametrize("metric", [None, "mse", "gap", "train_mse"])
def test_the_features_own_spectrum_is_the_theory_of_labels(metric):
    drawing = draw(
        LearningCurve(experiments=["net"], metric=metric), of_own_spectrum(labelled(), metric=metric or "mse")
    )
    top, bottom = drawing.figure.axes[:2]
    marks = top.containers[0][0]
    assert marks.get_ydata()[0] == pytest.approx(expected(1, 1) * 1.01)  # fits only
    assert marks.get_linestyle() == "None"
    (n, gaussian), (_, one_bit) = lines_of(top)[:2]  # a line a law, the mean over seeds, broken at the threshold
    assert n.tolist() == (np.arange(1, 13) / 8).tolist()
    assert gaussian[0] == pytest.approx(expected(1, 1) * 1.01 * 1.01)
    assert one_bit[0] == pytest.approx(expected(1, 1) * 1.01 * 1.01 * 1.02)
    assert np.isnan(gaussian[7])
    assert bottom.get_ylabel() == "simulation /\nown-spectrum − 1 (%)"
    deviations = bottom.containers[0][0].get_ydata()
    assert deviations == pytest.approx(np.where(np.arange(1, 12) < 8, 100 / 1.01 - 100, 100 / 0.96 - 100))
    assert "theory, from the features'\nown spectrum, by law" in [
        text.get_text() for text in drawing.figure.legends[0].get_texts()
    ]


def test_deviations_from_the_own_spectrum_are_said_of_each_law_on_either_side_of_the_threshold():
    drawing = draw(LearningCurve(experiments=["net"]), of_own_spectrum(labelled()))
    said = [finding for finding in drawing.findings if "own-spectrum theory" in finding.sentence]
    values = {
        ("n < d_L", "Gaussian"): 1 / 1.01 - 1,
        ("n < d_L", "one-bit"): 1 / 1.02 - 1,
        ("n > d_L", "Gaussian"): 1 / 0.96 - 1,
        ("n > d_L", "one-bit"): 1 / 0.92 - 1,
    }
    assert [finding.value for finding in said] == pytest.approx(list(values.values()))
    for finding, (side, law) in zip(said, values, strict=True):
        assert f"{side}, {law} weights" in finding.sentence
    assert drawing.findings[0].value == pytest.approx(0.01)  # one bit against Gaussian, as ever


def test_the_own_spectrum_says_nothing_of_accuracy():
    cell = labelled(outputs=10)
    rows = pd.concat([of_own_spectrum(cell).readout, readout(cell, estimator="labels", metric="accuracy")])
    drawing = draw(LearningCurve(experiments=["net"]), Tables(readout=rows, facts=[cell]))
    assert drawing.figure.axes[1].get_ylabel() == "law / Gaussian\n− 1 (%)"
    assert drawing.figure.axes[0].get_ylabel() == "test accuracy"


def test_cells_with_own_spectrum_and_without_it_share_a_figure_of_accuracy_only():
    cells = [labelled(outputs=10), labelled("other", outputs=10, own_spectrum=False)]
    record = {"experiments": ["net", "other"]}
    (mistake,) = LearningCurve(**record, metric="mse").check(cells)
    assert mistake.startswith(": cells with own_spectrum and without it do not share a figure")
    assert list(LearningCurve(**record, metric="mse", at={"experiment": "net"}).check(cells)) == []
    assert list(LearningCurve(**record).check(cells)) == []


def step_sizes(rates=(0.0, 1.0, 4.0, 16.0)):
    """Labels at several step sizes; the network is the same."""
    return [labelled(f"s/rate~{rate:g}", swept={"network.step.rate": rate}, n_train=[4]) for rate in rates]


def test_a_sweep_of_labels_holds_laws_against_each_other_on_lines_of_the_own_spectrum():
    record = Sweep(experiments=["s"], x="network.step.rate", at={"depth": 1}, metric="mse")
    drawing = draw(record, of_own_spectrum(*step_sizes()))
    top, bottom = drawing.figure.axes[:2]
    x, y = lines_of(top)[0]
    assert x.tolist() == [0.25, 1, 4, 16]  # 0 has a place of its own on the logarithmic axis
    assert y == pytest.approx([expected(1, 4) * 1.01 * 1.01] * 4)
    assert [text.get_text() for text in bottom.get_xticklabels()] == ["0", "1", "4", "16"]
    assert bottom.get_ylabel() == "law / Gaussian\n− 1 (%)"
    assert bottom.containers[0][0].get_ydata() == pytest.approx([1.0] * 4)


def test_a_sweep_without_a_theory_says_what_happens_along_it():
    """Errors fall to 1/2 along the sweep, those of one bit to 3/4, from 1 % above."""
    made = of_own_spectrum(*step_sizes())
    share = np.where(made.readout["law"] == "one_bit", 0.75, 0.5)
    value = made.readout["value"].where(made.readout["network.step.rate"] != 16, made.readout["value"] * share)
    record = Sweep(experiments=["s"], x="network.step.rate", at={"depth": 1}, metric="mse")
    drawing = draw(record, Tables(readout=made.readout.assign(value=value), facts=made.facts))
    said = {finding.sentence.partition(" (")[0]: finding.value for finding in drawing.findings}
    assert said["s: test MSE of Gaussian weights from step size η 0 to 16 −50.00 %"] == pytest.approx(-0.5)
    assert said["s: test MSE of one-bit weights from step size η 0 to 16 −25.00 %"] == pytest.approx(-0.25)
    assert said["s, step size η = 0: test MSE of one-bit against Gaussian weights +1.00 %"] == pytest.approx(0.01)
    assert said["s, step size η = 16: test MSE of one-bit against Gaussian weights +51.50 %"] == pytest.approx(0.515)
    kept = (0.75 * 1.01 - 1.01) / -0.5  # one bit starts 1 % above
    assert said["s: one-bit weights keep of the change of Gaussian ones from step size η 0 to 16 +50.50 %"] == (
        pytest.approx(kept)
    )


def test_a_sweep_of_labels_that_changes_nothing_keeps_nothing():
    drawing = draw(Sweep(experiments=["s"], x="network.step.rate", metric="mse"), of_own_spectrum(*step_sizes()))
    assert not [finding for finding in drawing.findings if "keep of the change" in finding.sentence]
    assert [finding.value for finding in drawing.findings if "from step size" in finding.sentence] == pytest.approx(
        [0, 0]
    )


def test_the_ends_of_a_sweep_may_be_widths_and_a_panel_may_have_one_only():
    def cell(width, noise):
        swept = {"network.widths": f"{width}x2", "dataset.noise": noise}
        return labelled(f"s/{width}/{noise}", swept=swept, dims=[30, width, width], n_train=[4])

    made = of_own_spectrum(cell(8, 0.0), cell(64, 0.0), cell(8, 1.0))
    drawing = draw(Sweep(experiments=["s"], x="network.widths", metric="mse"), made)
    ends = [finding.sentence for finding in drawing.findings if " to " in finding.sentence.partition(" (")[0]]
    assert len(ends) == 2  # laws, of the panel with two widths
    assert all("from width d 8 × 2 to 64 × 2" in sentence for sentence in ends)

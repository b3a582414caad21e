"""The figure `bits`: what is drawn of every model, protocol and source, what is found, and what is refused."""

import made_up_models
import numpy as np
import pytest
from made_up_models import facts, lost, marks, tables

from onebit_rf.figures import style
from onebit_rf.figures.kinds.bits import Bits

FIGURE = Bits(trainings=["mlp"])
STUDENT = 4.302653  # t of 95 % at two degrees of freedom


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def draw(*cells, figure=FIGURE, **options):
    cells = cells or (facts(),)
    assert list(figure.check(cells)) == []
    return figure.draw(tables(*cells, **options))


def panels(drawing):
    """Axes with a frame, an array (lines, columns)."""
    axes = [axes for axes in drawing.figure.axes if axes.axison]
    columns = len({round(one.get_position().x0, 3) for one in axes})
    return np.array(axes).reshape(-1, columns)


def heights(axes, label):
    return [y for _, y, _ in marks(axes)[label]]


def test_columns_are_protocols_with_the_gap_above_the_test_loss():
    found = panels(draw())
    assert [axes.get_title() for axes in found[0]] == [
        "fixed epochs (20)",
        "matched train loss (0.1)",
        "early stopping",
    ]
    assert [axes.get_ylabel() for axes in found[:, 0]] == ["generalization gap", "test loss"]
    chosen = panels(draw(figure=Bits(trainings=["mlp"], protocols=["early_stopping"])))
    assert [axes.get_title() for axes in chosen[0]] == ["early stopping"]


@pytest.mark.parametrize(("line", "column"), [(0, "gap_loss"), (1, "test_loss")])
def test_marks_are_means_over_seeds_at_their_bits(line, column):
    """Where all seeds are there, float's mean plus the mean difference is the mean."""
    axes = panels(draw())[line, 0]
    for quantizer, names in (("lsq", ("lsq:4", "lsq:2", "lsq:1")), ("ptq", ("ptq:2",)), ("float", ("float",))):
        wanted = [
            np.mean([made_up_models.numbers(name, "fixed_epochs", 0.0, "learned", seed)[column] for seed in range(3)])
            for name in names
        ]
        assert heights(axes, f"{quantizer}, learned") == pytest.approx(wanted)
    assert [round(x) for x, _, _ in marks(axes)["lsq, learned"]] == [1, 2, 3]
    assert [round(x) for x, _, _ in marks(axes)["float, learned"]] == [0]


def test_bars_are_intervals_of_the_paired_difference_and_of_float_of_its_mean():
    gap, test = panels(draw())[:, 0]
    (_, _, half) = marks(gap)["lsq, learned"][1]
    assert half == pytest.approx(STUDENT * np.std([0, 0.0025, 0.005], ddof=1) / 3**0.5)
    (_, _, half) = marks(test)["float, learned"][0]
    assert half == pytest.approx(STUDENT * np.std([0, 0.01, 0.02], ddof=1) / 3**0.5)


def test_a_seed_that_is_lost_does_not_move_a_mark_by_its_level():
    """Seed 2 has the largest losses of all; without it the mean of lsq:1 alone would fall by its level."""

    def change(rows):
        return rows.assign(converged=~((rows["model"] == "lsq:1") & (rows["seed"] == 2)))

    drawing = draw(change=change)
    q, level = lost("lsq:1"), 0.6 + 0.01
    assert heights(panels(drawing)[1, 0], "lsq, learned")[-1] == pytest.approx(level + np.mean([0.1 * q, 0.09 * q]))
    assert "fixed epochs: 1 of 15 models diverged, not drawn (lsq:1 1×)" in drawing.figure.get_supxlabel()


def test_models_that_never_converged_are_not_drawn_and_break_their_line():
    def change(rows):
        return rows.assign(converged=rows["model"] != "lsq:2")

    axes = panels(draw(change=change))[0, 0]
    assert len(marks(axes)["lsq, learned"]) == 2
    (line,) = [line for line in axes.get_lines() if len(line.get_xdata()) == 4 and line.get_linestyle() != "None"]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False]


def test_without_a_float_model_nothing_is_held_against_it():
    def change(rows):
        return rows.assign(converged=~((rows["model"] == "float") & (rows["protocol"] == "matched_loss")))

    drawing = draw(change=change)
    gap, test = panels(drawing)[:, 1]
    for axes in (gap, test):
        assert not any(marks(axes).values())
        assert "no float model" in [text.get_text() for text in axes.texts]
    assert not any("matched" in finding.sentence for finding in drawing.findings)


def test_what_is_far_above_float_is_written_at_the_edge():
    def change(rows):
        return rows.assign(test_loss=rows["test_loss"].mask(rows["model"] == "ptq:2", 7.0))

    axes = panels(draw(change=change))[1, 0]
    assert [text.get_text() for text in axes.texts] == ["ptq 7 ↑"]
    assert marks(axes)["ptq, learned"] == []
    assert axes.get_ylim()[1] < 1


def test_learned_and_frozen_are_told_apart_by_filling_and_line():
    drawing = draw(facts(), facts("still", source="frozen"), figure=Bits(trainings=["mlp", "still"]))
    axes = panels(drawing)[0, 0]
    bars = {container.get_label(): container[0] for container in axes.containers}
    assert bars["lsq, frozen"].get_markerfacecolor() == "white"
    assert bars["lsq, learned"].get_markerfacecolor() != "white"
    assert heights(axes, "float, frozen")[0] - heights(axes, "float, learned")[0] == pytest.approx(0.1)
    assert len(drawing.findings) == 2 * 3 * 2


def test_settings_have_lines_of_their_own():
    cells = [facts(f"mlp/n_train~{n}", n_train=n, swept={"n_train": n}) for n in (100, 200)]
    drawing = draw(*cells)
    assert panels(drawing).shape == (4, 3)
    assert "n = 200" in [text.get_text() for text in panels(drawing)[2, 0].texts][-1]
    alone = draw(*cells, figure=Bits(trainings=["mlp"], at={"n_train": 200}))
    assert panels(alone).shape == (2, 3)
    assert "n = 200" in alone.figure.get_suptitle()


def test_the_least_weight_decay_is_drawn_unless_another_is_chosen():
    cell = facts(weight_decays=[0.5, 0.0])
    least, other = draw(cell), draw(cell, figure=Bits(trainings=["mlp"], weight_decay=0.5))
    fall = heights(panels(other)[0, 0], "float, learned")[0] - heights(panels(least)[0, 0], "float, learned")[0]
    assert fall == pytest.approx(-0.05)
    assert "weight decay 0.5" in other.figure.get_suptitle()


def test_findings_say_gap_and_test_loss_of_few_bits_and_whether_it_is_as_claimed():
    _, second, *_ = draw().findings
    gaps = np.array([-0.05, -0.055, -0.06])  # of one bit; the test loss rises by 0.1 − 0.055 in the mean
    half = STUDENT * gaps.std(ddof=1) / 3**0.5
    assert (second.value, second.low, second.high) == pytest.approx((-0.055, -0.055 - half, -0.055 + half), abs=1e-6)
    assert second.sentence == (
        "my digits, relu (mlp, depth 2, width 8), n = 100, fixed epochs (20), learned hidden weights: 1 bit (lsq) "
        "minus float: gap −0.055 (95 % interval −0.067 to −0.043, 3 seeds), test loss +0.045 (95 % interval +0.033 to "
        "+0.057, 3 seeds): the gap is smaller, as claimed; the test loss is higher, against the claim"
    )


@pytest.mark.parametrize(
    ("gap", "test", "claim"),
    [
        (-0.1, -0.1, "the gap is smaller, as claimed; the test loss is lower, as claimed"),
        (0.1, 0.1, "the gap is larger, against the claim; the test loss is higher, against the claim"),
        (0.0, 0.0, "neither gap nor test loss can be told from float's"),
        (0.0, -0.1, "the gap cannot be told from float's; the test loss is lower, as claimed"),
    ],
)
def test_findings_are_as_plain_against_the_claim_as_for_it(gap, test, claim):
    def change(rows):
        noise = 0.001 * (rows["seed"] - 1) * (rows["model"] != "float")
        few = (rows["model"] != "float") + noise * 0
        return rows.assign(gap_loss=1 + gap * few + noise, test_loss=2 + test * few + noise)

    assert draw(change=change).findings[0].sentence.endswith(f": {claim}")


def test_errors_are_in_per_cent_and_their_gaps_in_points():
    drawing = draw(figure=Bits(trainings=["mlp"], metric="error"))
    gap, test = panels(drawing)[:, 0]
    assert (gap.get_ylabel(), test.get_ylabel()) == ("generalization gap (points)", "test error (%)")
    assert heights(test, "float, learned") == pytest.approx([21])
    assert "gap +2.50 points" in drawing.findings[0].sentence
    assert "the test error is higher" in drawing.findings[0].sentence


def test_one_seed_has_no_intervals():
    drawing = draw(seeds=(0,))
    assert "95 %" not in drawing.caption + drawing.figure.get_suptitle()
    assert all("one seed, no interval" in finding.sentence for finding in drawing.findings)


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (
            [facts(models=["lsq:2"])],
            {},
            ".trainings: training 'mlp' must have the model float, which the others are held",
        ),
        (
            [facts(models=["float"])],
            {},
            ".trainings: training 'mlp' must have a model of few bits beside float; add one",
        ),
        (
            [facts(protocols=["fixed_epochs"])],
            {"protocols": ["fixed_epochs", "matched_loss"]},
            ".protocols: training 'mlp' has no matched_loss; choose from fixed_epochs",
        ),
        ([facts()], {"weight_decay": 0.1}, ".weight_decay: 0.1 is not a weight decay of all trainings"),
        ([facts()], {"at": {"width": 3}}, ".at: unknown name width"),
        ([facts(f"mlp/x~{i}", swept={"x": i}) for i in range(4)], {}, ".at: 4 settings of data set, network"),
        ([facts(), facts("b")], {}, ".trainings: 'mlp' and 'b' have the same data set"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(cells, options, message):
    (mistake,) = Bits(**{"trainings": ["mlp"], **options}).check(cells)
    assert mistake.startswith(message)

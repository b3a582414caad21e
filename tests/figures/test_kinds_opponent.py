"""The figure `opponent`: which model stands for each seed, what it is held against, and how that is said."""

import numpy as np
import pytest
from made_up_models import facts, models, tables

from onebit_rf.figures import style
from onebit_rf.figures.kinds.opponent import Opponent, best, plain

FIGURE = Opponent(trainings=["mlp"])
CELL = facts(models=["float", "lsq:2", "ptq:2", "lsq:1"], weight_decays=[0.5, 0.0])
Q2, Q1 = 0.25, 0.5  # what the made-up numbers take of two bits and of one
STUDENT = 4.302653  # t of 95 % at two degrees of freedom


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def draw(*cells, figure=FIGURE, **options):
    cells = cells or (CELL,)
    assert list(figure.check(cells)) == []
    return figure.draw(tables(*cells, **options))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


def points(axes):
    """Label → (difference, row) of every mark."""
    return {bars.get_label(): tuple(float(part[0]) for part in bars[0].get_data()) for bars in axes.containers}


def test_the_plain_model_has_the_least_weight_decay_and_all_epochs():
    found = plain(models(CELL))
    assert set(found["weight_decay"]) == {0.0}
    assert set(found["protocol"].astype(str)) == {"fixed_epochs"}
    assert len(found) == 4 * 3


def test_the_best_one_is_chosen_by_the_held_out_loss_for_every_seed():
    """Held-out loss and test loss order the models in opposite ways: the choice must not see the test rows."""
    rows = models(facts(models=["float"], weight_decays=[0.5, 0.0], protocols=["fixed_epochs", "early_stopping"]))
    rank = rows.groupby("seed").cumcount().to_numpy()
    wanted = (rank - rows["seed"].to_numpy()) % 4  # another model of each seed
    rows = rows.assign(valid_loss=1.0 + wanted, test_loss=9.0 - wanted)
    found = best(rows)
    assert found["test_loss"].tolist() == [9.0] * 3
    assert len(set(zip(found["weight_decay"], found["protocol"], strict=True))) == 3


def test_what_diverged_is_not_chosen():
    rows = models(facts(models=["float"], weight_decays=[0.5, 0.0], protocols=["fixed_epochs"]))
    lost = rows["weight_decay"] == 0.5
    assert set(best(rows.assign(converged=~lost))["weight_decay"]) == {0.0}
    assert set(best(rows.assign(valid_loss=rows["valid_loss"].mask(lost)))["weight_decay"]) == {0.0}


def test_matched_loss_is_no_choice():
    def change(rows):
        better = rows["valid_loss"].where(rows["protocol"] != "matched_loss", -1.0)
        return rows.assign(valid_loss=better, test_loss=rows["test_loss"].where(better > 0, 99.0))

    axes = panels(draw(change=change))[0]
    assert max(abs(x) for x, _ in points(axes).values()) < 1


@pytest.mark.parametrize(
    ("column", "label", "wanted"),
    [
        # Test loss: 0.2 q of the train loss, −0.1 q (1.1 in the mean) of the gap; of regularising, −0.05 and −0.1.
        (0, "lsq:2, best, best", Q2 * (0.2 - 0.11)),
        (0, "lsq:2, best, plain", Q2 * (0.2 - 0.11) - 0.05 * 2 - 0.1 * 0.5),
        (0, "lsq:2, plain, best", Q2 * (0.2 - 0.11) + 0.05 * 2 + 0.1 * 0.5),
        (0, "lsq:1, plain, plain", Q1 * (0.2 - 0.11)),
        (0, "float, best, plain", -0.05 * 2 - 0.1 * 0.5),
        (1, "lsq:1, plain, plain", 100 * 0.1 * Q1),
        (1, "lsq:1, best, plain", 100 * (0.1 * Q1 - 0.01 * 2)),
        (2, "lsq:2, best, best", 100 * 0.1 * Q2),
    ],
)
def test_marks_are_paired_differences_from_either_float(column, label, wanted):
    assert points(panels(draw())[column])[label][0] == pytest.approx(wanted)


def test_marks_are_filled_against_the_best_float_and_circles_where_regularised():
    bars = {container.get_label(): container[0] for container in panels(draw())[0].containers}
    assert {bars[f"lsq:2, {how}, plain"].get_markerfacecolor() for how in ("best", "plain")} == {"white"}
    assert "white" not in {bars[f"lsq:2, {how}, best"].get_markerfacecolor() for how in ("best", "plain")}
    assert [bars[f"lsq:2, {how}, best"].get_marker() for how in ("best", "plain")] == ["o", "s"]


def test_rows_are_quantizers_by_bits_under_float():
    axes = panels(draw())[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["float, best-regularised", "2 bits (lsq)", "1 bit (lsq)", "2 bits (ptq)"]
    rows = {label: round(y) for label, (_, y) in points(axes).items()}
    assert (rows["float, best, plain"], rows["lsq:1, best, best"], rows["ptq:2, plain, plain"]) == (0, 2, 3)
    chosen = draw(figure=Opponent(trainings=["mlp"], quantizers=["ptq"]))
    assert [label.get_text() for label in panels(chosen)[0].get_yticklabels()][1:] == ["2 bits (ptq)"]


def test_bars_are_students_intervals_over_seeds():
    bars = {container.get_label(): container for container in panels(draw())[0].containers}
    (segment,) = bars["lsq:1, plain, plain"][2][0].get_segments()
    half = STUDENT * np.std([0, 0.005, 0.01], ddof=1) / 3**0.5
    assert np.ptp(segment[:, 0]) / 2 == pytest.approx(half)


def test_what_is_far_beyond_the_others_is_written_at_the_edge():
    def change(rows):
        return rows.assign(test_loss=rows["test_loss"] + 5.0005 * (rows["model"] == "ptq:2"))

    axes = panels(draw(change=change))[0]
    assert [text.get_text() for text in axes.texts] == ["+4.873 to +5.173 →"]
    assert not any(label.startswith("ptq") for label in points(axes))
    assert axes.get_xlim()[1] < 1


def test_models_without_distorted_images_have_two_panels_or_an_empty_one():
    def change(rows):
        return rows.assign(distorted_error=rows["distorted_error"].mask(rows["training"] == "mlp"))

    silent = facts(distorted=False)
    assert len(panels(draw(silent, change=change))) == 2
    both = draw(silent, facts("b", dataset="others"), figure=Opponent(trainings=["mlp", "b"]), change=change)
    first, second = panels(both)[2], panels(both)[5]
    assert [text.get_text() for text in first.texts][-1] == "not measured"
    assert len(points(second)) > 4


def test_findings_use_plain_words():
    first, of_plain, of_best, lsq2, *_ = draw().findings
    where = "my digits, relu (mlp, depth 2, width 8), n = 100, learned hidden weights: "
    assert first.sentence.startswith(f"{where}best-regularised float against plain float: test loss −0.150 (95 %")
    assert "seeds), beats it; test error −2.00 points" in first.sentence
    assert of_plain.sentence == (
        f"{where}of 3 plain quantized models against plain float in test loss 0 beat it, 0 cannot be told from it, 3 "
        "are beaten by it; by chance 0.08 of 3 would beat it"
    )
    assert of_best.sentence.startswith(f"{where}of 3 best-regularised quantized models against best-regularised float")
    assert lsq2.value == pytest.approx(Q2 * 0.09)
    assert "is beaten by it; test error +2.50 points" in lsq2.sentence


@pytest.mark.parametrize(
    ("shift", "verdict", "counts"),
    [(-1.0, "beats it", (3, 0, 0)), (0.0, "cannot be told from it", (0, 3, 0)), (1.0, "is beaten by it", (0, 0, 3))],
)
def test_verdicts_and_counts_follow_the_intervals(shift, verdict, counts):
    def change(rows):
        few = (rows["model"] != "float").to_numpy(dtype=float)
        return rows.assign(test_loss=2.0 + few * (shift + 0.01 * (rows["seed"] - 1)))

    _, of_plain, _, lsq2, *_ = draw(change=change).findings
    said = "{} beat it, {} cannot be told from it, {} are beaten by it".format(*counts)
    assert said in of_plain.sentence
    assert of_plain.value == counts[0]
    assert f"seeds), {verdict}; test error" in lsq2.sentence


def test_one_seed_has_neither_intervals_nor_verdicts():
    drawing = draw(seeds=(0,))
    assert "95 %" not in drawing.figure.get_suptitle()
    assert not any(word in finding.sentence for finding in drawing.findings for word in ("beat", "told"))


def test_models_that_did_not_converge_are_left_out_and_counted():
    def change(rows):
        return rows.assign(converged=~((rows["model"] == "lsq:1") & (rows["seed"] == 2)))

    drawing = draw(change=change)
    assert "early stopping: 2 of 24 models diverged, not drawn (lsq:1 2×)" in drawing.figure.get_supxlabel()
    assert [finding.n_seeds for finding in drawing.findings if "1 bit (lsq)" in finding.sentence] == [2]


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ([facts(models=["lsq:2"])], {}, ".trainings: training 'mlp' must have the model float"),
        ([facts(models=["float"])], {}, ".trainings: training 'mlp' must have a quantized model to hold against float"),
        (
            [facts(protocols=["fixed_epochs"])],
            {},
            ".trainings: training 'mlp' must have the protocols fixed_epochs and early_stopping; add early_stopping",
        ),
        (
            [facts()],
            {"quantizers": ["noise"]},
            ".quantizers: training 'mlp' has no model of 'noise'; choose from float",
        ),
        ([facts()], {"quantizers": ["float"]}, ".trainings: training 'mlp' must have a quantized model"),
        ([facts(f"mlp/x~{i}", swept={"x": i}) for i in range(5)], {}, ".at: 5 settings of data set"),
        (
            [facts(f"mlp/x~{i}/{s}", swept={"x": i}, source=s) for i in range(3) for s in ("learned", "frozen")],
            {},
            ".at: 6 trainings are more than 4; choose some",
        ),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(cells, options, message):
    (mistake,) = Opponent(**{"trainings": ["mlp"], **options}).check(cells)
    assert mistake.startswith(message)

"""The figure `switch`: frozen and learned hidden weights at equal bits, and read-outs on their features."""

import made_up
import numpy as np
import pandas as pd
import pytest
from made_up_models import facts, marks, models, numbers

from onebit_rf.figures import style
from onebit_rf.figures.feature_readouts import feature_readouts, place_of
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.switch import Switch

CELLS = (facts(), facts("still", source="frozen"))
FIGURE = Switch(trainings=["mlp", "still"])
BOTH = Switch(trainings=["mlp", "still"], experiments=["net"])
LAWS = ["gaussian", "grid:2", "one_bit", "learned:mlp,float", "learned:mlp,lsq:2", "learned:mlp,lsq:1", "ternary"]
STUDENT = 4.302653  # t of 95 % at two degrees of freedom


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def experiment(**changes):
    known = {"target": "labels", "outputs": 3, "described": False, "noise": None, "teacher": None, "laws": LAWS}
    return made_up.facts("net", **{**known, "readouts": ["ridge:0.1", "ridge:1"], "n_train": [5, 50], **changes})


def mse(law, readout, seed):
    """Test MSE: learned features halve it, few bits raise it; the best λ is 1 for float and 0.1 for few bits."""
    source, bits = place_of(law, ["mlp"], "lsq") or ("frozen", 1)
    best = "ridge:1" if bits == 32 else "ridge:0.1"
    return (1 + 0.1 * seed) * (1 + 1 / bits) * (0.5 if source == "learned" else 1.0) * (1 if readout == best else 1.5)


def readout(cell, seeds=(0, 1, 2), theory=True):
    rows = [
        {"cell": cell.cell, "law": law, "seed": seed, "depth": depth, "n_train": n, "readout": name}
        | {"estimator": estimator, "metric": metric, "converged": True}
        | {"value": (1 - 0.1 * value if metric == "accuracy" else value) * (1 if (depth, n) == (2, 50) else 9)}
        for law in cell.laws
        for seed in seeds
        for depth in (1, 2)
        for n in cell.n_train
        for name in cell.readouts
        for estimator, metric, value in (
            ("labels", "mse", mse(law, name, seed)),
            ("labels", "accuracy", mse(law, name, seed)),
            *([("own_spectrum", "mse", 1.01 * mse(law, name, seed))] if theory else []),
        )
    ]
    words = ["cell", "law", "readout", "estimator", "metric"]
    return pd.DataFrame(rows).astype(dict.fromkeys(words, "category"))


def draw(*cells, figure=FIGURE, change=lambda rows: rows, cell=None, **options):
    cells = cells or CELLS
    known = [*([cell] if cell else []), *cells]
    assert list(figure.check(known)) == []
    rows = readout(cell, **options) if cell else None
    return figure.draw(Tables(models=change(models(*cells)), readout=rows, facts=known))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


@pytest.mark.parametrize(
    ("place", "column", "label", "scale"),
    [
        (0, "test_loss", "test loss", 1),
        (1, "gap_loss", "generalization gap", 1),
        (2, "test_error", "test error (%)", 100),
        (3, "distorted_error", "distorted error (%)", 100),
    ],
)
def test_marks_are_means_of_frozen_and_learned_at_their_bits(place, column, label, scale):
    axes = panels(draw())[place]
    assert axes.get_ylabel() == label
    for source in ("learned", "frozen"):
        names = ("float", "lsq:4", "lsq:2", "lsq:1")
        values = np.array([[numbers(n, "fixed_epochs", 0.0, source, s)[column] for s in range(3)] for n in names])
        found = marks(axes)[source]
        assert [round(x) for x, _, _ in found] == [0, 1, 2, 3]
        assert [y for _, y, _ in found] == pytest.approx(scale * values.mean(axis=1))
        half = STUDENT * values.std(axis=1, ddof=1) / 3**0.5
        assert [bar for _, _, bar in found] == pytest.approx(scale * half, rel=1e-6)


def test_the_gap_stands_beside_the_test_loss_and_sources_differ_in_colour_marker_and_filling():
    labels = [axes.get_ylabel() for axes in panels(draw())]
    assert labels[:2] == ["test loss", "generalization gap"]
    learned, frozen = (bars[0] for bars in panels(draw())[0].containers)
    assert learned.get_marker() != frozen.get_marker()
    assert learned.get_color() != frozen.get_color()
    assert frozen.get_markerfacecolor() == "white"


def test_quantizer_protocol_and_weight_decay_are_chosen():
    cells = [facts(weight_decays=[0.0, 0.5]), facts("still", source="frozen", weight_decays=[0.5, 0.0])]
    options = {"quantizer": "ptq", "protocol": "early_stopping", "weight_decay": 0.5}
    drawing = draw(*cells, figure=Switch(trainings=["mlp", "still"], **options))
    assert "ptq, early stopping, weight decay 0.5; mean over 3 seeds" in drawing.figure.get_suptitle()
    (_, level, _), (_, two, _) = marks(panels(drawing)[1])["learned"]
    assert level == pytest.approx(0.5 - 0.1 - 0.05)
    assert two == pytest.approx(level - 0.1 * 0.25 * 1.1)


def test_without_distorted_images_there_are_three_panels():
    cells = [facts(distorted=False), facts("still", source="frozen", distorted=False)]
    assert len(panels(draw(*cells))) == 3


def test_findings_are_learned_minus_frozen_and_what_a_bit_costs():
    def change(rows):
        """One bit costs a seed s 2 + s points where weights are frozen, and 1 where they are learned."""
        cost = 0.01 * np.where(rows["source"] == "frozen", 2 + rows["seed"], 1) * (rows["model"] == "lsq:1")
        return rows.assign(test_error=0.2 + 0.05 * (rows["source"] == "frozen") + 0.01 * rows["seed"] + cost)

    found = draw(change=change).findings
    where = "my digits, relu (mlp, depth 2, width 8), n = 100, fixed epochs (20): "
    starts = [f"learned minus frozen hidden weights, {name}" for name in ("float", "4 bits (lsq)", "2 bits (lsq)")]
    starts += ["learned minus frozen hidden weights, 1 bit (lsq)"]
    starts += [f"{source} hidden weights, 1 bit (lsq) minus float" for source in ("learned", "frozen")]
    assert [finding.sentence.startswith(where + start) for finding, start in zip(found, starts, strict=True)] == [
        True
    ] * 6
    gaps = -0.05 - 0.01 * np.array([1, 2, 3])
    half = STUDENT * gaps.std(ddof=1) / 3**0.5
    one_bit, learned, frozen = found[3:]
    assert (one_bit.value, one_bit.low, one_bit.high) == pytest.approx((-0.07, -0.07 - half, -0.07 + half), abs=1e-8)
    assert "test error −7.00 points (95 % interval −9.48 to −4.52, 3 seeds), test loss −0.100" in one_bit.sentence
    assert (learned.value, frozen.value) == pytest.approx((0.01, 0.03))


def test_models_that_did_not_converge_are_left_out_and_counted():
    def change(rows):
        return rows.assign(converged=~((rows["model"] == "lsq:1") & (rows["source"] == "frozen")))

    drawing = draw(change=change)
    assert len(marks(panels(drawing)[0])["frozen"]) == 3
    assert "3 of 24 models diverged, not drawn (frozen: lsq:1 3×)" in drawing.figure.get_supxlabel()
    assert not any("learned minus frozen hidden weights, 1 bit" in finding.sentence for finding in drawing.findings)
    assert not any("frozen hidden weights, 1 bit (lsq) minus" in finding.sentence for finding in drawing.findings)


def test_settings_have_lines_of_their_own():
    cells = [
        facts(f"{name}/n_train~{n}", n_train=n, swept={"n_train": n}, source=source)
        for name, source in (("mlp", "learned"), ("still", "frozen"))
        for n in (100, 200)
    ]
    drawing = draw(*cells)
    assert len(panels(drawing)) == 8
    assert "n = 200" in [text.get_text() for text in panels(drawing)[4].texts][-1]


@pytest.mark.parametrize(
    ("law", "place"),
    [
        ("gaussian", ("frozen", 32)),
        ("one_bit", ("frozen", 1)),
        ("grid:4", ("frozen", 4)),
        ("learned:mlp,float", ("learned", 32)),
        ("learned:mlp,lsq:2", ("learned", 2)),
        ("learned:mlp,ptq:2", None),
        ("learned:other,float", None),
        ("ternary", None),
    ],
)
def test_a_law_has_a_source_and_bits(law, place):
    assert place_of(law, ["mlp"], "lsq") == place


def test_read_outs_are_those_of_the_last_layer_at_the_largest_n_and_the_best_ridge():
    cell = experiment()
    places = {law: place_of(law, ["mlp"], "lsq") for law in LAWS[:-1]}
    found = feature_readouts(readout(cell), cell, places)
    assert set(zip(found.rows["depth"], found.rows["n_train"], strict=True)) == {(2, 50)}
    chosen = found.rows.groupby("bits")["readout"].unique().map(list).to_dict()
    assert chosen == {32: ["ridge:1"], 2: ["ridge:0.1"], 1: ["ridge:0.1"]}
    assert set(found.rows["law"]) == set(LAWS[:-1])


def test_a_ridge_that_was_not_found_for_every_seed_is_not_the_best():
    cell = experiment()
    rows = readout(cell)
    lost = (rows["readout"] == "ridge:1") & (rows["seed"] == 2)
    found = feature_readouts(rows.assign(converged=~lost), cell, {"gaussian": ("frozen", 32)})
    assert set(found.rows["readout"]) == {"ridge:0.1"}


def test_read_outs_are_marks_on_the_line_of_their_own_spectrum():
    accuracy, error = panels(draw(figure=BOTH, cell=experiment()))[4:]
    assert (accuracy.get_ylabel(), error.get_ylabel()) == ("test accuracy (%)", "test MSE")
    for source, half in (("learned", 0.5), ("frozen", 1.0)):
        wanted = 1.1 * half * np.array([1 + 1 / 32, 1.5, 2.0])
        assert [y for _, y, _ in marks(error)[source]] == pytest.approx(wanted)
        assert [y for _, y, _ in marks(accuracy)[source]] == pytest.approx(100 - 10 * wanted)
    lines = [line.get_ydata() for line in error.get_lines() if line.get_linestyle() != "None"]
    assert np.array(lines) == pytest.approx(1.01 * 1.1 * np.outer([0.5, 1.0], [1 + 1 / 32, 1.5, 2.0]))


def test_without_a_theory_the_marks_are_joined():
    drawing = draw(figure=BOTH, cell=experiment(), theory=False)
    learned, frozen = (bars[0] for bars in panels(drawing)[5].containers)
    assert "None" not in (learned.get_linestyle(), frozen.get_linestyle())
    assert "predicted" not in drawing.caption


def test_findings_of_read_outs_are_paired_by_seed():
    found = [finding for finding in draw(figure=BOTH, cell=experiment()).findings if "ridge" in finding.sentence]
    where = "inputs, tanh, 30 → 8 × 2, ridge read-outs on the last layer, n = 50, best λ: "
    starts = [f"learned minus frozen features at {bits}" for bits in ("32 bits", "2 bits", "1 bit")]
    starts += [f"{source} features, 1 bit minus 32 bits" for source in ("learned", "frozen")]
    assert [finding.sentence.startswith(where + start) for finding, start in zip(found, starts, strict=True)] == [
        True
    ] * 5
    gaps = 0.1 * 1.0 * np.array([1.0, 1.1, 1.2])  # of one bit: MSE 2 falls to 1, and a tenth of it is the accuracy
    half = STUDENT * gaps.std(ddof=1) / 3**0.5
    assert (found[2].value, found[2].low, found[2].high) == pytest.approx((0.11, 0.11 - half, 0.11 + half), abs=1e-6)
    assert "test accuracy +11.00 points" in found[2].sentence
    assert "test MSE −1.100" in found[2].sentence


def test_read_outs_are_needed_where_there_are_experiments():
    assert (FIGURE.stages, BOTH.stages) == (("models",), ("models", "readout"))


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (
            [facts()],
            {},
            ".trainings: 'mlp' has learned weights only; add a training with its data set, network, n_train",
        ),
        ([facts(models=["lsq:2"]), CELLS[1]], {}, ".trainings: training 'mlp' must have the model float"),
        (
            [facts(), facts("still", source="frozen", models=["float", "lsq:2"])],
            {"quantizer": "ptq"},
            ".quantizer: training 'still' has no models of few bits of 'ptq'; choose from lsq",
        ),
        (
            [facts(protocols=["fixed_epochs"]), CELLS[1]],
            {"protocol": "early_stopping"},
            ".protocol: training 'mlp' has no early_stopping; choose from fixed_epochs",
        ),
        ([facts(epochs=40), CELLS[1]], {}, ".trainings: 'mlp' and 'still' must have the same epochs, got 40 and 20"),
        (
            [facts(loss=0.2), CELLS[1]],
            {"protocol": "matched_loss"},
            ".trainings: 'mlp' and 'still' must have the same loss, got 0.2 and 0.1",
        ),
        ([facts(weight_decays=[0.1]), CELLS[1]], {}, ".weight_decay: no weight decay of all trainings"),
        ([facts(), facts("b")], {}, ".trainings: 'mlp' and 'b' have the same data set"),
        (
            [experiment(target="teacher"), *CELLS],
            {},
            ".experiments: experiment 'net' must have target labels, and classes",
        ),
        ([experiment(outputs=1), *CELLS], {}, ".experiments: experiment 'net' must have target labels, and classes"),
        (
            [experiment(laws=["gaussian", "learned:other,float"]), *CELLS],
            {},
            ".experiments: experiment 'net' must have frozen and learned weights; use laws learned:mlp,MODEL",
        ),
        (
            [experiment(laws=[*LAWS, "grid:1"]), *CELLS],
            {},
            ".experiments: one_bit and grid:1 of experiment 'net' are both frozen weights of 1 bit; leave one out",
        ),
        ([*[experiment()] * 4, *CELLS], {}, ".at: 5 lines, one a setting and cell, are more than 4; choose some"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(cells, options, message):
    mistakes = list(Switch(**{"trainings": ["mlp", "still"], **options}).check(cells))
    assert len(mistakes) == 1, mistakes
    assert mistakes[0].startswith(message)


def test_float_is_no_quantizer_of_few_bits():
    mistakes = list(Switch(trainings=["mlp", "still"], quantizer="float").check(CELLS))
    words = "has no models of few bits of 'float'; choose from lsq, ptq"
    assert mistakes == [f".quantizer: training {name!r} {words}" for name in ("mlp", "still")]

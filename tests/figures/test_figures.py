"""Figures draw what the tables say: data in the axes, both laws, theory; unconverged theory is left out."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.figures import classification, depth, images, learning_curve, mirrors, ridge, style

FACTS = {"dataset": "mnist", "dims": [30, 8, 8], "activation": "tanh", "noise": 0.1, "ridge": 0.0, "n_train": 12}


def made_up_readout(estimators, metric="mse", readouts=("ridge:0",)):
    rows = [
        {"law": law, "seed": seed, "depth": d, "n_train": n, "readout": r, "estimator": estimator, "metric": metric}
        for law in ("gaussian", "one_bit")
        for seed in (0, 1, 2)
        for d in (1, 2)
        for n in range(1, 13)
        for r in readouts
        for estimator in estimators
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(converged=True, value=1 / (frame["n_train"] * frame["depth"]) * (1 + 0.01 * frame["seed"]))


def made_up_theory(readouts=("ridge:0",)):
    rows = [
        {"depth": d, "n_train": n, "readout": r, "value": 1 / (n * d)}
        for r in readouts
        for d in (1, 2)
        for n in range(1, 13)
    ]
    return pd.DataFrame(rows).assign(converged=lambda frame: frame["n_train"] != 8)


@pytest.fixture
def theory():
    return made_up_theory()


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_depth_draws_theory_and_both_laws(theory):
    figure = depth.draw(made_up_readout(["sampled_teacher", "teacher_averaged"]), theory, 4, "net")
    top = figure.axes[0]
    assert top.get_lines()[0].get_ydata().tolist() == [1 / 4, 1 / 8]
    assert len(top.containers) == 2
    labels = [text.get_text() for text in top.get_legend().get_texts()]
    assert labels == ["theory", "Gaussian weights", "one-bit weights"]


def test_learning_curve_leaves_unconverged_theory_out(theory):
    figure = learning_curve.draw({"a": (made_up_readout(["teacher_averaged"]), theory, FACTS)})
    line = figure.axes[0].get_lines()[0]
    assert 8 / 8 not in line.get_xdata()
    assert figure.get_supxlabel().startswith("2 of 24 points of the theory")
    assert len(line.get_xdata()) == 11


def test_ridge_has_a_panel_per_depth_and_a_curve_per_penalty():
    names = ["ridge:0", "ridge:3"]
    figure = ridge.draw(made_up_readout(["teacher_averaged"], readouts=names), made_up_theory(names), FACTS)
    assert len(figure.axes) == 2
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()][-2:] == ["λ = 0", "λ = 3"]


def test_classification_has_a_panel_per_readout():
    names = ["logistic:0.1", "squared-hinge:1"]
    readout = made_up_readout(["sampled_teacher"], "error_rate", names)
    figure = classification.draw(readout, made_up_theory(names), FACTS)
    assert [panel.get_title() for panel in figure.axes] == ["logistic loss, λ = 0.1", "squared hinge loss, λ = 1"]


def test_mirrors_draws_ratios_of_the_same_teachers():
    names = ["mirror:l2", "mirror:q:3"]
    tables = [
        (made_up_readout(["sampled_teacher"], readouts=names), made_up_theory(names)),
        (made_up_readout(["sampled_teacher"], readouts=["descent:q:3"]), made_up_theory(["descent:q:3"])),
    ]
    left, right = mirrors.draw(tables, FACTS).axes
    assert len(left.get_lines()) > 4
    assert set(right.get_lines()[0].get_ydata()) == {1.0}


def test_images_draws_per_cent(tmp_path):
    figure = images.draw({"a": (made_up_readout(["labels"], "accuracy"), FACTS)})
    bars = figure.axes[0].containers[0]
    assert np.isclose(bars[0].get_ydata()[0], 100 / 12 * 1.01)
    style.save(figure, [tmp_path / "a.pdf", tmp_path / "a.png"])
    first = (tmp_path / "a.pdf").read_bytes()
    style.save(figure, [tmp_path / "a.pdf"])
    assert (tmp_path / "a.pdf").read_bytes() == first


def test_interval_is_students(theory):
    frame = pd.DataFrame({"law": "gaussian", "seed": [0, 1, 2], "value": [1.0, 2.0, 3.0]})
    row = style.mean_over_seeds(frame, ["law"]).iloc[0]
    assert row["mean"] == 2
    assert row["half"] == pytest.approx(4.302652729696142 / np.sqrt(3))  # t_{0.975, 2}


def test_single_seed_has_no_interval():
    frame = pd.DataFrame({"law": ["gaussian"], "seed": [0], "value": [1.0]})
    assert np.isnan(style.mean_over_seeds(frame, ["law"])["half"]).all()


@pytest.mark.parametrize(
    ("dims", "text"), [([64, 8, 8], "tanh, 64 → 8 × 2"), ([5, 3, 2], "tanh, 5 → 3 → 2"), ([4, 9], "tanh, 4 → 9 × 1")]
)
def test_network_in_a_line(dims, text):
    assert style.describe(dims, "tanh") == text


def test_seeds_that_stand_twice_are_not_averaged():
    frame = pd.DataFrame({"law": "gaussian", "seed": [0, 0], "metric": ["mse", "accuracy"], "value": [1.0, 2.0]})
    with pytest.raises(OnebitError, match=r"figure: 2 rows share law, seed .* they differ in metric"):
        style.mean_over_seeds(frame, ["law"])


def test_readouts_that_were_not_found_are_left_out_and_counted(theory):
    readout = made_up_readout(["sampled_teacher", "teacher_averaged"])
    lost = (readout["seed"] == 2) & (readout["n_train"] == 4) & (readout["depth"] == 1)
    readout = readout.assign(converged=~lost, value=np.where(lost, 1e9, readout["value"]))
    figure = depth.draw(readout, theory, 4, "net")
    marks = figure.axes[0].containers[0][0].get_ydata()
    assert marks[0] == pytest.approx(0.25 * 1.005)
    assert "4 of 24 read-outs were not found" in figure.get_supxlabel()


@pytest.mark.parametrize("law", ["rademacher", "ternary", "of_my_own"])
def test_a_third_law_has_a_look_of_its_own(theory, law):
    readout = made_up_readout(["sampled_teacher", "teacher_averaged"])
    third = readout[readout["law"] == "gaussian"].assign(law=law)
    figure = depth.draw(pd.concat([readout, third]), theory, 4, "net")
    assert len(figure.axes[0].containers) == 3
    assert len({container[0].get_marker() for container in figure.axes[0].containers}) == 3
    assert (
        len(
            images.draw(
                {
                    "a": (
                        pd.concat([readout, third]).query("estimator == 'sampled_teacher'").assign(metric="accuracy"),
                        FACTS,
                    )
                }
            )
            .axes[0]
            .containers
        )
        == 3
    )

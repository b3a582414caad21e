"""What figures of trained models share: which rows count, pairs by seed, bits as an axis, and how differences read."""

import made_up_models
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_models import facts, models

from onebit_rf.errors import OnebitError
from onebit_rf.figures import style, trained
from onebit_rf.figures.trained import Difference


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def test_bits_are_evenly_spaced_from_float_on():
    _, axes = style.grid(1, 1, 3, 3)
    assert trained.bits_axis(axes[0, 0], [1, 32, 4, 2, 4]) == {32: 0, 4: 1, 2: 2, 1: 3}
    assert [label.get_text() for label in axes[0, 0].get_xticklabels()] == ["32\n(float)", "4", "2", "1"]


@pytest.mark.parametrize(
    ("model", "quantizer", "bits", "words"),
    [("float", "float", 32, "float"), ("lsq:2", "lsq", 2, "2 bits (lsq)"), ("ptq:1", "ptq", 1, "1 bit (ptq)")],
)
def test_a_model_is_its_quantizer_and_its_bits(model, quantizer, bits, words):
    assert (trained.quantizer_of(model), trained.bits_of(model)) == (quantizer, bits)
    assert trained.model_words(model) == words


def test_looks_tell_quantizers_and_sources_apart_in_grey():
    names = ["float", "lsq", "noise", "ptq", "asymmetric", "of_my_own"]
    looks = [trained.quantizer_look(name) for name in names]
    assert len({look["marker"] for look in looks}) == len(names)
    assert trained.quantizer_look("lsq", "frozen")["markerfacecolor"] == "white"
    assert "markerfacecolor" not in trained.quantizer_look("lsq", "learned")
    assert trained.in_order(["of_my_own", "ptq", "lsq", "float", "lsq"]) == ["float", "lsq", "ptq", "of_my_own"]


def spoiled():
    """One model that did not converge, and one whose test loss is not a number."""
    rows = models(facts())
    lost = (rows["model"] == "lsq:1") & (rows["protocol"] == "matched_loss") & (rows["seed"] == 0)
    wild = (rows["model"] == "lsq:2") & (rows["protocol"] == "fixed_epochs") & (rows["seed"] == 1)
    return rows.assign(converged=~lost, test_loss=rows["test_loss"].mask(wild))


def test_models_that_did_not_converge_or_have_no_number_are_not_sound():
    rows = spoiled()
    assert len(trained.sound(rows)) == len(rows) - 2
    assert len(trained.sound(rows, ["test_error"])) == len(rows) - 1


def test_what_is_left_out_is_counted_by_protocol_and_model():
    assert trained.count_unconverged(models(facts())) == []
    assert trained.count_unconverged(spoiled()) == [
        "fixed epochs: 1 of 15 models diverged, not drawn (lsq:2 1×)",
        "matched train loss: 1 of 15 models did not reach the loss, not drawn (lsq:1 1×)",
    ]


def test_what_is_left_out_says_which_of_it_is_frozen():
    rows = spoiled()
    (at,) = rows.index[~rows["converged"]]
    frozen = rows.loc[[at]].assign(source="frozen", model="float")
    both = pd.concat([rows[rows["protocol"] == "matched_loss"], frozen])
    assert trained.count_unconverged(both) == [
        "matched train loss: 2 of 16 models did not reach the loss, not drawn (lsq:1 1×; frozen: float 1×)"
    ]


def test_differences_are_of_the_same_seed():
    rows = models(facts(protocols=["fixed_epochs"]))
    gaps = trained.paired_by_seed(rows, "lsq:2", "float", "gap_loss")
    assert list(gaps.index) == [0, 1, 2]
    assert gaps.to_numpy() == pytest.approx([-0.025, -0.0275, -0.03])


@settings(max_examples=20, deadline=None)
@given(shifts=st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_what_a_seed_does_to_all_models_cancels(shifts):
    rows = models(facts(protocols=["fixed_epochs"], models=["float", "lsq:1"]))
    moved = rows.assign(test_loss=rows["test_loss"] + np.array(shifts)[rows["seed"]])
    plain, shifted = (trained.paired_by_seed(table, "lsq:1", "float", "test_loss") for table in (rows, moved))
    assert shifted.to_numpy() == pytest.approx(plain.to_numpy(), abs=1e-12)  # ten times rounding at 10


def test_a_seed_counts_where_both_models_are_sound():
    rows = spoiled()
    assert len(trained.paired_by_seed(rows[rows["protocol"] == "matched_loss"], "lsq:1", "float", "test_loss")) == 2


def test_pairs_by_more_than_the_seed():
    gaps = trained.paired_by_seed(models(facts()), "lsq:2", "float", "gap_loss", ["protocol"])
    assert len(gaps) == 3 * len(made_up_models.PROTOCOLS)


def test_what_a_key_does_not_tell_apart_is_not_mixed():
    with pytest.raises(OnebitError, match=r"rows share seed .* they differ in protocol"):
        trained.paired_by_seed(models(facts()), "lsq:2", "float", "gap_loss")
    twice = pd.Series([1.0, 2.0], index=pd.Index([0, 0], name="seed"))
    with pytest.raises(OnebitError, match="2 rows share seed"):
        trained.difference(twice)


def test_an_interval_is_students():
    values = pd.Series([1.0, 2.0, 6.0], index=pd.Index([0, 1, 2], name="seed"))
    gap = trained.difference(values)
    half = 4.302653 * values.std(ddof=1) / 3**0.5
    assert (gap.value, gap.half, gap.n_seeds) == (pytest.approx(3), pytest.approx(half), 3)


@pytest.mark.parametrize(
    ("gap", "metric", "sign", "words"),
    [
        (Difference(-0.0124, -0.02, -0.001, 3), "gap_loss", -1, "−0.012 (95 % interval −0.020 to −0.001, 3 seeds)"),
        (Difference(0.00001, -0.02, 0.02, 3), "gap_loss", 0, "+0.000 (95 % interval −0.020 to +0.020, 3 seeds)"),
        (Difference(0.0124, 0.01, 0.015, 2), "gap_error", 1, "+1.24 points (95 % interval +1.00 to +1.50, 2 seeds)"),
        (Difference(0.01, np.nan, np.nan, 1), "accuracy", 0, "+1.00 points (one seed, no interval)"),
    ],
)
def test_a_difference_says_what_its_interval_tells(gap, metric, sign, words):
    assert gap.sign == sign
    assert gap.words(metric) == words

"""Properties over the whole range of problems: a prediction is finite, positive and monotone in σ, or says why not."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import Problem
from onebit_rf.theory import Prediction, predict, predict_curve

# Widths and ratios spread evenly over their decades; half of the ridges and noises are the special value 0.
WIDTHS = st.floats(math.log(8), math.log(1e5)).map(lambda x: round(math.exp(x)))
RATIOS = st.one_of(st.floats(math.log(0.01), math.log(50)).map(math.exp), st.sampled_from([1.0, 0.999, 1.001]))
RIDGES = st.one_of(st.just(0.0), st.floats(0, 1e3), st.floats(-12, 3).map(lambda x: 10.0**x))
NOISES = st.one_of(st.just(0.0), st.floats(0, 10))


@st.composite
def problems(draw):
    dims = tuple(draw(st.lists(WIDTHS, min_size=2, max_size=9)))
    n_train = max(1, round(draw(RATIOS) * dims[-1]))
    spectrum = f"power:{draw(st.floats(0, 2))}"
    activation = draw(st.sampled_from(ACTIVATIONS.names()))
    return Problem(dims, n_train, activation, spectrum, draw(NOISES), draw(RIDGES))


def check(prediction: Prediction, zero_allowed: bool) -> None:
    assert prediction.converged == (prediction.reason == "")
    if not prediction.converged:
        assert not math.isfinite(prediction.error)
        return
    assert math.isfinite(prediction.error)
    assert prediction.error > 0 or (zero_allowed and prediction.error == 0)
    assert prediction.residual <= 1e-9
    assert all(math.isfinite(value) and value >= 0 for value in (*prediction.kappa, *prediction.df))


@settings(max_examples=300)
@given(problems())
def test_square_loss_converges_everywhere(problem):
    prediction = predict(problem)
    exact = problem.noise == problem.ridge == 0 and problem.n_train >= problem.dims[-1]
    # Products of squares of numbers below 1e-150 underflow: then 0 is the nearest double.
    check(prediction, zero_allowed=exact or (problem.noise < 1e-150 and problem.ridge < 1e-150))
    diverges = problem.noise > 0 and problem.ridge == 0 and problem.n_train == problem.dims[-1]
    assert prediction.converged or diverges
    # The equation that κ_L solves, from the numbers returned: κ_L (n − df_L) = λ.
    kappa, df, n, ridge = prediction.kappa[-1], prediction.df[-1], problem.n_train, problem.ridge
    if ridge > 0:
        grid = problem.dims[-1] * 5e-324  # λ/p, which is what the chain takes, is rounded to the least double
        assert kappa * (n - df) == pytest.approx(ridge, rel=1e-8, abs=1e-11 * kappa * n + grid)
    else:
        assert df == pytest.approx(min(n, problem.dims[-1]), rel=1e-9)


@settings(max_examples=60)
@given(problems(), st.floats(0, 10))
def test_error_increases_with_noise(problem, more):
    louder = dataclasses.replace(problem, noise=problem.noise + more)
    quiet, loud = predict(problem), predict(louder)
    if quiet.converged and loud.converged:
        assert loud.error >= quiet.error * (1 - 1e-12)


@settings(max_examples=60)
@given(
    st.lists(st.integers(8, 3000), min_size=2, max_size=5),
    st.floats(0.01, 0.99),
    st.sampled_from(["q:1.1", "q:1.5", "q:2.4", "q:3", "q:6", "entropy", "hypentropy:0.01", "hypentropy:3"]),
    st.sampled_from(["normal", "uniform:0.1,1.9", "uniform:-1,2"]),
    st.sampled_from([0.0, 0.1, 3.0]),
)
def test_mirrors_converge_or_say_so(dims, ratio, mirror, teacher, noise):
    n_train = max(1, int(ratio * dims[-1]))
    prediction = predict(Problem(tuple(dims), n_train, mirror=mirror, teacher=teacher, noise=noise))
    check(prediction, zero_allowed=False)
    if mirror != "entropy":  # positive weights need not be able to interpolate
        assert prediction.converged


@settings(max_examples=40)
@given(
    st.lists(st.integers(8, 3000), min_size=2, max_size=5),
    st.floats(math.log(0.02), math.log(20)).map(math.exp),
    st.sampled_from(["logistic", "squared-hinge"]),
    st.floats(-3, 3).map(lambda x: 10.0**x),
)
def test_classifiers_converge(dims, ratio, loss, penalty):
    n_train = max(1, int(ratio * dims[-1]))
    prediction = predict(Problem(tuple(dims), n_train, loss=loss, penalty=penalty))
    check(prediction, zero_allowed=False)
    assert prediction.converged
    assert prediction.error < 0.5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mirror": "q:3", "ridge": 0.1}, "ridge: must be 0"),
        ({"penalty": 0.1}, "penalty: is for classification"),
        ({"teacher": "uniform:0,1", "activation": "gelu", "labels": "sign"}, "teacher: its mean must be 0 for classes"),
        (
            {"teacher": "uniform:0,1", "activation": "gelu", "loss": "logistic", "penalty": 1},
            "teacher: its mean must be 0 for classes",
        ),
    ],
)
def test_what_the_theory_does_not_cover_is_refused(fields, message):
    with pytest.raises(OnebitError, match=message):
        predict(Problem((30, 20), 10, **fields))


def test_an_empty_curve_is_empty():
    assert predict_curve(Problem((30, 20), 10), []) == []


def test_kappa_and_df_are_those_of_the_hidden_layers():
    prediction = predict(Problem((300, 200, 150, 100), 40))
    assert len(prediction.kappa) == len(prediction.df) == 3
    assert prediction.df[-1] == pytest.approx(40)
    assert prediction.error == pytest.approx(prediction.kappa[-1] * 40 / 100)
    assert np.all(np.array(prediction.df) < [200, 150, 100])

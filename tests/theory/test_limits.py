"""Where double precision or the theory ends: a right number, or a reason; never a negative error or a traceback."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem
from onebit_rf.theory import predict, predict_curve

DEEP = (1000,) * 17


@pytest.mark.parametrize("n", [0, -5, np.nan, np.inf])
def test_a_number_of_samples_that_is_none_is_refused(n):
    with pytest.raises(OnebitError, match="n_train: must be finite numbers > 0, got"):
        predict_curve(Problem((100, 100), 10), [1, n, 10])


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_silent_neurons_move_the_threshold(noise):
    """16 layers of ReLU leave some 3 of 1000 neurons silent: from 997 samples on there is no number without ridge."""
    problem = Problem(DEEP, 1, "relu", noise=noise)
    below, *beyond = predict_curve(problem, [995, 997, 998, 999, 1000, 1001])
    assert below.converged
    assert all(not point.converged for point in beyond)
    assert all("997 of 1000 neurons that ever speak; use ridge > 0" in point.reason for point in beyond)
    assert all(
        point.converged for point in predict_curve(Problem(DEEP, 1, "relu", noise=noise, ridge=1e-3), [997, 1001])
    )


def test_a_wide_deep_network_next_to_its_threshold_has_no_negative_error():
    assert not predict(Problem((10**5,) * 11, 99_999, "relu", noise=0.1)).error < 0


def test_the_largest_noise_and_ridge_give_the_right_numbers():
    """The error is quadratic in a noise that is all there is, and that of predicting 0 where the ridge forbids all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small, large = (predict(Problem((100, 100), 50, noise=noise)).error for noise in (1e8, 1e100))
        nothing = predict(Problem((100, 100), 50, ridge=1e100))
    assert large / 1e200 == pytest.approx(small / 1e16, rel=1e-9)
    assert nothing.error == pytest.approx(nothing.train_error, rel=1e-9)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"noise": 1e200}, "noise: must be ≥ 0 and ≤ 1e"),
        ({"ridge": 1e200}, "ridge: must be ≥ 0 and ≤ 1e"),
        ({"ridge": np.nan}, "ridge: must be ≥ 0 and ≤ 1e"),
        ({"teacher": "uniform:-1e200,1e200"}, "teacher: uniform:LOW,HIGH needs finite LOW < HIGH up to 1e"),
    ],
)
def test_numbers_beyond_double_precision_are_refused(fields, message):
    with pytest.raises(OnebitError, match=message):
        predict(Problem((100, 100), 50, **fields))


def test_a_spectrum_larger_than_memory_is_refused():
    with pytest.raises(OnebitError, match="spectrum: power:ALPHA is for up to 100,000,000 dimensions"):
        predict(Problem((2 * 10**10, 4096), 100, spectrum="power:1.5"))


@settings(max_examples=300)
@given(
    st.lists(st.integers(1, 5000), min_size=2, max_size=18),
    st.floats(0.5, 1.5),
    st.sampled_from(["relu", "gelu", "leaky_relu", "tanh"]),
    st.sampled_from([0.0, 1e-12, 1.0, 1e6]),
    st.sampled_from([0.0, 0.1, 10.0]),
)
def test_no_error_is_negative(dims, ratio, activation, ridge, noise):
    """Around the threshold of every width, at any depth."""
    n = max(1, round(ratio * dims[-1]))
    for point in predict_curve(
        Problem(tuple(dims), n, activation, ridge=ridge, noise=noise), [n, dims[-1], dims[-1] + 1]
    ):
        assert not point.error < 0
        assert not point.train_error < 0
        assert point.converged == (point.reason == "")


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("n", [50, 150])
def test_64_layers_give_a_number_or_a_reason_without_a_warning(activation, n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        point = predict(Problem((100,) * 65, n, activation, noise=0.1))
    assert point.converged == (point.reason == "")
    assert point.converged or np.isnan(point.error)

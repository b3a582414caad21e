"""Classes by least squares of features that have a mean: the offset, reference values and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory import predict
from onebit_rf.theory.offset import error_given, offset_nodes
from simulate import draw_both_paths, mean_and_error

SIGNS = (2 / np.pi) ** 0.5

# dims, φ, n, λ, T and R_train: by a derivation and a code of their own, given each offset, then averaged
REFERENCE = [
    ((320, 280, 300), "relu", 200, 1, 0.798255, 0.010857),
    ((300, 300, 300, 300), "gelu", 200, 0.5, 0.763902, 0.032912),
    ((280, 300, 280, 300), "relu", 450, 3, 0.394631, 0.141589),
]
# dims, φ, n, λ, c, τ², T on the second path
SHIFTED = [
    ((320, 320), "relu", 160, 0.5, SIGNS, 0.0, 1.039225),
    ((320, 280, 300), "relu", 200, 1, SIGNS, 0.0, 1.250600),
    ((320, 280, 300), "relu", 450, 1, 1.0, 0.3, 0.922384),
    ((320, 280, 300), "gelu", 200, 1, SIGNS, 0.2, 1.609538),
    ((280, 300, 280, 300), "relu", 450, 3, SIGNS, 0.0, 0.900068),
]


@given(st.floats(0.01, 4), st.floats(-4, 4), st.floats(0.1, 3), st.floats(0.1, 3), st.floats(-0.99, 0.99))
def test_disagreement_is_that_of_two_normal_variables(offset, intercept, variance, square, correlation):
    overlap = correlation * (variance * square) ** 0.5
    covariance = np.array([[variance, overlap], [overlap, square]])
    opposite = multivariate_normal([offset, -intercept], covariance * [[1, -1], [-1, 1]])
    # Both below 0 once of (b + u, −β − f) and once of (−b − u, β + f).
    expected = opposite.cdf([0, 0]) + multivariate_normal([-offset, intercept], covariance * [[1, -1], [-1, 1]]).cdf(
        [0, 0]
    )
    odds = correlation / (1 - correlation**2) ** 0.5
    found = float(error_given(np.array(offset / variance**0.5), np.array(intercept / square**0.5), np.array(odds)))
    assert found == pytest.approx(expected, abs=1e-5)  # of the reference's quadrature


def test_offsets_are_normal():
    nodes, weights = offset_nodes()
    assert [weights.sum(), weights @ nodes**2, weights @ nodes**4] == pytest.approx([1, 1, 3], rel=1e-12)


@pytest.mark.parametrize(("dims", "activation", "n", "ridge", "test", "train"), REFERENCE)
def test_reference(dims, activation, n, ridge, test, train):
    found = predict(Problem(dims, n, activation, ridge=ridge, labels="sign"))
    assert [found.error, found.train_error] == pytest.approx([test, train], abs=6e-7)
    assert found.gap == pytest.approx(found.error - found.train_error)


@pytest.mark.parametrize(("dims", "activation", "n", "ridge", "c", "tau_sq", "test"), SHIFTED)
def test_reference_on_the_second_path(dims, activation, n, ridge, c, tau_sq, test):
    problem = Problem(dims, n, activation, ridge=ridge, labels="sign")
    found = predict(problem, SecondPath(input_noise=tau_sq**0.5, weight_correlation=c))
    assert found.shifted_error == pytest.approx(test, abs=6e-7)
    assert found.error_rate < found.shifted_error_rate < 0.5


@pytest.mark.parametrize("activation", ["relu", "gelu", "leaky_relu"])
def test_the_same_path_has_the_same_errors(activation):
    found = predict(Problem((300, 250, 280), 200, activation, ridge=1, labels="sign"), SecondPath())
    assert [found.shifted_error, found.shifted_error_rate] == pytest.approx([found.error, found.error_rate], rel=1e-9)


SIMULATED = [
    ((320, 280), "relu", 160, 0.5, SecondPath(weight_correlation=0.8)),
    ((300, 300, 280), "relu", 400, 1.0, SecondPath(input_noise=0.5)),
    ((300, 300, 280), "gelu", 400, 2.0, SecondPath(input_noise=0.4, weight_correlation=0.9)),
]


@pytest.mark.parametrize("one_bit", [False, True])
@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: f"{case[1]}-{len(case[0]) - 1}")
def test_simulation_agrees(case, one_bit):
    """8 networks with 60 teachers each; 4 standard errors over networks, and a finite size of 10/p as for φ not odd."""
    dims, activation, n, ridge, path = case
    found = {"error": [], "train_error": [], "error_rate": [], "shifted_error": [], "shifted_error_rate": []}
    for seed in range(8):
        generator = np.random.default_rng(seed)
        x, second = draw_both_paths(generator, dims, n + 1000, activation, "identity", one_bit, path)
        labels = np.sign(x @ generator.standard_normal((dims[-1], 60)))
        fit = np.linalg.solve(x[:n].T @ x[:n] + ridge * np.eye(dims[-1]), x[:n].T @ labels[:n])
        outputs, moved = x @ fit, second[n:] @ fit
        found["train_error"].append(np.mean((labels - outputs)[:n] ** 2))
        found["error"].append(np.mean((labels - outputs)[n:] ** 2))
        found["error_rate"].append(np.mean(labels[n:] * outputs[n:] <= 0))
        found["shifted_error"].append(np.mean((labels[n:] - moved) ** 2))
        found["shifted_error_rate"].append(np.mean(labels[n:] * moved <= 0))
    theory = predict(Problem(dims, n, activation, ridge=ridge, labels="sign"), path)
    for name, values in found.items():
        mean, standard_error = mean_and_error(values)
        expected = getattr(theory, name)
        assert mean == pytest.approx(expected, abs=4 * standard_error + 10 / dims[-1] * expected), name


def test_rounding_of_classes_with_a_mean_is_refused():
    with pytest.raises(OnebitError, match="readout_bits: of labels sign rounding is solved for odd φ only, got relu"):
        predict(Problem((30, 20), 10, "relu", ridge=1, labels="sign"), SecondPath(readout_bits=1))

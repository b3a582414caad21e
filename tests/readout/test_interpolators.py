"""Two routes to the interpolator, dual Newton and stochastic mirror descent, and the conditions that it satisfies."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from onebit_rf.errors import OnebitError
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.readout.interpolators import descend_stochastically, interpolate_bregman
from simulate import draw_features

NAMES = ["l2", "q:1.1", "q:1.5", "q:3", "q:6", "hypentropy:0.01", "hypentropy:1", "entropy"]


def task(name, n=60, p=150, seed=0):
    generator = np.random.default_rng(seed)
    features = draw_features(generator, (200, p), n)
    positive = MIRRORS.get(name).positive
    weights = generator.uniform(0.1, 1.9, p) if positive else generator.standard_normal(p)
    return features, features @ weights / np.sqrt(p)


def assert_is_the_interpolator(features, labels, mirror, tolerance=1e-9):
    # F A = y and ψ'(A) − ψ'(A_0) in the row space of F determine the minimum of the convex problem.
    fit = interpolate_bregman(features, labels, mirror)
    assert fit.converged
    missed = features @ fit.weights / np.sqrt(features.shape[1]) - labels
    assert np.linalg.norm(missed) <= tolerance * np.linalg.norm(labels)
    change = mirror.gradient(fit.weights) - mirror.gradient(np.array(mirror.start))
    basis = np.linalg.qr(features.T)[0]
    assert np.linalg.norm(change - basis @ (basis.T @ change)) <= tolerance * np.linalg.norm(change)


@pytest.mark.parametrize("n", [1, 60, 140])
@pytest.mark.parametrize("name", NAMES)
def test_the_interpolator_is_stationary(name, n):
    assert_is_the_interpolator(*task(name, n), MIRRORS.get(name))


MIRROR = st.one_of(
    st.floats(1.1, 8).map(lambda q: f"q:{q}"),
    st.floats(-4, 0).map(lambda exponent: f"hypentropy:{10**exponent}"),
    st.just("entropy"),
)


@given(MIRROR, st.floats(0.05, 0.99), st.floats(-3, 3), st.integers(0, 2**32))
def test_every_interpolator_is_found(name, ratio, exponent, seed):
    features, labels = task(name, n=round(50 * ratio), p=50, seed=seed)
    assert_is_the_interpolator(features, 10**exponent * labels, MIRRORS.get(name))


@pytest.mark.parametrize(("q", "seed"), [(5, 5), (5, 38), (6, 12), (6, 24), (8, 148)])
def test_a_search_that_goes_round_in_a_circle_is_left(q, seed):
    # Steps that lower g or |g'|, whichever, return to where they were, at |F A − y| of some 0.1 |y|.
    assert_is_the_interpolator(*task(f"q:{q}", n=5, p=10, seed=seed), MIRRORS.get(f"q:{q}"))


@pytest.mark.parametrize("seed", [0, 11, 53])
def test_a_proximal_step_too_weak_for_floats_is_strengthened(seed):
    # Columns of falling size ask for a long ν, and its rounding, blown up by 1/ε, hides |F A − y| below some 1e-8 |y|.
    scales = 1 / np.arange(1, 41)
    features = task("q:8", n=38, p=40, seed=seed)[0] * scales
    labels = features @ np.random.default_rng(seed).standard_normal(40)
    assert_is_the_interpolator(features, labels, MIRRORS.get("q:8"))


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12])
@pytest.mark.parametrize("q", [1.5, 5, 8])
def test_scaled_labels_scale_the_weights(q, scale):
    # Where A is small ψ'' = (q − 1)|A|^{q−2} is lost beside 1, but must set ε all the same.
    mirror, (features, labels) = MIRRORS.get(f"q:{q}"), task(f"q:{q}", n=20, p=40)
    fits = [interpolate_bregman(features, labels * factor, mirror) for factor in (1, scale)]
    assert all(fit.converged for fit in fits)
    assert fits[1].weights / scale == pytest.approx(fits[0].weights, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("name", ["l2", "q:1.5", "q:3", "q:8", "hypentropy:0.1"])
def test_labels_of_zeros_leave_the_first_iterate(name):
    features, labels = task(name, n=5, p=10)
    fit = interpolate_bregman(features, 0 * labels, MIRRORS.get(name))
    assert fit.converged
    assert np.array_equal(fit.weights, np.zeros(10))


@pytest.mark.filterwarnings("ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("row", ["zero", "twin", "sum"])
def test_dependent_rows_are_refused_or_reported(name, row):
    features, labels = task(name, n=20, p=50)
    features[7] = {"zero": np.zeros(50), "twin": features[3], "sum": features[3:6].sum(axis=0)}[row]
    with contextlib.suppress(np.linalg.LinAlgError):
        assert not interpolate_bregman(features, labels, MIRRORS.get(name)).converged


def test_labels_that_no_positive_weights_give_are_refused_or_reported():
    features = task("entropy", n=27, p=30)[0]
    labels = np.random.default_rng(1).standard_normal(27)
    assert not interpolate_bregman(features, labels, MIRRORS.get("entropy")).converged
    with pytest.raises(np.linalg.LinAlgError):  # here all of A goes to 0, and the Hessian of the dual with it
        interpolate_bregman(np.ones((1, 4)), np.array([-1.0]), MIRRORS.get("entropy"))


def test_the_quadratic_one_has_minimum_norm():
    features, labels = task("l2")
    fit = interpolate_bregman(features, labels, MIRRORS.get("l2"))
    assert fit.weights == pytest.approx(np.linalg.pinv(features) @ labels * np.sqrt(150), rel=1e-9)


def test_the_entropic_one_equals_a_general_minimiser():
    features, labels = task("entropy", n=5, p=12)
    mirror, scaled = MIRRORS.get("entropy"), features / np.sqrt(12)
    reference = minimize(
        lambda a: np.sum(mirror.potential(a)),
        np.ones(12),
        jac=mirror.gradient,
        method="SLSQP",
        bounds=[(1e-6, None)] * 12,
        constraints={"type": "eq", "fun": lambda a: scaled @ a - labels, "jac": lambda a: scaled},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    fit = interpolate_bregman(features, labels, mirror)
    assert fit.weights == pytest.approx(reference.x, abs=1e-5)


@pytest.mark.parametrize("name", ["l2", "q:1.5", "q:3", "hypentropy:0.1", "entropy"])
def test_mirror_descent_reaches_the_same_interpolator(name):
    mirror, (features, labels) = MIRRORS.get(name), task(name, n=40)
    exact = interpolate_bregman(features, labels, mirror)
    descent = descend_stochastically(features, labels, mirror, np.random.default_rng(1), tolerance=1e-5)
    assert descent.converged
    assert descent.residual <= 1e-5
    # The distance exceeds the residual by at most the condition number of F, about 10 here.
    assert np.linalg.norm(descent.weights - exact.weights) <= 1e-4 * np.linalg.norm(exact.weights)


def test_mirror_descent_is_a_function_of_its_stream_and_says_when_it_gives_up():
    mirror, (features, labels) = MIRRORS.get("entropy"), task("entropy", n=40)
    runs = [
        descend_stochastically(features, labels, mirror, np.random.default_rng(7), tolerance=0.0, max_epochs=3)
        for _ in range(2)
    ]
    assert np.array_equal(runs[0].weights, runs[1].weights)
    assert not runs[0].converged
    assert runs[0].iterations == 3


def test_bad_shapes_are_refused():
    for shape in ((20, 10), (10, 20)):
        with pytest.raises(OnebitError, match="interpolator: needs n ≤ p"):
            interpolate_bregman(np.ones(shape), np.ones(20 if shape == (20, 10) else 5), MIRRORS.get("l2"))

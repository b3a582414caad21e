"""Two routes to the interpolator, dual Newton and stochastic mirror descent, and the conditions that it satisfies."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("n", [1, 60, 140])
@pytest.mark.parametrize("name", NAMES)
def test_the_interpolator_is_stationary(name, n):
    # F A = y and ψ'(A) − ψ'(A_0) in the row space of F determine the minimum of the convex problem.
    mirror, (features, labels) = MIRRORS.get(name), task(name, n)
    fit = interpolate_bregman(features, labels, mirror)
    assert fit.converged
    assert features @ fit.weights / np.sqrt(150) == pytest.approx(labels, rel=1e-7, abs=1e-9)
    change = mirror.gradient(fit.weights) - mirror.gradient(np.array(mirror.start))
    coefficients = np.linalg.lstsq(features.T, change, rcond=None)[0]
    assert np.linalg.norm(features.T @ coefficients - change) <= 1e-6 * np.linalg.norm(change)


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

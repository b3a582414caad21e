"""Nested Cholesky fits against one direct fit per sample size, by pseudo-inverse and normal equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.readout.learning_curve import LearningCurve

P, N, M = 24, 60, 17


def draw(seed=0, n=N, p=P, m=M, outputs=2):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal((m, p)), rng.standard_normal((n, outputs))


def direct_map(train, ridge):
    """The matrix that takes labels to the fitted read-out."""
    if ridge == 0:
        return np.linalg.pinv(train)
    return np.linalg.solve(train.T @ train + ridge * np.eye(train.shape[1]), train.T)


grids = st.sets(st.integers(1, N), min_size=1, max_size=8).map(lambda grid: np.array(sorted(grid)))


# n ≈ p is left out: there the condition number alone takes more digits than the comparison asks for.
@given(grids.map(lambda grid: grid[np.abs(grid - P) > 2]).filter(len), st.sampled_from([0.0, 0.3, 20.0]))
def test_fits_equal_the_direct_solution_at_every_n(grid, ridge):
    train, _, labels = draw()
    fits = LearningCurve(train, grid, ridge).fit(labels)[0]
    assert fits.shape == (P, len(grid), 2)
    for i, n in enumerate(grid):
        np.testing.assert_allclose(fits[:, i], direct_map(train[:n], ridge) @ labels[:n], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_averaged_error_equals_its_definition_at_every_n(ridge, noise):
    train, test, _ = draw()
    n, error = LearningCurve(train, np.array([5, P, P + 3, N]), ridge).averaged_error(test, noise)
    wanted = set(range(1, N + 1)) - (set(range(P + 1, P + 3)) if ridge == 0 else set())
    assert set(n) == wanted
    for size, value in zip(n, error, strict=True):
        fit = direct_map(train[:size], ridge)
        unseen = test - test @ fit @ train[:size]
        reference = (np.sum(unseen**2) / P + noise**2 * np.sum((test @ fit) ** 2)) / M
        # The bias is a difference of sums of size |T|²/(mp) ≈ 1: absolute accuracy 1e-12 is what float64 gives.
        assert value == pytest.approx(reference, rel=1e-7, abs=1e-12)


def test_averaged_error_is_the_mean_over_sampled_teachers():
    train, test, _ = draw()
    grid, teachers, noise = np.array([8, 16, 40]), 4000, 0.5
    rng = np.random.default_rng(1)
    a = rng.standard_normal((P, teachers)) / np.sqrt(P)
    curve = LearningCurve(train, grid)
    fits, _ = curve.fit(train @ a + noise * rng.standard_normal((N, teachers)))
    samples = np.mean((np.einsum("mp,pgk->mgk", test, fits) - (test @ a)[:, None]) ** 2, axis=0)
    averaged = dict(zip(*curve.averaged_error(test, noise), strict=True))
    for i, n in enumerate(grid):
        standard_error = samples[i].std() / np.sqrt(teachers)
        assert abs(samples[i].mean() - averaged[n]) < 4 * standard_error


def test_dependent_features_still_give_the_minimum_norm_solution():
    train, _, labels = draw()
    train[:, 3] = 0  # a dead unit
    train[7] = train[2]  # a repeated image
    grid = np.array([20, N])
    fits = LearningCurve(train, grid).fit(labels)[0]
    for i, n in enumerate(grid):
        np.testing.assert_allclose(fits[:, i], np.linalg.pinv(train[:n]) @ labels[:n], atol=1e-9)


@given(st.integers(0, 99), st.floats(0.01, 100))
def test_units_that_fire_together_still_give_the_minimum_norm_solution(seed, ratio):
    """Deep in a ReLU network two units may fire on the same few rows only: a pivot is then rounding, of any sign."""
    train, _, labels = draw(seed)
    train[:, 3] = np.where(np.arange(N) == 5, 0.7, 0.0)
    train[:, 9] = ratio * train[:, 3]
    train[:, 11] = ratio * train[:, 2]
    grid = np.array([N - 10, N])
    fits = LearningCurve(train, grid).fit(labels)[0]
    for i, n in enumerate(grid):
        np.testing.assert_allclose(fits[:, i], np.linalg.pinv(train[:n]) @ labels[:n], rtol=1e-6, atol=1e-6)


def test_a_dead_unit_among_features_with_a_mean_gets_no_weight():
    """The mean is the largest singular value, of whose rounding the zero of a dead unit must not rise above the cut."""
    rng = np.random.default_rng(0)
    train = np.maximum(rng.standard_normal((300, 20)) @ rng.standard_normal((20, 100)) + 3, 0)
    train[:, 7] = 0
    labels = rng.standard_normal((300, 2))
    others = np.delete(np.arange(100), 7)
    (fit,) = LearningCurve(train, np.array([300])).fit(labels)[0].swapaxes(0, 1)
    wanted = np.linalg.solve(train[:, others].T @ train[:, others], train[:, others].T @ labels)
    np.testing.assert_allclose(fit[others], wanted, atol=1e-9)
    np.testing.assert_allclose(fit[7], 0, atol=1e-9)


@given(st.integers(2, N - 1))
def test_later_samples_do_not_change_earlier_fits(last):
    train, test, labels = draw()
    short = LearningCurve(train[:last], np.array([last]), 0.1)
    long = LearningCurve(train, np.array([last, N]), 0.1)
    np.testing.assert_allclose(short.fit(labels[:last])[0][:, 0], long.fit(labels)[0][:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(short.averaged_error(test, 1.0)[1], long.averaged_error(test, 1.0)[1][:last], rtol=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_averaged_train_error_equals_the_mean_over_many_teachers(ridge):
    """4000 teachers and noises: 4 standard errors of each mean, at n below, next to and above p."""
    rng = np.random.default_rng(3)
    features, n_train, noise, draws = rng.standard_normal((60, 24)), np.array([10, 30, 60]), 0.5, 4000
    curve = LearningCurve(features, n_train, ridge)
    n, _ = curve.averaged_error(rng.standard_normal((5, 24)), noise)
    exact = dict(zip(n.tolist(), curve.averaged_train_error(noise), strict=True))
    teachers = rng.standard_normal((24, draws)) / np.sqrt(24)
    labels = features @ teachers + noise * rng.standard_normal((60, draws))
    fits, _ = curve.fit(labels)
    for i, size in enumerate(n_train):
        errors = np.mean((features[:size] @ fits[:, i] - labels[:size]) ** 2, axis=0)
        assert exact[size] == pytest.approx(errors.mean(), abs=4 * errors.std() / np.sqrt(draws) + 1e-20)


@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_train_error_is_there_for_every_n_of_the_test_error(ridge):
    rng = np.random.default_rng(4)
    curve = LearningCurve(rng.standard_normal((40, 20)), np.array([5, 15, 26, 40]), ridge)
    n, error = curve.averaged_error(rng.standard_normal((6, 20)), 0.3)
    train = curve.averaged_train_error(0.3)
    assert len(train) == len(n) == len(error)
    assert (train >= 0).all()
    assert ridge == 0 or (np.diff(train[5:]) > 0).any()

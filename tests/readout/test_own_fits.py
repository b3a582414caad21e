"""Fits to rows of one's own: the two matrices of a fit, rows that are never tested on, and the interval's coverage."""

import numpy as np
import pytest

from onebit_rf.readout.own_fits import fit_ridge, measure, summarise


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_a_fit_is_the_minimiser(n, ridge):
    """Against the least-squares problem with √λ I as further rows, below and above p = 40."""
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((n, 40)), generator.standard_normal((n, 3))
    rows = np.vstack([x, np.sqrt(ridge) * np.eye(40)]) if ridge else x
    wanted = np.linalg.lstsq(rows, np.vstack([y, np.zeros((40, 3))]) if ridge else y)[0]
    np.testing.assert_allclose(fit_ridge(x, y, ridge), wanted, atol=1e-10)


def test_features_that_hang_together_have_the_fit_of_minimum_norm():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((60, 20)), generator.standard_normal((60, 1))
    x[:, -1] = x[:, :3].sum(axis=1)
    np.testing.assert_allclose(fit_ridge(x, y, 0.0), np.linalg.lstsq(x, y)[0], atol=1e-9)


def test_no_row_is_tested_that_was_trained_on():
    """Each row has a feature to itself: what is trained on is known exactly, all other rows are predicted to be 0."""
    y = np.full((30, 1), 2.0)
    found = measure(np.eye(30, dtype=np.float32), y, np.array([10, 29]), np.zeros(2), seed=0, draws=3)
    assert found[..., 0].tolist() == [[4.0, 4.0]] * 3
    assert np.isnan(found[..., 1]).all()


def test_accuracy_is_that_of_the_largest_output():
    """Three classes on three axes, and a wrong label on a row in four: right on three rows in four."""
    x = np.repeat(np.eye(3, dtype=np.float32), 400, axis=0)
    label = np.repeat(np.arange(3), 400)
    label[::4] = (label[::4] + 1) % 3
    found = measure(x, np.eye(3)[label], np.array([600]), np.array([1.0]), seed=0, draws=4)
    # 600 test rows, of which others are wrong at random: four standard errors √(3/16/600)
    assert np.all(np.abs(found[..., 1] - 0.75) < 4 * np.sqrt(3 / 16 / 600))


def test_draws_depend_on_the_seed_alone():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((50, 5)), generator.standard_normal((50, 1))
    first, again, other = (measure(x, y, np.array([20]), np.ones(1), seed, 2) for seed in (0, 0, 1))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first[..., 0], other[..., 0])


def test_intervals_cover_what_they_should():
    """95 % of 2000 hold the mean of these networks, however they scatter among each other: four standard errors."""
    generator, networks, draws = np.random.default_rng(0), 3, 5
    of_network, inside = generator.standard_normal((networks, 1, 1, 1)) * 10, 0
    for _ in range(2000):
        fits = of_network + generator.standard_normal((networks, draws, 1, 2))
        columns = summarise(fits)
        inside += abs(columns["measured"][0] - of_network.mean()) < columns["measured_half"][0]
    assert abs(inside / 2000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)


def test_numbers_have_no_accuracy():
    fits = np.random.default_rng(0).standard_normal((2, 3, 1, 2))
    assert {"accuracy", "accuracy_half"} <= set(summarise(fits))
    fits[..., 1] = np.nan
    assert set(summarise(fits)) == {"measured", "measured_half"}

"""Distances of covariances: against their definitions, sums over pairs, and rows whose distance is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.equivalents.distances import frobenius, operator, squared


def symmetric(rng, dim):
    root = rng.standard_normal((dim, dim))
    return root @ root.T / dim


@given(st.integers(0, 1000), st.integers(2, 12), st.integers(1, 6))
def test_squared_is_the_mean_over_pairs(seed, n, dim):
    rng = np.random.default_rng(seed)
    rows, covariance = rng.standard_normal((n, dim)), symmetric(rng, dim)
    off = [np.outer(x, x) - covariance for x in rows]
    pairs = [np.sum(off[i] * off[j]) for i in range(n) for j in range(n) if i != j]
    scale = np.sum(covariance**2)
    # the closed form subtracts sums of squares: rounding relative to the larger of them
    assert squared(rows, covariance) * scale == pytest.approx(
        np.mean(pairs), abs=1e-12 * sum(np.sum(o**2) for o in off)
    )


@given(st.integers(0, 1000), st.integers(1, 8))
def test_norms_are_numpys(seed, dim):
    rng = np.random.default_rng(seed)
    sample, covariance = symmetric(rng, dim), symmetric(rng, dim)
    for distance, order in ((frobenius, "fro"), (operator, 2)):
        wanted = np.linalg.norm(sample - covariance, order) / np.linalg.norm(covariance, order)
        assert distance(sample, covariance) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_squared_is_free_of_the_noise_of_sampling(factor):
    # Rows of covariance f Σ: the squared distance is (f − 1)². Its mean over 200 draws, within 4 standard errors.
    rng, dim = np.random.default_rng(3), 10
    covariance = symmetric(rng, dim)
    root = np.linalg.cholesky(factor * covariance)
    draws = [squared(rng.standard_normal((50, dim)) @ root.T, covariance) for _ in range(200)]
    assert abs(np.mean(draws) - (factor - 1) ** 2) < 4 * np.std(draws) / 200**0.5
    assert np.std(draws) > 0

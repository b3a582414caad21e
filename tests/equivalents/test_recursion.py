"""Moments given the weights: against closed forms of erf and against simulation of one layer, by two routes each."""

import numpy as np
import pytest

from onebit_rf.equivalents.recursion import VARIANCES, Moments, start, step
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.theory.equivalents import equivalent_layers


def weights(rows, columns, seed=0, law="gaussian"):
    draws = np.random.default_rng(seed).standard_normal((rows, columns))
    return (draws if law == "gaussian" else np.sign(draws)) * columns**-0.5


def test_erf_is_its_arcsine_but_for_the_cubic_term():
    # z ~ N(0, K): E erf(z_i) erf(z_j) = (2/π) arcsin(x_ij), x = 2K_ij/√((1 + 2K_ii)(1 + 2K_jj)). The equivalent has
    # arcsin(x) on the diagonal and x off it, and |arcsin(x) − x| ≤ (π/2 − 1)|x|³ on [−1, 1].
    w, eigenvalues = weights(30, 80), np.linspace(0.2, 1.8, 80)
    pushed = w @ np.diag(eigenvalues) @ w.T
    scale = np.sqrt(1 + 2 * np.diag(pushed))
    x = 2 * pushed / np.outer(scale, scale)
    found = step(start(eigenvalues), w, "erf", "own").covariance
    assert np.diag(found) == pytest.approx(2 / np.pi * np.arcsin(np.diag(x)), abs=1e-11)
    off = ~np.eye(30, dtype=bool)
    gap = np.abs(2 / np.pi * np.arcsin(x) - found)[off]
    assert (gap <= 2 / np.pi * (np.pi / 2 - 1) * np.abs(x[off]) ** 3 + 1e-12).all()
    assert gap.max() > 1e-6  # there is a cubic term


def test_rows_of_equal_length_have_variances_of_their_own_alike():
    one, other = (step(start(np.ones(64)), weights(20, 64, law="one_bit"), "tanh", name) for name in VARIANCES)
    assert one.covariance == pytest.approx(other.covariance, abs=1e-13)
    one, other = (step(start(np.ones(64)), weights(20, 64), "tanh", name) for name in VARIANCES)
    assert np.abs(one.covariance - other.covariance).max() > 1e-3


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_mean_and_variances_are_those_of_a_simulated_layer(activation):
    # x ~ N(m, Σ) of 40 dimensions, so that z is exactly normal: means and variances of the outputs, of order 1, from
    # 10⁵ rows have standard errors of at most 1.2/√10⁵ = 0.004; 5 of them.
    rng, dim = np.random.default_rng(1), 40
    below = Moments(rng.standard_normal(dim), np.diag(rng.uniform(0.2, 1.8, dim)))
    w = weights(15, dim, seed=2)
    x = below.mean + rng.standard_normal((100_000, dim)) * np.sqrt(np.diag(below.covariance))
    out = ACTIVATIONS.get(activation).function(x @ w.T)
    found = step(below, w, activation, "own")
    assert found.mean == pytest.approx(out.mean(axis=0), abs=0.02)
    assert np.diag(found.covariance) == pytest.approx(out.var(axis=0), abs=0.02)
    assert found.second == pytest.approx(found.covariance + np.outer(found.mean, found.mean))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_traces_climb_as_those_of_the_theory(activation):
    # tr Σ_ℓ/d and |m_ℓ|²/d are means over d neurons whose relative spread is of order 1, so that they lie within about
    # 1/√d of their limit, 4 % at d = 600; and 3 of that for the layers together.
    moments = start(np.ones(600))
    for seed, layer in enumerate(equivalent_layers(activation, 3)):
        moments = step(moments, weights(600, 600, seed), activation, "shared")
        assert np.trace(moments.covariance) / 600 == pytest.approx(layer.variance, rel=0.12)
        assert moments.mean @ moments.mean / 600 == pytest.approx(layer.mean_sq, rel=0.12, abs=1e-20)

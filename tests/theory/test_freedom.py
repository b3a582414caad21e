"""The κ chain, solved from the top down, against the same chain climbed from κ_0 up and against random matrices."""

import numpy as np
import pytest
from scipy.optimize import brentq

from onebit_rf.model.spectra import SPECTRA
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.freedom import given_kappa, solve_chain
from onebit_rf.theory.spectrum import compress, named_spectrum
from onebit_rf.theory.square import given_samples


def climb(kappa, values, dims, layers):
    """κ_L and df_L from κ_0: κ_ℓ = ρ1²κ_{ℓ−1}(d_ℓ − df_{ℓ−1})/d_{ℓ−1} − ρ2², df_ℓ = d_ℓ − κ_ℓ d_{ℓ−1}/(ρ1²κ_{ℓ−1})."""
    df = np.sum(values / (values + kappa))
    for narrow, wide, layer in zip(dims[:-1], dims[1:], layers, strict=True):
        rho1_sq, rho2_sq = layer.rho1_sq[0], layer.rho2_sq[0]
        above = rho1_sq * kappa * (wide - df) / narrow - rho2_sq
        df, kappa = wide - above * narrow / (rho1_sq * kappa), above
        if kappa <= 0:
            return -1.0, wide
    return kappa, df


@pytest.mark.parametrize("spectrum", ["identity", "power:1"])
@pytest.mark.parametrize("dims", [(300, 400), (300, 200, 500, 400), (1000, 1500, 700, 1200)])
@pytest.mark.parametrize("kappa", [1e-3, 0.3, 50.0])
def test_both_directions_of_the_chain_agree(dims, spectrum, kappa):
    layers, values = equivalent_layers("tanh", len(dims) - 1), SPECTRA.get(spectrum).eigenvalues(dims[0])
    root = np.exp(brentq(lambda x: climb(np.exp(x), values, dims, layers)[0] - kappa, -10, 25, xtol=1e-14))
    chain = solve_chain(compress(values), dims, layers, given_kappa(np.array([kappa])))
    assert chain.kappa[0] == pytest.approx([root], rel=1e-9)
    assert chain.df[-1] == pytest.approx([climb(root, values, dims, layers)[1]], rel=1e-9)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kappa", [1e-3, 0.1, 10.0])
def test_derivatives_and_powers_equal_differences(activation, kappa):
    dims, step = (300, 200, 500, 400), 1e-5
    layers = equivalent_layers(activation, 3)
    around = kappa * np.array([1, 1 + step, 1 - step])
    chain = solve_chain(named_spectrum("power:1", 300), dims, layers, given_kappa(around), 3)
    slope = (chain.df[:, 1] - chain.df[:, 2]) / (chain.kappa[:, 1] - chain.kappa[:, 2])
    assert chain.gap[:, 0] == pytest.approx(-chain.kappa[:, 0] * slope, rel=1e-7)
    assert chain.df2 == pytest.approx(chain.df - chain.gap, rel=1e-9)
    power = layers[-1].variance - around * chain.df[-1] / 400
    assert chain.power == pytest.approx(power, abs=1e-13)
    assert chain.power2 == pytest.approx(power - around * chain.df2[-1] / 400, abs=1e-13)


@pytest.mark.parametrize("one_bit", [False, True])
def test_degrees_of_freedom_equal_those_of_the_random_covariance(one_bit):
    # Linear-plus-noise layers drawn as matrices; a linear statistic of such a spectrum deviates by O(1)/df: 1 %.
    generator, dims, layers = np.random.default_rng(3), (300, 400, 250), equivalent_layers("tanh", 2)
    covariance = np.diag(SPECTRA.get("power:1").eigenvalues(300))
    for narrow, wide, layer in zip(dims[:-1], dims[1:], layers, strict=True):
        weights = generator.standard_normal((wide, narrow))
        weights = (np.sign(weights) if one_bit else weights) / np.sqrt(narrow)
        covariance = layer.rho1_sq[0] * weights @ covariance @ weights.T + layer.rho2_sq[0] * np.eye(wide)
    spectrum = np.linalg.eigvalsh(covariance)
    for kappa in (0.01, 0.1, 1.0):
        chain = solve_chain(named_spectrum("power:1", 300), dims, layers, given_kappa(np.array([kappa])))
        assert chain.df[-1, 0] == pytest.approx(np.sum(spectrum / (spectrum + kappa)), rel=1e-2)
        assert chain.df2[-1, 0] == pytest.approx(np.sum((spectrum / (spectrum + kappa)) ** 2), rel=2e-2)


def test_narrow_layers_in_series_do_not_lose_digits():
    # Eight layers between 8 and 10^5 wide, where climbing from κ_0 would lose every digit.
    dims = (100_000, 8) * 4 + (100_000,)
    delta = np.array([1e-4, 0.3, 1 - 1e-5])
    chain = solve_chain(
        named_spectrum("identity", dims[0]), dims, equivalent_layers("tanh", 8), given_samples(delta, 0 * delta), 3
    )
    assert chain.residual.max() < 1e-12
    assert chain.df[-1] == pytest.approx(delta * dims[-1], rel=1e-12)
    assert np.all(np.diff(chain.kappa[-1]) < 0)

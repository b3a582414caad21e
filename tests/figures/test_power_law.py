"""Exponents: exact laws are found, intervals hold the truth as often as they say, and noise has no exponent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import chi2

from onebit_rf.figures.power_law import EXPONENTS, fit_mean, fit_spread, spread_interval

SIZES = np.array([64.0, 128, 256, 512, 1024])
COUNT = np.full(5, 12)
STEP = EXPONENTS[1] - EXPONENTS[0]


@given(st.floats(0.3, 2.0), st.floats(0.01, 10), st.sampled_from([-1, 1]))
def test_an_exact_law_is_found(exponent, amplitude, sign):
    mean = sign * amplitude * (SIZES / 256) ** -exponent
    law = fit_mean(SIZES, mean, 1e-3 * np.abs(mean), COUNT)
    assert law.exponent == pytest.approx(exponent, abs=STEP)
    assert law.low <= law.exponent <= law.high
    assert law(256.0) == pytest.approx(sign * amplitude, rel=2 * STEP)  # (p/p_0)^STEP, p/p_0 ≤ 4
    assert fit_spread(SIZES, np.abs(mean), COUNT).exponent == pytest.approx(exponent)


def test_the_best_fit_is_the_least_squares_of_scipy():
    rng = np.random.default_rng(0)
    sem = 0.05 * SIZES**-0.8
    mean = SIZES**-1.0 + rng.normal(0, sem)
    law = fit_mean(SIZES, mean, sem, COUNT)
    (_, exponent), _ = curve_fit(lambda p, a, b: a * p**-b, SIZES, mean, p0=(1, 1), sigma=sem)
    assert law.exponent == pytest.approx(exponent, abs=STEP)


def covered(fit, exponent, draws):
    """Share of draws whose interval holds the exponent; those without one count."""
    laws = [fit() for _ in range(draws)]
    return np.mean([not law.is_known or law.low <= exponent <= law.high for law in laws])


def test_intervals_of_means_hold_the_exponent():
    """400 draws at 95 %: at least 0.95 − 4 √(0.95·0.05/400) = 0.906 of them; the interval is on the wide side."""
    rng = np.random.default_rng(1)

    def fit():
        values = SIZES**-1.0 * (1 + 0.5 * rng.standard_normal((12, 5)))
        return fit_mean(SIZES, values.mean(axis=0), values.std(axis=0, ddof=1) / 12**0.5, COUNT)

    assert covered(fit, 1.0, 400) > 0.906


def test_intervals_of_spreads_hold_the_exponent():
    """400 draws at 95 %: within 4 √(0.95·0.05/400) = 0.044; log s is nearly normal, so not far above either."""
    rng = np.random.default_rng(2)
    share = covered(
        lambda: fit_spread(SIZES, (SIZES**-1.0 * rng.standard_normal((12, 5))).std(axis=0, ddof=1), COUNT), 1.0, 400
    )
    assert share == pytest.approx(0.95, abs=0.044)


def test_noise_has_no_exponent_of_its_mean():
    """Of |mean| it would be that of the standard errors, here 1. By chance 5 % of fits see a law in it."""
    rng = np.random.default_rng(3)
    sem = SIZES**-1.0
    laws = [fit_mean(SIZES, rng.normal(0, sem), sem, COUNT) for _ in range(200)]
    assert np.mean([law.is_known for law in laws]) < 0.05 + 4 * (0.05 * 0.95 / 200) ** 0.5


def test_one_seed_has_no_law():
    assert not fit_mean(SIZES, SIZES**-1.0, np.full(5, np.nan), np.ones(5)).is_known
    assert not fit_spread(SIZES, np.full(5, np.nan), np.ones(5)).is_known


def test_the_interval_of_a_spread_is_chi_square():
    low, high = spread_interval(np.array([2.0]), np.array([8]))
    assert 7 * 4 / low**2 == pytest.approx(chi2.ppf(0.975, 7))
    assert 7 * 4 / high**2 == pytest.approx(chi2.ppf(0.025, 7))

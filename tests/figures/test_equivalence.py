"""Two one-sided tests against SciPy's t-tests, and what must hold of the verdicts whatever the values are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from onebit_rf.figures.equivalence import VERDICTS, two_one_sided, verdicts, with_verdicts

VALUES = st.lists(st.floats(-0.1, 0.1, allow_subnormal=False), min_size=2, max_size=12)
MARGIN = st.floats(1e-3, 0.1)


def summary(values):
    """Mean, standard error and number, by Pandas, which says that equal values have no spread."""
    column = pd.Series(values, dtype=float)
    return column.mean(), column.sem(), len(column)


@pytest.mark.parametrize("centre", [0.0, 0.004, -0.01, 0.03])
def test_p_is_the_larger_of_two_t_tests(centre):
    rng = np.random.default_rng(0)
    for count in range(2, 9):
        values = rng.normal(centre, 0.01, count)
        below, above = (
            ttest_1samp(values, 0.01, alternative="less").pvalue,
            ttest_1samp(values, -0.01, alternative="greater").pvalue,
        )
        assert two_one_sided(*summary(values), 0.01) == pytest.approx(max(below, above), rel=1e-9)


@given(VALUES, MARGIN)
def test_verdicts_are_where_the_90_per_cent_interval_lies(values, margin):
    mean, sem, count = summary(values)
    low, high = mean + np.array([-1, 1]) * student.ppf(0.95, count - 1) * sem
    edges = np.array([low, high])
    assume(np.min(np.abs(np.abs(edges) - margin)) > 1e-12)  # closer, rounding decides
    inside, outside = max(-low, high) < margin, low > margin or high < -margin
    wanted = "equal" if inside else "different" if outside else "undecided"
    assert verdicts(mean, sem, count, margin) == wanted
    assert (two_one_sided(mean, sem, count, margin) < 0.05) == inside


@given(VALUES, MARGIN, st.floats(1.0, 4.0))
def test_a_wider_margin_is_easier_to_keep(values, margin, factor):
    narrow, wide = (two_one_sided(*summary(values), m) for m in (margin, factor * margin))
    assert not wide > narrow  # NaN where equal values lie on the margin


@given(VALUES, MARGIN)
def test_signs_do_not_matter(values, margin):
    mean, sem, count = summary(values)
    assert verdicts(mean, sem, count, margin) == verdicts(-mean, sem, count, margin)


def test_one_seed_decides_nothing():
    assert np.isnan(two_one_sided(0.0, np.nan, 1, 0.01))
    assert verdicts(np.array([0.0, 1.0]), np.array([np.nan, np.nan]), np.array([1, 1]), 0.01).tolist() == [
        "undecided",
        "undecided",
    ]


def test_values_without_spread_are_what_they_are():
    assert verdicts(np.array([0.0, 0.02, 0.01]), np.zeros(3), 5, 0.01).tolist() == ["equal", "different", "undecided"]


def test_a_difference_on_the_margin_is_called_equal_in_5_per_cent():
    """2000 draws of 8 values of mean m: the share of `equal` is 0.05 within 4 √(0.05·0.95/2000) = 0.02."""
    draws = np.random.default_rng(1).normal(0.01, 0.002, (2000, 8))
    sem = draws.std(axis=1, ddof=1) / 8**0.5
    said = verdicts(draws.mean(axis=1), sem, 8, 0.01)
    for verdict in ("equal", "different"):
        assert np.mean(said == verdict) == pytest.approx(0.05, abs=0.02)


def test_a_table_gets_its_verdicts():
    table = pd.DataFrame({"mean": [0.0, 0.5, 0.01], "sem": [1e-3, 1e-3, 1.0], "size": [8, 8, 8]})
    assert tuple(with_verdicts(table, 0.01)["verdict"]) == ("equal", "different", "undecided")
    assert set(with_verdicts(table, 0.01)["verdict"]) == set(VERDICTS)

"""The laws of A*: the moments that the theory uses against the sampler."""

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.model.teachers import TEACHERS


@pytest.mark.parametrize("name", ["normal", "uniform:0.1,1.9", "uniform:-2,0.5"])
def test_moments_equal_those_of_the_samples(name):
    teacher = TEACHERS.get(name)
    draws = teacher.sample(np.random.default_rng(0), 400_000)
    for about in (0.0, 1.0):  # the standard error of a mean of 4·10^5 values of spread ≤ 4 is 0.007
        assert teacher.second_moment(about) == pytest.approx(np.mean((draws - about) ** 2), abs=0.03)
    assert teacher.mean == pytest.approx(draws.mean(), abs=0.01)


@pytest.mark.parametrize(
    "name", ["", "uniform", "uniform:1", "uniform:2,1", "uniform:1,1", "uniform:0,inf", "gamma:1,2"]
)
def test_unknown_laws_are_refused(name):
    with pytest.raises(OnebitError, match=r"teacher: (must be |uniform:LOW,HIGH needs finite LOW < HIGH)"):
        TEACHERS.get(name)

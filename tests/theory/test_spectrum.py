"""The compressed spectrum against the sums over all eigenvalues that it stands for."""

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.theory.spectrum import compress, named_spectrum


@pytest.mark.parametrize("name", ["power:0.3", "power:2", "condition:1000", "condition:1e6"])
def test_compression_keeps_resolvent_sums(name):
    values = SPECTRA.get(name).eigenvalues(10_000)
    spectrum = compress(values)
    assert spectrum.values.size < 300
    for kappa in np.geomspace(1e-9, 1e6, 16):
        for power in (1, 2):
            exact = np.mean((values / (values + kappa)) ** power)
            assert spectrum.weights @ (spectrum.values / (spectrum.values + kappa)) ** power == pytest.approx(
                exact, rel=1e-11
            )


def test_compression_keeps_zero_eigenvalues_and_arbitrary_ones():
    values = np.concatenate([np.zeros(500), np.random.default_rng(0).lognormal(0, 3, 4000)])
    spectrum = compress(values)
    assert spectrum.mean == pytest.approx(values.mean(), rel=1e-12)
    assert spectrum.weights @ (spectrum.values / (spectrum.values + 0.1)) == pytest.approx(
        np.mean(values / (values + 0.1)), rel=1e-12
    )


@pytest.mark.parametrize("number", [1.0, 7.0, 1e6, 1e12])
def test_a_condition_number_is_that_of_the_eigenvalues(number):
    """Of mean 1, evenly spaced in the logarithm, largest first; rounding of sums and quotients."""
    for dim in (2, 9, 1000):
        values = SPECTRA.get(f"condition:{number}").eigenvalues(dim)
        assert values.mean() == pytest.approx(1, rel=1e-12)
        assert values[0] / values[-1] == pytest.approx(number, rel=1e-9)
        assert np.diff(np.log(values)) == pytest.approx(np.full(dim - 1, -np.log(number) / (dim - 1)), abs=1e-9)
    assert SPECTRA.get("condition:7").eigenvalues(1) == [1.0]


@pytest.mark.parametrize("number", ["0.5", "0", "-3", "1e+13", "inf", "nan"])
def test_condition_numbers_out_of_range_are_refused(number):
    with pytest.raises(OnebitError, match=r"^spectrum: condition:NUMBER needs a NUMBER from 1 to 1e\+12, got"):
        SPECTRA.get(f"condition:{number}")


def test_few_eigenvalues_stay_as_they_are():
    spectrum = compress(np.array([2.0, 0.5, 0.5]))
    assert spectrum.values.tolist() == [0.5, 2.0]
    assert spectrum.weights == pytest.approx([2 / 3, 1 / 3])
    assert named_spectrum("identity", 7).values.tolist() == [1.0]


def test_power_law_has_mean_one_and_its_exponent():
    values = SPECTRA.get("power:1.5").eigenvalues(1000)
    assert values.mean() == pytest.approx(1)
    assert values[0] / values[99] == pytest.approx(100**1.5)
    for name in ("power:0", "identity"):
        assert SPECTRA.get(name).eigenvalues(3).tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["", "power", "power:", "power:-1", "power:nan", "power:inf", "flat", "identity:1"])
def test_unknown_spectra_are_refused(name):
    with pytest.raises(OnebitError, match=r"spectrum: (must be |power:ALPHA needs a finite ALPHA ≥ 0)"):
        SPECTRA.get(name).eigenvalues(4)

"""The grids: known constants, moments by simulation and least distortion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.grids import Grid, grid

# Optimal uniform quantizers of a normal law: steps of Max (1960), distortions 1 − c.
KNOWN = {1: (1.5957691, 0.3633802), 2: (0.9956867, 0.1188461), 3: (0.5860194, 0.0374397), 4: (0.3352006, 0.0115429)}


@pytest.mark.parametrize("bits", KNOWN)
def test_steps_and_distortions_are_those_of_the_optimal_uniform_quantizer(bits):
    assert (grid(bits).step, 1 - grid(bits).gain) == pytest.approx(KNOWN[bits], abs=1e-7)


@pytest.mark.parametrize("bits", range(1, 9))
def test_moments_are_those_of_the_rounding(bits):
    """Both by equal steps over the normal density, whose error is the density's tail beyond 12."""
    g = np.linspace(-12, 12, 240_001)[:-1] + 5e-5
    weights = np.exp(-0.5 * g**2)
    weights /= weights.sum()
    rounded = grid(bits).round(g)
    assert [weights @ (g * rounded), weights @ rounded**2] == pytest.approx([grid(bits).gain] * 2, abs=1e-4)
    assert abs(weights @ rounded) < 1e-4
    assert len(np.unique(rounded)) == 2**bits


@given(st.integers(1, 8), st.floats(0.8, 1.25))
def test_no_other_step_distorts_less(bits, factor):
    g = np.linspace(-9, 9, 20_001)
    weights = np.exp(-0.5 * g**2)
    best, other = (
        weights @ (g - Grid(bits, step, 1.0).round(g)) ** 2 for step in (grid(bits).step, factor * grid(bits).step)
    )
    assert best <= other * (1 + 1e-3)


def test_columns_are_scaled_by_their_own_size():
    numbers = np.random.default_rng(0).standard_normal((500, 2, 3))
    rounded = grid(2).round_scaled(numbers * [1.0, 10.0, 0.0])
    size = np.sqrt(np.mean(numbers[:, 0, 0] ** 2))
    np.testing.assert_allclose(rounded[:, 0, 0], size * grid(2).round(numbers[:, 0, 0] / size))
    assert not rounded[..., 2].any()


@pytest.mark.parametrize("bits", [0, -1, 13, 2.5])
def test_bits_that_are_none_are_refused(bits):
    with pytest.raises(OnebitError, match="bits: must be a whole number from 1 to 12, got"):
        grid(bits)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_moments_of_other_spreads_are_those_of_the_rounding(bits):
    g = np.linspace(-12, 12, 240_001)[:-1] + 5e-5
    weights = np.exp(-0.5 * g**2)
    weights /= weights.sum()
    spreads = np.array([0.02, 0.3, 1.0, 1.7, 20.0])
    gained, square = grid(bits).moments(spreads)
    for spread, found in zip(spreads, zip(gained, square, strict=True), strict=True):
        rounded = grid(bits).round(spread * g)
        # A threshold lies within half a step of the sum, 5e-5 of g, from where it is.
        assert found == pytest.approx([weights @ (g * rounded), weights @ rounded**2], rel=2e-3, abs=2e-4)

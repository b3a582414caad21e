"""The two laws: support, moments and scaling, the shared draw, and what is read back from disk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.kernels import unpack_signs
from onebit_rf.weights.laws import (
    dims_label,
    draw_gaussian,
    gaussian_weights,
    parse_dims,
    read_gaussian,
    read_one_bit,
    sample_weights,
)


@pytest.mark.parametrize("fan_in", [10, 100, 1000])
def test_gaussian_weights_have_variance_one_over_fan_in(fan_in):
    weights = gaussian_weights(draw_gaussian(200_000 // fan_in, fan_in, seed=0, layer=1)).astype(np.float64)
    n = weights.size
    assert abs(weights.mean()) * np.sqrt(fan_in) < 4 / np.sqrt(n)
    assert abs(np.mean(weights**2) * fan_in - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(weights**4) * fan_in**2 - 3) < 4 * np.sqrt(96 / n)  # Var g⁴ = 105 − 9


def test_one_bit_weights_are_the_signs_of_the_gaussian_ones(tmp_path):
    widths = [13, 20, 8]
    for law in ("gaussian", "one_bit"):
        sample_weights(tmp_path / law, law, [9, *widths], seed=4)
    for layer, fan_in in enumerate([9, 13, 20], start=1):
        gaussian = read_gaussian(tmp_path / "gaussian", layer)
        signs = unpack_signs(read_one_bit(tmp_path / "one_bit", layer, fan_in))
        assert gaussian.shape == (widths[layer - 1], fan_in)
        assert np.array_equal(signs, np.where(gaussian < 0, -1, 1))


def test_signs_are_fair_and_uncorrelated():
    signs = np.sign(draw_gaussian(400, 500, seed=1, layer=2))
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)
    overlap = signs @ signs.T / np.sqrt(500)
    assert abs(np.mean(overlap[np.triu_indices(400, 1)] ** 2) - 1) < 4 * np.sqrt(2 / (400 * 399 / 2))


def test_layers_and_seeds_draw_independently():
    one = draw_gaussian(50, 60, seed=0, layer=1)
    for other in (draw_gaussian(50, 60, seed=1, layer=1), draw_gaussian(50, 60, seed=0, layer=2)):
        assert abs(np.mean(one * other)) < 4 / np.sqrt(one.size)


def test_a_deeper_network_starts_with_the_same_layers(tmp_path):
    sample_weights(tmp_path / "short", "gaussian", [7, 6], seed=0)
    sample_weights(tmp_path / "long", "gaussian", [7, 6, 5], seed=0)
    assert np.array_equal(read_gaussian(tmp_path / "short", 1), read_gaussian(tmp_path / "long", 1))


@given(st.lists(st.integers(1, 10**5), min_size=2, max_size=9))
def test_dimensions_survive_their_label(dims):
    assert parse_dims(dims_label(dims)) == dims


def test_label_shortens_runs_of_equal_widths():
    assert dims_label([8192, 4096, 4096, 7]) == "8192-4096x2-7"
    assert dims_label([4, 4, 4]) == "4-4x2"  # the input dimension stands apart

"""Products with weights of a few levels: against float64, and as many sign matrices as they need."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels import levels

TOLERANCE = 2e-6  # as test_kernels.py has it of one sign matrix


def rows(n: int, d_in: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, d_in), dtype=np.float32)


def check(product, weights: np.ndarray, x: np.ndarray) -> None:
    exact = x.astype(np.float64) @ weights.T
    assert np.linalg.norm(product.apply(x) - exact) <= TOLERANCE * np.linalg.norm(exact)


@given(st.integers(1, 300))
def test_factors_reach_every_second_number(most):
    """… by the fewest signs: k levels need ⌈log₂ k⌉."""
    factors = levels._factors(most)
    numbers = np.arange(-most, most + 1, 2, dtype=np.int16)
    signs = np.where(levels._signs(numbers[None], factors)[:, 0], 1, -1)
    assert np.array_equal(np.dot(factors, signs), numbers)
    assert len(factors) == int(most).bit_length()


@given(arrays(np.int8, array_shapes(min_dims=2, max_dims=2, max_side=70), elements=st.integers(-5, 5)))
@settings(max_examples=50, deadline=None)
def test_any_whole_numbers_are_products(weights):
    x = rows(3, weights.shape[1])
    product, exact = kernels.load_levels(weights), x.astype(np.float64) @ weights.T
    # Zeros are differences of two signs, so the error is of the size of |x| times the largest weight.
    assert np.abs(product.apply(x) - exact).max() <= TOLERANCE * 6 * np.abs(x).sum(1).max()


@pytest.mark.parametrize("backend", ["auto", "dense", "native-8bit"])
@pytest.mark.parametrize(
    ("found", "copies"), [([-1, 0, 1], 2), ([-3, -1, 1, 3], 2), ([-2, -1, 0, 1], 3), (range(-15, 16, 2), 4)]
)
def test_ternary_weights_and_those_of_few_bits(backend, found, copies):
    weights = np.random.default_rng(1).choice(found, (130, 100))
    product, x = kernels.load_levels(weights, backend), rows(5, 100)
    assert product._copies == copies
    if backend != "native-8bit":
        check(product, weights, x)
    y = product.apply(x, threads=2, activation="relu")
    assert np.array_equal(y, np.maximum(product.apply(x), 0))


def test_two_levels_are_one_sign_matrix():
    weights = 3 * np.sign(rows(20, 50))
    for scale in (0.5, np.arange(1, 21), np.arange(1, 21)[:, None]):
        product = kernels.load_levels(weights, scale=scale)
        assert not isinstance(product, levels.LevelsProduct)
        check(product, np.reshape(scale, (-1, 1)) * weights, rows(4, 50))


def test_scales_are_those_of_load():
    weights = np.random.default_rng(1).integers(-1, 2, (33, 96))
    scales = np.random.default_rng(2).uniform(0.5, 2, (33, 3))
    for scale, whole in ((0.5, 0.5), (scales[:, 0], scales[:, :1]), (scales, np.repeat(scales, 32, axis=1))):
        check(kernels.load_levels(weights, scale=scale), whole * weights, rows(4, 96))


def test_no_weights_are_no_product():
    assert not kernels.load_levels(np.zeros((5, 7), int)).apply(rows(2, 7)).any()


@pytest.mark.parametrize(
    "wrong", [np.ones(3, int), np.ones((0, 3), int), [[0.5]], [[np.nan]], [[257]], [["1"]], [[True]]]
)
def test_other_weights_are_refused_in_one_line(wrong):
    with pytest.raises(OnebitError, match=r"\Aweights: need [^\n]+\Z"):
        kernels.load_levels(wrong)


def test_other_scales_are_refused_as_by_load():
    with pytest.raises(OnebitError, match="scale: 64 inputs are not 4 groups"):
        kernels.load_levels(np.zeros((5, 64), int), scale=np.ones((5, 4)))
    with pytest.raises(OnebitError, match="x: need float32"):
        kernels.load_levels(np.zeros((5, 64), int)).apply(rows(2, 63))


@pytest.mark.parametrize("shift", [0.0, 0.5])  # of the zero-mean grid, and of the asymmetric one
@pytest.mark.parametrize(("bits", "copies"), [(2, 2), (4, 4), (8, 8)])
def test_layers_that_were_trained_in_few_bits_run(bits, copies, shift):
    """v̂ = s · level has whole numbers for 2 v̂/s, with a step for each neuron; asymmetric ones need one copy more."""
    torch = pytest.importorskip("torch")
    from onebit_rf.training.rounding import grid_of, rounded

    v = torch.randn(33, 100, generator=torch.Generator().manual_seed(0))
    step = torch.linspace(0.5, 1, 33)[:, None] * 4 / 2**bits
    weights = rounded(v, step, *grid_of(torch.tensor(float(bits)), shift)).double().numpy()
    steps = step.double().numpy()
    product = kernels.load_levels(np.rint(2 * weights / steps), scale=steps[:, 0] / 2)
    assert product._copies == copies + (shift > 0)
    check(product, weights, rows(5, 100))

"""Rises of loss and error under perturbed weights, against closed forms of quadratic losses and of thresholds."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from stacks import LeastSquares, quadratic, symmetric, tensor

from onebit_rf.sharpness.perturbations import (
    LARGEST,
    SMALLEST,
    adaptive_sharpness_average,
    adaptive_sharpness_worst,
    largest_noise,
)

RANGE = np.log(LARGEST / SMALLEST) / 2**11  # of log σ that the halvings leave: .8 %
numbers = st.floats(-4, 4, width=16)


def rise_of_noise(grams, draws):
    """Mean of zᵀGz over z ~ N(0, 1), and its relative standard error over draws: tr G and √(2 tr G²/draws)/tr G."""
    means = np.trace(grams, axis1=1, axis2=2)
    return means, np.sqrt(2 * np.sum(grams**2, axis=(1, 2)) / draws) / means


def test_noise_on_least_squares_raises_the_loss_by_its_variance_times_the_trace():
    """With the loss in the place of the error: it rises by `drop` at σ² = drop/tr G, exactly in the mean."""
    task = LeastSquares()
    found = largest_noise(task.losses, task.weights, drop=0.3, draws=400)
    mean, error = rise_of_noise(task.grams, 400)
    assert found.converged.all()
    assert np.all(np.abs(np.log(found.value**2 * mean / 0.3)) < 4 * error + 2 * RANGE)


def test_relative_noise_raises_the_loss_by_the_trace_over_weights_squared():
    """Its variance σ²a_i² + ε² raises the loss by σ² Σ a_i²G_ii + ε² tr G."""
    task = LeastSquares()
    found = largest_noise(task.losses, task.weights, drop=0.3, draws=400, relative=True, epsilon=0.1)
    variance = found.value[:, None] ** 2 * task.weights["a"].double().numpy() ** 2 + 0.1**2
    scaled = task.grams * np.sqrt(variance[:, :, None] * variance[:, None, :])
    mean, error = rise_of_noise(scaled, 400)
    assert found.converged.all()
    # log σ² moves the rise by no more than itself, and by at least half of itself where ε² is the smaller part.
    assert np.all(np.abs(np.log(mean / 0.3)) < 4 * error + 2 * RANGE)


@pytest.mark.parametrize(("relative", "epsilon"), [(False, 1e-3), (True, 1.0)])
def test_noise_that_turns_signs_is_a_normal_quantile(relative, epsilon):
    """The error is the share of weights below 0, of 5000 that are w = 2: noise of deviation s turns Φ(−w/s) of them."""
    weights = {"w": torch.full((1, 5000), 2.0)}
    found = largest_noise(lambda at: (at["w"] < 0).float().mean(1), weights, 0.1, 10, relative, epsilon=epsilon)
    deviation = np.sqrt(4 * found.value[0] ** 2 + epsilon**2) if relative else found.value[0]
    slack = 4 * np.sqrt(0.1 * 0.9 / 50_000)  # four standard errors of a share of 0.1 in 10 · 5000 draws
    low, high = -2 / norm.ppf([0.1 - slack, 0.1 + slack])
    assert found.converged.all()
    assert low * np.exp(-RANGE) < deviation < high


def test_a_rise_of_just_the_drop_is_allowed():
    """In float32, 0.3 is more than 0.3."""
    rise = 0.3 * torch.ones(1)
    found = largest_noise(lambda at: rise * (at["w"] != 1).any(), {"w": torch.ones(1, 3)}, drop=0.3)
    assert found.value == pytest.approx(LARGEST, rel=2 * RANGE)


def test_ends_of_the_range_are_told():
    weights = {"w": torch.ones(2, 3)}
    found = largest_noise(lambda at: torch.stack([torch.zeros(()), (at["w"][1] != 1).any().float()]), weights)
    assert not found.converged.any()
    assert found.value == pytest.approx([LARGEST, SMALLEST], rel=2 * RANGE)


def test_average_sharpness_of_least_squares_is_a_weighted_trace():
    task = LeastSquares()
    shifted = {"a": task.weights["a"] + 0.5}  # no minimum: the slope cancels in pairs
    weighted = 0.01 * task.grams * np.einsum("kp,kq->kpq", *[shifted["a"].double().numpy()] * 2)
    mean, error = rise_of_noise(weighted, 500)
    found = adaptive_sharpness_average(task.losses, shifted, 0.1, draws=500)
    assert np.all(np.abs(found / mean - 1) < 4 * error)


def test_average_sharpness_of_a_slope_is_zero():
    found = adaptive_sharpness_average(lambda at: at["w"].sum(1), {"w": torch.ones(2, 50)}, 0.5, draws=3)
    assert found == pytest.approx([0, 0], abs=1e-4)  # float32 rounding of sums of about 50


@given(st.lists(st.tuples(st.floats(0, 4, width=16), numbers, numbers), min_size=1, max_size=10), st.floats(0.01, 2))
def test_worst_sharpness_of_a_separable_quadratic_is_at_a_corner(terms, rho):
    """The loss Σ h_i(w_i − c_i)² rises by Σ h_i r_i² + |g_i| r_i, r_i = ρ|w_i|: also where the slope g_i is 0."""
    h, c, w = np.array(terms).T
    found = adaptive_sharpness_worst(
        lambda at: (tensor(h) * (at["w"] - tensor(c)) ** 2).sum(1), {"w": tensor([w])}, rho
    )
    half = rho * np.abs(w)
    losses = np.sum(h * (w - c) ** 2)
    # The rise is a difference of float32 losses.
    expected = np.sum(h * half**2 + np.abs(2 * h * (w - c)) * half)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5 * (1 + losses))


@given(st.integers(0, 2**32 - 1))
def test_worst_sharpness_lies_between_the_first_corner_and_the_best(seed):
    """A convex loss is largest at a corner, of 2⁸ here, and no step between corners descends."""
    rng = np.random.default_rng(seed)
    matrix, w = symmetric(rng.exponential(size=8), seed), rng.standard_normal(8)

    def rise(move):
        return 0.5 * (w + move) @ matrix @ (w + move) - 0.5 * w @ matrix @ w

    half = 0.3 * np.abs(w)
    best = max(rise(half * signs) for signs in product((-1, 1), repeat=8))
    found = adaptive_sharpness_worst(quadratic([matrix]), {"w": tensor([w])}, 0.3)[0]
    first = rise(half * np.sign(matrix @ w))
    slack = 1e-5 * (1 + w @ matrix @ w)  # float32
    assert first - slack <= found <= best + slack


def test_worst_sharpness_inside_the_box_is_found():
    """−h(w − c)² is largest at c, a quarter of the way to the side of a box; the last of n steps is 8/n of that way."""
    weights = {"w": torch.ones(1, 1)}
    found = adaptive_sharpness_worst(lambda at: -3 * (at["w"][:, 0] - 1.1) ** 2, weights, rho=0.4, steps=400)
    assert found == pytest.approx(3 * 0.1**2, abs=3 * (0.4 * 8 / 400) ** 2 + 1e-6)


def test_worst_sharpness_of_a_maximum_is_zero():
    assert adaptive_sharpness_worst(quadratic([-np.eye(3)]), {"w": torch.zeros(1, 3)}, 0.1) == 0
    top = adaptive_sharpness_worst(lambda at: -(at["w"] - 1).square().sum(1), {"w": torch.ones(1, 3)}, 0.1)
    assert top == 0


def test_zero_weights_are_left_alone():
    weights = {"w": tensor([[0, 0, 1.0]])}

    def losses(at):
        return 100 * at["w"][:, :2].square().sum(1) + at["w"][:, 2]

    assert adaptive_sharpness_worst(losses, weights, 0.1) == pytest.approx(0.1, rel=1e-5)
    assert adaptive_sharpness_average(losses, weights, 0.1) == pytest.approx(0, abs=1e-6)

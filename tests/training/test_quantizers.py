"""Quantizers: their grids by counting, their gradients against those written out, and against another library."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.grids import grid
from onebit_rf.training.quantised import Rounding
from onebit_rf.training.quantizers import QUANTIZERS, WHOLE, ZERO_MEAN
from onebit_rf.training.rounding import end_level, grid_of, round_through, rounded

ALL_BITS = range(1, 9)
FINE = torch.linspace(-600, 600, 480_001, dtype=torch.float64)[None]  # beyond the ends of every grid


def levels(bits, shift):
    return rounded(FINE, torch.ones(1, 1, dtype=torch.float64), *grid_of(torch.tensor([[float(bits)]]), shift)).unique()


@pytest.mark.parametrize("bits", ALL_BITS)
def test_a_zero_mean_grid_has_two_to_the_bits_levels_of_mean_zero(bits):
    found = levels(bits, ZERO_MEAN)
    assert len(found) == 2**bits
    assert found.sum() == 0
    assert torch.equal(found, torch.arange(2**bits, dtype=torch.float64) - (2**bits - 1) / 2)


@pytest.mark.parametrize("bits", ALL_BITS[1:])
def test_the_control_has_as_many_levels_of_mean_minus_half_a_step(bits):
    found = levels(bits, WHOLE)
    assert torch.equal(found, torch.arange(-(2 ** (bits - 1)), 2 ** (bits - 1), dtype=torch.float64))
    assert found.mean() == -0.5


@pytest.mark.parametrize("bits", ALL_BITS)
def test_every_quantizer_puts_weights_on_its_grid(bits):
    names = [f"{kind}:{bits}" for kind in QUANTIZERS.names() if kind != "float" and (kind != "asymmetric" or bits > 1)]
    weights = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 40, 30), dtype=np.float32))
    for name in names:
        rounding = Rounding([QUANTIZERS.get(name)], ["W"], per_channel=False)
        logs = rounding.start({"W": weights})
        found = rounding.round({"W": weights}, logs)["W"].unique() / rounding.steps({"W": weights}, logs)["W"].item()
        shift = QUANTIZERS.get(name).shift
        assert len(found) <= 2**bits
        # levels are multiples of the step, shifted by a half on the zero-mean grid, to single precision
        assert torch.allclose(found + 0.5 - shift, (found + 0.5 - shift).round(), atol=2e-5 * 2**bits)


def test_float_leaves_weights_alone():
    weights = torch.randn(2, 5, 4)
    rounding = Rounding([QUANTIZERS.get("float")] * 2, ["W"], per_channel=True)
    assert torch.equal(rounding.round({"W": weights}, rounding.start({"W": weights}))["W"], weights)


def test_rounding_after_training_takes_the_grid_of_least_distortion():
    weights = torch.from_numpy(np.random.default_rng(1).standard_normal((1, 64, 64)))
    rounding = Rounding([QUANTIZERS.get("ptq:2")], ["W"], per_channel=False)
    found = rounding.round({"W": weights}, rounding.start({"W": weights}))["W"]
    expected = grid(2).round_scaled(weights.numpy().reshape(-1, 1)).reshape(1, 64, 64)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def lsq_gradients(v, s, bits, shift, grad):
    """The source's gradients, a weight at a time, on the grid of levels k + ½ − shift."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    top = high + 1 - 2 * shift
    of_v, of_s = np.zeros_like(v), 0.0
    for i, value in enumerate(v):
        u = value / s
        level = min(max(np.floor(u + shift), low), high) + 0.5 - shift
        inside = low <= u <= top
        of_v[i] = grad[i] if inside else 0.0
        of_s += grad[i] * (level - u if inside and high > 0 else level)
    end = max(high + 0.5 - shift, 1.0)
    return of_v, of_s / np.sqrt(len(v) * end)


@given(
    bits=st.integers(1, 8),
    shift=st.sampled_from([ZERO_MEAN, WHOLE]),
    step=st.floats(1e-3, 10),
    seed=st.integers(0, 2**31),
)
def test_gradients_are_those_written_out(bits, shift, step, seed):
    if shift == WHOLE and bits == 1:
        return
    rng = np.random.default_rng(seed)
    v, grad = rng.standard_normal((2, 50)) * step * 2.0**bits
    tensor = torch.tensor(v[None], requires_grad=True)
    s = torch.tensor([[step]], dtype=torch.float64, requires_grad=True)
    out = round_through(tensor, s, *grid_of(torch.tensor([[bits]], dtype=torch.float64), shift))
    out.backward(torch.tensor(grad[None]))
    of_v, of_s = lsq_gradients(v, step, bits, shift, grad)
    np.testing.assert_array_equal(tensor.grad.numpy()[0], of_v)
    np.testing.assert_allclose(s.grad.item(), of_s, rtol=1e-10, atol=1e-10 * np.abs(grad).sum() * 2.0**bits)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_step_follows_the_loss_where_the_cells_do_not_change(bits):
    """Outside of the clip range, and at one bit everywhere, the gradient is the derivative: finite differences."""
    half = 2.0 ** (bits - 1)
    v = torch.tensor([[-3 * half, 2 * half, 5 * half]], dtype=torch.float64)
    bits = torch.tensor([[float(bits)]])
    s = torch.tensor([[0.9]], dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    (round_through(v, s, *grid_of(bits, ZERO_MEAN)) * weights).sum().backward()
    ends = [(rounded(v, s.detach() + h, *grid_of(bits, ZERO_MEAN)) * weights).sum() for h in (1e-6, -1e-6)]
    slope = (ends[0] - ends[1]) / 2e-6
    scale = (3 * end_level(bits, ZERO_MEAN)) ** -0.5
    assert s.grad.item() == pytest.approx(slope.item() * scale.item(), rel=1e-6)


def test_levels_are_those_of_brevitas():
    """Its whole grid as it is; with a zero point of −½ its rounding is the floor, and its grid the zero-mean one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on import
        from brevitas.core.function_wrapper import Identity
        from brevitas.core.quant import IntQuant

    v = torch.from_numpy(np.random.default_rng(2).uniform(-9, 9, 4000).astype(np.float32))
    for bits in (2, 4, 8):
        quant = IntQuant(narrow_range=False, signed=True, input_view_impl=Identity())
        for shift, zero_point in ((WHOLE, 0.0), (ZERO_MEAN, -0.5)):
            step = torch.tensor(0.37)
            theirs = quant(step, torch.tensor(zero_point), torch.tensor(float(bits)), v)
            ours = rounded(v[None], step.view(1, 1), *grid_of(torch.tensor([[float(bits)]]), shift))[0]
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def test_a_step_stays_positive_whatever_its_gradient_is():
    rounding = Rounding([QUANTIZERS.get("lsq:2")], ["W"], per_channel=False)
    weights = {"W": torch.randn(1, 8, 8)}
    logs = {name: log.requires_grad_() for name, log in rounding.start(weights).items()}
    optimiser = torch.optim.SGD(list(logs.values()), lr=10)
    for _ in range(20):
        optimiser.zero_grad()
        rounding.train(weights, logs, np.random.default_rng(0))["W"].abs().sum().backward()
        optimiser.step()
        assert (rounding.steps(weights, logs)["W"] > 0).all()


def test_noise_is_that_of_the_step_and_shared_by_all_models():
    weights = {"W": torch.randn(1, 200, 100).expand(2, 200, 100)}
    rounding = Rounding([QUANTIZERS.get("noise:4"), QUANTIZERS.get("noise:2")], ["W"], per_channel=False)
    logs = rounding.start(weights)
    noise = rounding.train(weights, logs, np.random.default_rng(0))["W"] - weights["W"]
    steps = rounding.steps(weights, logs)["W"]
    uniform = noise / steps
    torch.testing.assert_close(uniform[0], uniform[1], rtol=0, atol=1e-5)
    assert uniform.abs().max() <= 0.5 + 1e-5
    # variance 1/12 of N = 20,000 uniform numbers: 5 standard errors, √(1/180/N)
    assert abs(uniform[0].var().item() - 1 / 12) < 5 * (1 / 180 / 20_000) ** 0.5


@pytest.mark.parametrize("name", ["lsq:0", "lsq:9", "lsq:1.5", "noise:16", "ptq:0"])
def test_bits_that_are_not_there_are_refused(name):
    with pytest.raises(OnebitError, match="bits: must be 1 to 8, or the quantizer float with 32, got"):
        QUANTIZERS.get(name)


def test_the_control_needs_two_bits():
    with pytest.raises(OnebitError, match="bits: must be 2 to 8"):
        QUANTIZERS.get("asymmetric:1")


def test_an_unknown_quantizer_is_refused():
    with pytest.raises(
        OnebitError, match=r"quantizer: must be asymmetric:BITS, float, lsq:BITS, noise:BITS or ptq:BITS"
    ):
        QUANTIZERS.get("qat:2")

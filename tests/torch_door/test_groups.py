"""OneBitLinear with scales for groups of inputs: against dense layers in float64, with gradients and without."""

import numpy as np
import pytest
import torch
from test_one_bit_linear import OLD, close, gaussian
from torch import nn
from torch.autograd import forward_ad

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.torch import OneBitLinear
from onebit_rf.torch import product as products

SIZES = [(64, 33, 2), (96, 5, 3), (1152, 70, 9)]


def some_layer(d_in=96, d_out=33, groups=3, bias=True):
    signs = gaussian(d_out, d_in, seed=1) > 0
    return OneBitLinear.from_signs(signs, gaussian(d_out, groups, seed=2), gaussian(d_out, seed=3) if bias else None)


def dense(layer):
    """The float64 Linear of the same weights, whose gradients reach α."""
    signs = kernels.unpack_signs(kernels.SignMatrix(layer.bits.numpy(), layer.in_features))
    alpha = layer.scale.detach().double().requires_grad_()
    size = layer.in_features // alpha.shape[1]

    def forward(x):
        weights = alpha.repeat_interleave(size, dim=1) * torch.from_numpy(signs).double()
        return nn.functional.linear(x, weights, None if layer.bias is None else layer.bias.detach().double())

    return forward, alpha


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_outputs_equal_float64(sizes, bias, mode):
    layer = some_layer(*sizes, bias=bias)
    for shape in ((sizes[0],), (5, sizes[0]), (2, 3, sizes[0]), (0, sizes[0])):
        with mode():
            y = layer(gaussian(*shape))
        assert y.shape == (*shape[:-1], sizes[1])
        assert close(y, dense(layer)[0](gaussian(*shape).double()))


def test_without_gradients_it_is_one_operator(monkeypatch):
    layer, calls = some_layer(), []
    monkeypatch.setattr(products, "product", lambda *arguments: calls.append(arguments) or arguments[0].sum())
    with torch.no_grad():
        layer(gaussian(2, 96))
    assert not calls


@pytest.mark.parametrize("sizes", SIZES)
def test_gradients_equal_those_of_the_dense_layer(sizes):
    layer, x = some_layer(*sizes), gaussian(7, sizes[0]).requires_grad_()
    forward, alpha = dense(layer)
    wide = x.detach().double().requires_grad_()
    layer(x).square().sum().backward()
    forward(wide).square().sum().backward()
    assert close(x.grad, wide.grad)
    assert close(layer.scale.grad, alpha.grad)
    assert close(layer.bias.grad, 2 * forward(wide).sum(0))


@pytest.mark.filterwarnings(OLD)
def test_derivatives_forward_equal_those_of_the_dense_layer():
    layer, x, tangent = some_layer(), gaussian(4, 96), gaussian(4, 96, seed=5)
    with torch.no_grad(), forward_ad.dual_level():
        found = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, tangent))).tangent
    assert close(found, dense(layer)[0](tangent.double()) - layer.bias.double())


def test_scales_train_and_what_was_laid_out_follows():
    layer, x = some_layer(), gaussian(20, 96)
    with torch.no_grad():
        before = layer(x)
    layer(x).square().mean().backward()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    with torch.no_grad():
        after = layer(x)
    assert not torch.equal(before, after)
    assert close(after, dense(layer)[0](x.double()))
    with torch.no_grad():
        layer.bits[0] ^= 255
        assert close(layer(x), dense(layer)[0](x.double()))


@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad])
def test_compiled_and_exported_layers_give_the_same(mode):
    layer, x = some_layer(), gaussian(4, 96)
    with mode():
        compiled, exported = torch.compile(layer, backend="aot_eager", fullgraph=True), torch.export.export(layer, (x,))
        assert close(compiled(x), layer(x).detach().double())
        assert close(exported.module()(x), layer(x).detach().double())


def test_the_operator_keeps_torchs_contract():
    layer = some_layer()
    torch.library.opcheck(products.grouped_operator, (gaussian(3, 96), layer.bits, layer.scale.detach(), 96))


def test_from_linear_is_nearest_among_all_groups_of_one_magnitude():
    """At α = mean |W| of a group, Σ (W − αS)² grows whichever way α goes; one group a row is the plain layer."""
    linear = nn.Linear(96, 5)
    layer, weights = OneBitLinear.from_linear(linear, group_size=32), linear.weight.detach().double()
    assert layer.scale.shape == (5, 3)
    assert torch.equal(layer.bias, linear.bias)

    def error(alpha):
        return (weights - weights.sign() * alpha.repeat_interleave(32, dim=1)).square().unflatten(1, (3, 32)).sum(2)

    alpha = layer.scale.detach().double()
    for factor in (0.999, 1.001):
        assert (error(alpha) < error(factor * alpha)).all()
    whole = OneBitLinear.from_linear(linear, group_size=96)
    assert torch.equal(whole.scale, OneBitLinear.from_linear(linear).scale)


def test_a_state_has_its_groups():
    layer, x = some_layer(), gaussian(4, 96)
    other = OneBitLinear.from_signs(gaussian(33, 96) > 0, torch.ones(33, 3), torch.zeros(33))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(x), layer(x))
    with pytest.raises(OnebitError, match=r"scale: need float32 \(33,\) for 96 → 33, got float32 \(33, 3\)"):
        OneBitLinear(96, 33).load_state_dict(layer.state_dict())
    assert repr(layer) == "OneBitLinear(in_features=96, out_features=33, bias=True, groups=3)"


@pytest.mark.parametrize(
    "scale", [torch.ones(33, 2), torch.ones(32, 3), torch.ones(33, 0), torch.full((33, 3), torch.nan)]
)
def test_bad_scales_are_refused_in_one_line(scale):
    with pytest.raises(
        OnebitError, match=r"scale: need finite numbers \(33, groups\), for groups of a multiple of 32"
    ) as e:
        OneBitLinear.from_signs(gaussian(33, 96) > 0, scale)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("size", [31, 64, 0, -32, 1.5, "32"])
def test_bad_group_sizes_are_refused_in_one_line(size):
    with pytest.raises(OnebitError, match="group_size: must be ") as e:
        OneBitLinear.from_linear(nn.Linear(96, 5), group_size=size)
    assert "\n" not in str(e.value)


def test_other_scales_at_the_same_address_are_noticed():
    """As a freed parameter's memory may become the next one's: address and count of writes are the same."""
    layer, x, memory = some_layer(), gaussian(4, 96), np.ones((33, 3), np.float32)
    for value in (1, 2):
        memory[:] = value
        layer.scale = nn.Parameter(torch.from_numpy(memory))
        with torch.no_grad():
            assert close(layer(x), dense(layer)[0](x.double()))

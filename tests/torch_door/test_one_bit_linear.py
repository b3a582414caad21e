"""OneBitLinear: against dense layers in float64, through all that torch does with a module, and on bad input."""

import copy
import gc
import io
import itertools
import pickle
import shutil
import subprocess
import sys
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels import gemlite, native
from onebit_rf.torch import OneBitLinear, checks
from onebit_rf.torch import product as products
from onebit_rf.weights.laws import LAWS

# Of Gaussian rows, in the Frobenius norm: what tests/kernels allow the kernel; α and b add a rounding of 6e-8 each.
TOLERANCE = 2e-6
COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs g++")
OLD = "ignore:.torch.jit.script:DeprecationWarning"  # of torch's own use, by make_dual and inductor


def dense(layer):
    """The float64 Linear of the same weights."""
    signs = kernels.unpack_signs(kernels.SignMatrix(layer.bits.numpy(), layer.in_features))
    linear = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None, dtype=torch.float64)
    linear.weight.data = layer.scale.detach().double()[:, None] * torch.from_numpy(signs).double()
    if layer.bias is not None:
        linear.bias.data = layer.bias.detach().double()
    return linear


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some_layer(d_in=60, d_out=33, bias=True):
    """A layer whose outputs differ in α and b."""
    signs = gaussian(d_out, d_in, seed=1) > 0
    return OneBitLinear.from_signs(signs, gaussian(d_out, seed=2), gaussian(d_out, seed=3) if bias else None)


def close(found, exact):
    return (found.double() - exact).norm() <= TOLERANCE * exact.norm()


@pytest.fixture
def layouts(monkeypatch):
    """The calls that lay signs out for the kernel."""
    calls, lay_out = [], products._lay_out
    monkeypatch.setattr(products, "_lay_out", lambda *arguments: calls.append(arguments[1:3]) or lay_out(*arguments))
    return calls


@pytest.mark.parametrize("sizes", [(1, 1), (7, 3), (64, 64), (60, 33), (1000, 130)])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_equal_float64(sizes, bias):
    layer = some_layer(*sizes, bias=bias)
    for shape in ((sizes[0],), (5, sizes[0]), (2, 3, sizes[0])):
        y = layer(gaussian(*shape))
        assert y.dtype == torch.float32
        assert y.shape == (*shape[:-1], sizes[1])
        assert close(y, dense(layer)(gaussian(*shape).double()))


def test_rows_may_lie_anywhere_in_memory():
    layer, x = some_layer(), gaussian(6, 60)
    expected = layer(x)
    assert torch.equal(layer(x.T.contiguous().T), expected)
    assert torch.equal(layer(torch.stack([x, -x], dim=2)[..., 0]), expected)
    assert torch.equal(layer(x[:1].expand(6, 60)), expected[:1].expand(6, 33))
    turned = torch.complex(torch.zeros_like(x), -x).conj().imag  # x, of which torch has only noted the minus
    assert turned.is_neg()
    assert torch.equal(layer(turned), expected)


def test_no_rows_give_no_rows():
    layer = some_layer()
    for shape in ((0, 60), (2, 0, 60)):
        x = torch.zeros(shape, requires_grad=True)
        layer(x).sum().backward()
        assert layer(x).shape == (*shape[:-1], 33)
        assert x.grad.shape == shape


def test_a_model_with_swapped_layers_gives_the_same_outputs():
    model = nn.Sequential(nn.Linear(200, 120), nn.Tanh(), nn.Linear(120, 90), nn.Tanh(), nn.Linear(90, 10))
    for i in (0, 2):
        weight = model[i].weight.data
        weight.copy_(torch.where(weight >= 0, 1.0, -1.0) * torch.rand(len(weight), 1))
    exact = copy.deepcopy(model).double()(gaussian(50, 200).double())
    for i in (0, 2):
        model[i] = OneBitLinear.from_linear(model[i])
    assert close(model(gaussian(50, 200)), exact)


def test_a_linear_of_signs_is_reproduced():
    linear, scale = nn.Linear(1000, 40), gaussian(40).abs() / 3
    linear.weight.data = torch.where(linear.weight.data >= 0, scale[:, None], -scale[:, None])
    layer = OneBitLinear.from_linear(linear)
    assert torch.equal(layer.scale, scale)
    assert torch.equal(layer.bias, linear.bias)
    assert torch.equal(dense(layer).weight, linear.weight.double())


def test_from_linear_is_nearest_among_all_rows_of_one_magnitude():
    """Every pattern of signs with its own best α, by least squares of one unknown; ours leaves no more than any."""
    linear = nn.Linear(6, 20, bias=False, dtype=torch.float64)
    layer = OneBitLinear.from_linear(linear)
    ours = (dense(layer).weight - linear.weight).norm(dim=1)
    patterns = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=6)), dtype=torch.float64)
    best = torch.stack([(linear.weight @ s / 6)[:, None] * s - linear.weight for s in patterns]).norm(dim=2).amin(dim=0)
    assert torch.allclose(ours, best, rtol=1e-6)  # α is rounded to float32
    assert layer.bias is None


@pytest.mark.parametrize("wanted", [(False, True), (True, False)])
def test_what_needed_no_gradient_needs_none_after(wanted):
    linear = nn.Linear(8, 4)
    linear.weight.requires_grad, linear.bias.requires_grad = wanted
    layer = OneBitLinear.from_linear(linear)
    assert (layer.scale.requires_grad, layer.bias.requires_grad) == wanted
    layer.bias.data += 1
    assert not torch.equal(layer.bias, linear.bias)  # a copy


def test_signs_in_any_form_are_the_same_layer():
    dense_signs = gaussian(33, 60)
    forms = [dense_signs > 0, torch.where(dense_signs > 0, 1.0, -1.0), torch.where(dense_signs > 0, 1, -1)]
    layers = [OneBitLinear.from_signs(form, 0.5) for form in (*forms, kernels.pack_signs(dense_signs.numpy()))]
    for layer in layers:
        assert torch.equal(layer.bits, layers[0].bits)
        assert layer.scale.tolist() == [0.5] * 33
    assert torch.equal(dense(layers[0]).weight, torch.where(dense_signs > 0, 0.5, -0.5).double())


def test_random_layers_are_draws_of_the_law():
    layer = OneBitLinear(60, 33, seed=5)
    assert np.array_equal(layer.bits.numpy(), LAWS.get("rademacher").draw(33, 60, 5, 1).bits)
    assert torch.equal(dense(layer).weight.abs(), torch.full((33, 60), 60**-0.5).double())
    assert not layer.bias.any()
    assert OneBitLinear(60, 33, bias=False, seed=5).bias is None


def test_without_a_seed_torchs_generator_decides():
    torch.manual_seed(0)
    first, second = OneBitLinear(60, 33), OneBitLinear(60, 33)
    assert not torch.equal(first.bits, second.bits)
    torch.manual_seed(0)
    assert torch.equal(first.bits, OneBitLinear(60, 33).bits)


def test_threads_are_torchs_and_do_not_matter():
    layer, x, threads = some_layer(2048, 2048), gaussian(64, 2048), torch.get_num_threads()
    outputs = []
    for count in (1, 2):
        torch.set_num_threads(count)
        outputs.append(layer(x))
    torch.set_num_threads(threads)
    assert torch.equal(*outputs)


def cubes(layer, x):
    """A scalar whose gradients depend on x."""
    return layer(x).pow(3).sum()


def test_gradients_equal_those_of_the_dense_layer():
    layer, x = some_layer(), gaussian(2, 5, 60).requires_grad_()
    exact, y = dense(layer), gaussian(2, 5, 60).double().requires_grad_()
    found = torch.autograd.grad(cubes(layer, x), (x, layer.scale, layer.bias))
    wanted = torch.autograd.grad(cubes(exact, y), (y, exact.weight, exact.bias))
    signs = exact.weight / layer.scale[:, None]
    # Cubes have three times the relative error, the gradient's product its own.
    for ours, theirs in zip(found, (wanted[0], (wanted[1] * signs).sum(dim=1), wanted[2]), strict=True):
        assert (ours - theirs).norm() <= 4 * TOLERANCE * theirs.norm()
    assert layer.bits.grad is None


def test_second_derivatives_equal_those_of_the_dense_layer():
    layer, exact, x = some_layer(20, 12), dense(some_layer(20, 12)), gaussian(20)
    found = torch.autograd.functional.hessian(lambda x: cubes(layer, x), x)
    wanted = torch.autograd.functional.hessian(lambda x: cubes(exact, x), x.double())
    assert (found - wanted).norm() <= 4 * TOLERANCE * wanted.norm()


@pytest.mark.filterwarnings(OLD)
def test_derivatives_forward_equal_those_of_the_dense_layer():
    """torch would drop them at an operator without a word; forward over reverse too."""
    layer, exact = some_layer(20, 12), dense(some_layer(20, 12))
    results = []
    for function, kind in ((layer, torch.float32), (exact, torch.float64)):
        x, v = gaussian(3, 20).to(kind).requires_grad_(), gaussian(3, 20, seed=1).to(kind)
        with forward_ad.dual_level():
            y = function(forward_ad.make_dual(x, v))
            (gradient,) = torch.autograd.grad(y.pow(3).sum(), x, create_graph=True)
            results.append([forward_ad.unpack_dual(each).tangent for each in (y, gradient)])
    for ours, theirs in zip(*results, strict=True):
        assert (ours - theirs).norm() <= 4 * TOLERANCE * theirs.norm()


def test_scale_and_bias_train_and_signs_stay():
    layer, x = OneBitLinear(16, 4, seed=0), gaussian(50, 16)
    target, before = some_layer(16, 4)(x).detach(), layer.bits.clone()
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = (layer(x) - target).pow(2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
    assert torch.equal(layer.bits, before)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_operator_keeps_torchs_contract(transposed, requires_grad):
    x = gaussian(2, 3, 33 if transposed else 60).requires_grad_(requires_grad)
    torch.library.opcheck(products.operator, (x, some_layer().bits, 60, transposed))


@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=[pytest.mark.slow, COMPILER])])
def test_compiled_models_give_the_same_and_lay_out_once(backend, layouts):
    torch.compiler.reset()
    model = nn.Sequential(some_layer(), nn.Tanh(), some_layer(33, 20))
    compiled = torch.compile(model, backend=backend, fullgraph=True, dynamic=True)
    for rows in (4, 7, 0, 1):
        x, y = (gaussian(rows, 60).requires_grad_() for _ in range(2))
        assert torch.allclose(compiled(x), model(y), rtol=1e-5, atol=1e-6)  # torch fuses, so rounds otherwise
        cubes(compiled, x).backward()
        cubes(model, y).backward()
        assert torch.allclose(x.grad, y.grad, rtol=1e-4, atol=1e-4 * float(y.grad.abs().max()) if rows else 0.0)
    with torch.inference_mode():
        compiled(gaussian(3, 60))
    assert sorted(layouts) == [(33, False), (33, True), (60, False), (60, True)]
    model[0].load_state_dict(OneBitLinear(60, 33, seed=1).state_dict())
    assert torch.allclose(compiled(gaussian(3, 60)), model(gaussian(3, 60)), rtol=1e-5, atol=1e-6)


def test_an_exported_model_gives_the_same():
    model, rows = nn.Sequential(some_layer(), nn.Tanh()), torch.export.Dim("rows")
    program = torch.export.export(model, (gaussian(3, 60),), dynamic_shapes=({0: rows},))
    assert torch.equal(program.module()(gaussian(8, 60)), model(gaussian(8, 60)))
    assert products.operator in [node.target for node in program.graph.nodes]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_modes_without_gradients_give_the_same(mode):
    layer, x = some_layer(), gaussian(3, 60)
    expected = layer(x)
    with mode():
        y = layer(x)
        made_there = some_layer()
        assert torch.equal(made_there(x), expected)
        assert not made_there.bits.is_inference()
    assert torch.equal(y, expected)
    assert not y.requires_grad
    assert torch.equal(made_there(x), expected)


def copied(layer):
    return copy.deepcopy(layer)


def pickled(layer):
    return pickle.loads(pickle.dumps(layer))


def saved(layer, assign=False):
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = OneBitLinear(layer.in_features, layer.out_features, seed=9)
    other(torch.zeros(1, layer.in_features))  # lays out what is to be forgotten
    other.load_state_dict(torch.load(file, weights_only=True), assign=assign)
    return other


def assigned(layer):
    return saved(layer, assign=True)


def from_meta(layer):
    other = OneBitLinear(layer.in_features, layer.out_features).to("meta")
    other.load_state_dict(layer.state_dict(), assign=True)
    return other


def moved(layer):
    return layer.double().to("cpu").float()


@pytest.mark.parametrize("way", [copied, pickled, saved, assigned, from_meta, moved])
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_copies_give_the_same(way, mode):
    layer, x = some_layer(), gaussian(3, 60)
    expected = layer(x)
    with mode():
        assert torch.equal(way(layer)(x), expected)


def test_a_state_is_packed_and_says_its_sizes():
    state = some_layer(1024, 512).state_dict()
    assert {name: (value.dtype, tuple(value.shape)) for name, value in state.items()} == {
        "bits": (torch.uint8, (512, 128)),
        "shape": (torch.int64, (2,)),
        "scale": (torch.float32, (512,)),
        "bias": (torch.float32, (512,)),
    }
    assert state["shape"].tolist() == [512, 1024]


def invert(layer):
    layer.bits.bitwise_not_()


def replace(layer):
    layer.bits = ~layer.bits


def replace_data(layer):
    layer.bits.data = ~layer.bits


def load(layer):
    layer.load_state_dict({**layer.state_dict(), "bits": ~layer.bits})


def load_assigned(layer):
    layer.load_state_dict({**layer.state_dict(), "bits": ~layer.bits}, assign=True)


WRITES = (invert, replace, replace_data, load, load_assigned)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_no_product_outlives_its_signs(write, mode):
    with mode():  # where a copy's tensors count no writes, if it is inference mode
        layer, x = copy.deepcopy(some_layer(64, 32, bias=False)), gaussian(3, 64)
        before = layer(x)
        write(layer)
        assert torch.equal(layer(x), -before)  # all signs turned at once


# What is made in inference mode has no gradient, so only the layer's own tensors are written to there.
@pytest.mark.parametrize(
    ("write", "mode"),
    [*((write, torch.no_grad) for write in WRITES), (invert, torch.inference_mode), (load, torch.inference_mode)],
)
def test_no_gradient_outlives_its_signs(write, mode):
    layer, x = some_layer(64, 32), gaussian(3, 64).requires_grad_()
    (before,) = torch.autograd.grad(layer(x).sum(), x)
    with mode():
        write(layer)
    assert torch.equal(torch.autograd.grad(layer(x).sum(), x)[0], -before)


def test_signs_are_laid_out_once_for_each_side(layouts):
    layer = some_layer()
    for _ in range(3):
        layer(gaussian(2, 60).requires_grad_()).sum().backward()
    assert layouts == [(60, False), (60, True)]
    with torch.inference_mode():
        other = copy.deepcopy(layer)
        for _ in range(3):
            other(gaussian(2, 60))
    assert layouts == [(60, False), (60, True), (60, False)]


def test_products_go_with_their_layer():
    gc.collect()
    before = len(products._laid_out)
    layer = some_layer()
    layer(gaussian(2, 60).requires_grad_()).sum().backward()
    made = [weakref.ref(product) for _, product in products._laid_out[layer.bits.untyped_storage()][1].values()]
    assert len(made) == 2
    layer.bits.bitwise_and_(1)
    layer(gaussian(2, 60))
    assert [product() for product in made] == [None, None]
    del layer
    gc.collect()
    assert len(products._laid_out) == before


def test_layers_may_share_memory():
    layers = [OneBitLinear(64, 32, bias=False, seed=seed) for seed in (0, 1)]
    x = gaussian(3, 64)
    before = [layer(x) for layer in layers]
    memory = torch.stack([layer.bits for layer in layers])
    for layer, bits in zip(layers, memory, strict=True):
        layer.bits = bits
    assert all(map(torch.equal, [layer(x) for layer in layers], before))
    memory.bitwise_not_()
    assert all(torch.equal(layer(x), -old) for layer, old in zip(layers, before, strict=True))


def test_a_layer_on_meta_has_shapes_only():
    assert some_layer().to("meta")(torch.empty(2, 3, 60, device="meta")).shape == (2, 3, 33)


INPUTS = {
    "array": np.zeros((2, 60), np.float32),
    "list": [[0.0] * 60],
    "none": None,
    "double": torch.zeros(2, 60, dtype=torch.float64),
    "half": torch.zeros(2, 60, dtype=torch.float16),
    "integer": torch.zeros(2, 60, dtype=torch.int64),
    "complex": torch.zeros(2, 60, dtype=torch.complex64),
    "narrow": torch.zeros(2, 59),
    "as wide as its bytes": torch.zeros(2, 64),
    "number": torch.tensor(0.0),
    "sparse": torch.zeros(2, 60).to_sparse(),
    "elsewhere": torch.zeros(2, 60, device="meta"),
}


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
def test_bad_inputs_are_refused_in_one_line(x):
    for layer in (some_layer(), torch.compile(some_layer(), backend="eager")):
        with pytest.raises(OnebitError, match=r"\Ainput: [^\n]+\Z"):
            layer(x)


REFUSED = {
    "in_features": [(0, 4), (-1, 4), (2.5, 4), ("8", 4), (None, 4)],
    "out_features": [(4, 0), (4, 1.0)],
    "in_features, out_features": [(1 << 24, 1 << 40)],
    "seed": [(4, 4, True, -1), (4, 4, True, 0.5)],
}


@pytest.mark.parametrize(("name", "arguments"), [(name, each) for name, several in REFUSED.items() for each in several])
def test_bad_sizes_are_refused_in_one_line(name, arguments):
    with pytest.raises(OnebitError, match=rf"\A{name}: [^\n]+\Z"):
        OneBitLinear(*arguments)


def test_more_inputs_than_the_kernel_takes_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(checks, "preferred", lambda: "native")
    with pytest.raises(OnebitError, match=r"\Ain_features: must be at most 16777216, [^\n]+\Z"):
        OneBitLinear(native.MOST_INPUTS + 1, 1)


@pytest.mark.parametrize(("preferred", "bits"), [("native", 2), ("dense", 41)])
def test_a_layer_takes_the_machines_memory_and_no_more(monkeypatch, preferred, bits):
    """Signs and the kernel's copy; without the kernel signs, bytes and float32."""
    monkeypatch.setattr(checks, "preferred", lambda: preferred)
    monkeypatch.setattr(checks, "memory", lambda: 64 * 32 * bits / 8)
    OneBitLinear(64, 32)
    for make in (lambda: OneBitLinear(64, 33), lambda: OneBitLinear.from_signs(torch.ones(33, 64))):
        with pytest.raises(OnebitError, match="64 → 33 need about"):
            make()


SIGNS = torch.ones(4, 8)
BAD_SIGNS = {
    "zeros": (torch.zeros(4, 8),),
    "reals": (gaussian(4, 8),),
    "nan": (torch.full((4, 8), torch.nan),),
    "vector": (torch.ones(8),),
    "nothing": (torch.ones(0, 8),),
    "list": ([[1, -1]],),
}


@pytest.mark.parametrize("arguments", BAD_SIGNS.values(), ids=BAD_SIGNS)
def test_bad_signs_are_refused_in_one_line(arguments):
    with pytest.raises(OnebitError, match=r"\Asigns: [^\n]+\Z"):
        OneBitLinear.from_signs(*arguments)


@pytest.mark.parametrize("value", [torch.ones(3), torch.ones(4, 2), torch.nan, torch.inf, "one", [1.0, "a"], {}])
@pytest.mark.parametrize("name", ["scale", "bias"])
def test_bad_numbers_are_refused_in_one_line(name, value):
    with pytest.raises(OnebitError, match=rf"\A{name}: [^\n]+\Z"):
        OneBitLinear.from_signs(SIGNS, **{name: value})


def test_bad_linears_are_refused_in_one_line():
    linear = nn.Linear(4, 3)
    linear.weight.data[1, 2] = torch.nan
    for wrong in (linear, nn.Conv2d(1, 1, 1), None):
        with pytest.raises(OnebitError, match=r"\Alinear: [^\n]+\Z"):
            OneBitLinear.from_linear(wrong)


def state_with(**changes):
    return {f"0.{name}": value for name, value in {**some_layer().state_dict(), **changes}.items()}


STATES = {  # key to be named, then a state for a layer 60 → 33
    "as many bytes": ("shape", {f"0.{name}": value for name, value in some_layer(64, 33).state_dict().items()}),
    "wider": ("shape", {f"0.{name}": value for name, value in some_layer(60, 40).state_dict().items()}),
    "shape of three": ("shape", state_with(shape=torch.tensor([33, 60, 1]))),
    "bits elsewhere": ("bits", state_with(bits=torch.zeros(33, 9, dtype=torch.uint8))),
    "bits of integers": ("bits", state_with(bits=torch.zeros(33, 8, dtype=torch.int64))),
    "bits past the last": ("bits", state_with(bits=torch.full((33, 8), 255, dtype=torch.uint8))),
    "bits of no tensor": ("bits", state_with(bits=None)),
    "scale": ("scale", state_with(scale=torch.ones(1))),
    "scale of doubles": ("scale", state_with(scale=torch.ones(33, dtype=torch.float64))),
    "bias": ("bias", state_with(bias=torch.ones(34))),
    "float": ("weight", {f"0.{name}": value for name, value in nn.Linear(60, 33).state_dict().items()}),
}


@pytest.mark.parametrize(("key", "state"), STATES.values(), ids=STATES)
@pytest.mark.parametrize("assign", [False, True])
def test_states_of_other_layers_are_refused_in_one_line(key, state, assign):
    model, x = nn.Sequential(some_layer()), gaussian(2, 60)
    expected = model(x)
    with pytest.raises(OnebitError, match=rf"\A0\.{key}: [^\n]+\Z"):
        model.load_state_dict(state, assign=assign)
    assert torch.equal(model(x), expected)


def test_missing_keys_are_torchs():
    layer = some_layer()
    with pytest.raises(RuntimeError, match="Missing key"):
        layer.load_state_dict({"scale": torch.ones(33)})
    layer.load_state_dict({"scale": torch.ones(33)}, strict=False)
    assert layer.scale.tolist() == [1.0] * 33


def test_bits_set_past_the_last_column_are_refused_when_multiplied():
    layer = some_layer()
    layer.bits.fill_(255)
    with pytest.raises(OnebitError, match=r"\Abits: [^\n]+\Z"):
        layer(gaussian(1, 60))


def test_it_says_what_it_is():
    assert repr(some_layer(bias=False)) == "OneBitLinear(in_features=60, out_features=33, bias=False)"


@pytest.mark.parametrize("rows", [1, 4, 64])
def test_gemlites_rows_are_scaled_in_float32(rows):
    """gemlite's layer replaced by what it computes, sums of inputs where a bit is set, for rows float16 cannot hold."""
    signs = kernels.pack_signs(gaussian(32, 64).numpy())
    weights = torch.from_numpy(kernels.unpack_signs(signs))
    product = object.__new__(gemlite.GemliteProduct)
    product.shape, product.scale = signs.shape, 0.5
    bits = (weights > 0).float()
    product.layer = SimpleNamespace(forward_manual=lambda rows, matmul_type: rows.float() @ bits.T)
    x = gaussian(rows, 64) * torch.tensor([[1e-9], [1.0], [1e9], [0.0]])[: min(rows, 4)].repeat(-(-rows // 4), 1)
    exact = 0.5 * x.double() @ weights.T.double()
    # Entries are rounded to 11 bits: each by 2⁻¹¹ of itself at most, and random signs keep the ratio.
    assert ((product.multiply(x) - exact).norm(dim=1) <= 2**-11 * exact.norm(dim=1)).all()
    product.layer = None  # there is nothing to launch for no rows
    assert product.multiply(x[:0]).shape == (0, 32)


@pytest.mark.skipif(gemlite.why_unavailable() is not None, reason=f"gemlite: {gemlite.why_unavailable()}")
def test_on_cuda_outputs_and_gradients_equal_float64():
    layer = some_layer(256, 128)
    exact, x, y = dense(layer), gaussian(2, 5, 256).cuda().requires_grad_(), gaussian(2, 5, 256).double()
    layer.cuda()
    with pytest.raises(OnebitError, match="input: the layer is on cuda"):
        layer(x.cpu())
    found, wanted = layer(x), exact(y.requires_grad_())
    assert (found.cpu() - wanted).norm() <= 2**-11 * wanted.norm()  # float16 rows, as in tests/kernels
    found.sum().backward()
    wanted.sum().backward()
    assert (x.grad.cpu() - y.grad).norm() <= 2**-11 * y.grad.norm()
    assert layer(x[:0]).shape == (0, 5, 128)


def test_importing_it_imports_little():
    code = "import sys, onebit_rf.torch; print(*{'pandas', 'pyarrow', 'sklearn', 'matplotlib'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""

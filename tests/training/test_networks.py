"""Networks against modules of torch that were written apart, finite differences, and their models one by one."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.networks.cnn import Cnn
from onebit_rf.training.networks.mlp import Mlp
from onebit_rf.training.networks.vit import Vit

IMAGE, CLASSES = (8, 12, 3), 5
DIM = int(np.prod(IMAGE))
SMALL = {
    "mlp": Mlp(activation="relu", widths=[7, 6]),
    "cnn": Cnn(channels=3),
    "vit": Vit(patch=4, dim=6, blocks=2, heads=3),
}
CIFAR = (32, 32, 3)
EPSILON = torch.finfo(torch.float32).eps

every_network = pytest.mark.parametrize("network", SMALL.values(), ids=SMALL)


def images(n=4, image=IMAGE, dtype=torch.float32):
    return torch.from_numpy(np.random.default_rng(1).standard_normal((n, int(np.prod(image))))).to(dtype)


def stack(net, seeds=(0,), dtype=torch.float32):
    """Weights and state of models with these seeds, none of its numbers the 0 or 1 that some start from."""
    weights, state = {}, {}
    for part, starts in ((weights, [net.initial(seed) for seed in seeds]), (state, [net.state for _ in seeds])):
        for name in starts[0]:
            tensors = [start[name].to(dtype) for start in starts]
            part[name] = torch.stack(
                [
                    tensor + 0.3 * torch.from_numpy(stream(seed, name).random(tensor.shape)).to(dtype)
                    for tensor, seed in zip(tensors, seeds, strict=True)
                ]
            )
    return weights, state


def unit(name, tensor):
    direction = torch.from_numpy(stream(0, "direction", name).standard_normal(tensor.shape))
    return direction / direction.norm()


def logits(net, weights, state, x, training=False):
    return net.forward(weights, state, x, training, lambda name, a: a)


@every_network
def test_counts_of_weights_are_those_of_its_tensors(network):
    weights = network.build(DIM, IMAGE, CLASSES).initial(0)
    assert network.size(DIM, IMAGE, CLASSES)[0] == sum(tensor.numel() for tensor in weights.values())


@every_network
def test_products_are_those_that_torch_counts(network):
    """By the counter of torch, which counts every product twice, as a multiplication and an addition."""
    from torch.utils.flop_counter import FlopCounterMode

    net = network.build(DIM, IMAGE, CLASSES)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        logits(net, *stack(net), images(3))
    assert counter.get_total_flops() == 2 * 3 * network.size(DIM, IMAGE, CLASSES)[1]


@pytest.mark.parametrize("network", [Cnn(channels=48), Vit(patch=4, dim=96, blocks=6, heads=4)], ids=["cnn", "vit"])
def test_networks_for_cifar_are_small(network):
    assert network.size(3072, CIFAR, 10)[0] <= 500_000


@every_network
def test_every_quantised_weight_is_there_and_is_a_matrix_or_kernel(network):
    net = network.build(DIM, IMAGE, CLASSES)
    weights = net.initial(0)
    assert set(net.quantised) == {name for name, w in weights.items() if w.ndim > 1} - {"a", "positions"}
    assert all(tensor.dtype == torch.float32 for tensor in [*weights.values(), *net.state.values()])


@pytest.mark.parametrize("training", [False, True])
@every_network
def test_a_stack_computes_what_each_of_its_models_does_alone(network, training):
    net = network.build(DIM, IMAGE, CLASSES)
    weights, state = stack(net, range(3))
    parts = [[{name: part[name][i : i + 1].clone() for name in part} for part in (weights, state)] for i in range(3)]
    together = logits(net, weights, state, images(), training)
    assert together.shape == (3, 4, CLASSES)
    # Sums of up to 288 terms of order one in another order, through ten products: 10 · √288 rounding errors.
    close = {"rtol": 170 * EPSILON, "atol": 170 * EPSILON}
    for place, (own_weights, own_state) in enumerate(parts):
        torch.testing.assert_close(together[place], logits(net, own_weights, own_state, images(), training)[0], **close)
        for name, tensor in own_state.items():
            torch.testing.assert_close(state[name][place], tensor[0], **close)


@pytest.mark.parametrize("training", [False, True])
@every_network
def test_gradients_are_the_slopes_of_the_loss(network, training):
    """In double precision, along a direction of length one in the weights of each name, by differences of 2h.

    Their error is h² times a third derivative, and 1e-16/h by rounding: 1e-9 or so at h = 1e-5. A ReLU or a maximum
    that switches within 2h would show; none does here.
    """
    net = network.build(DIM, IMAGE, CLASSES)
    weights, state = stack(net, dtype=torch.float64)
    x, y = images(dtype=torch.float64), torch.tensor([0, 1, 2, 4])

    def loss(weights):
        own_state = {name: tensor.clone() for name, tensor in state.items()}
        return functional.cross_entropy(logits(net, weights, own_state, x, training)[0], y)

    for tensor in weights.values():
        tensor.requires_grad_()
    slopes = dict(zip(weights, torch.autograd.grad(loss(weights), list(weights.values())), strict=True))
    for name, tensor in weights.items():
        direction = unit(name, tensor)
        up, down = (loss({**weights, name: tensor + h * direction}).item() for h in (1e-5, -1e-5))
        assert (up - down) / 2e-5 == pytest.approx((slopes[name] * direction).sum().item(), rel=1e-6, abs=1e-8)
        assert slopes[name].abs().max() > 1e-6


@every_network
def test_gradients_can_be_differentiated_again(network):
    """H v against differences of the gradient, in evaluation, as the sharpness takes them; error as above."""
    net = network.build(DIM, IMAGE, CLASSES)
    weights, state = stack(net, dtype=torch.float64)
    x, y = images(dtype=torch.float64), torch.tensor([0, 1, 2, 4])
    directions = [unit(name, tensor) for name, tensor in weights.items()]

    def gradient(size):
        moved = [tensor + size * way for tensor, way in zip(weights.values(), directions, strict=True)]
        leaves = [tensor.requires_grad_() for tensor in moved]
        loss = functional.cross_entropy(logits(net, dict(zip(weights, leaves, strict=True)), state, x)[0], y)
        return leaves, torch.autograd.grad(loss, leaves, create_graph=True)

    leaves, slopes = gradient(0.0)
    found = torch.autograd.grad(slopes, leaves, directions, materialize_grads=True)
    for product, up, down in zip(found, gradient(1e-5)[1], gradient(-1e-5)[1], strict=True):
        torch.testing.assert_close(product, (up - down) / 2e-5, rtol=1e-5, atol=1e-7)


class NetworkInNetwork(nn.Module):
    """The convolutional network in modules of torch."""

    def __init__(self, c, halved):
        super().__init__()
        self.halved = halved
        plan = [(3, c, 3), (c, c, 1), (c, 2 * c, 3), (2 * c, 2 * c, 1), (2 * c, 4 * c, 3), (4 * c, 4 * c, 1)]
        self.kernels = nn.ModuleList(nn.Conv2d(i, o, k, padding="same", bias=False) for i, o, k in plan)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o, _ in plan)
        self.readout = nn.Linear(4 * c, CLASSES)

    def forward(self, x):
        for i, (kernel, norm) in enumerate(zip(self.kernels, self.norms, strict=True)):
            x = kernel(x)
            x = norm(functional.max_pool2d(x, 2) if i in self.halved else x).relu()
        return self.readout(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def pairs(net, module):
    """The tensors of the module with the names of ours."""
    for i, (kernel, norm) in enumerate(zip(module.kernels, module.norms, strict=True), start=1):
        yield f"W{i}", kernel.weight
        yield f"gamma of W{i}", norm.weight
        yield f"beta of W{i}", norm.bias
        yield f"mean of W{i}", norm.running_mean
        yield f"variance of W{i}", norm.running_var
    yield "a", module.readout.weight
    yield "b", module.readout.bias


@pytest.mark.parametrize(
    ("image", "halved"), [((3, 9, 3), ()), ((8, 12, 3), (0, 2)), ((28, 28, 3), (0, 2, 4))], ids=["3", "8", "28"]
)
def test_the_convolutional_network_is_that_of_torch_s_modules_in_training_and_evaluation(image, halved):
    net, module = SMALL["cnn"].build(int(np.prod(image)), image, CLASSES), NetworkInNetwork(3, halved).double()
    weights, state = stack(net, dtype=torch.float64)
    ours = {**weights, **state}
    with torch.no_grad():
        for name, tensor in pairs(net, module):
            tensor.copy_(ours[name][0])
    for batch in range(3):
        x = images(4 + batch, image, torch.float64)
        as_image = x.view(-1, *image).permute(0, 3, 1, 2).contiguous()
        for training in (True, False):
            module.train(training)
            torch.testing.assert_close(logits(net, weights, state, x, training)[0], module(as_image))
            for name, tensor in pairs(net, module):
                torch.testing.assert_close(ours[name][0], tensor.detach())


def test_evaluation_leaves_the_averages_of_batch_norm_alone_and_a_row_does_not_see_the_others():
    net = SMALL["cnn"].build(DIM, IMAGE, CLASSES)
    weights, state = stack(net, dtype=torch.float64)
    before = {name: tensor.clone() for name, tensor in state.items()}
    x = images(6, dtype=torch.float64)
    together = logits(net, weights, state, x)
    torch.testing.assert_close(logits(net, weights, state, x[2:3])[0, 0], together[0, 2])
    assert all(torch.equal(state[name], tensor) for name, tensor in before.items())
    logits(net, weights, state, x, training=True)
    assert not any(torch.equal(state[name], tensor) for name, tensor in before.items())


class Transformer(nn.Module):
    """The vision transformer in modules of torch: patches by a convolution, blocks by its own encoder layer."""

    def __init__(self, record, tokens):
        super().__init__()
        dim = record.dim
        self.embedding = nn.Conv2d(3, dim, record.patch, record.patch)
        self.positions = nn.Parameter(torch.zeros(tokens, dim))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, record.heads, 2 * dim, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(record.blocks)
        )
        self.norm, self.readout = nn.LayerNorm(dim), nn.Linear(dim, CLASSES)

    def forward(self, x):
        x = self.embedding(x).flatten(2).mT + self.positions
        for block in self.blocks:
            x = block(x)
        return self.readout(self.norm(x.mean(1)))


def transformer_pairs(record, module):
    dim, patch = record.dim, record.patch
    yield "embedding", module.embedding.weight.permute(0, 2, 3, 1).reshape(dim, patch * patch * 3)
    yield "bias of embedding", module.embedding.bias
    yield "positions", module.positions
    for i, block in enumerate(module.blocks, start=1):
        yield f"qkv{i}", block.self_attn.in_proj_weight
        yield f"bias of qkv{i}", block.self_attn.in_proj_bias
        layers = {"proj": block.self_attn.out_proj, "up": block.linear1, "down": block.linear2}
        for name, layer in layers.items():
            yield f"{name}{i}", layer.weight
            yield f"bias of {name}{i}", layer.bias
        for number, norm in ((2 * i - 1, block.norm1), (2 * i, block.norm2)):
            yield f"gamma of norm{number}", norm.weight
            yield f"beta of norm{number}", norm.bias
    yield f"gamma of norm{2 * record.blocks + 1}", module.norm.weight
    yield f"beta of norm{2 * record.blocks + 1}", module.norm.bias
    yield "a", module.readout.weight
    yield "b", module.readout.bias


@pytest.mark.parametrize("training", [False, True])
def test_the_transformer_is_that_of_torch_s_modules(training):
    record = SMALL["vit"]
    net, module = record.build(DIM, IMAGE, CLASSES), Transformer(record, 6).double().train(training)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.copy_(
                tensor + 0.3 * torch.rand(tensor.shape, generator=torch.Generator().manual_seed(tensor.numel()))
            )
    weights = {name: tensor.detach()[None] for name, tensor in transformer_pairs(record, module)}
    assert weights.keys() == net.initial(0).keys()
    x = images(dtype=torch.float64)
    expected = module(x.view(-1, *IMAGE).permute(0, 3, 1, 2))
    torch.testing.assert_close(logits(net, weights, {}, x, training)[0], expected)


@every_network
def test_a_seed_gives_the_same_weights_and_another_seed_others(network):
    first, again, other = (network.build(DIM, IMAGE, CLASSES).initial(seed) for seed in (0, 0, 1))
    for name, tensor in first.items():
        assert torch.equal(tensor, again[name])
        drawn = tensor.unique().numel() > 1
        assert torch.equal(tensor, other[name]) != drawn


@pytest.mark.parametrize(
    ("network", "name", "variance"),
    [
        (Cnn(channels=48), "W1", 2 / 27),
        (Cnn(channels=48), "W5", 2 / (96 * 9)),
        (Cnn(channels=48), "W6", 2 / 192),
        (Vit(patch=4, dim=64, blocks=1, heads=4), "embedding", 1 / 48),
        (Vit(patch=4, dim=64, blocks=1, heads=4), "down1", 1 / 128),
        (Vit(patch=4, dim=64, blocks=1, heads=4), "positions", 0.02**2),
    ],
)
def test_weights_start_normal_with_the_variance_that_keeps_the_scale(network, name, variance):
    weights = network.build(3072, CIFAR, 10).initial(0)[name].double()
    # Of n normal numbers: standard error of the variance √(2/n) of it, of the mean its root by √n; four of each.
    assert weights.square().mean().item() == pytest.approx(variance, rel=4 * (2 / weights.numel()) ** 0.5)
    assert abs(weights.mean().item()) < 4 * (variance / weights.numel()) ** 0.5


@every_network
def test_outputs_at_few_bits_are_seen_once_each_and_what_is_made_of_them_goes_on(network):
    net = network.build(DIM, IMAGE, CLASSES)
    weights, state = stack(net)
    seen = []

    def observe(name, a):
        seen.append(name)
        assert a.shape[:2] == (1, 4)
        assert (a >= 0).all()
        return torch.zeros_like(a) if name == net.activations[-1] else a

    found = net.forward(weights, state, images(), False, observe)
    assert seen == list(net.activations)
    if net.activations:  # nothing but the bias is left of the logits
        torch.testing.assert_close(found, weights["b"][:, None].expand(1, 4, CLASSES))


@every_network
def test_training_learns_a_few_images_by_heart(network):
    net = network.build(DIM, IMAGE, CLASSES)
    weights, state = (
        {name: tensor[None].clone() for name, tensor in part.items()} for part in (net.initial(0), net.state)
    )
    x, y = images(10), torch.arange(10) % CLASSES
    optimiser = torch.optim.Adam([tensor.requires_grad_() for tensor in weights.values()], lr=0.02)
    for _ in range(100):
        loss = functional.cross_entropy(logits(net, weights, state, x, training=True)[0], y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (logits(net, weights, state, x)[0].argmax(1) == y).all()


@pytest.mark.parametrize("kind", ["cnn", "vit"])
def test_inputs_that_are_no_images_are_refused(kind):
    with pytest.raises(OnebitError, match=f"kind: {kind} takes images, which the inputs are not; use mlp"):
        SMALL[kind].build(DIM, None, CLASSES)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(OnebitError, match="kind: cnn takes images of at least 2 × 2 pixels, got 1 × 20; use mlp"):
        SMALL["cnn"].check((1, 20, 3))


@pytest.mark.parametrize("image", [(8, 10, 3), (10, 8, 3)])
def test_patches_that_do_not_tile_the_image_are_refused(image):
    with pytest.raises(OnebitError, match=f"patch: must divide the image's sides, {image[0]} and {image[1]}, got 4"):
        SMALL["vit"].check(image)


def test_heads_that_do_not_divide_a_token_are_refused():
    with pytest.raises(OnebitError, match="heads: must divide dim, 6, got 4"):
        Vit(patch=4, dim=6, blocks=1, heads=4).check(IMAGE)


def test_the_smallest_image_can_be_trained_on_alone():
    net = SMALL["cnn"].build(4, (2, 2, 1), CLASSES)
    assert logits(net, *stack(net), images(1, (2, 2, 1)), training=True).isfinite().all()


def test_the_registry_finds_every_network():
    assert {name: NETWORKS.get(name) for name in NETWORKS.names()} == {name: type(one) for name, one in SMALL.items()}

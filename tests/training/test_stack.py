"""A stack trains each of its models as if it were alone, from the same weights on the same batches."""

import numpy as np
import pytest
import torch
from small import CLASSES, DIM, NETWORK, blobs, recipe

from onebit_rf.training.models import Rows
from onebit_rf.training.stack import Model, Stack, batches, learning_rate
from onebit_rf.weights.laws import LAWS

NAMES = ["asymmetric:2", "float", "lsq:1", "lsq:2", "noise:4"]  # by kind


def rows():
    data = blobs()
    return Rows(torch.from_numpy(data.x[:60]), torch.from_numpy(data.label[:60].astype(np.int64)))


def net():
    return NETWORK.build(DIM, None, CLASSES)


def trained(models, steps=15, **changes):
    stack = Stack(net(), models, recipe(**changes), seed=0)
    for i in range(steps):
        stack.step(rows(), 0.01, np.random.default_rng(i), quantised=True)
    return stack.at_rest


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_stack_trains_every_model_as_if_it_were_alone(optimiser):
    models = [Model(name, decay) for name in NAMES for decay in (0.0, 0.1)]
    together = trained(models, optimiser=optimiser)
    for place, model in enumerate(models):
        alone = trained([model], optimiser=optimiser)
        for part in ("weights", "log_steps"):
            for name, tensor in getattr(alone, part).items():
                # The same sums in another order: single precision over 15 steps. A weight that crosses a threshold of
                # its grid by that would be off by a step; none does here.
                torch.testing.assert_close(getattr(together, part)[name][place], tensor[0], rtol=1e-3, atol=1e-5)


def test_it_trains_as_torch_does():
    """Against a module and torch's own AdamW, for a float model."""
    stack = Stack(net(), [Model("float", 0.1)], recipe(), seed=3)
    layers = [torch.nn.Linear(a, b, bias=i == 2) for i, (a, b) in enumerate([(DIM, 16), (16, 8), (8, CLASSES)])]
    module = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    with torch.no_grad():
        for layer, name in zip(layers, ("W1", "W2", "a"), strict=True):
            layer.weight.copy_(stack.at_rest.weights[name][0])
        layers[2].bias.zero_()
    groups = [
        {"params": [layer.weight for layer in layers], "weight_decay": 0.1},
        {"params": [layers[2].bias], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=0.01)
    for i in range(20):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(rows().x), rows().y)
        loss.backward()
        optimiser.step()
        ours = stack.step(rows(), 0.01, np.random.default_rng(i), quantised=False)
        assert ours.item() == pytest.approx(loss.item(), rel=1e-4)  # single precision over 20 steps
    torch.testing.assert_close(stack.at_rest.weights["W1"][0], layers[0].weight.detach(), rtol=1e-3, atol=1e-5)


def test_training_starts_from_the_frozen_weights_of_the_seed():
    stack = Stack(net(), [Model("float", 0.0)], recipe(), seed=7)
    frozen = LAWS.get("gaussian").draw(16, DIM, 7, 1) * DIM**-0.5
    np.testing.assert_allclose(stack.at_rest.weights["W1"][0], frozen, rtol=1e-6)


def test_frozen_hidden_weights_stay_where_they_start_and_the_read_out_learns():
    models = [Model(name, 0.1) for name in ("float", "lsq:1")]
    start = Stack(net(), models, recipe(source="frozen"), seed=0).at_rest
    end = trained(models, source="frozen")
    for name in ("W1", "W2"):
        assert torch.equal(start.weights[name], end.weights[name])
        assert torch.equal(start.log_steps[name], end.log_steps[name])
    assert not torch.equal(start.weights["a"], end.weights["a"])
    assert (end.evaluate(rows())[0] < start.evaluate(rows())[0]).all()


def test_a_frozen_stack_trains_on_the_rounded_weights():
    """Its loss in training is the loss in the test: what is trained is what is tested."""
    stack = Stack(net(), [Model("lsq:1", 0.0)], recipe(source="frozen"), seed=0)
    before = stack.at_rest.evaluate(rows())[0]
    losses = stack.step(rows(), 0.01, np.random.default_rng(0), quantised=True)
    np.testing.assert_allclose(losses.numpy(), before, rtol=1e-5)


def test_a_model_that_is_lost_leaves_the_others_alone():
    models = [Model("float", 0.0), Model("lsq:2", 0.0)]
    stack = Stack(net(), models, recipe(), seed=0)
    stack.at_rest.weights["W1"][0] = float("nan")
    for i in range(3):
        losses = stack.step(rows(), 0.01, np.random.default_rng(i), quantised=True)
    assert losses[0].isnan()
    assert losses[1].isfinite()
    alone = trained([models[1]], steps=3)
    torch.testing.assert_close(stack.at_rest.weights["W1"][1], alone.weights["W1"][0], rtol=1e-3, atol=1e-5)


def test_activations_at_few_bits_take_no_more_levels():
    stack = Stack(net(), [Model("float", 0.0)], recipe(activation_bits=2), seed=0)
    stack.step(rows(), 0.01, np.random.default_rng(0), quantised=True)
    seen = {}
    models = stack.at_rest
    observe = models._observed()
    models.net.forward(models.weights, {}, rows().x, False, lambda name, a: seen.setdefault(name, observe(name, a)))
    for name, outputs in seen.items():
        step = models.log_steps[f"step of {name}"].exp().item()
        levels = outputs.unique() / step
        assert len(levels) <= 4
        assert torch.allclose(levels, levels.round(), atol=1e-5)


def test_a_step_for_every_channel():
    models = trained([Model("lsq:2", 0.0)], scale="channel")
    assert models.log_steps["W1"].shape == (1, 16, 1)
    rounded = models.rounded()["W1"][0]
    assert all(len(row.unique()) <= 4 for row in rounded)
    assert len(rounded.unique()) > 4


def test_an_epoch_holds_every_row_once_in_an_order_of_its_own():
    first, second = batches(50, 16, 0, 0), batches(50, 16, 0, 1)
    assert [len(part) for part in first] == [16, 16, 16, 2]
    assert sorted(np.concatenate(first)) == list(range(50))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(batches(50, 16, 0, 0)))


def test_the_learning_rate_falls_along_a_cosine_or_not():
    assert learning_rate(recipe(schedule="constant"), 0.7) == 0.03
    assert learning_rate(recipe(), 0.0) == 0.03
    assert learning_rate(recipe(), 0.5) == pytest.approx(0.015)
    assert learning_rate(recipe(), 1.0) == pytest.approx(0.0, abs=1e-15)

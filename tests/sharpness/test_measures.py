"""What all measures of a stack share: a model's does not depend on its neighbours, names or scale; bad input."""

import numpy as np
import pytest
import torch
from stacks import Networks

from onebit_rf.errors import OnebitError
from onebit_rf.sharpness.hessian import largest_eigenvalue, trace
from onebit_rf.sharpness.perturbations import (
    adaptive_sharpness_average,
    adaptive_sharpness_worst,
    largest_noise,
)
from onebit_rf.sharpness.stack import draw_normal, flatten, unflatten

MEASURES = {
    "eigenvalue": lambda task, at: largest_eigenvalue(task.losses, at, tolerance=1e-3, seed=4).value,
    "trace": lambda task, at: trace(task.losses, at, draws=5, seed=4).value,
    "trace error": lambda task, at: trace(task.losses, at, draws=5, seed=4).standard_error,
    "noise": lambda task, at: largest_noise(task.errors, at, draws=5, seed=4).value,
    "relative noise": lambda task, at: largest_noise(task.errors, at, draws=5, relative=True, seed=4).value,
    "average": lambda task, at: adaptive_sharpness_average(task.losses, at, 0.3, draws=5, seed=4),
    "worst": lambda task, at: adaptive_sharpness_worst(task.losses, at, 0.1),
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_a_model_has_the_same_measure_alone_and_in_a_stack(measure):
    task = Networks()
    together = measure(task, task.weights)
    assert together.dtype == np.float64
    assert len(set(together)) == 3
    # Sums of float32 may be taken in another order; an eigenvalue may then be one product further on.
    assert together == pytest.approx(np.concatenate([measure(task, task.alone(k)) for k in range(3)]), rel=1e-4)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_measures_leave_the_weights_as_they_are(measure):
    task = Networks()
    before = {name: weight.clone() for name, weight in task.weights.items()}
    measure(task, task.weights)
    for name, weight in task.weights.items():
        assert torch.equal(weight, before[name])
        assert not weight.requires_grad


def test_draws_are_those_of_one_model_and_its_tensor():
    few, many = ({"w": torch.zeros(models, 3, 4), "v": torch.zeros(models, 2)} for models in (1, 7))
    draws = draw_normal(few, 0, "trace", 1)
    assert [tuple(draws[name].shape) for name in ("w", "v")] == [(3, 4), (2,)]
    for other in (many, {"v": many["v"], "u": torch.zeros(7, 9), "w": many["w"]}):
        assert all(torch.equal(draws[name], draw_normal(other, 0, "trace", 1)[name]) for name in draws)
    twins = draw_normal({"w": torch.zeros(1, 9), "v": torch.zeros(1, 9)}, 0, "trace", 1)
    assert not torch.equal(twins["w"], twins["v"])
    for different in (
        draw_normal(few, 1, "trace", 1),
        draw_normal(few, 0, "trace", 2),
        draw_normal(few, 0, "noise", 1),
    ):
        assert not torch.equal(draws["w"], different["w"])


@pytest.mark.parametrize("name", ["relative noise", "average", "worst"])
def test_adaptive_measures_do_not_see_the_scale_of_the_weights(name):
    """Weights of twice the size that do what half of them did: exact in floating point, but for ε beside σ'w."""
    task, double = Networks(), Networks()
    double.weights = {key: 2 * weight for key, weight in double.weights.items()}
    double.logits = lambda at: task.logits({key: weight / 2 for key, weight in at.items()})
    measured, doubled = MEASURES[name](task, task.weights), MEASURES[name](double, double.weights)
    assert measured == pytest.approx(doubled, rel=0.02 if name == "relative noise" else 1e-6)


def test_measures_that_are_not_adaptive_see_the_scale():
    """Twice the weights: a quarter of the curvature, and twice the noise."""
    task, double = Networks(), Networks()
    double.weights = {key: 2 * weight for key, weight in double.weights.items()}
    double.logits = lambda at: task.logits({key: weight / 2 for key, weight in at.items()})
    for name, factor in {"eigenvalue": 0.25, "trace": 0.25, "noise": 2}.items():
        measured, doubled = MEASURES[name](task, task.weights), MEASURES[name](double, double.weights)
        # σ is that of halvings whose grid does not double: twice 0.8 %.
        assert doubled == pytest.approx(factor * measured, rel=0.016 if name == "noise" else 1e-5)


def test_flatten_and_unflatten_are_inverse():
    weights = Networks().weights
    flat = flatten(weights.values())
    assert flat.shape == (3, 96)
    for part, weight in zip(unflatten(flat, weights.values()), weights.values(), strict=True):
        assert torch.equal(part, weight)


WEIGHTS = {"w": torch.ones(2, 3)}


def losses(weights):
    return weights["w"].square().sum(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: largest_eigenvalue(losses, WEIGHTS, steps=0), "steps: must be a whole number ≥ 1, got 0"),
        (lambda: largest_eigenvalue(losses, WEIGHTS, tolerance=0), "tolerance: must be a number > 0, got 0"),
        (lambda: trace(losses, WEIGHTS, draws=0), "draws: must be a whole number ≥ 1, got 0"),
        (lambda: trace(losses, WEIGHTS, draws=2.5), "draws: must be a whole number ≥ 1, got 2.5"),
        (lambda: largest_noise(losses, WEIGHTS, drop=0), "drop: must be a number > 0, got 0"),
        (lambda: largest_noise(losses, WEIGHTS, drop=float("nan")), "drop: must be a number > 0, got nan"),
        (lambda: largest_noise(losses, WEIGHTS, draws=0), "draws: must be a whole number ≥ 1, got 0"),
        (lambda: largest_noise(losses, WEIGHTS, epsilon=-1.0), "epsilon: must be a number > 0, got -1.0"),
        (lambda: adaptive_sharpness_average(losses, WEIGHTS, -0.1), "rho: must be a number > 0, got -0.1"),
        (lambda: adaptive_sharpness_average(losses, WEIGHTS, 0.1, draws=0), "draws: must be a whole number ≥ 1"),
        (lambda: adaptive_sharpness_worst(losses, WEIGHTS, 0.0), "rho: must be a number > 0, got 0.0"),
        (lambda: adaptive_sharpness_worst(losses, WEIGHTS, 0.1, steps=0), "steps: must be a whole number ≥ 1, got 0"),
        (lambda: trace(losses, {}), "weights: must be tensors with one leading axis, that of the models, got none"),
        (
            lambda: largest_noise(losses, {**WEIGHTS, "b": torch.ones(3)}),
            r"weights: must be .*, got w \(2, 3\), b \(3,\)",
        ),
        (lambda: trace(losses, {"w": torch.ones(())}), r"weights: must be .*, got w \(\)"),
        (
            lambda: adaptive_sharpness_worst(lambda at: losses(at).mean(), WEIGHTS, 0.1),
            r"losses, errors: must return a number per model, \(2,\), got \(\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(OnebitError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)

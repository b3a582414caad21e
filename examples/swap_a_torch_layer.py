"""Swap torch layers for OneBitLinear: scikit-learn's digits, a ridge read-out on two frozen layers of random signs."""

import timeit

import torch
from sklearn.datasets import load_digits
from torch import nn

from onebit_rf.torch import OneBitLinear


def frozen(d_in, d_out):
    """A Linear with weights ±1/√d_in."""
    linear = nn.Linear(d_in, d_out, bias=False).requires_grad_(False)
    linear.weight.copy_(torch.where(linear.weight >= 0, d_in**-0.5, -(d_in**-0.5)))
    return linear


def report(name, model):
    """Print what a model costs, and return its outputs."""
    with torch.inference_mode():
        outputs = model(x)
        seconds = min(timeit.repeat(lambda: model(x[:1]), number=1, repeat=50))
    megabytes = sum(tensor.nbytes for tensor in model.state_dict().values()) / 1e6
    correct = (outputs[1000:].argmax(dim=1) == labels[1000:]).double().mean()
    print(f"{name}: {megabytes:5.1f} MB, {1e3 * seconds:.2f} ms a row, {correct:.1%} of the test digits")
    return outputs


digits = load_digits()
x, labels = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
model = nn.Sequential(frozen(64, 4096), nn.Tanh(), frozen(4096, 4096), nn.Tanh(), nn.Linear(4096, 10, bias=False))
features, targets = model[:4](x[:1000]), nn.functional.one_hot(labels[:1000]).float()
model[4].weight.data = (features.T @ torch.linalg.solve(features @ features.T + torch.eye(1000), targets)).T

before = report("float32", model)
model[0], model[2] = OneBitLinear.from_linear(model[0]), OneBitLinear.from_linear(model[2])
after = report("one bit", model)
print(f"largest difference of outputs {(after - before).abs().max():.0e}")

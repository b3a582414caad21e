"""One large step of gradient descent on W_1, then its quantization: features that have learned something.

The first layer with a random read-out is the two-layer network of Ba, Erdogdu, Suzuki, Wang, Wu, Yang (arXiv
2205.01445), p = d_1 wide and in their scaling, in which f = O(1/√p) and the step's rate tells small from large:

    f(x) = a·φ(W_1 x)/√p        a = A/√p,  A_i ~ N(0, 1)        L = |y − f|²/(2 n_0)
    W_1 ← W_1 − η √p ∇L         w_i ← w_i + (η/√p) A_i (1/n_0) Σ_μ (y_μ − f(x_μ)) φ'(w_i·x_μ) x_μ

A neuron's weights, |w_i| ≈ 1, move by about η/√p: η = O(1) is a small step, by which the features stay equivalent to
linear ones plus noise; η = O(√p) a large one, by which W_1 gains a direction of the target as large as its rows, and
the features learn what of the target is not linear.

The step is taken by the Gaussian draw, W_1 = G/√d, and the law quantizes what comes out, V/√d: r Q(V/r)/√d with one
number r = |V|/|G| for the layer, so that it is as large as the float one, and the law's own draw for η = 0.
"""

from collections.abc import Iterator

import numpy as np

from onebit_rf.data.dataset import Dataset
from onebit_rf.features.layers import ENCODINGS, Layer
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.targets import targets_of
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.gaussian import draw_gaussian

_NEAR = 1e-5  # φ' by central differences: exact to 1e-10 by what is left of Taylor's series and by rounding


def stepped_layers(
    layers: Iterator[Layer],
    dataset: Dataset,
    law: str,
    width: int,
    activation: str,
    seed: int,
    outputs: int,
    rate: float,
    rows: int,
) -> Iterator[Layer]:
    """Yield `layers` with the first after its step; those above stay as they are.

    ASSUME: targets are what the read-outs learn, a number in standard deviations or one-hot classes, centred over the
    rows of the step so that it does not spend itself on their mean; of several outputs each has its own a.

    Args:
        layers: of the network, as the law draws them.
        dataset: whose first n_0 rows the step sees.
        law: with `quantise`.
        width: d_1.
        activation: φ.
        seed: root seed.
        outputs: of the data set's labels: K ≥ 2 for classes, 1 for a number.
        rate, rows: η and n_0.
    """
    next(layers)  # in its place:
    x = dataset.x[:rows].astype(np.float64)
    y = targets_of(dataset.label[:rows], rows, outputs)
    drawn = draw_gaussian(width, x.shape[1], seed, 1)
    readout = stream(seed, "step", "readout").standard_normal((width, outputs))
    weights = drawn * x.shape[1] ** -0.5
    moved = rate * width**0.5 * descent(x, y - y.mean(axis=0), weights.astype(np.float64), readout, activation)
    yield quantised_layer(law, drawn, drawn + x.shape[1] ** 0.5 * moved)
    yield from layers


def descent(x: np.ndarray, y: np.ndarray, weights: np.ndarray, readout: np.ndarray, activation: str) -> np.ndarray:
    """Return −∇L at W_1, shape (p, d), for inputs x (n_0, d), targets y (n_0, K), W_1 (p, d) and A (p, K)."""
    phi, (p, _) = ACTIVATIONS.get(activation).function, weights.shape
    z = x @ weights.T
    slope = (phi(z + _NEAR) - phi(z - _NEAR)) / (2 * _NEAR)
    missed = y - phi(z) @ readout / p
    return (missed @ readout.T * slope).T @ x / (len(x) * p)


def quantised_layer(law: str, drawn: np.ndarray, moved: np.ndarray) -> Layer:
    """Return x ↦ r x Q(V/r)ᵀ/√d for G = `drawn` and V = `moved`, both (p, d), r = |V|/|G|."""
    record, ratio = LAWS.get(law), np.linalg.norm(moved) / np.linalg.norm(drawn)
    scaled = (moved / ratio).astype(np.float32)
    return ENCODINGS.get(record.encoding).make_layer(record.quantise(scaled), ratio)

"""One step on W_1: the gradient by two other routes, what each law makes of it, and what a large step learns."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.config.parse import parse
from onebit_rf.data.dataset import Dataset
from onebit_rf.data.kinds import DATASETS
from onebit_rf.features.extract import draw_layers, extract_features
from onebit_rf.features.step import descent, stepped_layers
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.grids import grid
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_matrix
from onebit_rf.weights.laws import LAWS

LAWS_OF_A_STEP = ["gaussian", "grid:2", "one_bit"]
DIM, WIDTH, ROWS = 64, 96, 80


def data(dim=DIM, n_train=ROWS + 40, link="relu", noise=0.1, n_test=8, seed=0):
    fields = {"kind": "single_index", "dim": dim, "link": link, "noise": noise, "n_train": n_train, "n_test": n_test}
    return parse(DATASETS.get("single_index"), fields).make(seed, Path())


def stepped(law, dataset, rate, width=WIDTH, rows=ROWS, activation="relu", outputs=1, seed=0):
    """The first layer's weights W (p, d), float64, as the layer multiplies by them."""
    d = dataset.x.shape[1]
    layers = stepped_layers(
        draw_layers(law, [d, width], seed), dataset, law, width, activation, seed, outputs, rate, rows
    )
    return next(layers)(np.eye(d, dtype=np.float32)).T.astype(np.float64)


def arrays(rng, n=20, d=7, p=12, k=2):
    return (
        rng.standard_normal((n, d)),
        rng.standard_normal((n, k)),
        rng.standard_normal((p, d)),
        rng.normal(size=(p, k)),
    )


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS.names() if ACTIVATIONS.get(name).tensor])
def test_the_descent_is_minus_the_gradient(activation):
    """Against torch, which differentiates φ by rules of its own: h² φ'''/6 + ε/h is some 1e-10 at h = 1e-5."""
    x, y, w, a = (torch.from_numpy(array) for array in arrays(np.random.default_rng(0)))
    w.requires_grad_()
    f = ACTIVATIONS.get(activation).tensor(torch, x @ w.T) @ a / len(w)
    (gradient,) = torch.autograd.grad(torch.sum((y - f) ** 2) / (2 * len(x)), w)
    found = descent(x.numpy(), y.numpy(), w.detach().numpy(), a.numpy(), activation)
    assert np.linalg.norm(found + gradient.numpy()) < 1e-8 * np.linalg.norm(found)


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 3))
def test_the_loss_falls_along_it_at_the_rate_of_its_square(seed, n, d, p, k):
    """dL/dt = −|D|² at W_1 + tD: by differences of the loss itself, whose third derivative bounds the error."""
    x, y, w, a = arrays(np.random.default_rng(seed), n, d, p, k)
    step = descent(x, y, w, a, "tanh")

    def loss(t):
        return np.sum((y - np.tanh(x @ (w + t * step).T) @ a / p) ** 2) / (2 * n)

    t = 1e-4 / (1e-3 + np.linalg.norm(step))
    slope = (loss(t) - loss(-t)) / (2 * t)
    # Of the differences: rounding of L ≤ 1e3 over t, and t² times a third derivative ≤ 1e3 |D|³.
    assert slope == pytest.approx(-np.sum(step**2), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("law", LAWS_OF_A_STEP)
def test_the_step_leaves_from_the_law(law):
    """A step of 1e-12 is below the rounding of float32."""
    (layer,) = draw_layers(law, [DIM, WIDTH], 0)
    drawn = layer(np.eye(DIM, dtype=np.float32)).T
    assert stepped(law, data(), 1e-12) == pytest.approx(drawn, rel=1e-6)


def test_float_weights_move_by_the_rate_in_ba_s_scaling():
    """w_i + (η/√p) A_i (1/n_0) Σ_μ (y_μ − f(x_μ)) φ'(w_i·x_μ) x_μ, neuron by neuron; relu' is 0 or 1."""
    dataset, rate = data(), 5.0
    start = stepped("gaussian", dataset, 1e-12)
    moved = (stepped("gaussian", dataset, rate) - start) * WIDTH**0.5 / rate
    x, y = dataset.x[:ROWS].astype(np.float64), dataset.label[:ROWS]
    y = (y - y.mean()) / y.std()
    directions = [np.mean(x * (y * (x @ w > 0))[:, None], axis=0) for w in start]
    # f = O(1/√p) is left out here: A_i is then what the least squares of the two say, within that of 1/√p.
    a = np.array([moved[i] @ g / (g @ g) for i, g in enumerate(directions)])
    assert abs(np.mean(a)) < 4 / WIDTH**0.5
    assert abs(np.mean(a**2) - 1) < 4 * (2 / WIDTH) ** 0.5
    rest = moved - a[:, None] * np.array(directions)
    # What f adds is f/y of it: E f² = E φ²/p = 1/(2p), some |x|²/d larger as A is shared by rows.
    assert np.linalg.norm(rest) < 4 * (0.5 * (1 + ROWS / DIM) / WIDTH) ** 0.5 * np.linalg.norm(moved)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_quantized_weights_are_the_float_ones_rounded_with_one_scale(bits):
    law, dataset, rate = "one_bit" if bits == 1 else f"grid:{bits}", data(), 20.0
    drawn, moved, found = (
        stepped("gaussian", dataset, 1e-12),
        stepped("gaussian", dataset, rate),
        stepped(law, dataset, rate),
    )
    ratio = np.linalg.norm(moved) / np.linalg.norm(drawn)
    assert ratio > 1.2  # the step is a large one
    q = grid(bits)
    wanted = ratio * q.round(moved / ratio * DIM**0.5) / q.correlation / DIM**0.5
    far = np.abs(moved / ratio * DIM**0.5 / q.step % 1 - 0.5) < 0.49  # from a threshold, where float32 decides
    assert far.mean() > 0.9
    assert found[far] == pytest.approx(wanted[far], rel=1e-5)
    assert np.unique(np.abs(found).round(6)).size == 2 ** (bits - 1)


@pytest.mark.parametrize(("law", "correlation"), [("one_bit", (2 / np.pi) ** 0.5), ("grid:2", grid(2).correlation)])
def test_quantizing_keeps_the_correlation_of_the_law_with_what_was_learned(law, correlation):
    """(w·β)/|w|: entries along a neuron are as good as normal, so sign and grid keep √(2/π) and √c of it.

    The slope of quantized against float overlaps over p neurons, each off by √(1 − c)/√d: 4 standard errors.
    """
    d, p, n = 400, 300, 800
    dataset = data(d, n_train=n, noise=0.0)
    beta = np.linalg.lstsq(dataset.x[:n].astype(np.float64), dataset.label[:n] - dataset.label[:n].mean(), rcond=None)[
        0
    ]
    weights = [stepped(name, dataset, p**0.5, p, n) for name in ("gaussian", law)]
    one, other = (w @ beta / (np.linalg.norm(w, axis=1) * np.linalg.norm(beta)) for w in weights)
    assert np.std(one) > 3 / d**0.5  # learned: three times what random neurons have
    slope, error = one @ other / (one @ one), ((1 - correlation**2) / d / (one @ one)) ** 0.5
    # Rows of other lengths than the layer's mean are rounded by a grid of another relative step: second order, 1 %.
    assert abs(slope - correlation) < 4 * error + (0.01 if law != "one_bit" else 0)


def test_only_the_first_rows_are_seen():
    dataset = data()
    other = Dataset(dataset.x.copy(), dataset.n_train, dataset.label.copy())
    other.x[ROWS:], other.label[ROWS:] = 7.0, -3.0
    assert np.array_equal(stepped("gaussian", dataset, 3.0), stepped("gaussian", other, 3.0))
    other.x[ROWS - 1] = 7.0
    assert not np.array_equal(stepped("gaussian", dataset, 3.0), stepped("gaussian", other, 3.0))


def test_labels_in_other_units_give_the_same_step():
    """A number is learned in standard deviations about its mean."""
    dataset = data()
    scaled = Dataset(dataset.x, dataset.n_train, 5 - 3 * dataset.label)
    start, *moved = (stepped("gaussian", one, rate) for one, rate in ((dataset, 1e-12), (dataset, 3.0), (scaled, 3.0)))
    # Of −y the gradient is −1 times that of y but for f, which is 1/√p of it.
    assert np.linalg.norm(moved[0] + moved[1] - 2 * start) < 0.3 * np.linalg.norm(moved[0] - start)


def test_classes_step_by_all_their_outputs():
    """Towards the classes' means, which lie in three of 64 coordinates.

    Of an output's gradient the square is (2/9 · 2 φ')² = 0.05 there, φ' = 1/2, and E y² φ'²/n = 2/9 · 1/2 · 64/600 =
    0.012 of noise in all coordinates: a share of 0.8.
    """
    label = np.random.default_rng(0).integers(0, 3, 600).astype(float)
    x = np.random.default_rng(1).standard_normal((600, DIM)) + 2 * np.eye(3, DIM)[label.astype(int)]
    dataset = Dataset(x.astype(np.float32), 600, label)
    start, moved = (stepped("gaussian", dataset, rate, rows=600, outputs=3) for rate in (1e-12, 30.0))
    shares = np.sum((moved - start)[:, :3] ** 2, axis=0) / np.sum((moved - start) ** 2)
    assert shares.sum() > 0.6
    assert shares.min() > 0.1


@pytest.mark.parametrize("law", LAWS_OF_A_STEP)
def test_layers_above_stay_as_they_are_drawn(tmp_path, law):
    dataset, widths = data(), [WIDTH, 33]
    step = {"rate": 4.0, "rows": ROWS, "outputs": 1}
    extract_features(tmp_path / "features", dataset, law, widths, "relu", seed=0, params={}, step=step)
    first, second = (read_matrix(tmp_path / "features", FEATURES, "x", depth) for depth in (0, 1))
    assert first == pytest.approx(np.maximum(dataset.x @ stepped(law, dataset, 4.0).T, 0), abs=1e-5)
    _, above = draw_layers(law, [DIM, *widths], 0)
    assert second == pytest.approx(np.maximum(above(first), 0), abs=1e-6)


def test_laws_that_a_step_takes_are_what_they_make_of_the_gaussian_draw():
    drawn = LAWS.get("gaussian").draw(5, 9, 0, 1)
    for name in ["gaussian", "one_bit", *(f"grid:{bits}" for bits in range(1, 9))]:
        law = LAWS.get(name)
        one, other = law.draw(5, 9, 0, 1), law.quantise(drawn.copy())
        assert np.array_equal(getattr(one, "bits", one), getattr(other, "bits", other))
    assert all(LAWS.get(name).quantise is None for name in ("rademacher", "ternary"))


def test_a_large_step_beats_the_best_linear_fit_and_a_small_one_does_not():
    """Ba et al. (arXiv 2205.01445): by η = O(1) features stay as good as linear, by η ~ √p they learn the rest.

    Ridge at its best λ on rows that the step did not see, mean over three seeds; the differences are several times the
    spread over seeds (0.02).
    """
    d, p, n_0, n, m = 100, 400, 1600, 1600, 2000

    def error(features, y):
        train, test = features[n_0 : n_0 + n], features[n_0 + n :]
        gram, cross = train.T @ train, train.T @ y[n_0 : n_0 + n]
        fits = [np.linalg.solve(gram + ridge * np.eye(len(gram)), cross) for ridge in (1, 10, 100, 1000)]
        return min(np.mean((test @ fit - y[n_0 + n :]) ** 2) for fit in fits)

    errors = []
    for seed in range(3):
        dataset = data(d, n_train=n_0 + n, n_test=m, seed=seed)
        x, y = dataset.x.astype(np.float64), (dataset.label - dataset.label.mean()) / dataset.label.std()
        weights = [stepped("gaussian", dataset, rate, p, n_0, seed=seed) for rate in (0.5, 2 * p**0.5)]
        errors.append([error(x, y), *(error(np.maximum(x @ w.T, 0), y) for w in weights)])
    linear, small, large = np.mean(errors, axis=0)
    assert large < 0.6 * linear < linear < small

"""The second path's features against a float64 evaluation of their definition, and what stays as it was."""

import numpy as np
import pytest

from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.features.extract import extract_features
from onebit_rf.features.second_path import extract_second_path, shift_inputs, shifted_layers
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.grids import grid
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_matrix
from onebit_rf.weights.laws import LAWS

SAME = {"inputs": {"noise": 0.0, "gain": 1.0, "overlap": 1.0}, "weights": {"bits": None, "correlation": 1.0}}
WIDTHS = [40, 33]
ROWS = 200


def changed(part, **values):
    return {**SAME, part: {**SAME[part], **values}}


def both(folder, law, shift, dim=51):
    dataset = sample_gaussian(dim, "identity", 10, ROWS, seed=0)
    extract_features(folder / "first", dataset, law, WIDTHS, "tanh", 0, params={})
    extract_second_path(folder / "second", dataset, law, WIDTHS, "tanh", 0, shift, params={})
    depths = range(len(WIDTHS))
    first = [read_matrix(folder / "first", FEATURES, "x", depth)[10:] for depth in depths]
    return dataset.x[10:], first, [read_matrix(folder / "second", FEATURES, "x", depth) for depth in depths]


@pytest.mark.parametrize("law", ["gaussian", "grid:3", "one_bit", "rademacher", "ternary"])
def test_a_path_without_changes_is_the_first(tmp_path, law):
    _, first, second = both(tmp_path, law, SAME)
    for a, b in zip(first, second, strict=True):
        # float32 sums of 51 terms, of which a BLAS may choose another order where there are fewer rows
        assert np.linalg.norm(a - b) < 5e-6 * np.linalg.norm(a)


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_rounded_weights_are_the_very_ones_of_the_first_path(tmp_path, bits):
    x, _, second = both(tmp_path, "gaussian", changed("weights", bits=bits))
    for layer, width in enumerate(WIDTHS, start=1):
        drawn = LAWS.get("gaussian").draw(width, x.shape[1], 0, layer).astype(np.float64)
        rounded = grid(bits).round(drawn) / grid(bits).correlation
        assert len(np.unique(rounded)) <= 2**bits
        x = ACTIVATIONS.get("tanh").function(x.astype(np.float64) @ rounded.T / np.sqrt(x.shape[1]))
        assert np.linalg.norm(x - second[layer - 1]) < 5e-6 * np.linalg.norm(x)  # float32 sums


@pytest.mark.parametrize("law", ["gaussian", "grid:3", "one_bit", "rademacher", "ternary"])
@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.9])
def test_weights_drawn_anew_have_the_correlation_and_the_variance(law, correlation):
    """Both paths' weights from products with the unit matrix: 300² of them, five standard errors of 1/300."""
    layers = [next(shifted_layers(law, [300, 300], 0, None, c)) for c in (1.0, correlation)]
    first, second = (layer(np.eye(300, dtype=np.float32)).ravel() * np.sqrt(300) for layer in layers)
    assert np.mean(first * second) == pytest.approx(correlation, abs=5 / 300)
    assert np.mean(second**2) == pytest.approx(1, abs=5 * 1.5 / 300)


def test_inputs_have_the_covariances_that_the_theory_takes():
    """E x x'ᵀ = t Σ_0, E x'x'ᵀ = u Σ_0 + v I: means over 400·500 numbers, five standard errors of at most 3/450."""
    dataset = sample_gaussian(500, "power:0.5", 1, 400, seed=1)
    x = dataset.x[1:].astype(np.float64)
    second = shift_inputs(dataset.x[1:], 0, noise=0.5, gain=1.2, overlap=0.8)
    assert np.mean(x * second) == pytest.approx(1.2 * 0.8, abs=5 * 3 / 450)
    assert np.mean(second**2) == pytest.approx(1.2**2 + 0.25, abs=5 * 3 / 450)
    assert second.dtype == np.float32


def test_the_noise_is_the_same_at_every_size():
    x = np.zeros((4, 7), dtype=np.float32)
    small, large = (shift_inputs(x, 3, noise=noise, gain=1.0, overlap=1.0) for noise in (0.5, 2.0))
    np.testing.assert_allclose(4 * small, large, rtol=1e-6)
    assert not np.array_equal(small, shift_inputs(x, 4, noise=0.5, gain=1.0, overlap=1.0))

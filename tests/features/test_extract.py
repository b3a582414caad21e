"""Features against a float64 evaluation of their definition, for every law, every activation and uneven widths."""

import numpy as np
import pytest

from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import extract_features
from onebit_rf.kernels import unpack_signs
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_matrix
from onebit_rf.weights.laws import LAWS

WIDTHS = [40, 33, 64]  # 33 is no multiple of a byte or a word
D_IN = 51


def extract(folder, law, activation, rows=30):
    dataset = sample_gaussian(D_IN, "identity", rows - 5, 5, seed=0)
    extract_features(folder / "features", dataset, law, WIDTHS, activation, seed=0, params={})
    return [read_matrix(folder / "features", FEATURES, "x", depth) for depth in range(len(WIDTHS))]


def reference(law, activation, rows=30):
    x = sample_gaussian(D_IN, "identity", rows - 5, 5, seed=0).x.astype(np.float64)
    for layer, fan_in in enumerate([D_IN, *WIDTHS[:-1]], start=1):
        width = WIDTHS[layer - 1]
        draw = LAWS.get(law).draw(width, fan_in, 0, layer)
        dense = unpack_signs(draw) if LAWS.get(law).encoding == "signs" else draw
        z = x @ dense.astype(np.float64).T / np.sqrt(fan_in)
        x = ACTIVATIONS.get(activation).function(z.round(6))  # 0 where sums are but for the rounding of weights
        yield x


@pytest.mark.parametrize("law", ["gaussian", "grid:3", "one_bit", "rademacher", "ternary"])
@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_features_of_every_depth_equal_their_definition(tmp_path, law, activation):
    features = extract(tmp_path, law, activation)
    assert [x.shape for x in features] == [(30, width) for width in WIDTHS]
    for x, wanted in zip(features, reference(law, activation), strict=True):
        assert x.dtype == np.float32
        # float32 sums of 51 terms, three layers deep: a few times 6e-8 √51 relative to the norm
        assert np.linalg.norm(x - wanted) < 5e-6 * np.linalg.norm(wanted)


@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_activation_record_is_true(activation):
    record = ACTIVATIONS.get(activation)
    z = np.linspace(-4, 4, 801)
    assert (np.abs(record.function(-z) + record.function(z)).max() < 1e-12) == record.odd
    slope = np.diff(record.function(z)) / np.diff(z)
    jumps = z[1:-1][np.abs(np.diff(slope)) > 0.1]
    for one, others in ((jumps, record.kinks), (record.kinks, jumps)):  # the same places, to a step of z
        assert all(np.abs(np.subtract(place, others)).min(initial=9) < 0.011 for place in one)
    assert record.function(z.astype(np.float32)).dtype == np.float32


def test_known_values():
    z = np.array([-1.0, 2.0])
    wanted = {
        "relu": [0, 2],
        "leaky_relu": [-0.01, 2],
        "odd_sigmoid": [2 / (1 + np.e) - 1, 2 / (1 + np.exp(-2)) - 1],
        "gelu": [-0.15865525393145707, 1.9544997361036416],  # z Φ(z)
        "erf": [-0.8427007929497149, 0.9953222650189527],
        "tanh": [-0.7615941559557649, 0.9640275800758169],
        "sin": [-0.8414709848078965, 0.9092974268256817],
        "sign": [-1, 1],
    }
    assert set(wanted) == set(ACTIVATIONS.names())
    for name, values in wanted.items():
        np.testing.assert_allclose(ACTIVATIONS.get(name).function(z), values, rtol=1e-14)


def test_unknown_activation_lists_the_known():
    with pytest.raises(OnebitError, match=r"activation: must be erf, gelu, .* or tanh, got 'sine'"):
        ACTIVATIONS.get("sine")

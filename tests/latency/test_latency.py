"""The latency stage: every backend computes the same network, rows say what was measured."""

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.kernels import gemlite, native
from onebit_rf.latency.measure import measure_latency
from onebit_rf.latency.models import Model, Network, cpu_models, is_right, relative_error
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.latency import LATENCY

NETWORK = Network((100, 64, 33))


def test_every_backend_computes_the_same_network():
    x = NETWORK.inputs(7)
    exact = NETWORK.exact(x)
    for model in cpu_models(NETWORK, threads=1):
        y = model.forward(x)
        assert y.dtype == np.float32
        # oneDNN shortens float32 products to bfloat16 on processors with AMX, and is then left out of the measurement.
        assert is_right(model, relative_error(y, exact)) or model.backend == "fp32-onednn"


def test_exact_is_the_formula():
    """Against the float32 weights, entry by entry."""
    x = NETWORK.inputs(2)
    hidden = [sum(w * v for w, v in zip(row, x[1], strict=True)) for row in NETWORK.weights[0].astype(float)]
    expected = NETWORK.last.astype(float) @ np.tanh(NETWORK.weights[1].astype(float) @ np.tanh(hidden))
    np.testing.assert_allclose(NETWORK.exact(x)[1], expected, rtol=1e-6)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS.names() if ACTIVATIONS.get(name).tensor])
def test_every_backend_computes_the_activation(activation):
    """float32 of two layers against float64 by the definition of φ."""
    network = Network((40, 24, 16), activation)
    x = network.inputs(3)
    hidden = x.astype(float)
    for weights in network.weights:
        hidden = ACTIVATIONS.get(activation).function(hidden @ weights.astype(float).T)
    np.testing.assert_allclose(network.exact(x), hidden @ network.last.astype(float).T, rtol=1e-5, atol=1e-6)
    errors = {model.backend: relative_error(model.forward(x), network.exact(x)) for model in cpu_models(network, 1)}
    assert max(error for name, error in errors.items() if name in ("fp32-torch", "fp32-numpy", "one-bit")) < 1e-5


def test_inputs_of_a_smaller_batch_are_the_first_of_a_larger():
    assert np.array_equal(NETWORK.inputs(3), NETWORK.inputs(9)[:3])


def test_weight_bytes_count_one_bit_per_hidden_weight():
    sizes = {model.backend: model.weight_bytes for model in cpu_models(NETWORK, threads=1)}
    assert sizes["fp32-torch"] == 4 * (64 * 100 + 33 * 64 + 10 * 33)
    if native.why_unavailable() is None:
        assert sizes["one-bit"] == 64 * 13 + 33 * 8 + 4 * 10 * 33


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("latency") / "cpu.parquet"
    sizes = {"d_in": 128, "networks": [[32], [64], [64, 64]], "batches": [1, 5], "threads": 1}
    measure_latency(path, "cpu", **sizes, repetitions=5, seconds=0.0, params={})
    return read_frame([path], LATENCY)


def test_rows_are_repetitions_taken_in_turn(table):
    """At least three repetitions however little time there is, and every backend once before any comes again."""
    cell = table[(table["widths"] == "32") & (table["batch"] == 1) & (table["state"] == "cold")]
    assert cell["repetition"].is_monotonic_increasing
    assert set(cell["repetition"]) == {0, 1, 2}
    assert (cell.groupby("repetition")["backend"].nunique() == cell["backend"].nunique()).all()


def test_columns_fit_together(table):
    assert (table["seconds"] > 0).all()
    np.testing.assert_allclose(table["bytes_per_second"], table["weight_bytes"] / table["seconds"])
    np.testing.assert_allclose(table["bandwidth_fraction"], table["bytes_per_second"] / table["bandwidth"])
    assert (table["relative_error"][table["backend"].astype(str).str.startswith("fp32")] < 1e-5).all()
    assert table["bandwidth"].nunique() == 1


def test_a_wrong_one_bit_model_is_not_timed():
    assert is_right(Model("one-bit", None, 1, 1e-5, ""), 1e-6)
    assert not is_right(Model("fp32-onednn", None, 1, 1e-5, ""), 1e-3)
    with pytest.raises(OnebitError, match="one-bit is off by 1"):
        is_right(Model("one-bit", None, 1, 1e-5, ""), 1.0)
    with pytest.raises(OnebitError, match="off by nan"):
        is_right(Model("one-bit", None, 1, 1e-5, ""), np.nan)


@pytest.mark.skipif(gemlite.why_unavailable() is None, reason="there is a card")
def test_a_card_that_is_not_here_is_refused_in_one_line(tmp_path):
    sizes = {"d_in": 128, "networks": [[32]], "batches": [1], "threads": 1, "repetitions": 3, "seconds": 0.0}
    with pytest.raises(OnebitError, match=r"latency\.devices: cuda cannot be measured here: "):
        measure_latency(tmp_path / "cuda", "cuda", **sizes, params={})

"""Learned layers outside of torch: as features take them, packed in a file, and on the native kernels."""

import numpy as np
import pytest
import torch
from small import CLASSES, DIM, NETWORK, blobs, recipe

from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import extract_features
from onebit_rf.features.packed import load_packed, write_packed
from onebit_rf.latency import deployment
from onebit_rf.latency.deployment import measure_deployment
from onebit_rf.tables.deployment import DEPLOYMENT, PACKED
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_frame, read_matrix
from onebit_rf.training.learned import find_learned
from onebit_rf.training.measures import at_rest
from onebit_rf.training.stage import train_models

CELL = {"training": "t", "cell": "t"}


@pytest.fixture(scope="module", params=["tensor", "channel"])
def trained(request, tmp_path_factory):
    """The recipe, and the path of the weights."""
    folder, how = tmp_path_factory.mktemp(request.param), recipe(scale=request.param, protocols=["fixed_epochs"])
    paths = {name: str(folder / name) for name in ("models", "history", "weights")}
    train_models(paths, blobs(), None, CLASSES, NETWORK, how, CELL, 0, {})
    return how, paths["weights"]


def logits_of(how, path, model, x):
    """What torch says, of the stack of one."""
    one = find_learned(path, model, 0.0, "fixed_epochs")
    models = at_rest(NETWORK.build(DIM, None, CLASSES), [one], how)
    with torch.no_grad():
        return one, models.logits(models.rounded(), torch.from_numpy(x))[0].numpy()


@pytest.mark.parametrize("model", ["float", "lsq:2", "lsq:1", "asymmetric:2"])
def test_features_are_the_hidden_layers_of_the_trained_network(trained, tmp_path, model):
    """Features of the last layer, read out by the network's own read-out, are its logits."""
    (how, path), data = trained, blobs()
    extract_features(tmp_path / "x", data, f"learned:t,{model}", NETWORK.widths, "relu", 0, {}, weights=path)
    one, expected = logits_of(how, path, model, data.x)
    features = read_matrix(tmp_path / "x", FEATURES, "x", 1)
    found = features @ one.weights["a"].T + one.weights["b"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())  # float32 sums


def test_a_model_that_was_not_trained_has_no_features(trained, tmp_path):
    with pytest.raises(OnebitError, match="holds no lsq:4 0 fixed_epochs; there are"):
        extract_features(tmp_path / "x", blobs(), "learned:t,lsq:4", [16], "relu", 0, {}, weights=trained[1])


def test_a_packed_network_predicts_what_torch_does(trained, tmp_path):
    (how, path), x = trained, blobs().x
    one, expected = logits_of(how, path, "lsq:1", x)
    write_packed(tmp_path / "packed", one, "relu")
    packed = load_packed(tmp_path / "packed")
    np.testing.assert_allclose(packed.logits(x), expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    dense = load_packed(tmp_path / "packed", backend="dense").logits(x)
    np.testing.assert_allclose(dense, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_it_holds_a_bit_a_hidden_weight(trained, tmp_path):
    write_packed(tmp_path / "packed", find_learned(trained[1], "lsq:1", 0.0, "fixed_epochs"), "relu")
    for group, (before, after) in enumerate(((DIM, 16), (16, 8))):
        assert read_matrix(tmp_path / "packed", PACKED, "data", group).shape == (after, (before + 7) // 8)


def test_more_bits_are_not_packed(trained, tmp_path):
    with pytest.raises(OnebitError, match="model: must be of one bit to be packed, got lsq:2"):
        write_packed(tmp_path / "packed", find_learned(trained[1], "lsq:2", 0.0, "fixed_epochs"), "relu")


def test_a_damaged_file_is_one_line(tmp_path):
    (tmp_path / "packed").write_bytes(b"PAR1 no")
    with pytest.raises(OnebitError, match="packed: damaged, or not a table"):
        load_packed(tmp_path / "packed")


def test_the_deployment_is_measured_on_the_whole_test_set(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(deployment, "ROUNDS", 3)
    x = blobs().x[90:]
    measure_deployment(tmp_path / "rows", trained[1], "relu", x, CELL, 0)
    rows = read_frame([tmp_path / "rows"], DEPLOYMENT)
    assert list(rows["model"].astype(str).unique()) == ["lsq:1"]
    assert list(rows["batch"]) == [1, 64]
    assert (rows["n_test"] == 60).all()
    assert (rows["logit_error"] <= deployment.LOGIT_TOLERANCE).all()
    assert (rows["disagreements"] == 0).all()
    np.testing.assert_allclose(rows["speedup"], rows["seconds_float"] / rows["seconds_native"])


def test_kernels_that_predict_otherwise_are_not_timed(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(deployment, "LOGIT_TOLERANCE", 0.0)
    monkeypatch.setattr(deployment, "_compare", lambda *both: {"logit_error": 1.0, "disagreements": 2, "ties": 0})
    with pytest.raises(OnebitError, match="lsq:1: the native kernels predict otherwise than torch"):
        measure_deployment(tmp_path / "rows", trained[1], "relu", blobs().x[90:], CELL, 0)
    assert not (tmp_path / "rows").exists()


def test_a_training_without_one_bit_has_nothing_to_deploy(tmp_path):
    paths = {name: str(tmp_path / name) for name in ("models", "history", "weights")}
    how = recipe(models=["float"], protocols=["fixed_epochs"])
    train_models(paths, blobs(), None, CLASSES, NETWORK, how, CELL, 0, {})
    with pytest.raises(OnebitError, match="holds no model of one bit; add lsq:1"):
        measure_deployment(tmp_path / "rows", paths["weights"], "relu", blobs().x, CELL, 0)

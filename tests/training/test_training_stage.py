"""The training stage: what its tables hold, that a killed run ends with the same, and that seeds determine all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small import CLASSES, DIM, NETWORK, blobs, recipe

from onebit_rf.tables.files import read_frame
from onebit_rf.tables.training import HISTORY, TRAINING
from onebit_rf.training import stage
from onebit_rf.training.checkpoint import Checkpoint
from onebit_rf.training.learned import find_learned, list_learned, read_learned
from onebit_rf.training.measures import at_rest
from onebit_rf.training.protocols import NEAR
from onebit_rf.training.stage import split_rows, train_models

KEY = ["model", "weight_decay", "protocol"]


def train(folder, how=None, seed=0, report=lambda share, text: None):
    folder.mkdir(exist_ok=True)
    names = {"models": "seed0.parquet", "history": "seed0.history.parquet", "weights": "seed0.weights.parquet"}
    paths = {name: str(folder / file) for name, file in names.items()}
    cell = {"training": "t", "cell": "t/n_train~60", "n_train": 60}
    train_models(paths, blobs(), None, CLASSES, NETWORK, how or recipe(), cell, seed, {"of": "test"}, report)
    return paths


def frame(paths):
    return read_frame([paths["models"]], TRAINING).astype(dict.fromkeys(("model", "protocol"), str))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return train(tmp_path_factory.mktemp("training"))


def test_there_is_a_row_for_every_model_and_protocol(paths):
    rows = frame(paths)
    assert len(rows) == len(recipe().models) * len(recipe().protocols) == len(rows[KEY].drop_duplicates())
    assert (rows["n_train"] == 60).all()
    assert (rows["n_test"] == 60).all()
    assert np.isfinite(rows[["train_loss", "valid_loss", "test_loss"]]).all().all()


def test_matched_models_have_the_loss_asked_for_or_say_that_they_have_not(paths):
    rows = frame(paths)
    matched = rows[rows["protocol"] == "matched_loss"]
    near = (matched["train_loss"] / recipe().loss - 1).abs() <= NEAR + 1e-6  # of single precision
    assert (near == matched["converged"]).all()
    assert matched["converged"].any()
    assert (matched.loc[~matched["converged"], "reason"].str.contains("its loss")).all()


def test_early_stopping_takes_the_least_loss_of_the_rows_held_out(paths):
    rows, history = frame(paths).set_index("model"), read_frame([paths["history"]], HISTORY)
    least = history.astype({"model": str}).groupby("model")["valid_loss"].min()
    stopped = rows[rows["protocol"] == "early_stopping"]["valid_loss"]
    for model in least.index:
        assert stopped[model] == pytest.approx(least[model], rel=1e-6)


def test_levels_and_noise_are_those_of_the_bits(paths):
    rows = frame(paths).set_index(["model", "protocol"])
    for model, most in (("lsq:1", 2), ("lsq:2", 4), ("ptq:2", 4), ("asymmetric:2", 4), ("noise:4", 16)):
        assert 2 <= rows.loc[(model, "fixed_epochs"), "n_levels"] <= most
    assert rows.loc[("float", "fixed_epochs"), "quantization_noise"] == 0
    assert rows.loc[("float", "fixed_epochs"), "step_noise"] == 0
    noise = rows.xs("fixed_epochs", level="protocol")["relative_noise"]
    assert noise["float"] < noise["noise:4"] < noise["lsq:2"] < noise["lsq:1"] < 1


def test_the_weights_on_disk_are_the_models_in_the_table(paths):
    """Losses measured again from the table of weights."""
    how, rows = recipe(), frame(paths).set_index(KEY)
    test = split_rows(blobs(), how, CLASSES, 0)["test"]
    net = NETWORK.build(DIM, None, CLASSES)
    for place, key in enumerate(list_learned(paths["weights"])):
        (one,) = read_learned(paths["weights"], [place])
        loss, error = at_rest(net, [one], how).evaluate(test)
        assert loss.item() == pytest.approx(rows.loc[key, "test_loss"], rel=1e-5)
        assert error.item() == rows.loc[key, "test_error"]


def test_weights_are_rounded_alike_with_torch_and_without(paths):
    net = NETWORK.build(DIM, None, CLASSES)
    for place in range(len(list_learned(paths["weights"]))):
        (one,) = read_learned(paths["weights"], [place])
        rounded = at_rest(net, [one], recipe()).rounded()
        for name in ("W1", "W2"):
            # the step is an exponential of a logarithm, in single precision
            np.testing.assert_allclose(one.dequantised(name), rounded[name][0].numpy(), rtol=1e-5, atol=1e-7)


def test_a_model_that_is_not_in_the_table_is_told(paths):
    with pytest.raises(ValueError, match="holds no lsq:7 0 fixed_epochs; there are"):
        find_learned(paths["weights"], "lsq:7", 0.0, "fixed_epochs")


def same(one, other):
    first, second = frame(one), frame(other)
    assert first.drop(columns="seconds").equals(second.drop(columns="seconds"))
    for place in range(len(list_learned(one["weights"]))):
        pair = [next(read_learned(paths["weights"], [place])) for paths in (one, other)]
        for name in pair[0].weights:
            np.testing.assert_array_equal(pair[0].weights[name], pair[1].weights[name])


def test_a_seed_determines_the_models(paths, tmp_path):
    same(paths, train(tmp_path / "again"))
    assert frame(train(tmp_path / "other", seed=1))["test_loss"].ne(frame(paths)["test_loss"]).any()


class Killed(BaseException):
    """A run that ends at once, wherever it is."""


@pytest.mark.parametrize("epochs", [1, 5, 11, 12])
def test_a_killed_run_goes_on_where_it_was_and_ends_with_the_same(paths, tmp_path, monkeypatch, epochs):
    monkeypatch.setattr("onebit_rf.training.checkpoint.EVERY", 0.0)
    monkeypatch.setattr(stage, "STACKED", 3)  # two stacks
    seen = []

    def kill(share, text):
        seen.append(text)
        if len(seen) == epochs:
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path / "killed", report=kill)
    folder = tmp_path / "killed"
    assert not list(folder.glob("*.parquet"))
    assert list(folder.glob("*.npz"))
    again = train(folder, report=lambda share, text: seen.append(text))
    assert len(seen) == 2 * 12  # no epoch of the two stacks twice
    assert not list(folder.glob("*.npz"))
    rows = frame(again).sort_values(KEY).reset_index(drop=True).drop(columns="seconds")
    expected = frame(paths).sort_values(KEY).reset_index(drop=True).drop(columns="seconds")
    for name in rows:  # two stacks sum in another order than one
        if rows[name].dtype == float:
            np.testing.assert_allclose(rows[name], expected[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_checkpoint_that_cannot_be_read_is_not_gone_on_from(paths, tmp_path, content):
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "seed0.parquet.0.npz").write_bytes(content)
    same(paths, train(folder))


class Untouched:
    """A training that nothing may be set of."""

    __slots__ = ()


def test_a_damaged_checkpoint_is_not_gone_on_from(tmp_path, monkeypatch):
    """A bit at a time, of the list of its arrays above all: the format has checksums of the arrays but none of it."""
    monkeypatch.setattr("onebit_rf.training.checkpoint.EVERY", 0.0)

    def kill(share, text):
        raise Killed

    with pytest.raises(Killed):
        train(tmp_path, recipe(models=["float"], protocols=["fixed_epochs"]), report=kill)
    path = tmp_path / "seed0.parquet.0.npz"
    content, checkpoint = path.read_bytes(), Checkpoint(path, {"of": "test", "stack": 0})
    whole = dict(np.load(path))
    with pytest.raises(AttributeError):
        checkpoint.restore(Untouched())
    taken = 0
    for place in [*range(0, len(content), 97), *range(len(content) - 1000, len(content), 3)]:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        try:
            checkpoint.restore(Untouched())
        except AttributeError:  # it would be gone on from
            arrays, taken = dict(np.load(path)), taken + 1
            assert arrays.keys() == whole.keys()
            assert all(arrays[name].tobytes() == whole[name].tobytes() for name in whole)
    assert taken > 0  # a time stamp, for one, is of no consequence


def test_a_checkpoint_of_something_else_is_not_gone_on_from(paths, tmp_path, monkeypatch):
    monkeypatch.setattr("onebit_rf.training.checkpoint.EVERY", 0.0)

    def kill(share, text):
        raise Killed

    with pytest.raises(Killed):
        train(tmp_path / "x", recipe(), seed=1, report=kill)
    # the key holds what the caller gives; here it is the same for all seeds, so the stack of another seed is taken:
    # the workflow's key has the seed in it
    assert Path(tmp_path / "x" / "seed0.parquet.0.npz").exists()


def test_a_lost_model_is_marked_and_the_others_go_on(tmp_path):
    rows = frame(train(tmp_path / "lost", recipe(learning_rate=1e38, optimiser="sgd", models=["float", "lsq:2"])))
    assert not rows["converged"].any()
    assert (rows["reason"] == "its loss is not a number").all()


def test_wrong_labels_are_the_share_asked_for():
    how = recipe(label_noise=0.25)
    noisy, clean = (split_rows(blobs(), each, CLASSES, 0) for each in (how, recipe()))
    assert (noisy["train"].y != clean["train"].y).sum() == 15
    assert torch.equal(noisy["valid"].y, clean["valid"].y)
    assert torch.equal(noisy["test"].y, clean["test"].y)


def test_quantizing_may_begin_after_some_epochs(tmp_path):
    rows = frame(train(tmp_path / "warm", recipe(float_epochs=6, protocols=["fixed_epochs"])))
    assert rows["converged"].all()
    assert rows.set_index("model").loc["lsq:1", "n_levels"] == 2

"""Own-spectrum rows of the readout stage: beside the fits, from all rows, and what cannot be predicted."""

from pathlib import Path

import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.config.task import AnyTask
from onebit_rf.data.kinds import DATASETS
from onebit_rf.errors import OnebitError
from onebit_rf.readout.stage import LABELS_LEARNER, OWN_SPECTRUM, learner_modules, train_readout
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_frame, write_table
from onebit_rf.tables.readout import READOUT
from onebit_rf.theory.own_spectrum import estimate, predict

WIDTH, SIZES = 60, {"first": 20, "last": 140, "step": 20}
RIDGES = {"ridge:0": 0.0, "ridge:30": 30.0}


def task(**fields):
    return parse(AnyTask, {"target": "labels", "n_train": SIZES, "readouts": list(RIDGES), **fields})


def run(folder, x, label, outputs, n_train, **fields):
    """Write a features table of one depth, train on it, and return the features and the readout table."""
    split = np.where(np.arange(len(x)) < n_train, "train", "test")
    write_table(folder / "features", FEATURES, {}, depth=1, split=split, label=label.astype(float), x=x)
    arguments = {"activation": "relu", "spectrum": None, "law": "gaussian", "seed": 0, "outputs": outputs}
    names = {"experiment": "name", "cell": "name"}
    train_readout(folder / "readout", folder / "features", names, task(**fields), dims=[64, x.shape[1]], **arguments)
    return read_frame([folder / "readout"], READOUT)


@pytest.fixture(scope="module")
def digits():
    """ReLU features of the digits, 1500 train rows first, and their classes."""
    record = {"kind": "images", "source": "digits", "centre": True, "scale": True, "n_train": 1500, "n_test": 290}
    data = parse(DATASETS.get("images"), record).make(0, Path())
    weights = np.random.default_rng(0).standard_normal((64, WIDTH)) / 8
    return np.maximum(data.x @ weights, 0).astype(np.float32), data.label


def test_rows_are_the_prediction_from_all_rows(tmp_path, digits):
    x, label = digits
    rows = run(tmp_path, x, label, 10, 1500, own_spectrum=True).query("estimator == 'own_spectrum'")
    n = np.arange(20, 141, 20)
    assert set(rows["metric"]) == {"mse", "train_mse", "gap"}
    for readout, ridge in RIDGES.items():
        test, train = predict(estimate(x, np.eye(10)[label.astype(int)]), n, ridge)
        for metric, value in (("mse", test), ("train_mse", train), ("gap", test - train)):
            found = rows[(rows["readout"] == readout) & (rows["metric"] == metric)].sort_values("n_train")
            assert found["n_train"].tolist() == n.tolist()
            assert found["value"].to_numpy() == pytest.approx(value)
            at_threshold = (n == WIDTH) & (ridge == 0) & (metric != "train_mse")
            assert found["converged"].to_numpy().tolist() == (~at_threshold).tolist()
            assert (found["reason"] != "").tolist() == at_threshold.tolist()


def test_the_prediction_is_near_the_fits(tmp_path, digits):
    """One training set and 290 test rows: 15 % of an MSE with λ = 30, or three times what is seen."""
    rows = run(tmp_path, *digits, 10, 1500, own_spectrum=True).query("readout == 'ridge:30'")
    table = rows.pivot_table(index=["metric", "n_train"], columns="estimator", values="value", observed=True).dropna()
    assert len(table) == 3 * 7
    mse = table.loc["mse"]
    assert np.all(np.abs(mse["own_spectrum"] / mse["labels"] - 1) < 0.15)


def test_a_number_is_predicted_in_the_units_it_is_learned_in(tmp_path):
    """y = x·a + ε of Gaussian rows, times 1000 and off the origin: R_test = σ²/(1 − p/n)/Var y at λ = 0, n > p."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((5000, 20)).astype(np.float32)
    label = 1000 * (x @ generator.standard_normal(20) + 2 * generator.standard_normal(5000))
    rows = run(tmp_path, x, label, 1, 4000, own_spectrum=True, readouts=["ridge:0"])
    found = rows.query("estimator == 'own_spectrum' and metric == 'mse' and n_train == 140")["value"].item()
    fit = np.linalg.lstsq(x, label - label[:140].mean())[0]
    unexplained = np.sum((label - label[:140].mean() - x @ fit) ** 2) / (5000 - 20)
    assert found == pytest.approx(unexplained / (1 - 20 / 140) / np.var(label[:140]), rel=1e-5)


def test_nothing_is_predicted_unless_asked(tmp_path, digits):
    assert set(run(tmp_path, *digits, 10, 1500)["estimator"]) == {"labels"}
    assert learner_modules(task()) == [LABELS_LEARNER]
    assert learner_modules(task(own_spectrum=True)) == [LABELS_LEARNER, OWN_SPECTRUM]


def test_fewer_rows_than_features_are_an_error(tmp_path, digits):
    x, label = digits
    wide = np.hstack([x, x, x])[:170]
    with pytest.raises(OnebitError, match="own_spectrum: needs more rows, train and test, than features; got 170 rows"):
        run(tmp_path, wide, label[:170], 10, 150, own_spectrum=True)
    assert not (tmp_path / "readout").exists()


def test_rows_that_networks_were_trained_on_are_left_out(tmp_path, digits):
    """Skipping the first rows is the same as a table without them, for fits and prediction."""
    x, label = digits
    (tmp_path / "whole").mkdir()
    (tmp_path / "rest").mkdir()
    skipped = run(tmp_path / "whole", x, label, 10, 1500, own_spectrum=True, skip=200)
    without = run(tmp_path / "rest", x[200:], label[200:], 10, 1300, own_spectrum=True)
    assert skipped.equals(without)

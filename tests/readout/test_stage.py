"""The read-out stage end to end at small size: columns, both estimators, labels, and simulation against theory."""

from pathlib import Path

import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.config.task import AnyTask, problem
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import extract_features
from onebit_rf.readout.stage import train_readout
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import read_frame, read_matrix, write_table
from onebit_rf.tables.readout import READOUT
from onebit_rf.theory import predict_curve

TEACHER = {
    "target": "teacher",
    "teacher": "normal",
    "teachers": 1,
    "n_train": {"first": 20, "last": 180, "step": 40},
    "noise": 0.0,
    "readouts": ["ridge:0"],
}

NAMES = {"experiment": "name", "cell": "name"}


def record(experiment):
    return parse(AnyTask, experiment)


def digits(n_train, n_test):
    fields = {"kind": "images", "source": "digits", "centre": True, "scale": True}
    return parse(DATASETS.get("images"), fields | {"n_train": n_train, "n_test": n_test}).make(0, Path())


def run(folder, dataset, experiment, law="gaussian", activation="tanh", widths=(256, 256), seed=0):
    """Run data, weights, features and read-out in `folder`; return the readout rows."""
    dims = [dataset.x.shape[1], *widths]
    extract_features(folder / "features", dataset, law, list(widths), activation, seed, params={})
    train(folder, experiment, dims, law, activation, seed, outputs=10 if dataset.label is not None else 0)
    return read_frame([folder / "readout"], READOUT)


def train(folder, experiment, dims, law="gaussian", activation="tanh", seed=0, outputs=10, names=NAMES):
    spectrum = "identity" if experiment["target"] == "teacher" else None
    arguments = {"dims": dims, "activation": activation, "spectrum": spectrum, "law": law, "seed": seed}
    task = record(experiment)
    train_readout(folder / "readout", folder / "features", names, task, outputs=outputs, **arguments)


def test_teacher_rows_have_both_estimators_at_their_sample_sizes(tmp_path):
    rows = run(tmp_path, sample_gaussian(300, "identity", 200, 40, seed=0), TEACHER)
    assert set(rows["metric"]) == {"mse", "train_mse", "gap"}
    rows = rows[rows["metric"] == "mse"]
    sampled, averaged = (rows[rows["estimator"] == name] for name in ("sampled_teacher", "teacher_averaged"))
    for depth in (1, 2):
        assert sampled.query(f"depth == {depth}")["n_train"].tolist() == [20, 60, 100, 140, 180]
        assert averaged.query(f"depth == {depth}")["n_train"].tolist() == list(range(1, 181))
    assert (rows["value"] > 0).all()
    assert sampled["train_residual"].max() < 1e-10  # minimum norm interpolates
    assert averaged["train_residual"].isna().all()


def test_ridge_leaves_a_residual_and_noise_adds_error(tmp_path):
    dataset = sample_gaussian(300, "identity", 200, 40, seed=0)
    clean, ridge, noisy = (
        run(tmp_path, dataset, {**TEACHER, **change}) for change in ({}, {"readouts": ["ridge:1"]}, {"noise": 1.0})
    )
    assert ridge["train_residual"].min() > 1e-3
    averaged = (clean["estimator"] == "teacher_averaged") & (clean["metric"] == "mse")
    assert (noisy["value"] > clean["value"])[averaged].all()


@pytest.mark.parametrize("law", ["gaussian", "one_bit"])
@pytest.mark.parametrize(
    ("activation", "readout", "noise"), [("tanh", "ridge:0", 0.0), ("tanh", "ridge:2", 0.5), ("relu", "ridge:2", 0.0)]
)
def test_averaged_error_lies_on_the_theory(tmp_path, law, activation, readout, noise):
    """Mean over four seeds at p = 256, n/p ≤ 0.7.

    The deviation of a finite network is O(1/p) with a constant of a few, largest towards n = p, plus a statistical
    error of about 1/√(seeds · n_test) = 3 % · (spread of the error over test rows ≈ 0.2): 8/p + 0.6 % · 3 ≈ 5 %.
    Features that are not odd have a mean, which the theory leaves out: learning it from n samples costs a factor
    1 + 1/n, as an intercept does.
    """
    experiment, seeds, dim = {**TEACHER, "readouts": [readout], "noise": noise}, 4, 320
    rows = [
        run(tmp_path, sample_gaussian(dim, "identity", 200, 250, seed), experiment, law, activation, seed=seed)
        for seed in range(seeds)
    ]
    n_train = record(experiment).n_train.sizes()
    for depth in (1, 2):
        dims = [dim, 256, 256][: depth + 1]
        theory = predict_curve(problem(record(experiment), dims, activation, "identity", readout), n_train)
        for point, n in zip(theory, n_train, strict=True):
            chosen = f"depth == {depth} and n_train == {n} and estimator == 'teacher_averaged' and metric == 'mse'"
            simulated = np.mean([frame.query(chosen)["value"].item() for frame in rows])
            assert abs(simulated / point.error - 1) < 0.05 + (activation == "relu") / n, (depth, n)


@pytest.mark.parametrize("last", [150, 500])  # below and above the width of 256
def test_digits_are_learned(tmp_path, last):
    experiment = {
        "target": "labels",
        "n_train": {"first": last, "last": last, "step": 1},
        "readouts": ["ridge:0"],
    }
    rows = run(tmp_path, digits(600, 600), experiment, "one_bit", "relu")
    first = rows.query("depth == 1").set_index("metric")
    assert 0.85 < first.loc["accuracy", "value"] <= 1
    assert 0 < first.loc["mse", "value"] < 0.09  # predicting the mean, 0.1, leaves 0.1 · 0.9
    assert (first.loc["mse", "train_residual"] < 1e-8) == (last < 256)


def test_labels_equal_a_direct_fit(tmp_path):
    experiment = {
        "target": "labels",
        "n_train": {"first": 100, "last": 100, "step": 1},
        "readouts": ["ridge:0"],
    }
    images = digits(300, 200)
    rows = run(tmp_path, images, experiment, widths=[200])
    features = read_matrix(tmp_path / "features", FEATURES, "x", 0).astype(np.float64)
    outputs = features[300:] @ np.linalg.lstsq(features[:100], np.eye(10)[images.label[:100].astype(int)])[0]
    accuracy = rows.set_index("metric").loc["accuracy", "value"]
    assert accuracy == np.mean(outputs.argmax(axis=1) == images.label[300:])


def test_dependent_features_of_a_teacher_are_an_error_with_the_remedy(tmp_path):
    rows = {"split": np.where(np.arange(35) < 30, "train", "test"), "label": None, "x": np.ones((35, 50))}
    write_table(tmp_path / "features", FEATURES, {}, depth=1, **rows)
    experiment = {**TEACHER, "n_train": {"first": 5, "last": 30, "step": 5}}
    with pytest.raises(OnebitError, match=r"depth 1 are linearly dependent.* use ridge:λ with λ > 0"):
        train(tmp_path, experiment, [4, 50])
    assert not (tmp_path / "readout").exists()


def test_dependent_features_of_labels_are_fitted_from_singular_values_and_say_so(tmp_path):
    experiment = {"target": "labels"}
    experiment |= {"n_train": {"first": 30, "last": 30, "step": 1}, "readouts": ["ridge:0"]}
    x = np.random.default_rng(0).standard_normal((35, 3)) @ np.ones((3, 50))  # of rank 1
    rows = {"split": np.where(np.arange(35) < 30, "train", "test"), "label": np.arange(35) % 10, "x": x}
    write_table(tmp_path / "features", FEATURES, {}, depth=1, **rows)
    train(tmp_path, experiment, [64, 50])
    table = read_frame([tmp_path / "readout"], READOUT)
    assert table["converged"].all()
    assert set(table["reason"]) == {"linearly dependent features: minimum-norm least squares from singular values"}


def test_mirror_descent_ends_at_the_interpolator_of_its_mirror(tmp_path):
    experiment = {**TEACHER, "teachers": 2, "n_train": {"first": 60, "last": 60, "step": 1}}
    experiment["readouts"] = ["ridge:0", "mirror:l2", "mirror:q:1.5", "descent:q:1.5"]
    rows = run(tmp_path, sample_gaussian(300, "identity", 100, 40, seed=0), experiment)
    rows = rows.query("estimator == 'sampled_teacher' and depth == 1 and metric == 'mse'").set_index("readout")
    assert rows.loc["mirror:l2", "value"] == pytest.approx(rows.loc["ridge:0", "value"], rel=1e-6)
    assert rows["train_residual"].max() < 1e-5  # the descent stops at 1e-6
    assert rows["distance"].notna().tolist() == [False, False, False, True]
    # |A − A_ψ| follows from a residual of 1e-6 by the smallest curvature along the row space, some hundred times less.
    assert rows.loc["descent:q:1.5", "distance"] < 1e-3


def test_classifier_beats_chance_and_learns_with_n(tmp_path):
    experiment = {**TEACHER, "readouts": ["logistic:0.1", "squared-hinge:0.1"]}
    rows = run(tmp_path, sample_gaussian(300, "identity", 200, 400, seed=0), experiment)
    assert (rows["metric"] == "error_rate").all()
    for _, curve in rows.groupby(["depth", "readout"], observed=True):
        first, last = curve.sort_values("n_train")["value"].to_numpy()[[0, -1]]
        assert last < first < 0.5


def test_uniform_teacher_has_no_teacher_averaged_error(tmp_path):
    dataset = sample_gaussian(300, "identity", 200, 40, seed=0)
    rows = run(tmp_path, dataset, {**TEACHER, "teacher": "uniform:0.1,1.9", "readouts": ["ridge:0", "mirror:entropy"]})
    assert set(rows["estimator"]) == {"sampled_teacher"}


def test_what_was_not_found_is_marked_with_a_reason(tmp_path, monkeypatch):
    """Solvers that may take one Newton step only."""
    from onebit_rf.readout import classifiers, interpolators

    monkeypatch.setattr(classifiers, "_MAX_ITERATIONS", 1)
    monkeypatch.setattr(interpolators, "_MAX_PROXIMAL", 1)
    experiment = {**TEACHER, "readouts": ["ridge:0", "mirror:q:3", "logistic:0.1"]}
    rows = run(tmp_path, sample_gaussian(300, "identity", 200, 40, seed=0), experiment)
    found = rows.groupby("readout", observed=True)["converged"].agg(["any", "all"])
    assert found.loc["ridge:0"].all()
    assert not found.loc[["mirror:q:3", "logistic:0.1"]].any(axis=None)
    assert (rows["converged"] == (rows["reason"] == "")).all()


def test_every_row_has_its_own_key(tmp_path):
    experiment = {**TEACHER, "teachers": 2, "readouts": ["ridge:0", "ridge:1", "mirror:q:3", "logistic:1"]}
    rows = run(tmp_path, sample_gaussian(300, "identity", 200, 40, seed=0), experiment)
    assert not rows.duplicated(list(READOUT.key)).any()


def test_swept_leaves_are_columns(tmp_path):
    extract_features(tmp_path / "features", sample_gaussian(30, "identity", 20, 9, 0), "gaussian", [24], "tanh", 0, {})
    experiment = {**TEACHER, "n_train": {"first": 5, "last": 10, "step": 5}}
    names = {"experiment": "a", "cell": "a/noise~0.3/network.widths~24", "noise": 0.3, "network.widths": "24"}
    train(tmp_path, experiment, [30, 24], names=names)
    rows = read_frame([tmp_path / "readout"], READOUT)
    assert set(rows["noise"]) == {0.3}
    assert set(rows["network.widths"]) == {"24"}
    assert set(rows["cell"]) == {names["cell"]}


def test_a_number_is_learned_in_its_standard_deviations(tmp_path):
    """A linear function of the features is learned without an error; the mean alone would leave one of 1."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 40))
    label = 1e6 + 1e3 * (x - x[:200].mean(axis=0)) @ rng.standard_normal(40)
    rows = {"split": np.where(np.arange(300) < 200, "train", "test"), "label": label, "x": x}
    write_table(tmp_path / "features", FEATURES, {}, depth=1, **rows)
    experiment = {"target": "labels", "n_train": {"first": 20, "last": 200, "step": 180}, "readouts": ["ridge:0"]}
    train(tmp_path, experiment, [9, 40], outputs=1)
    table = read_frame([tmp_path / "readout"], READOUT)
    assert set(table["metric"]) == {"mse", "train_mse", "gap"}
    few, all_of_them = table.loc[table["metric"] == "mse", "value"]
    assert 0.1 < few < 3
    assert all_of_them < 0.02  # the features' mean over the train rows, 1/√200 each, is all that is missed

"""The equivalents stage end to end at small size: its rows, what Gaussian vectors must give, seeds, bad features."""

import numpy as np
import pytest

from onebit_rf.data.dataset import Dataset
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.equivalents.stage import measure_equivalents
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import extract_features
from onebit_rf.model.problem import Problem
from onebit_rf.tables.equivalents import EQUIVALENTS
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import check_key, read_frame, write_table
from onebit_rf.theory import predict_curve

NAMES = {"experiment": "name", "cell": "name/noise~0.3", "noise": 0.3}
DIMS, N_TRAIN = [60, 48, 48], [12, 24, 72]
TASK = {"n_train": N_TRAIN, "ridges": {"ridge:1": 1.0}, "noise": 0.3, "skip": 0}


def run(folder, law="gaussian", seed=0, activation="tanh", rows=(1000, 1000), spectrum="identity", **changes):
    dataset = sample_gaussian(DIMS[0], spectrum, *rows, seed)
    extract_features(folder / "features", dataset, law, DIMS[1:], activation, seed, params={})
    model = {"dims": DIMS, "activation": activation, "spectrum": spectrum, "law": law, "seed": seed}
    measure_equivalents(folder / "table", folder / "features", NAMES, **model, **{**TASK, **changes})
    return read_frame([folder / "table"], EQUIVALENTS)


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    return run(tmp_path_factory.mktemp("equivalents"))


def test_rows_have_their_keys_and_swept_leaves(frame):
    check_key(frame, EQUIVALENTS.key, "equivalents")
    assert set(frame["noise"]) == {0.3}
    assert set(frame["depth"]) == {1, 2}
    counts = frame.groupby(["metric", "depth"], observed=True).size()
    assert counts["mse"].tolist() == [2 * 3] * 2  # features and Gaussian vectors at each n
    assert counts["eigenvalue"].tolist() == [3 * 48] * 2
    assert counts["squared"].tolist() == [2 * 2] * 2
    assert (frame.loc[frame["metric"] == "squared", "n_train"] == 2000).all()


def test_gaussian_vectors_have_the_covariance_but_for_sampling(frame):
    # |Σ̂ − Σ|²/|Σ|² has the mean ((tr Σ)² + |Σ|²)/(N|Σ|²): its standard deviation is about √2/p of that, 3 %; 5 of it.
    for depth in (1, 2):
        of_depth = frame[(frame["depth"] == depth) & (frame["variance"] == "shared")]
        values = of_depth.loc[of_depth["rows"] == "equivalent", "value"].to_numpy()
        wanted = (values.sum() ** 2 / (values @ values) + 1) / 2000
        found = of_depth[(of_depth["rows"] == "gaussian") & (of_depth["metric"] == "frobenius")]["value"].item()
        assert found**2 == pytest.approx(wanted, rel=0.15)
        free = of_depth[(of_depth["rows"] == "gaussian") & (of_depth["metric"] == "squared")]["value"].item()
        assert abs(free) < 0.15 * wanted


@pytest.mark.parametrize("law", ["gaussian", "one_bit"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_errors_of_both_lie_on_the_theory(tmp_path, law, activation):
    # p = 48: O(1/p) with a constant of a few, 8/p = 17 %; φ that is not odd adds 1/n for the mean of the features.
    frame = run(tmp_path, law, activation=activation)
    for depth in (1, 2):
        problem = Problem(tuple(DIMS[: depth + 1]), N_TRAIN[-1], activation, noise=0.3, ridge=1.0)
        for point, n in zip(predict_curve(problem, N_TRAIN), N_TRAIN, strict=True):
            rows = frame[(frame["metric"] == "mse") & (frame["depth"] == depth) & (frame["n_train"] == n)]
            assert len(rows) == 2
            assert rows["value"].to_numpy() / point.error == pytest.approx(1, abs=8 / 48 + (activation == "relu") / n)


def test_given_weights_are_those_of_the_features(tmp_path):
    # At N = 4000 rows, p = 48 the distance without sampling has a standard error of about √2 (p/N)/p = 4e-4 of |Σ|²:
    # features of other weights are of order 1 away.
    frame = run(tmp_path, "one_bit", rows=(3000, 1000))
    own = frame[(frame["metric"] == "squared") & (frame["variance"] == "own") & (frame["rows"] == "features")]
    assert own["value"].to_numpy() == pytest.approx(0, abs=0.05**2 + 4 * 4e-4)  # 5 %: cubic terms, O(1/√d²)


def test_the_same_seed_gives_the_same_table(tmp_path):
    one, other = run(tmp_path), run(tmp_path)
    assert one.equals(other)
    assert not one["value"].equals(run(tmp_path, seed=1)["value"])


def test_rows_that_are_skipped_are_not_trained_on(tmp_path, frame):
    skipped = run(tmp_path, skip=500)
    mse, before = (table[table["metric"] == "mse"]["value"].to_numpy() for table in (skipped, frame))
    assert (mse != before).all()
    rest, whole = (table[table["metric"] == "squared"]["value"].to_numpy() for table in (skipped, frame))
    assert (rest == whole).all()


def test_dependent_features_are_refused_with_the_remedy(tmp_path):
    x = np.repeat(sample_gaussian(48, "identity", 20, 0, 0).x, 50, axis=0)
    dataset = Dataset(x, 900)
    split = np.where(np.arange(len(x)) < 900, "train", "test")
    write_table(tmp_path / "features", FEATURES, {}, depth=1, split=split, label=None, x=dataset.x)
    model = {"dims": [60, 48], "activation": "tanh", "spectrum": "identity", "law": "gaussian", "seed": 0}
    with pytest.raises(OnebitError, match=r"depth 1 are linearly dependent, .* use ridge:λ with λ > 0"):
        measure_equivalents(
            tmp_path / "table", tmp_path / "features", NAMES, **model, **{**TASK, "ridges": {"ridge:0": 0.0}}
        )

"""The transformer: scikit-learn's own checks, the formula by another route, and the same bits however it is called."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from onebit_rf.kernels import SignMatrix, native, unpack_signs
from onebit_rf.sklearn import OneBitRandomFeatures, OneBitRidge, OneBitRidgeClassifier

# Array-API checks run only where SciPy was told of it before it was imported.
CHECKS = """
import sys, warnings
warnings.simplefilter("error")
from sklearn.utils.estimator_checks import check_estimator
from onebit_rf.sklearn import OneBitRandomFeatures, OneBitRidge, OneBitRidgeClassifier
results = check_estimator(eval(sys.argv[1]), on_skip=None)
print({result["check_name"]: result["exception"] for result in results if result["status"] != "passed"}, len(results))
"""
ESTIMATORS = [
    OneBitRandomFeatures(),
    OneBitRandomFeatures(50, depth=3, activation="tanh", n_jobs=2),
    OneBitRandomFeatures(50, law="gaussian"),
    OneBitRandomFeatures(widths=[40, 20], backend="dense"),
    OneBitRidge(50),
    OneBitRidgeClassifier(50, alphas=[0.1, 10]),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_scikit_learn_finds_nothing_and_skips_nothing(estimator):
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-c", CHECKS, repr(estimator)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    others, count = run.stdout.rsplit(maxsplit=1)
    assert others == "{}"
    assert int(count) > 40


def rows(n=130, d=37, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d), dtype=np.float32)


@pytest.mark.parametrize("law", ["one_bit", "rademacher", "gaussian", "ternary"])
@pytest.mark.parametrize("backend", ["auto", "dense"])
def test_features_are_the_network_in_float64(law, backend):
    x = rows()
    features = OneBitRandomFeatures(widths=[65, 33], activation="tanh", law=law, backend=backend, random_state=0).fit(x)
    expected = x.astype(np.float64)
    for weights in features.weights_:
        if weights.dtype == np.uint8:
            weights = unpack_signs(SignMatrix(weights, expected.shape[1]))
        expected = np.tanh(expected @ weights.T / expected.shape[1] ** 0.5)
    z = features.transform(x)
    assert z.dtype == np.float32
    # Products in float32 are off by 1e-6 of their norm, and tanh shrinks; two layers.
    assert np.linalg.norm(z - expected) <= 4e-6 * np.linalg.norm(expected)


def test_one_bit_weights_are_the_signs_of_the_gaussian_draw():
    x = rows()
    one_bit, gaussian = (
        OneBitRandomFeatures(20, law=law, random_state=3).fit(x).weights_ for law in ("one_bit", "gaussian")
    )
    assert np.array_equal(unpack_signs(SignMatrix(one_bit[0], 37)), np.where(gaussian[0] >= 0, 1, -1))


def test_weights_are_those_of_the_workflow():
    weights = OneBitRandomFeatures(depth=2, n_components=16, random_state=5).fit(rows()).weights_
    from onebit_rf.weights.laws import LAWS

    drawn = [LAWS.get("one_bit").draw(16, fan_in, 5, layer).bits for layer, fan_in in ((1, 37), (2, 16))]
    assert all(map(np.array_equal, weights, drawn))


SAME = [{}, {"law": "gaussian"}, {"backend": "dense"}, {"activation": "gelu", "depth": 3}]


@pytest.mark.parametrize("parameters", SAME, ids=repr)
@settings(deadline=None)  # threads start
@given(cuts=st.lists(st.integers(0, 300), max_size=4), n_jobs=st.sampled_from([None, 1, 2, 3, -1]))
def test_the_same_bits_for_any_threads_and_batches(parameters, cuts, n_jobs):
    x = rows(300)
    features = OneBitRandomFeatures(70, random_state=0, **parameters).fit(x)
    whole = features.transform(x)
    features.set_params(n_jobs=n_jobs)
    parts = [features.transform(part) for part in np.split(x, sorted(cuts)) if len(part)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("parameters", SAME, ids=repr)
def test_the_same_bits_for_any_layout_and_format(parameters):
    x = rows()
    x[x < 0.5] = 0
    features = OneBitRandomFeatures(70, random_state=0, **parameters).fit(x)
    expected = features.transform(x)
    for other in (np.asfortranarray(x), x.astype(np.float64), x.tolist(), np.repeat(x, 2, axis=0)[::2]):
        assert np.array_equal(features.transform(other), expected)
    for sparse in (scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array):
        assert np.array_equal(features.transform(sparse(x)), expected)
        assert np.array_equal(clone(features).fit_transform(sparse(x)), expected)


def test_a_copy_a_pickle_and_skops_transform_as_the_original(tmp_path):
    skops = pytest.importorskip("skops.io")
    x = rows()
    fitted = make_pipeline(StandardScaler(), OneBitRandomFeatures(33, random_state=0)).fit(x)
    expected = fitted.transform(x)
    restored = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(restored.transform(x), expected)
    assert np.array_equal(clone(fitted).fit(x).transform(x), expected)
    skops.dump(fitted, tmp_path / "model.skops")
    trusted = ["onebit_rf.sklearn.features.OneBitRandomFeatures"]
    assert skops.get_untrusted_types(file=tmp_path / "model.skops") == trusted
    assert np.array_equal(skops.load(tmp_path / "model.skops", trusted=trusted).transform(x), expected)


def test_a_pickle_holds_a_bit_a_weight():
    features = OneBitRandomFeatures(4096, random_state=0).fit(np.zeros((1, 1024)))
    assert len(pickle.dumps(features)) < 4096 * 1024 / 8 + 10_000  # the rest of it is names


def test_frames_have_names():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    x = pandas.DataFrame(rows(5, 3), columns=list("abc"))
    features = OneBitRandomFeatures(2, random_state=0).fit(x)
    names = ["onebitrandomfeatures0", "onebitrandomfeatures1"]
    assert list(features.feature_names_in_) == ["a", "b", "c"]
    assert list(features.get_feature_names_out()) == names
    for library, frame in (("pandas", pandas.DataFrame), ("polars", polars.DataFrame)):
        out = features.set_output(transform=library).transform(x)
        assert isinstance(out, frame)
        assert list(out.columns) == names


def test_without_the_extension_features_are_the_same_to_rounding(monkeypatch):
    x = rows()
    expected = OneBitRandomFeatures(33, random_state=0).fit_transform(x)
    monkeypatch.setenv(native.ENVIRONMENT, "dense")
    np.testing.assert_allclose(OneBitRandomFeatures(33, random_state=0).fit_transform(x), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "'n_components' parameter of OneBitRandomFeatures must be an int in the range"),
        ({"depth": 1.5}, "'depth' parameter of OneBitRandomFeatures must be an int"),
        ({"widths": []}, "widths: must be whole numbers"),
        ({"widths": [3, 0]}, "widths: must be whole numbers"),
        ({"widths": 3}, "'widths' parameter"),
        ({"activation": "softmax"}, "activation: must be erf, "),
        ({"law": "cauchy"}, "law: must be asymmetric:BITS, "),
        ({"law": "learned:mine,float"}, "law: 'learned:mine,float': learned weights are read, not drawn"),
        ({"backend": "fast"}, "backend: unknown 'fast'; known are auto, native"),
        ({"random_state": "one"}, "'random_state' parameter"),
    ],
    ids=repr,
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message) as raised:
        OneBitRandomFeatures(**parameters).fit(np.ones((3, 2)))
    assert "\n" not in str(raised.value)


def test_rows_beyond_float32():
    features = OneBitRandomFeatures(4).fit(np.ones((3, 2)))
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="value too large for dtype"):
        features.transform([[1e300, 0]])


def test_importing_is_light():
    """What it imports beside what scikit-learn itself does, which takes pandas and pyarrow where they are."""
    code = """if True:
        import sys, sklearn.base, sklearn.preprocessing, sklearn.utils.validation
        before = set(sys.modules)
        import onebit_rf.sklearn
        print(sorted({name.partition(".")[0] for name in set(sys.modules) - before}))"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "['onebit_rf']\n"

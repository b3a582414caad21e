"""Ridge on one-bit features against scikit-learn's ridge on the same features, and what pipelines ask of it."""

import pickle
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from onebit_rf.readout import leave_one_out
from onebit_rf.sklearn import OneBitRandomFeatures, OneBitRidge, OneBitRidgeClassifier

ALPHAS = [1.0, 30.0, 1000.0]


@pytest.fixture
def diabetes():
    x, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(x), y


@pytest.mark.parametrize("n_components", [100, 600])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("columns", [None, 2])
def test_it_is_ridge_with_the_alpha_of_leave_one_out(diabetes, n_components, fit_intercept, columns):
    """442 rows: fewer features, and more."""
    x, y = diabetes
    y = y if columns is None else np.stack([y, np.sin(y)], axis=1)
    ours = OneBitRidge(n_components, alphas=ALPHAS, fit_intercept=fit_intercept, random_state=0).fit(x, y)
    features = OneBitRandomFeatures(n_components, random_state=0).fit_transform(x).astype(np.float64)
    theirs = RidgeCV(ALPHAS, fit_intercept=fit_intercept, store_cv_results=True).fit(features, y)
    errors = theirs.cv_results_.reshape(-1, len(ALPHAS)).mean(axis=0)
    np.testing.assert_allclose(ours.loo_errors_, errors, rtol=1e-8)
    assert ours.alpha_ == theirs.alpha_
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    if fit_intercept:
        assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(features), rtol=1e-7, atol=1e-7 * np.abs(y).max())


def test_the_grid_of_its_own_holds_the_best(diabetes):
    """Standardised inputs: the error at the chosen λ is least, and is so inside the grid."""
    x, y = diabetes
    fit = OneBitRidge(500, random_state=0).fit(x, y)
    assert fit.alpha_ == fit.alphas_[np.argmin(fit.loo_errors_)]
    assert fit.alphas_[0] < fit.alpha_ < fit.alphas_[-1]
    test = np.random.default_rng(0).permutation(len(x))
    held_out, train = test[:100], test[100:]
    fit = OneBitRidge(500, random_state=0).fit(x[train], y[train])
    error = np.mean((fit.predict(x[held_out]) - y[held_out]) ** 2)
    # The mean of 100 squares of normal residuals scatters by √(2/100) = 14 %; three of that.
    assert abs(error / fit.loo_errors_.min() - 1) < 0.42


def test_classes_of_digits():
    x, y = load_digits(return_X_y=True)
    labels = np.array([f"digit {label}" for label in y])
    model = make_pipeline(StandardScaler(), OneBitRidgeClassifier(1000, random_state=0))
    scores = cross_val_score(model, x, labels, cv=3)
    assert scores.min() > 0.93  # of ten classes; nearest neighbours have 0.95
    fit = model.fit(x, labels)
    assert fit.decision_function(x[:5]).shape == (5, 10)
    assert list(fit.predict(x[:5])) == [fit.classes_[at] for at in fit.decision_function(x[:5]).argmax(axis=1)]


def test_two_classes_have_one_output():
    x, y = load_digits(n_class=2, return_X_y=True)
    fit = OneBitRidgeClassifier(200, random_state=0).fit(x, np.where(y == 1, "one", "none"))
    assert fit.coef_.shape == (1, 200)
    assert fit.decision_function(x).shape == y.shape
    assert np.array_equal(fit.predict(x) == "one", fit.decision_function(x) > 0)
    assert np.mean((fit.predict(x) == "one") == (y == 1)) > 0.99


def test_a_search_over_laws_and_widths(diabetes):
    x, y = diabetes
    grid = {"onebitridge__law": ["one_bit", "gaussian"], "onebitridge__n_components": [20, 60]}
    model = make_pipeline(StandardScaler(), OneBitRidge(random_state=0))
    search = GridSearchCV(model, grid, cv=3, n_jobs=2).fit(x, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["onebitridge__n_components"] in (20, 60)


def test_copies_pickles_and_skops_predict_as_the_original(diabetes, tmp_path):
    skops = pytest.importorskip("skops.io")
    x, y = diabetes
    fit = OneBitRidge(60, random_state=0).fit(x, y)
    for other in (pickle.loads(pickle.dumps(fit)), clone(fit).fit(x, y)):
        assert np.array_equal(other.predict(x), fit.predict(x))
    skops.dump(fit, tmp_path / "model.skops")
    ours = skops.get_untrusted_types(file=tmp_path / "model.skops")
    assert all(name.startswith("onebit_rf.sklearn.") for name in ours)
    assert np.array_equal(skops.load(tmp_path / "model.skops", trusted=ours).predict(x), fit.predict(x))


@pytest.mark.parametrize("n_components", [100, 600])
def test_threads_change_nothing(diabetes, n_components):
    x, y = diabetes
    first, other = (OneBitRidge(n_components, n_jobs=n, random_state=0).fit(x, y) for n in (None, 3))
    assert np.array_equal(first.coef_, other.coef_)
    assert np.array_equal(first.predict(x), other.predict(x))


def test_sparse_rows(diabetes):
    x, y = diabetes
    x = np.where(np.abs(x) > 1, x, 0)
    dense, sparse = (OneBitRidge(50, random_state=0).fit(rows, y) for rows in (x, scipy.sparse.csr_array(x)))
    assert np.array_equal(dense.predict(x), sparse.predict(scipy.sparse.csc_array(x)))


@pytest.mark.parametrize(("n", "p"), [(6000, 500), (500, 6000)])
def test_the_features_never_stand_in_memory(monkeypatch, n, p):
    """NumPy tells tracemalloc of its arrays: the smaller Gram matrix, four blocks and the tables of the grid."""
    monkeypatch.setattr(leave_one_out, "BLOCK_NUMBERS", 1 << 17)
    x, y = np.ones((n, 8), np.float32), np.arange(float(n))
    x += np.random.default_rng(0).standard_normal(x.shape)
    tracemalloc.start()
    OneBitRidge(p, alphas=[1.0], random_state=0).fit(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 8 * 500**2 < peak < 8 * 500**2 + 5 * 8 * (1 << 17) + 64 * (n + p) < 4 * n * p


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1.0, np.nan], [0, 1]], [0, 1], "Input X contains NaN"),
        ([[1.0], [2.0]], [0, np.inf], "Input y contains infinity"),
        ([["a"], ["b"]], [0, 1], "could not convert string to float"),
        ([[1.0]], [0], "minimum of 2 is required by OneBitRidge"),
        ([[1.0], [2.0]], [0, 1, 2], "inconsistent numbers of samples"),
        ([[1.0], [2.0]], None, "requires y to be passed"),
    ],
)
def test_bad_rows_in_the_words_of_scikit_learn(x, y, message):
    with pytest.raises(ValueError, match=message):
        OneBitRidge(4).fit(x, y)


def test_bad_alphas_one_class_and_wrong_columns():
    x = np.arange(8.0).reshape(4, 2)
    for alphas in ([], [0.0], [-1.0, 1.0], [np.nan], [[1.0]], "many", 0.0):
        with pytest.raises(ValueError, match="alphas"):
            OneBitRidge(4, alphas=alphas).fit(x, x[:, 0])
    with pytest.raises(ValueError, match="at least 2 classes"):
        OneBitRidgeClassifier(4).fit(x, ["a"] * 4)
    with pytest.raises(ValueError, match="X has 3 features, but OneBitRidge is expecting 2"):
        OneBitRidge(4).fit(x, x[:, 0]).predict(np.ones((1, 3)))

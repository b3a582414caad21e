"""The fitted classifier against scikit-learn, a general minimiser and its own optimality."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from onebit_rf.errors import OnebitError
from onebit_rf.model.losses import LOSSES
from onebit_rf.readout.classifiers import fit_classifier
from simulate import draw_features


def task(n, p=40):
    generator = np.random.default_rng(2)
    features = draw_features(generator, (60, p), n)
    return features, np.sign(features @ generator.standard_normal(p))


@pytest.mark.parametrize("n", [15, 40, 300])
@pytest.mark.parametrize("penalty", [1e-4, 0.1, 10.0])
@pytest.mark.parametrize("loss", LOSSES.names())
def test_the_gradient_vanishes(loss, penalty, n):
    features, labels = task(n)
    fit = fit_classifier(features, labels, loss, penalty)
    assert fit.converged
    signed = features * labels[:, None] / np.sqrt(40)
    gradient = LOSSES.get(loss).slope(signed @ fit.weights) @ signed + penalty * fit.weights
    assert np.linalg.norm(gradient) <= 1e-7 * penalty * np.linalg.norm(fit.weights)


@pytest.mark.parametrize("n", [15, 300])
def test_logistic_equals_scikit_learn(n):
    # Its C multiplies the loss, so that C = 1/λ.
    features, labels = task(n)
    reference = LogisticRegression(C=1 / 0.3, fit_intercept=False, tol=1e-10, max_iter=10_000)
    reference.fit(features / np.sqrt(40), labels)
    fit = fit_classifier(features, labels, "logistic", 0.3)
    assert fit.weights == pytest.approx(reference.coef_[0], rel=1e-4, abs=1e-5)


def test_squared_hinge_equals_a_general_minimiser():
    features, labels = task(30)
    signed = features * labels[:, None] / np.sqrt(40)
    reference = minimize(
        lambda w: np.sum(np.maximum(1 - signed @ w, 0) ** 2) + 0.05 * w @ w,
        np.zeros(40),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
    )
    assert fit_classifier(features, labels, "squared-hinge", 0.1).weights == pytest.approx(reference.x, abs=1e-5)


def test_error_rate_counts_wrong_signs():
    features, labels = task(300)
    fit = fit_classifier(features, labels, "logistic", 1e-3)
    wrong = np.mean(np.sign(features @ fit.weights) != labels)
    assert fit.error_rate(features, labels) == wrong < 0.05


@pytest.mark.parametrize(("loss", "penalty"), [("hinge", 0.1), ("logistic", 0.0), ("logistic", float("nan"))])
def test_bad_losses_and_penalties_are_refused(loss, penalty):
    with pytest.raises(OnebitError, match=r"loss: must be logistic or squared-hinge|classifier: needs a penalty > 0"):
        fit_classifier(*task(15), loss, penalty)


def test_bad_labels_are_refused():
    features, labels = task(15)
    with pytest.raises(OnebitError, match="classifier: needs 15 labels ±1"):
        fit_classifier(features, 0.5 * labels, "logistic", 0.1)

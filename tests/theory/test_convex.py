"""Classification: reference values, the channel by adaptive quadrature and simulated classifiers."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from onebit_rf.errors import OnebitError
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.problem import Problem
from onebit_rf.readout.classifiers import fit_classifier
from onebit_rf.theory import predict, predict_curve
from onebit_rf.theory.convex import channel
from simulate import draw_features, mean_and_error

REFERENCE = [
    (1, 1024, 0.1, 0.1609295),
    (2, 1024, 0.01, 0.1278005),
    (2, 256, 0.1, 0.2548656),
    (3, 2048, 0.01, 0.0812910),
]


@pytest.mark.parametrize(("depth", "n", "penalty", "error"), REFERENCE)
def test_logistic_reference(depth, n, penalty, error):
    problem = Problem((512,) * (depth + 1), n, loss="logistic", penalty=penalty)
    assert predict(problem).error == pytest.approx(error, abs=6e-8)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("state", [(0.7, 0.8, 1.5), (40.0, 0.95, 300.0), (0.01, 0.1, 0.05)])
def test_channel_equals_adaptive_quadrature(loss, state):
    (q, c, response), rho = state, 0.4
    m, v = c * np.sqrt(rho * q), rho * (1 - c**2)
    record = LOSSES.get(loss)

    def expectation(function):
        kink = 1 / np.sqrt(q)
        points = [x for x in (0.0, -0.5, 0.5, 2 / np.sqrt(q), -2 / np.sqrt(q), kink) if abs(x) < 9]
        integral = quad(lambda x: norm.pdf(x) * function(x), -9, 9, points=points, limit=500, epsabs=1e-12)
        return 2 * integral[0]

    def force(x):
        return -float(record.slope(record.prox(np.array(np.sqrt(q) * x), np.array(response))))

    def response_slope(x):
        curvature = float(record.curvature(record.prox(np.array(np.sqrt(q) * x), np.array(response))))
        return curvature / (1 + response * curvature)

    def positive(x):
        return norm.cdf(m * x / np.sqrt(q * v))

    point = np.log([[q], [c / np.sqrt(1 - c**2)], [response]])
    m_hat, q_hat, v_hat = channel(record, rho, point)
    kernel = lambda x: np.exp(-(m**2) * x**2 / (2 * q * v)) / np.sqrt(2 * np.pi * v)  # noqa: E731
    assert m_hat[0] == pytest.approx(expectation(lambda x: kernel(x) * force(x)), rel=1e-7)
    assert q_hat[0] == pytest.approx(expectation(lambda x: positive(x) * force(x) ** 2), rel=1e-7)
    assert v_hat[0] == pytest.approx(expectation(lambda x: positive(x) * response_slope(x)), rel=1e-7)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_strong_penalty_is_the_same_for_every_loss(loss):
    # λ → ∞: w ∝ Xᵀy whatever ℓ, so that the error depends on λ no more.
    errors = [predict(Problem((200, 300), 150, loss=loss, penalty=penalty)).error for penalty in (1e6, 1e8)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-5)
    assert errors[1] == pytest.approx(predict(Problem((200, 300), 150, loss="logistic", penalty=1e9)).error, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0, 100.0])
def test_more_samples_help_and_everything_converges(loss, penalty):
    problem = Problem((300, 200, 256), 1, "erf", spectrum="power:1", loss=loss, penalty=penalty)
    predictions = predict_curve(problem, [3, 30, 256, 2560, 12_800])
    assert all(p.converged for p in predictions)
    if penalty >= 1:  # a weaker one has an interpolation peak
        assert np.all(np.diff([p.error for p in predictions]) < 0)


def test_what_the_theory_leaves_out_is_refused():
    with pytest.raises(OnebitError, match="penalty: must be > 0"):
        predict(Problem((30, 20), 10, loss="logistic"))
    with pytest.raises(OnebitError, match="activation: classification is solved for odd ones"):
        predict(Problem((30, 20), 10, "relu", loss="logistic", penalty=0.1))
    with pytest.raises(OnebitError, match="loss: classification takes a penalty"):
        predict(Problem((30, 20), 10, loss="logistic", penalty=0.1, noise=0.3))


SIMULATED = [
    ((256, 256), 512, "tanh", "logistic", 0.1, "identity"),
    ((256, 256, 256), 128, "tanh", "logistic", 0.1, "power:0.5"),
    ((200, 300, 256), 512, "tanh", "squared-hinge", 0.01, "identity"),
    ((256, 256), 128, "erf", "squared-hinge", 1e-3, "identity"),
    ((256, 256, 256), 512, "odd_sigmoid", "logistic", 1.0, "identity"),
]


@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: f"{case[2]}-{case[3]}-L{len(case[0]) - 1}-n{case[1]}")
def test_simulation_agrees(case):
    # 25 teachers and networks: 3.5 standard errors (of 1 to 1.5 %), plus 4/p of finite size; p = 256.
    dims, n, activation, loss, penalty, spectrum = case
    rates = []
    for seed in range(25):
        generator = np.random.default_rng(seed)
        x = draw_features(generator, dims, n + 2500, activation, spectrum)
        labels = np.sign(x @ generator.standard_normal(dims[-1]))
        fit = fit_classifier(x[:n], labels[:n], loss, penalty)
        assert fit.converged
        rates.append(fit.error_rate(x[n:], labels[n:]))
    mean, standard_error = mean_and_error(rates)
    theory = predict(Problem(dims, n, activation, spectrum, loss=loss, penalty=penalty)).error
    assert mean == pytest.approx(theory, abs=3.5 * standard_error + 4 / dims[-1] * theory)

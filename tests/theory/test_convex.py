"""Classification: reference values, its averages by adaptive quadrature, limits, and simulated classifiers."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.problem import Problem
from onebit_rf.readout.classifiers import fit_classifier
from onebit_rf.theory import channel, predict, predict_curve, rates
from onebit_rf.theory.convex import Task, evaluate, solve_order
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.freedom import given_kappa, solve_chain
from onebit_rf.theory.levels import Levels
from onebit_rf.theory.rates import error_given, error_rates, linear_rate
from onebit_rf.theory.spectrum import named_spectrum
from simulate import draw_features, mean_and_error

# L, n, λ and the error rate of all dimensions 512, tanh
REFERENCE = [
    (1, 1024, 0.1, 0.1609295),
    (2, 1024, 0.01, 0.1278005),
    (2, 256, 0.1, 0.2548656),
    (3, 2048, 0.01, 0.0812910),
]
RELU = [((400, 400), 400, 0.1, 0.20246), ((400, 400), 1200, 0.05, 0.12214), ((400, 400, 400), 800, 0.05, 0.13259)]
NOT_ODD = [name for name in ACTIVATIONS.names() if not ACTIVATIONS.get(name).odd]


def task_of(problem: Problem) -> tuple[Task, float]:
    """The problem as the equations take it, with μ_L²."""
    spectrum = named_spectrum(problem.spectrum, problem.dims[0])
    layers = equivalent_layers(problem.activation, len(problem.dims) - 1, spectrum.mean)

    def chain_at(kappa):
        return solve_chain(spectrum, problem.dims, layers, given_kappa(kappa), kappa.size)

    task = Task(LOSSES.get(problem.loss), chain_at, problem.dims[-1], layers[-1].variance, problem.penalty)
    return task, layers[-1].mean_sq


@pytest.mark.parametrize(("depth", "n", "penalty", "error"), REFERENCE)
def test_logistic_reference(depth, n, penalty, error):
    problem = Problem((512,) * (depth + 1), n, loss="logistic", penalty=penalty)
    assert predict(problem).error == pytest.approx(error, abs=6e-8)


@pytest.mark.parametrize(("dims", "n", "penalty", "error"), RELU)
def test_relu_reference(dims, n, penalty, error):
    problem = Problem(dims, n, "relu", loss="logistic", penalty=penalty)
    assert predict(problem).error == pytest.approx(error, abs=1e-5)


# q, c, V, β, h: the last two 0 for odd φ
STATES = [
    (0.7, 0.8, 1.5, 0.0, 0.0),
    (40.0, 0.95, 300.0, 0.0, 0.0),
    (0.01, 0.1, 0.05, 0.0, 0.0),
    (0.7, 0.8, 1.5, 1.2, 0.9),
    (40.0, 0.95, 300.0, -9.0, -1.3),
    (0.01, 0.1, 0.05, 0.7, 1.5),
    (900.0, 0.999, 20.0, 30.0, 1.0),
]


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("state", STATES)
def test_averages_equal_adaptive_quadrature(loss, state):
    (q, c, response, intercept, offset), record = state, LOSSES.get(loss)
    odds, spread = c / np.sqrt(1 - c**2), np.sqrt(q)
    bias = offset * np.sqrt(1 + odds**2)

    def expectation(function):
        bends = [-intercept / spread, (1 - intercept) / spread, -(response + intercept) / spread, -bias / odds]
        points = sorted({x + d for x in bends for d in (0, 1 / spread, -1 / spread, 0.1, -0.1) if abs(x + d) < 11})
        return quad(lambda x: norm.pdf(x) * function(x), -11, 11, points=points, limit=800, epsabs=1e-13)[0]

    def output(x):
        return record.prox(np.array(intercept + spread * x), np.array(response))

    def force(x):
        return -float(record.slope(output(x)))

    def stiffness(x):
        curvature = float(record.curvature(output(x)))
        return curvature / (1 + response * curvature)

    expected = [
        expectation(lambda x: norm.cdf(odds * x + bias) * force(x)),
        expectation(lambda x: norm.pdf(odds * x + bias) * force(x)),
        expectation(lambda x: norm.cdf(odds * x + bias) * force(x) ** 2),
        expectation(lambda x: norm.cdf(odds * x + bias) * stiffness(x)),
    ]
    point = np.array([[np.log(q)], [np.log(odds)], [np.log(response)], [intercept]])
    averages, _ = channel.class_averages(record, point, np.array([offset]))
    assert averages[:, 0] == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_slopes_equal_differences(loss):
    record = LOSSES.get(loss)
    point = np.array([[0.3, -2.0, 4.0], [0.4, 1.5, -1.0], [0.5, 3.0, -1.0], [0.4, -1.0, 2.0]])
    offset, shift = np.array([0.5, -2.0, 1.0]), 1e-5
    _, slopes = channel.class_averages(record, point, offset)
    for variable, row in enumerate(shift * np.eye(4)):
        up, down = (channel.class_averages(record, point + sign * row[:, None], offset)[0] for sign in (1, -1))
        assert slopes[:, variable] == pytest.approx((up - down) / (2 * shift), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("offset", [0.0, 0.8])
def test_jacobian_equals_differences(offset):
    # At a solution, where the scale of β's equation does not matter.
    task, _ = task_of(Problem((300, 200, 250), 1, "relu", loss="logistic", penalty=0.05))
    alpha, offsets, shift = np.array([0.5, 3.0]), np.full(2, offset), 1e-5
    point = solve_order(task, alpha, offsets).x
    jacobian = evaluate(task, alpha, offsets, point).jacobian
    for variable, row in enumerate(shift * np.eye(4)[: 4 if offset else 3]):
        up, down = (evaluate(task, alpha, offsets, point + sign * row[:, None]).defect for sign in (1, -1))
        assert jacobian[:, variable] == pytest.approx((up - down) / (2 * shift), rel=1e-6, abs=1e-7)


def test_levels_are_those_of_the_chain():
    task, _ = task_of(Problem((300, 20, 250), 1, "gelu", "power:1", loss="logistic", penalty=1.0))
    kappa = np.exp(np.linspace(-30, 30, 50))
    chain = task.chain_at(kappa)
    df, df2, power, power2, slope = Levels(task.chain_at, task.width)(np.log(kappa))
    assert df * task.width == pytest.approx(chain.df[-1], rel=1e-10)
    assert df2 * task.width == pytest.approx(chain.df2[-1], rel=1e-10)
    assert power == pytest.approx(chain.power, rel=1e-10)
    assert power2 == pytest.approx(chain.power2, rel=1e-10)
    up, down = (task.chain_at(kappa * factor).df2[-1] / task.width for factor in (1.001, 0.999))
    assert slope == pytest.approx((up - down) / np.log(1.001 / 0.999), rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("correlation", [0.05, 0.6, 0.99])
@pytest.mark.parametrize("offset", [0.0, 0.3, 2.0, 5.0])
@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.0])
def test_error_given_an_offset_is_that_of_two_normal_variables(correlation, offset, ratio):
    threshold, odds = ratio * offset, correlation / np.sqrt(1 - correlation**2)
    found = error_given(*(np.array([value]) for value in (offset, threshold, odds)))[0]
    # u > −h and v < −τ, or u < −h and v > −τ.
    sine = np.sqrt(1 - correlation**2)
    alone = ((-offset, -threshold), (offset, threshold))
    expected = sum(
        quad(lambda x, end=end: norm.pdf(x) * norm.cdf((end - correlation * x) / sine), low, 12 + low, limit=400)[0]
        for low, end in alone
    )
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-13)


def test_a_linear_rule_is_averaged_in_closed_form():
    ratio, odds, width = 0.7, 1.3, 0.4
    average = quad(
        lambda h: 2 * norm.pdf(h / ratio) / ratio * error_given(*np.array([[h], [h / width], [odds]]))[0], 0, 9 * ratio
    )[0]
    assert linear_rate(ratio, np.array(odds), np.array(width)) == pytest.approx(average, rel=1e-8)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize(("alpha", "penalty"), [(0.01, 1e-3), (0.3, 1.0), (3.0, 30.0), (30.0, 1e-3), (1.0, 1e5)])
def test_nodes_and_panels_are_enough(loss, alpha, penalty, monkeypatch):
    task, mean_sq = task_of(Problem((300, 200, 250), 1, "relu", loss=loss, penalty=penalty))
    coarse = error_rates(task, mean_sq, np.array([alpha]))
    monkeypatch.setattr(rates, "_STEP", 0.5 * rates._STEP)
    monkeypatch.setattr(rates, "_STEP_OF_RATIO", 0.5 * rates._STEP_OF_RATIO)
    monkeypatch.setattr(rates, "_PER_DECAY", 2 * rates._PER_DECAY)
    monkeypatch.setattr(rates, "_FARTHEST", 7.0)
    assert error_rates(task, mean_sq, np.array([alpha])).error == pytest.approx(coarse.error, abs=2e-9)
    monkeypatch.undo()
    monkeypatch.setattr(channel, "_PANEL_NODES", 2 * channel._PANEL_NODES)
    assert error_rates(task, mean_sq, np.array([alpha])).error == pytest.approx(coarse.error, abs=2e-9)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_a_vanishing_mean_is_none(loss):
    task, _ = task_of(Problem((300, 250), 1, loss=loss, penalty=0.1))
    alpha = np.array([0.3, 3.0])
    without = error_rates(task, 0.0, alpha).error
    for mean_sq in (1e-24, 1e-10):
        assert error_rates(task, mean_sq, alpha).error == pytest.approx(without, abs=1e-9)
    # and it changes the rate in its square
    first, second = (error_rates(task, mean_sq, alpha).error - without for mean_sq in (1e-4, 4e-4))
    assert second == pytest.approx(4 * first, rel=1e-2)


def test_classes_may_change_their_names():
    task, _ = task_of(Problem((300, 250), 1, "relu", loss="squared-hinge", penalty=0.1))
    alpha, offset = np.array([0.5, 2.0]), np.array([0.7, 1.8])
    one, other = (solve_order(task, alpha, sign * offset).x for sign in (1, -1))
    assert other == pytest.approx(np.array([1, 1, 1, -1])[:, None] * one, rel=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_solution_carries_what_its_weights_are_made_of(activation):
    # w = (Σ + κ)^{-1}(m̂/V̂ Σ A* + √(q̂/V̂²) Σ^{1/2} G) has the q and the m of the solution.
    task, _ = task_of(Problem((300, 200, 250), 1, activation, loss="logistic", penalty=0.1))
    order = solve_order(task, np.array([0.4, 2.5]), np.array([0.0, 0.9]) * (activation == "relu"))
    chain = task.chain_at(order.kappa)
    q = order.pull**2 * chain.power2 + order.scatter * chain.df2[-1] / task.width
    assert q == pytest.approx(np.exp(order.x[0]), rel=1e-9)
    c = order.odds / np.sqrt(1 + order.odds**2)
    assert order.pull * chain.power == pytest.approx(c * np.sqrt(task.variance * q), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_strong_penalty_is_the_same_for_every_loss(loss):
    # λ → ∞: w ∝ Xᵀy whatever ℓ, so that the error depends on λ no more.
    errors = [predict(Problem((200, 300), 150, loss=loss, penalty=penalty)).error for penalty in (1e6, 1e8)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-5)
    assert errors[1] == pytest.approx(predict(Problem((200, 300), 150, loss="logistic", penalty=1e9)).error, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize(("n", "penalty"), [(150, 1e7), (1, 1e3)])
def test_what_learns_nothing_but_the_intercept_takes_the_larger_class(loss, n, penalty):
    # E Φ(−|h|) = arctan(1/r)/π over h ~ N(0, r²)
    problem = Problem((200, 3000), n, "relu", loss=loss, penalty=penalty)
    task, mean_sq = task_of(problem)
    assert predict(problem).error == pytest.approx(np.arctan(np.sqrt(task.variance / mean_sq)) / np.pi, abs=1e-5)


@pytest.mark.parametrize("activation", ["erf", "relu"])
@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 1.0, 100.0])
def test_more_samples_help_and_everything_converges(activation, loss, penalty):
    problem = Problem((300, 200, 256), 1, activation, spectrum="power:1", loss=loss, penalty=penalty)
    predictions = predict_curve(problem, [3, 30, 256, 2560, 12_800])
    assert all(p.converged for p in predictions)
    if penalty >= 1:  # a weaker one has an interpolation peak
        assert np.all(np.diff([p.error for p in predictions]) < 0)


@pytest.mark.parametrize("loss", LOSSES.names())
@pytest.mark.parametrize("penalty", [1e-3, 3.0])
def test_a_curve_equals_its_points(loss, penalty):
    problem = Problem((300, 200, 350), 1, "relu", loss=loss, penalty=penalty)
    curve = predict_curve(problem, range(2, 700))
    for n in (2, 3, 57, 350, 699):
        alone = predict(replace(problem, n_train=n))
        assert curve[n - 2].error == pytest.approx(alone.error, abs=2e-9)
        assert curve[n - 2].kappa == pytest.approx(alone.kappa, rel=1e-8)


@settings(max_examples=40)
@given(
    st.lists(st.floats(math.log(2), math.log(1e4)).map(lambda x: round(math.exp(x))), min_size=2, max_size=7),
    st.floats(math.log(1e-3), math.log(1e3)).map(math.exp),
    st.sampled_from(NOT_ODD),
    st.sampled_from(LOSSES.names()),
    st.floats(-8, 8).map(lambda x: 10.0**x),
    st.floats(0, 2),
)
def test_rates_are_rates(dims, ratio, activation, loss, penalty, exponent):
    problem = Problem(
        tuple(dims), max(1, round(ratio * dims[-1])), activation, f"power:{exponent}", loss=loss, penalty=penalty
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = predict(problem)
    assert found.converged == (found.reason == "")
    assert np.isfinite(found.error) == found.converged
    if found.converged:
        assert 0 < found.error <= 0.5
        assert found.residual <= 1e-9


def test_what_the_theory_leaves_out_is_refused():
    with pytest.raises(OnebitError, match="penalty: must be > 0"):
        predict(Problem((30, 20), 10, loss="logistic"))
    with pytest.raises(OnebitError, match="loss: classification takes a penalty"):
        predict(Problem((30, 20), 10, loss="logistic", penalty=0.1, noise=0.3))


SIMULATED = [
    ((256, 256), 512, "tanh", "logistic", 0.1, "identity", True),
    ((256, 256, 256), 128, "tanh", "logistic", 0.1, "power:0.5", True),
    ((200, 300, 256), 512, "tanh", "squared-hinge", 0.01, "identity", True),
    ((256, 256), 128, "erf", "squared-hinge", 1e-3, "identity", True),
    ((256, 256, 256), 512, "odd_sigmoid", "logistic", 1.0, "identity", True),
    ((256, 256), 512, "relu", "logistic", 0.1, "identity", True),
    ((256, 256), 128, "gelu", "squared-hinge", 0.05, "identity", False),
    ((256, 200, 256), 256, "relu", "squared-hinge", 0.1, "power:0.5", False),
    ((200, 300, 256), 128, "gelu", "logistic", 0.01, "identity", True),
]


@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: f"{case[2]}-{case[3]}-L{len(case[0]) - 1}-n{case[1]}")
def test_simulation_agrees(case):
    # 25 teachers and networks, each against the theory of its own offset, which is most of what scatters: 3.5 standard
    # errors (of 1 to 1.5 %), plus 4/p of finite size, or 8/p of features with a mean; p = 256.
    dims, n, activation, loss, penalty, spectrum, one_bit = case
    simulated, offsets = [], []
    for seed in range(25):
        generator = np.random.default_rng(seed)
        x = draw_features(generator, dims, n + 2000, activation, spectrum, one_bit)
        field = x @ generator.standard_normal(dims[-1])
        labels = np.sign(field)
        fit = fit_classifier(x[:n], labels[:n], loss, penalty)
        assert fit.converged
        simulated.append(fit.error_rate(x[n:], labels[n:]))
        offsets.append(field.mean() / field.std())
    task, mean_sq = task_of(Problem(dims, n, activation, spectrum, loss=loss, penalty=penalty))
    odd = mean_sq == 0
    offset = np.zeros(25) if odd else np.abs(offsets)
    order = solve_order(task, np.full(25, n / dims[-1]), offset)
    theory = error_given(offset, order.threshold, order.odds)
    assert order.residual.max() < 1e-9
    mean, standard_error = mean_and_error(list(simulated - theory))
    assert abs(mean) < 3.5 * standard_error + (4 if odd else 8) / dims[-1] * theory.mean()

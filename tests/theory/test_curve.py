"""Long curves against the same points one by one; the interpolation and its refusal to guess."""

import time

import numpy as np
import pytest

from onebit_rf.model.problem import Problem
from onebit_rf.theory import predict, predict_curve
from onebit_rf.theory.curve import chebyshev_points, interpolate, solve_curve

CASES = [
    {"activation": "relu", "noise": 0.3, "ridge": 0.1, "spectrum": "power:1"},
    {"noise": 0.3},
    {"mirror": "q:3"},
    {"mirror": "q:1.3", "noise": 0.2},
    {"mirror": "entropy", "teacher": "uniform:0.1,1.9"},
    {"loss": "logistic", "penalty": 0.01},
    {"loss": "squared-hinge", "penalty": 0.1},
]


@pytest.mark.parametrize("fields", CASES, ids=lambda fields: "-".join(map(str, fields.values())))
def test_a_curve_equals_its_points(fields):
    samples = [n for n in range(2, 700) if n != 350]
    dims = (300, 200, 350)
    curve = predict_curve(Problem(dims, 1, **fields), samples)
    for n, found in list(zip(samples, curve, strict=True))[::53]:
        alone = predict(Problem(dims, n, **fields))
        assert found.converged == alone.converged
        assert found.error == pytest.approx(alone.error, rel=2e-8, nan_ok=True)
        assert found.kappa == pytest.approx(alone.kappa, rel=1e-8)
        assert found.df == pytest.approx(alone.df, rel=1e-8)


def test_interpolation_is_exact_for_polynomials_and_at_its_points():
    points = chebyshev_points(-1.0, 3.0, 9)
    values = np.array([points**8 - points, points**2])
    x = np.array([-1.0, -0.3, 0.7, points[4], 3.0])
    assert interpolate(points, values, x) == pytest.approx(np.array([x**8 - x, x**2]), rel=1e-11, abs=1e-11)


def test_a_curve_that_is_not_smooth_is_solved_at_every_point():
    calls = []

    def solve(x):
        calls.append(x.size)
        return np.abs(x - 0.1)[None], np.zeros(x.size), 1

    x = np.linspace(-1, 1, 1000)
    values, residual, _ = solve_curve(x, solve, lambda x, values: np.abs(values[0] - np.abs(x - 0.1)))
    assert calls[-1] == 1000
    assert values[0] == pytest.approx(np.abs(x - 0.1))
    assert residual.max() == 0


def quickest(function, repetitions=5):
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize(
    ("dims", "fields"),
    [
        ((8192, 4096, 4096), {}),
        ((10_000, 100_000, 8, 50_000), {"spectrum": "power:1", "noise": 0.1, "ridge": 1.0}),
        ((8192, 4096, 4096), {"activation": "relu"}),
        ((1536, 1024, 1024), {"mirror": "q:3"}),
    ],
)
def test_predictions_are_quick_whatever_the_widths(dims, fields):
    # Goals of 2 ms and 50 ms on an idle core; the factor of 5 is for a busy one.
    problem = Problem(dims, dims[-1] // 3, **fields)
    samples = np.unique(np.linspace(1, dims[-1] - 1, 1000).astype(int)).tolist()
    predict_curve(problem, samples)
    assert quickest(lambda: predict(problem)) < 5 * 2e-3
    assert quickest(lambda: predict_curve(problem, samples)) < 5 * 50e-3

"""Square loss: reference values, classical limits and brute-force simulation with one-bit and Gaussian weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from onebit_rf.model.problem import Problem
from onebit_rf.theory import predict, predict_curve
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.square import ridge_kappa
from simulate import averaged_error, draw_features, mean_and_error

MIN_NORM = {
    500: (0.3279466, 0.1747064, 0.1093379, 0.0744605, 0.0534067),
    1000: (0.2668091, 0.1246088, 0.0685367, 0.0411023, 0.0260200),
    2000: (0.1599532, 0.0546789, 0.0227938, 0.0107281, 0.0055270),
    3000: (0.0731589, 0.0170378, 0.0056824, 0.0023834, 0.0011711),
}
RIDGE_AND_NOISE = [
    (1, 512, 0, 0.3, 0.2602248),
    (2, 512, 0, 0.3, 0.2365522),
    (2, 512, 20, 0.3, 0.1255344),
    (2, 2000, 20, 0.3, 0.0436507),
    (3, 3000, 0, 0.5, 0.1295547),
]


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_minimum_norm_reference(depth):
    errors = [p.error for p in predict_curve(Problem((8192, *(4096,) * depth), 1), list(MIN_NORM))]
    assert errors == pytest.approx([row[depth - 1] for row in MIN_NORM.values()], abs=5.1e-8)


def test_minimum_norm_reference_with_unequal_widths():
    assert predict(Problem((1000, 1500, 700, 1200), 400)).error == pytest.approx(0.0291421, abs=5.1e-8)


@pytest.mark.parametrize(("depth", "n", "ridge", "noise", "error"), RIDGE_AND_NOISE)
def test_ridge_and_noise_reference(depth, n, ridge, noise, error):
    problem = Problem((1024,) * (depth + 1), n, spectrum="power:0.3", ridge=ridge, noise=noise)
    assert predict(problem).error == pytest.approx(error, abs=5.1e-8)


@pytest.mark.parametrize("n", [100, 256, 716])
def test_one_layer_of_relu_equals_its_closed_form(n):
    # ρ1² = 1/4 and ρ2² = 1/4 − 1/(2π) exactly; with Σ_0 = I and d = p the chain is a polynomial in κ_0.
    d, rho1_sq, rho2_sq = 1024, 0.25, 0.25 - 1 / (2 * np.pi)

    def kappa(log_kappa0):
        return rho1_sq * np.exp(log_kappa0) * (1 - 1 / (1 + np.exp(log_kappa0))) - rho2_sq

    def unused(log_kappa0):
        return d - kappa(log_kappa0) / (rho1_sq * np.exp(log_kappa0)) * d - n

    root = brentq(unused, brentq(kappa, -10, 10), 30, xtol=1e-14)
    assert predict(Problem((d, d), n, "relu")).error == pytest.approx(kappa(root) * n / d, rel=1e-10)


def test_deep_relu_keeps_its_values():
    # Own values, stable to 1e-9 in the number of nodes of either quadrature.
    found = [[p.error for p in predict_curve(Problem((1024,) * (L + 1), 1, "relu"), [256, 716])] for L in (1, 2, 3)]
    expected = [[0.2230758, 0.0703605], [0.0682172, 0.0167556], [0.0222368, 0.0044682]]
    assert np.array(found) == pytest.approx(np.array(expected), abs=5.1e-8)


def test_least_squares_beyond_the_threshold_is_classical():
    # n > p: unbiased, E = σ² p/(n − p) for any covariance (Hastie et al.).
    for activation in ("tanh", "relu"):
        found = predict(Problem((300, 200, 100), 250, activation, spectrum="power:1", noise=0.7))
        assert found.error == pytest.approx(0.49 * 100 / 150, rel=1e-12)


def test_at_the_threshold():
    assert predict(Problem((30, 20), 20)).error == 0
    assert predict(Problem((30, 20), 35)).error == 0
    diverging = predict(Problem((30, 20), 20, noise=0.1))
    assert (diverging.error, diverging.converged) == (np.inf, False)
    assert "diverges" in diverging.reason


def test_a_uniform_teacher_scales_the_signal():
    # E A*² = 1 + 1.8²/12 for U(0.1, 1.9): the noise-free error is proportional to it.
    plain, uniform = predict(Problem((300, 200), 50)), predict(Problem((300, 200), 50, teacher="uniform:0.1,1.9"))
    assert uniform.error / plain.error == pytest.approx(1.27)


def test_ridge_kappa_solves_its_equation_without_cancellation():
    delta, ridge, strength = (grid.ravel() for grid in np.meshgrid([0.1, 1.0, 20.0], [1e-14, 1.0, 1e6], [1e-3, 2.0]))
    kappa = ridge_kappa(strength, delta, ridge)
    assert kappa * (delta - 1 + kappa / (kappa + strength)) == pytest.approx(ridge, rel=1e-6)
    assert np.all(kappa > 0)


SIMULATED = [
    ((384, 256, 256), 64, "tanh", "identity", 0.0, 0.0),
    ((384, 256, 256), 128, "tanh", "power:0.5", 0.5, 1.0),
    ((200, 300, 100, 256), 96, "erf", "identity", 0.0, 0.0),
    ((384, 256), 400, "odd_sigmoid", "identity", 0.5, 0.0),
    ((384, 256, 256), 100, "relu", "identity", 0.0, 0.0),
    ((384, 256, 256), 100, "gelu", "power:0.3", 0.2, 0.5),
    ((512, 512), 256, "tanh", "condition:100", 0.0, 0.0),
    ((384, 256, 256), 128, "sin", "condition:100", 0.3, 0.0),
    ((255, 255, 255), 128, "sign", "identity", 0.0, 0.0),  # odd widths: even ones have sums of signs that are 0
]


@pytest.mark.parametrize("one_bit", [False, True])
@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: f"{case[2]}-{'x'.join(map(str, case[0]))}-n{case[1]}")
def test_simulation_agrees(case, one_bit):
    # Averaged over the teacher, 12 seeds: 4 standard errors, plus a finite-size deviation of 4/p for the equivalent
    # (seen to fall as 1/p) and 4/p more for the ignored mean direction of φ that are not odd; p ≈ 256.
    dims, n, activation, spectrum, noise, ridge = case
    values = []
    for seed in range(12):
        x = draw_features(np.random.default_rng(seed), dims, n + 1500, activation, spectrum, one_bit)
        values.append(averaged_error(x[:n], x[n:], noise, ridge))
    mean, standard_error = mean_and_error(values)
    theory = predict(Problem(dims, n, activation, spectrum, noise, ridge)).error
    finite_size = (8 if activation in ("relu", "gelu") else 4) / dims[-1]
    assert mean == pytest.approx(theory, abs=4 * standard_error + finite_size * theory)


@pytest.mark.parametrize(("depth", "noise", "ridge"), [(1, 0.0, 0.0), (2, 0.0, 0.0), (2, 0.3, 1.0), (3, 0.3, 1.0)])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_teacher_with_a_mean_agrees_with_simulation(activation, depth, noise, ridge):
    """E A* = 1, Var A* = .27: what lies along the features' mean m is free if φ is not odd, and counts if it is.

    10 networks with 100 teachers each; 4 standard errors over networks, and a finite size of 8/p as above. Along m, of
    length² pμ², a fit is off by κ/(pμ²) of the teacher's mean, which costs κ²/(pμ²) along m and as much across at most.
    """
    dims, n = (384, *(256,) * depth), 100
    values = []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        x = draw_features(generator, dims, n + 1000, activation)
        field = x @ generator.uniform(0.1, 1.9, (256, 100)) / 16
        labels = field[:n] + noise * generator.standard_normal((n, 100))
        fit = x[:n].T @ np.linalg.solve(x[:n] @ x[:n].T + ridge * np.eye(n), labels)
        values.append(np.mean((x[n:] @ fit - field[n:]) ** 2))
    mean, standard_error = mean_and_error(values)
    found = predict(Problem(dims, n, activation, noise=noise, ridge=ridge, teacher="uniform:0.1,1.9"))
    theory, mean_sq = found.error, equivalent_layers(activation, depth)[-1].mean_sq
    free = predict(Problem(dims, n, activation, noise=noise, ridge=ridge, teacher="uniform:-0.9,0.9")).error
    finite_size = 8 / 256 * theory + (2 * found.kappa[-1] ** 2 / (256 * mean_sq) if mean_sq > 0 else 0)
    assert mean == pytest.approx(theory, abs=4 * standard_error + finite_size)
    if depth > 1 or activation == "tanh":
        assert theory > 1.1 * free


@pytest.mark.parametrize(
    ("dims", "activation", "n", "ridge", "extra"),
    [
        ((250, 225, 275), "relu", 150, 2, 0.0105353),
        ((250,) * 4, "relu", 400, 1, 0.0005040),
        ((250,) * 4, "gelu", 150, 1, 0.0057307),
        ((250, 250), "relu", 150, 1, 0.0),
    ],
)
def test_what_is_missed_of_a_teachers_mean_is_the_reference(dims, activation, n, ridge, extra):
    """By a derivation and a code of their own; of one layer all is free."""
    centred, moved = (
        predict(Problem(dims, n, activation, ridge=ridge, teacher=teacher)).error
        for teacher in ("uniform:-1,1", "uniform:0,2")
    )
    assert moved - centred == pytest.approx(extra, abs=6e-8)


@pytest.mark.slow
@pytest.mark.parametrize("one_bit", [False, True])
@pytest.mark.parametrize("ratio", [0.3, 0.7])
def test_simulation_is_within_half_a_per_cent_at_p_2048(ratio, one_bit):
    # Finite size 4/p = 0.2 %, and three standard errors of 0.1 % from 3 seeds of 1000 test rows each.
    dims, n = (2048, 2048, 2048), int(ratio * 2048)
    values = []
    for seed in range(3):
        x = draw_features(np.random.default_rng(seed), dims, n + 1000, one_bit=one_bit)
        values.append(averaged_error(x[:n], x[n:]))
    assert np.mean(values) == pytest.approx(predict(Problem(dims, n)).error, rel=0.005)


# Training errors to the digits of the reference.
TRAIN_ERRORS = [
    ((1024, 1024), 512, 0, 0.3, "identity", 0.0),
    ((1024, 1024, 1024), 512, 2, 0.3, "identity", 0.0004983),
    ((1024, 1024, 1024, 1024), 1500, 5, 0.3, "identity", 0.0387054),
    ((1024, 800, 1200), 600, 1, 0.2, "power:0.5", 0.0001491),
]


@pytest.mark.parametrize(("dims", "n", "ridge", "noise", "spectrum", "expected"), TRAIN_ERRORS)
def test_train_error_is_the_reference(dims, n, ridge, noise, spectrum, expected):
    found = predict(Problem(dims, n, spectrum=spectrum, ridge=ridge, noise=noise))
    assert found.train_error == pytest.approx(expected, abs=5.1e-8)
    assert found.gap == pytest.approx(found.error + noise**2 - found.train_error, rel=1e-12)


@given(
    st.integers(1, 3000),
    st.floats(0, 100),
    st.floats(0, 3),
    st.lists(st.integers(1, 900), min_size=2, max_size=5),
    st.sampled_from(["tanh", "relu", "erf"]),
)
def test_train_error_lies_between_zero_and_the_test_error(n, ridge, noise, dims, activation):
    """A ridge fit is never worse on its own samples; minimum norm fits them, and past n = p noise alone is left."""
    found = predict(Problem(tuple(dims), n, activation, ridge=ridge, noise=noise))
    if not found.converged:
        return
    test = found.error + noise**2
    assert 0 <= found.train_error <= test * (1 + 1e-12)
    assert found.gap >= -1e-12 * test
    if ridge == 0:
        left = noise**2 * max(1 - dims[-1] / n, 0)
        assert found.train_error == pytest.approx(left, rel=1e-9, abs=1e-300)

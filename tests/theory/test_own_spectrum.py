"""The read-out from measured moments: identities on the pool, the theory of networks, and brute-force simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem
from onebit_rf.theory import predict_curve
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.own_spectrum import Moments, estimate, predict, solve_level
from simulate import draw_features, mean_and_error

WIDTH, NOISE = 100, 0.5
SPECTRUM = WIDTH * np.arange(1, WIDTH + 1) ** -1.0 / np.sum(np.arange(1, WIDTH + 1) ** -1.0)
ALIGNED = np.zeros((WIDTH, 2))  # two targets, in few eigenvectors
ALIGNED[[0, 3, 40], 0], ALIGNED[[1, 70], 1] = (1, 1, 2), (0.5, 3)
# What the law of these features and targets gives, without a pool.
OF_THE_LAW = Moments(SPECTRUM, SPECTRUM[:, None] * ALIGNED, SPECTRUM @ ALIGNED**2 + NOISE**2)


def draw_rows(generator, rows):
    """Gaussian features of the power law, rotated so that no eigenvector is a coordinate, and two noisy targets."""
    z = generator.standard_normal((rows, WIDTH)) * np.sqrt(SPECTRUM)
    reflection = np.eye(WIDTH) - 2 / WIDTH
    return z @ reflection, z @ ALIGNED + NOISE * generator.standard_normal((rows, 2)), z


def ridge_fit(x, y, ridge):
    if ridge == 0:
        return np.linalg.lstsq(x, y)[0]
    return np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)


@st.composite
def moments(choose, rows):
    spectrum = np.array(choose(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=30)))
    teacher = np.array(choose(st.lists(st.floats(-10, 10), min_size=spectrum.size, max_size=spectrum.size)))
    second_moment = np.array([spectrum @ teacher**2 + choose(st.floats(1e-3, 10))])
    return Moments(spectrum, (spectrum * teacher)[:, None], second_moment, choose(rows))


LAWS = moments(st.just(np.inf))
POOLS = moments(st.integers(200, 1000).map(float))


@given(LAWS, st.floats(1e-6, 1e6), st.lists(st.integers(1, 200), min_size=2, max_size=9))
def test_the_level_solves_its_equation_and_falls_with_n(law, ridge, n):
    n = np.sort(n).astype(float)
    kappa = solve_level(law, n, ridge)
    s = law.eigenvalues / (law.eigenvalues + kappa[:, None])
    # n and df may cancel to 1e-9 of n here: the residual is then relative to κ n.
    assert np.all(np.abs(kappa * (n - s.sum(axis=1)) - ridge) <= 1e-9 * (ridge + kappa * n))
    assert np.all(np.diff(kappa) <= 1e-9 * kappa[:-1])


@given(LAWS, st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), st.integers(1, 200))
def test_errors_lie_in_their_bounds(law, ridge, n):
    test, train = (value[0] for value in predict(law, np.array([n]), ridge))
    assert test >= law.unexplained * (1 - 1e-9)
    assert 0 <= train <= test * (1 + 1e-12)
    if ridge == 0:
        left = max(1 - law.eigenvalues.size / n, 0.0)
        assert train == pytest.approx(left * law.unexplained, rel=1e-9)
        assert np.isinf(test) == (n == law.eigenvalues.size)


@given(st.one_of(LAWS, POOLS), st.integers(1, 200))
def test_a_huge_ridge_predicts_nothing_and_a_tiny_one_is_none(law, n):
    test, train = predict(law, np.array([n]), 1e12)
    assert [test[0], train[0]] == pytest.approx([law.second_moment[0]] * 2, rel=1e-6)  # Σ s ≤ 3e4 of 1e12
    if n != law.eigenvalues.size:
        # κ ≥ 1e-6/30 unless it is 0, so that λ/κ, of which R_train is the square, is below 3e-8.
        tiny, none = (np.array(predict(law, np.array([n]), ridge)) for ridge in (1e-15, 0.0))
        assert tiny == pytest.approx(none, rel=1e-6, abs=1e-8)


def test_noise_free_targets_are_learned_at_the_threshold():
    law = Moments(SPECTRUM, SPECTRUM[:, None], np.array([SPECTRUM.sum()]))
    assert predict(law, np.array([WIDTH, WIDTH + 1]), 0.0)[0] == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("ridge", [0.0, 3.0, 1e3])
def test_at_the_pools_size_it_is_cross_validation_on_the_pool(ridge):
    """Algebra: R_train is that of the fit to the pool itself, R_test = R_train/(1 − tr H/N)², H the hat matrix."""
    x, y, _ = draw_rows(np.random.default_rng(0), 250)
    hat = x @ np.linalg.inv(x.T @ x + ridge * np.eye(WIDTH)) @ x.T
    trained = np.mean((y - hat @ y) ** 2)
    test, train = predict(estimate(x, y), np.array([250]), ridge)
    assert train[0] == pytest.approx(trained, rel=1e-9)
    assert test[0] == pytest.approx(trained / (1 - np.trace(hat) / 250) ** 2, rel=1e-9)


@pytest.mark.parametrize(("ridge", "noise"), [(0.0, 0.3), (2.0, 0.3), (0.0, 0.0)])
def test_a_networks_covariance_gives_the_theory_of_the_network(ridge, noise):
    """Σ_1 = ρ1² W Wᵀ + ρ2² of one draw at p = 600, teachers averaged: c_i² = s_i²/p. Finite size 4/p, as elsewhere."""
    dims, n = (700, 600), [200, 500, 1500]
    layer = equivalent_layers("tanh", 1)[0]
    weights = np.sign(np.random.default_rng(0).standard_normal((600, 700))) / np.sqrt(700)
    s = layer.rho1_sq[0] * np.linalg.eigvalsh(weights @ weights.T) + layer.rho2_sq[0]
    law = Moments(s, s[:, None] / np.sqrt(600), np.array([s.mean() + noise**2]))
    test, train = predict(law, np.array(n), ridge)
    theory = predict_curve(Problem(dims, n[0], noise=noise, ridge=ridge), n)
    assert test - noise**2 == pytest.approx([point.error for point in theory], rel=4 / 600, abs=1e-12)
    assert train == pytest.approx([point.train_error for point in theory], rel=4 / 600, abs=1e-12)


@pytest.mark.parametrize("ridge", [0.0, 5.0])
def test_simulation_agrees(ridge):
    """Gaussian rows, 60 draws: four standard errors and a finite size of 4/p, with eigenvalues ∝ 1/i."""
    n, values = np.array([30, 70, 140, 400]), []
    for seed in range(60):
        _, y, z = draw_rows(np.random.default_rng(seed), n[-1])
        row = []
        for size in n:
            fit = ridge_fit(z[:size], y[:size], ridge)
            excess = np.mean(SPECTRUM @ (fit - ALIGNED) ** 2)
            row.append([excess + NOISE**2, np.mean((y[:size] - z[:size] @ fit) ** 2)])
        values.append(row)
    mean, error = np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(60)
    for found, theory, spread in zip(mean.T, predict(OF_THE_LAW, n, ridge), error.T, strict=True):
        assert np.all(np.abs(found - theory) <= 4 * spread + 4 / WIDTH * theory + 1e-12)


@pytest.mark.parametrize("ridge", [0.0, 5.0])
def test_small_pools_are_unbiased(ridge):
    """Pools of N = 2p: on average what the law gives, within four standard errors of 100 pools and 4/p.

    Taken for the law itself the moments of such a pool are far off: σ² is halved.
    """
    n = np.array([30, 70, 140, 400])
    pools = [estimate(*draw_rows(np.random.default_rng(seed), 2 * WIDTH)[:2]) for seed in range(100)]
    wanted = predict(OF_THE_LAW, n, ridge)[0]
    for at, theory in enumerate(wanted):
        mean, error = mean_and_error([predict(pool, n[at : at + 1], ridge)[0][0] for pool in pools])
        assert abs(mean - theory) < 4 * error + 4 / WIDTH * theory, n[at]
    as_the_law = [predict(Moments(p.eigenvalues, p.coefficients, p.second_moment), n, ridge)[0] for p in pools]
    assert np.mean(as_the_law, axis=0)[-1] < 0.8 * wanted[-1]


def test_features_of_a_network_agree_with_their_pool():
    """tanh, one-bit, p = 200: a pool of 10⁴ rows against fits to others; 20 fits, four standard errors and 4/p."""
    generator, n = np.random.default_rng(0), 120
    x = draw_features(generator, (300, 200), 10_000 + 20 * n + 2000, "tanh")
    y = np.tanh(2 * x @ generator.standard_normal((200, 1)) / np.sqrt(200)) + 0.2  # not linear, with a mean
    theory = predict(estimate(x[:10_000], y[:10_000]), np.array([n]), 1.0)[0][0]
    errors = []
    for start in range(10_000, 10_000 + 20 * n, n):
        fit = ridge_fit(x[start : start + n], y[start : start + n], 1.0)
        errors.append(np.mean((y[-2000:] - x[-2000:] @ fit) ** 2))
    mean, error = mean_and_error(errors)
    # 2000 test rows, whose squares scatter by √2 of their mean, and 10⁴ of the pool
    assert abs(mean - theory) < 4 * error + (4 / 200 + 4 * np.sqrt(2 / 2000)) * theory


def test_dead_and_repeated_features_change_nothing():
    x, y, _ = draw_rows(np.random.default_rng(0), 300)
    plain = estimate(x, y)
    more = estimate(np.column_stack([x, np.zeros((300, 3))]), y)
    assert more.eigenvalues.size == WIDTH
    np.testing.assert_allclose(predict(more, np.array([50, 200]), 0.0), predict(plain, np.array([50, 200]), 0.0))
    repeated = estimate(np.column_stack([x, x[:, :5]]), y)  # rank p; the five count twice
    assert repeated.eigenvalues.size == WIDTH
    assert predict(repeated, np.array([200]), 0.0)[0] == pytest.approx(predict(plain, np.array([200]), 0.0)[0])


def test_a_pool_in_single_precision_and_blocks_is_the_same():
    x, y, _ = draw_rows(np.random.default_rng(0), 9000)
    single = estimate(x.astype(np.float32), y)
    assert single.eigenvalues == pytest.approx(np.linalg.eigvalsh(x.T @ x / 9000), rel=1e-5)
    assert single.unexplained == pytest.approx(np.mean((y - x @ ridge_fit(x, y, 0)) ** 2), rel=1e-5)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((10, 10)), "more rows, train and test, than features; got 10 rows of 10"),
        (np.full((20, 3), np.nan), "finite features and targets"),
        (np.zeros((20, 3)), "not all 0"),
    ],
)
def test_pools_that_say_too_little_are_refused(features, message):
    with pytest.raises(OnebitError, match=f"^own_spectrum: needs .*{message}"):
        estimate(features, np.ones((len(features), 1)))

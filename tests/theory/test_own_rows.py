"""The read-out from rows whose leverage scatters: leave-one-out, the theory of Gaussian rows, and brute-force fits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.theory.own_rows import Risk, best_ridge, solve_response, survey
from onebit_rf.theory.own_spectrum import Moments, predict

WIDTH, NOISE = 100, 0.5
SPECTRUM = WIDTH * np.arange(1, WIDTH + 1) ** -1.0 / np.sum(np.arange(1, WIDTH + 1) ** -1.0)
ALIGNED = np.zeros((WIDTH, 2))  # two targets, in few eigenvectors
ALIGNED[[0, 3, 40], 0], ALIGNED[[1, 70], 1] = (1, 1, 2), (0.5, 3)
N_TRAIN, RIDGES = np.array([30, 70, 140, 400]), np.array([0.0, 5.0])


def draw_rows(generator, rows, law="gaussian"):
    """Rows √τ g: τ = 1, or of Student's t with 5 degrees of freedom; noise of its own or, `dependent`, times √τ."""
    x = generator.standard_normal((rows, WIDTH)) * np.sqrt(SPECTRUM)
    tau = np.ones(rows) if law == "gaussian" else 3 / generator.chisquare(5, rows)
    x *= np.sqrt(tau)[:, None]
    noise = NOISE * generator.standard_normal((rows, 2))
    return x, x @ ALIGNED + (np.sqrt(tau)[:, None] if law == "dependent" else 1) * noise


def ridge_fit(x, y, ridge):
    if ridge == 0:
        return np.linalg.lstsq(x, y)[0]
    return np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y)


@pytest.mark.parametrize("ridge", [0.0, 3.0, 1e3])
@pytest.mark.parametrize("law", ["gaussian", "dependent"])
def test_at_the_pools_size_it_is_leave_one_out(law, ridge):
    """Algebra, up to the interpolation in λ, of some 1e-5; without ridge there is none."""
    x, y = draw_rows(np.random.default_rng(0), 250, law)
    fits = [ridge_fit(np.delete(x, i, 0), np.delete(y, i, 0), ridge) for i in range(250)]
    left_out = np.mean([(y[i] - x[i] @ fit) ** 2 for i, fit in enumerate(fits)])
    found = survey(x, y, np.array([250])).risk(250)(np.array([ridge]))[0]
    assert found == pytest.approx(left_out, rel=1e-9 if ridge == 0 else 1e-4)


def test_gaussian_rows_have_the_theory_of_their_moments():
    """A pool of 10⁴ rows: leverages scatter by √(2 df2)/df, which moves V by a share of at most 2/df, here 2/20.

    The pool's own errors are those of mean squares, four standard errors 4 √(2/N).
    """
    pool = survey(*draw_rows(np.random.default_rng(0), 10_000), N_TRAIN)
    of_the_law = Moments(SPECTRUM, SPECTRUM[:, None] * ALIGNED, SPECTRUM @ ALIGNED**2 + NOISE**2)
    for ridge in RIDGES:
        wanted = predict(of_the_law, N_TRAIN, ridge)[0]
        found = [pool.risk(n)(np.array([ridge]))[0] for n in N_TRAIN]
        assert np.all(np.abs(found / wanted - 1) < 4 * np.sqrt(2 / 10_000) + 2 / 20)


@pytest.mark.parametrize("law", ["heavy", "dependent"])
def test_simulation_agrees_where_leverage_scatters(law):
    """100 training sets, pools of 10 N = 2000 rows: four standard errors of both and a finite size of 4/p."""
    n_pools, fits = 10, []
    for seed in range(100):
        x, y = draw_rows(np.random.default_rng(seed), N_TRAIN[-1], law)
        a = [[ridge_fit(x[:n], y[:n], ridge) for n in N_TRAIN] for ridge in RIDGES]
        fits.append(np.mean(SPECTRUM @ (np.array(a) - ALIGNED) ** 2, axis=-1) + NOISE**2)
    pools = []
    for seed in range(n_pools):
        pool = survey(*draw_rows(np.random.default_rng(1000 + seed), 2000, law), N_TRAIN)
        pools.append(np.array([pool.risk(n)(RIDGES) for n in N_TRAIN]).T)
    found, its_error = np.mean(pools, axis=0), np.std(pools, axis=0, ddof=1) / np.sqrt(n_pools)
    wanted, error = np.mean(fits, axis=0), np.std(fits, axis=0, ddof=1) / np.sqrt(len(fits))
    tolerance = 4 * np.hypot(error, its_error) + 4 / WIDTH * wanted
    assert np.all(np.abs(found - wanted) < tolerance)
    of_the_law = Moments(SPECTRUM, SPECTRUM[:, None] * ALIGNED, SPECTRUM @ ALIGNED**2 + NOISE**2)
    moments_alone = np.array([predict(of_the_law, N_TRAIN, ridge)[0] for ridge in RIDGES])
    assert np.any(np.abs(moments_alone - wanted) > tolerance)


@given(st.integers(0, 1000), st.lists(st.floats(1e-3, 1 - 1e-6), min_size=1, max_size=5))
def test_the_response_solves_its_equation(seed, share):
    tau = np.random.default_rng(seed).chisquare(2, (50, len(share)))
    tau /= tau.mean(axis=0)
    delta = solve_response(tau, np.array(share))
    assert np.mean(tau * delta / (1 + tau * delta), axis=0) == pytest.approx(share, rel=1e-9)


def test_all_of_it_is_used_at_infinite_response():
    assert solve_response(np.ones((5, 2)), np.array([1.0, 0.5])).tolist() == [np.inf, 1.0]


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
def test_the_best_ridge_is_that_of_bayes(noise):
    """Coefficients alike in all eigenvectors, E β_i² = α²: λ* = σ²/α² at every n (Dobriban, Wager, arXiv 1507.03003).

    Known only at levels of z an eighth of a decade apart: λ within 2 %, and no λ is better by 1e-4 of the error.
    """
    law = Moments(SPECTRUM, SPECTRUM[:, None] * 0.3, np.array([SPECTRUM.sum() * 0.09 + noise**2]))
    for n in (30, 100, 300):
        ridge = np.concatenate([[0.0], 10 ** np.arange(-6, 6, 1 / 8)])
        error = np.array([predict(law, np.array([n]), penalty)[0][0] for penalty in ridge])
        best = best_ridge([Risk(ridge, error)])
        assert best == pytest.approx(noise**2 / 0.09, rel=0.02)
        assert predict(law, np.array([n]), best)[0][0] <= error.min() * (1 + 1e-4)


@given(st.integers(0, 100), st.integers(5, 300), st.floats(-8, 4))
def test_no_other_ridge_is_better(seed, n, decade):
    pool = survey(*draw_rows(np.random.default_rng(seed % 3), 300), np.array([n]))
    risk = pool.risk(n)
    best, other = risk(np.array([best_ridge([risk]), 10**decade]))
    # λ is found to 2e-4 of itself, which at a minimum changes the error by about the square
    assert best <= other * (1 + 1e-6)


def test_one_ridge_serves_several_networks():
    """Two parabolas in log λ with minima at 1 and 100: their mean has it at 10."""
    ridge = np.concatenate([[0.0], 10 ** np.linspace(-6, 6, 97)])
    risks = [Risk(ridge, 1 + (np.log10(ridge + 1e-9) - at) ** 2) for at in (0, 2)]
    assert best_ridge(risks) == pytest.approx(10, rel=1e-3)


def test_noise_free_targets_need_no_ridge_and_noise_alone_the_largest():
    x, _ = draw_rows(np.random.default_rng(0), 300)
    exact = survey(x, x @ ALIGNED, np.array([200])).risk(200)
    assert exact(np.zeros(1))[0] == pytest.approx(0, abs=1e-12)
    assert best_ridge([exact]) == pytest.approx(0, abs=1e-6)
    noise = np.random.default_rng(1).standard_normal((300, 1))
    nothing = survey(x, noise, np.array([50])).risk(50)
    assert nothing(np.array([best_ridge([nothing])]))[0] <= np.mean(noise**2) * (1 + 1e-6)


def test_without_ridge_the_error_diverges_where_n_is_the_rank():
    x, y = draw_rows(np.random.default_rng(0), 300)
    risk = survey(x, y, np.array([WIDTH])).risk(WIDTH)
    assert np.isinf(risk(np.zeros(1))[0])
    assert np.isfinite(risk(np.array([1e-3]))[0])
    assert 0 < best_ridge([risk]) < 1e3


@given(st.integers(0, 200), st.sampled_from(["usual", "heavy", "outlier", "twice", "sparse"]))
def test_any_pool_has_a_best_ridge_and_no_error_below_zero(seed, kind):
    """Rows of infinite mean square, one a thousand times the others, each twice, a feature that one row has alone."""
    generator = np.random.default_rng(seed)
    p = int(generator.integers(1, 30))
    rows = p + int(generator.integers(2, 60))
    x = generator.standard_normal((rows, p)) * 10 ** generator.uniform(-3, 3, p)
    if kind == "heavy":
        x /= np.sqrt(generator.chisquare(1.2, (rows, 1)))
    elif kind == "outlier":
        x[0] *= 1000
    elif kind == "twice":
        x = np.repeat(x[: (rows + 1) // 2], 2, axis=0)[:rows]
        x[-1] += generator.standard_normal(p)
    elif kind == "sparse":
        x[:, 0] = np.arange(rows) == 0
    y = generator.standard_normal((rows, 2)) + (x[:, :1] > 0)
    n = int(generator.integers(1, rows + 1))
    risk = survey(x, y, np.array([n])).risk(n)
    best = best_ridge([risk])
    errors = risk(np.array([0.0, best, 1.0, 1e6]))
    assert np.isfinite(best)
    assert np.isfinite(errors[1])
    assert np.all(errors >= 0)
    assert errors[1] <= errors.min() * (1 + 1e-6)


def test_rows_without_features_are_refused():
    x, y = draw_rows(np.random.default_rng(0), 300)
    x[:200] = 0
    with pytest.raises(OnebitError, match="own_rows: needs features that are not 0 for half of the rows"):
        survey(x, y, np.array([50]))


def test_blocks_and_single_precision_change_nothing():
    x, y = draw_rows(np.random.default_rng(0), 9000)
    errors = [survey(rows, y, np.array([50])).risk(50)(RIDGES) for rows in (x, x.astype(np.float32))]
    assert errors[1] == pytest.approx(errors[0], rel=1e-4)

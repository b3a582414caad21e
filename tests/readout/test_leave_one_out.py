"""Leave-one-out in closed form against leaving every row out, and its tridiagonal form against dense solves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.readout import leave_one_out
from onebit_rf.readout.leave_one_out import Tridiagonal, default_ridges, fit_leave_one_out


def ridge_fit(phi, y, ridge, intercept):
    mean, y_mean = phi.mean(axis=0) * intercept, y.mean(axis=0) * intercept
    centred = phi - mean
    weights = np.linalg.solve(centred.T @ centred + ridge * np.eye(phi.shape[1]), centred.T @ (y - y_mean))
    return weights, y_mean - mean @ weights


def error_without(phi, y, ridge, intercept):
    """Mean square error of fits to all rows but one, on that one."""
    total = 0.0
    for row in range(len(phi)):
        others = np.arange(len(phi)) != row
        weights, offset = ridge_fit(phi[others], y[others], ridge, intercept)
        total += np.sum((y[row] - phi[row] @ weights - offset) ** 2)
    return total / y.size


@given(
    n=st.integers(2, 40),
    p=st.integers(1, 40),
    outputs=st.integers(1, 3),
    intercept=st.booleans(),
    offset=st.sampled_from([0.0, 3.0]),
    seed=st.integers(0, 99),
)
def test_it_is_leaving_every_row_out(n, p, outputs, intercept, offset, seed):
    """Rows of features in blocks of 16, on both sides of n = p."""
    rng = np.random.default_rng(seed)
    phi, y = (rng.standard_normal((n, p)) + offset).astype(np.float32), rng.standard_normal((n, outputs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leave_one_out, "BLOCK_NUMBERS", 1)
        fit = fit_leave_one_out(lambda rows: phi[rows], n, p, y, intercept=intercept)
    phi = phi.astype(np.float64)
    expected = [error_without(phi, y, ridge, intercept) for ridge in fit.ridges]
    # λ is at least 10⁻⁶ of the mean eigenvalue, of which rounding leaves 10⁻¹⁶: ten digits, and some for sizes.
    np.testing.assert_allclose(fit.errors, expected, rtol=1e-7)
    assert expected[list(fit.ridges).index(fit.ridge)] <= min(expected) * (1 + 1e-7)
    weights, offset = ridge_fit(phi, y, fit.ridge, intercept)
    np.testing.assert_allclose(fit.weights, weights, atol=1e-7 * np.abs(weights).max())
    np.testing.assert_allclose(fit.intercept, offset, atol=1e-7 * max(1, np.abs(weights).max()))


@given(m=st.integers(1, 60), seed=st.integers(0, 9))
def test_tridiagonal_form(m, seed):
    rng = np.random.default_rng(seed)
    root, rows, ridges = rng.standard_normal((m, m)), rng.standard_normal((5, m)), np.array([0.1, 10.0])
    matrix = root @ root.T
    form = Tridiagonal(np.asfortranarray(np.tril(matrix)))
    columns = form.rotate(rows)
    np.testing.assert_allclose(form.rotate_back(columns), rows.T, atol=1e-12 * m)
    inverses = np.linalg.inv(matrix + ridges[:, None, None] * np.eye(m))
    np.testing.assert_allclose(
        form.factors(ridges).quadratic(columns), np.einsum("im,gmk,ik->gi", rows, inverses, rows)
    )
    solved = [form.rotate_back(form.factors(ridges).solve(columns)[:, at]) for at in range(2)]
    np.testing.assert_allclose(solved, inverses @ rows.T, rtol=1e-9, atol=1e-9)


def test_it_takes_the_memory_of_the_matrix():
    """No second matrix of this order: what is new in it is 0 or lies inside the one that was given."""
    matrix = np.asfortranarray(np.eye(50) + 0.1)
    assert np.shares_memory(Tridiagonal(matrix)._rest, matrix)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_features_that_do_not_vary_fit_the_mean(shape):
    """A Gram matrix of zeros has no scale: the grid falls back to one of its own."""
    y = np.arange(shape[0])[:, None]
    fit = fit_leave_one_out(lambda rows: np.ones(shape, np.float32)[rows], *shape, y)
    assert np.isfinite(fit.errors).all()
    np.testing.assert_allclose(fit.weights, 0, atol=1e-12)
    np.testing.assert_allclose(fit.intercept, y.mean())
    assert default_ridges(0.0, 3).min() > 0


def test_no_ridge_above_rounding_is_refused():
    rng = np.random.default_rng(0)
    phi = np.repeat(rng.standard_normal((40, 1)), 30, axis=1).astype(np.float32)
    with pytest.raises(OnebitError, match="below the rounding"):
        fit_leave_one_out(lambda rows: phi[rows], 40, 30, rng.standard_normal((40, 1)), np.array([1e-300]))

"""Largest eigenvalue and trace of stacked Hessians: matrices that are known, and a library of curvatures."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh
from stacks import LeastSquares, Networks, quadratic, symmetric, tensor

from onebit_rf.sharpness import krylov
from onebit_rf.sharpness.hessian import hessian_product, largest_eigenvalue, trace


def test_least_squares_has_twice_the_eigenvalue_and_trace_of_the_gram_matrix():
    task = LeastSquares()
    found = largest_eigenvalue(task.losses, task.weights, tolerance=1e-3)
    assert found.converged.all()
    # The error of λ is the residual squared, over the gap below λ: here that gap is more than λ/100.
    assert found.value == pytest.approx(2 * np.linalg.eigvalsh(task.grams)[:, -1], rel=1e-4)
    estimate = trace(task.losses, task.weights, draws=400)
    error = estimate.value - 2 * np.trace(task.grams, axis1=1, axis2=2)
    # Signs have zᵀHz of variance 2 Σ_{i≠j} H_ij²; the gap is judged by that, not by the error the estimate states.
    off = 2 * task.grams * (1 - np.eye(12))
    expected = np.sqrt(2 * np.sum(off**2, axis=(1, 2)) / 400)
    assert np.all(np.abs(error) < 4 * expected)
    # A standard deviation of 400 draws is known to 1/√800 = 3.5 % if they are normal; quadratic forms have wider tails.
    assert estimate.standard_error == pytest.approx(expected, rel=0.2)


def test_signs_give_the_trace_of_a_diagonal_exactly():
    diagonals = np.array([[3.0, -1.0, 0.5, 0.0], [1.0, 1.0, 1.0, -7.0]])
    estimate = trace(quadratic([np.diag(d) for d in diagonals]), {"w": torch.ones(2, 4)}, draws=2)
    assert estimate.value == pytest.approx([2.5, -4.0], rel=1e-6)
    assert estimate.standard_error == pytest.approx([0, 0], abs=1e-6)


def test_the_standard_error_is_that_of_a_mean():
    """Forms of ±2 with mean v have the sample variance (4 − v²)n/(n − 1)."""
    estimate = trace(quadratic([[[0, 1], [1, 0]]]), {"w": torch.ones(1, 2)}, draws=7)
    assert estimate.standard_error == pytest.approx(np.sqrt((4 - estimate.value**2) / 6), rel=1e-6)


def test_one_draw_has_no_standard_error():
    task = LeastSquares()
    assert np.isnan(trace(task.losses, task.weights, draws=1).standard_error).all()


@given(st.lists(st.floats(-100, 100, width=16), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_the_largest_of_any_spectrum_is_found(eigenvalues, seed):
    """After P products the basis is the whole space; before, only a vector that fits to 1e-5 ends the search."""
    found = largest_eigenvalue(
        quadratic([symmetric(eigenvalues, seed)]), {"w": torch.ones(1, len(eigenvalues))}, tolerance=1e-5
    )
    # Float32 products of numbers up to 100 (relative rounding 6e-8), added up over at most 12² of them.
    assert found.value == pytest.approx(max(eigenvalues), abs=1e-3)
    assert found.iterations <= len(eigenvalues)


def test_a_saddle_gives_the_largest_not_the_steepest():
    spectrum = [-50.0, -49.0, *np.linspace(-10, 1, 40), 2.0]
    found = largest_eigenvalue(quadratic([symmetric(spectrum)]), {"w": torch.zeros(1, 43)})
    assert found.converged.all()
    assert found.value == pytest.approx(2, rel=0.01)


def test_a_hessian_below_zero_has_a_largest_eigenvalue_below_zero():
    found = largest_eigenvalue(quadratic([symmetric([-3.0, -2.0, -1.0])]), {"w": torch.zeros(1, 3)}, tolerance=1e-4)
    assert found.value == pytest.approx(-1, rel=1e-4)


def test_a_residual_bounds_the_error_of_the_value():
    spectrum = np.linspace(0, 1, 200)  # dense at the top: hard
    truth, weights = quadratic([symmetric(spectrum)]), {"w": torch.zeros(1, 200)}
    for steps in (1, 5, 20, 60):
        found = largest_eigenvalue(truth, weights, steps, tolerance=1e-6)
        nearest = np.min(np.abs(spectrum - found.value))
        assert found.iterations == steps
        assert not found.converged
        assert nearest <= found.residual * found.value + 1e-5  # float32


def test_a_residual_is_that_of_the_vector():
    """After one product the vector is the start, so that value and residual can be computed without Lanczos."""
    matrix, start = symmetric(np.linspace(-1, 3, 20)), np.random.default_rng(1).standard_normal(20)
    start /= np.linalg.norm(start)
    one = krylov.Krylov(tensor(start)[None], steps=5)
    one.extend(lambda v: v @ tensor(matrix))
    quotient = start @ matrix @ start
    values, misses = one.largest()
    assert values == pytest.approx(quotient, rel=1e-5)
    assert misses == pytest.approx(np.linalg.norm(matrix @ start - quotient * start), rel=1e-5)


def test_a_basis_that_does_not_fit_restarts(monkeypatch):
    losses, weights = quadratic([symmetric(np.linspace(0, 1, 200) ** 2)] * 2), {"w": torch.zeros(2, 200)}
    whole = largest_eigenvalue(losses, weights, steps=200, tolerance=1e-3)
    monkeypatch.setattr(krylov, "MEMORY", 0)
    short = largest_eigenvalue(losses, weights, steps=200, tolerance=1e-3)
    assert short.converged.all()
    assert np.all(short.iterations > whole.iterations)
    assert np.all(whole.iterations > krylov.SHORTEST)
    # Each is within the tolerance of an eigenvalue; the two largest are 1 and .990.
    assert short.value == pytest.approx(1, abs=2e-3)
    assert whole.value == pytest.approx(1, abs=2e-3)


def test_each_model_stops_when_it_has_converged():
    spectra = [np.ones(40), np.r_[np.linspace(0, 1, 39), 5], np.linspace(0, 1, 40)]
    together = largest_eigenvalue(quadratic([symmetric(each) for each in spectra]), {"w": torch.zeros(3, 40)})
    assert together.iterations[0] == 1 < together.iterations[1] < together.iterations[2]
    for k, spectrum in enumerate(spectra):
        alone = largest_eigenvalue(quadratic([symmetric(spectrum)]), {"w": torch.zeros(1, 40)})
        assert alone.iterations == together.iterations[k]
        assert alone.value == pytest.approx(together.value[k], rel=1e-5)


def test_a_loss_without_curvature_has_none():
    weights = {"w": torch.ones(2, 5), "v": torch.ones(2, 3)}
    found = largest_eigenvalue(lambda w: w["w"].sum(1), weights)
    assert [found.value.tolist(), found.residual.tolist(), found.converged.tolist()] == [[0, 0], [0, 0], [True, True]]
    assert trace(lambda w: w["w"].sum(1), weights).value.tolist() == [0, 0]


def test_a_model_that_is_not_finite_harms_no_other():
    task = Networks()
    whole = largest_eigenvalue(task.losses, task.weights)
    task.weights["w2"][1, 0, 0] = float("nan")
    found = largest_eigenvalue(task.losses, task.weights)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.value[1])
    assert found.iterations.max() < 60  # nor is it waited for
    assert found.value[::2] == pytest.approx(whole.value[::2], rel=1e-5)
    assert np.isnan(trace(task.losses, task.weights, draws=2).value).tolist() == [False, True, False]


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # curvlinops uses it
@pytest.mark.parametrize("model", range(3))
def test_a_network_has_the_curvature_that_a_library_finds(model):
    from curvlinops import HessianLinearOperator, hutchinson_trace

    task = Networks()
    layers = [torch.nn.Linear(8, 6, False), torch.nn.Tanh(), torch.nn.Linear(6, 5, False), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(5, 3))
    network.load_state_dict(dict(zip(network.state_dict(), (w[model] for w in task.weights.values()), strict=True)))
    hessian = HessianLinearOperator(
        network, torch.nn.CrossEntropyLoss(), list(network.parameters()), [(task.x, task.y)]
    )
    units = torch.eye(96)
    product = hessian_product(task.losses, task.weights)
    columns = torch.stack([product(unit.expand(3, -1))[model] for unit in units], dim=1)
    np.testing.assert_allclose(columns, (hessian @ units).detach(), atol=1e-6)

    found = largest_eigenvalue(task.losses, task.weights, tolerance=1e-3)
    reference = eigsh(hessian.to_scipy(np.float32), k=1, which="LA", v0=np.ones(96), return_eigenvectors=False)
    assert found.value[model] == pytest.approx(reference[0], rel=1e-4)

    torch.manual_seed(0)
    estimate, reference = trace(task.losses, task.weights, draws=90), hutchinson_trace(hessian, 90)
    # Both are means of 90 forms of one law, so that their difference has √2 of the standard error.
    assert abs(estimate.value[model] - reference.item()) < 4 * np.sqrt(2) * estimate.standard_error[model]

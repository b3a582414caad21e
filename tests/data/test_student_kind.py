"""Heavy-tailed inputs: their moments, what the theory is told of them, and where it holds."""

import msgspec
import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.data.kinds.student import Student, sample_student
from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem
from onebit_rf.theory import predict
from simulate import averaged_error, mean_and_error

RECORD = {"dim": 9, "degrees": 5.0, "radial": False, "n_train": 5, "n_test": 7}


def sizes(nu, radial, n, dim):
    """|x_0|²/d_0 of n samples, float64."""
    return np.mean(sample_student(dim, nu, radial, n, 0, seed=0).x.astype(np.float64) ** 2, axis=1)


@pytest.mark.parametrize("radial", [False, True])
def test_coordinates_have_mean_zero_unit_variance_and_no_correlation(radial):
    """Five standard errors: E x_i²x_j² is at most E x⁴ = 3 (ν − 2)/(ν − 4)."""
    nu, n, dim = 12.0, 40_000, 6
    x = sample_student(dim, nu, radial, n, 0, seed=0).x.astype(np.float64)
    fourth = 3 * (nu - 2) / (nu - 4)
    assert np.abs(x.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(x.T @ x / n - np.eye(dim)).max() < 5 * np.sqrt(fourth / n)
    # E x⁸ = 105 (ν − 2)³/((ν − 4)(ν − 6)(ν − 8))
    eighth = 105 * (nu - 2) ** 3 / ((nu - 4) * (nu - 6) * (nu - 8))
    assert np.abs(np.mean(x**4, axis=0) - fourth).max() < 5 * np.sqrt(eighth / n)


@pytest.mark.parametrize("radial", [False, True])
def test_only_independent_coordinates_have_a_length_that_concentrates(radial):
    """Var |x|²/d = (E x⁴ − 1)/d for independent coordinates; radial ones keep (ν − 2)/(ν − 4) (1 + 2/d) − 1."""
    nu, n = 20.0, 20_000
    for dim in (16, 64):
        lengths = sizes(nu, radial, n, dim)
        radial_var = (nu - 2) / (nu - 4) * (1 + 2 / dim) - 1
        wanted = radial_var if radial else (3 * (nu - 2) / (nu - 4) - 1) / dim
        # Four standard errors of a sample variance, by the sample's own fourth moment.
        error = np.sqrt(np.mean((lengths - 1) ** 4) / n)
        assert lengths.var() == pytest.approx(wanted, abs=4 * error)


@pytest.mark.parametrize("radial", [False, True])
def test_infinite_degrees_are_the_gaussian_inputs(radial):
    gaussian = sample_gaussian(9, "identity", 5, 4, seed=2)
    assert np.array_equal(sample_student(9, np.inf, radial, 5, 4, seed=2).x, gaussian.x)


@pytest.mark.parametrize("radial", [False, True])
def test_more_train_rows_keep_the_first_and_the_test_rows(radial):
    few, many = (sample_student(9, 3.0, radial, n, 5, seed=1).x for n in (10, 30))
    assert np.array_equal(few[:10], many[:10])
    assert np.array_equal(few[10:], many[30:])


def test_the_theory_describes_what_concentrates(tmp_path):
    record = msgspec.convert({"kind": "student", **RECORD}, DATASETS.get("student"))
    assert record.shape(tmp_path) == Shape(9, 5, 7, outputs=0)
    assert record.make(0, tmp_path).x.shape == (12, 9)
    assert record.spectrum == "identity"
    radial = parse(Student, {"kind": "student", **RECORD, "radial": True})
    assert (radial.spectrum, radial.silence) == ("identity", "$|x_0|^2/d_0$ differs from sample to sample")
    assert parse(Student, {"kind": "student", **RECORD, "radial": True, "degrees": float("inf")}).silence == ""


@pytest.mark.parametrize(
    ("degrees", "message"),
    [
        (2, "degrees: must be a number > 2, got 2"),
        (-np.inf, "degrees: must be a number > 2"),
        (np.nan, "degrees: must be a number > 2|degrees: must be finite, got nan"),
        ("many", "degrees: must be a number, got 'many'"),
    ],
)
def test_degrees_without_a_variance_are_refused(degrees, message):
    with pytest.raises(OnebitError, match=message):
        parse(Student, {"kind": "student", **RECORD, "degrees": degrees})


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("one_bit", [False, True])
def test_independent_coordinates_of_ten_degrees_agree_with_the_theory(depth, one_bit):
    # As in test_square: 4 standard errors over 6 seeds and a finite size of 4/p, p = 512.
    p, n, values = 512, 256, []
    for seed in range(6):
        x, generator = sample_student(p, 10.0, False, n, 1000, seed).x, np.random.default_rng(seed)
        for _ in range(depth):
            weights = generator.standard_normal((p, p), dtype=np.float32)
            x = np.tanh(x @ (np.sign(weights) if one_bit else weights) / np.float32(p**0.5))
        x = x.astype(np.float64)
        values.append(averaged_error(x[:n], x[n:]))
    mean, standard_error = mean_and_error(values)
    theory = predict(Problem((p,) * (depth + 1), n)).error
    assert mean == pytest.approx(theory, abs=4 * standard_error + 4 / p * theory)

"""The conditions of inputs: on rows whose moments are known, and against sums over pairs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.conditions import eigenvalues, excess_kurtosis, measure_conditions, norm_scatter, squared_trace
from onebit_rf.config.parse import parse
from onebit_rf.data.dataset import Dataset
from onebit_rf.data.kinds import DATASETS
from onebit_rf.tables.conditions import CONDITIONS
from onebit_rf.tables.files import read_frame


def rows(seed=0, n=4000, dim=60):
    return np.random.default_rng(seed).standard_normal((n, dim))


def measured(folder, dataset, spectrum=None):
    measure_conditions(folder / "table", "inputs", dataset, spectrum, 0, {"dataset": "inputs"})
    return read_frame([folder / "table"], CONDITIONS).iloc[0]


@given(st.integers(0, 1000), st.integers(2, 10), st.integers(1, 12))
def test_squared_trace_is_the_mean_over_pairs(seed, n, dim):
    x = rows(seed, n, dim)
    products = (x @ x.T) ** 2
    wanted = (products.sum() - np.trace(products)) / (n * (n - 1))
    assert squared_trace(x) == pytest.approx(wanted, abs=1e-12 * np.sum(products))


def test_gaussian_norms_scatter_as_gaussian_ones():
    x = rows() * np.linspace(0.5, 2, 60)
    ratio, error = norm_scatter(x, float(np.sum(np.linspace(0.5, 2, 60) ** 4)))
    assert abs(ratio - 1) < 4 * error
    assert 0 < error < 0.05  # √(2/N) = 0.022 for a normal law, a little more for squared norms


def test_norms_of_a_mixture_scatter_more():
    # x = r g, r² = 1/2 or 3/2: E|x|⁴ = E r⁴ (d² + 2d), so that Var|x|²/(2d) = (E r⁴ (d² + 2d) − d²)/(2d), E r⁴ = 5/4
    x, dim = rows(n=20_000), 60
    x *= np.sqrt(np.where(np.arange(20_000) % 2, 0.5, 1.5))[:, None]
    ratio, error = norm_scatter(x, dim)
    assert abs(ratio - (1.25 * (dim**2 + 2 * dim) - dim**2) / (2 * dim)) < 4 * error


def test_equal_norms_do_not_scatter():
    ratio, error = norm_scatter(np.sign(rows()), 60.0)
    assert ratio == pytest.approx(0, abs=1e-12)
    assert error == pytest.approx(0, abs=1e-12)


def test_directions_that_rows_do_not_have_are_not_counted():
    # 5 directions of 12, rounded to float32 and moved by a mean: the other eigenvalues are rounding.
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((500, 5)) @ rng.standard_normal((5, 12)) + 3).astype(np.float32).astype(np.float64)
    mean = x.mean(axis=0)
    found = eigenvalues(x - mean, float(mean @ mean))
    assert len(found) == 5
    assert found == pytest.approx(np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1][:5])
    small = eigenvalues(x[:4] - x[:4].mean(axis=0))
    assert len(small) == 3  # fewer rows than dimensions


def test_kurtosis_of_what_a_neuron_sees():
    n, normal = 4000, excess_kurtosis(rows(), seed=0)
    # A mean over 256 of |N(0, 24/N)|: √(48/(πN)), up to a spread of √((1 − 2/π) 24/N/256) if independent; 5 of it.
    assert normal == pytest.approx((48 / np.pi / n) ** 0.5, abs=5 * ((1 - 2 / np.pi) * 24 / n / 256) ** 0.5)
    # A mixture of r² = 1/2 and 3/2: E r⁴ = 5/4 makes E z⁴ = 15/4, an excess of 3/4. Var z⁴ = 105 E r⁸ − (15/4)² = 255:
    # one neuron's is off by √(255/N) = 0.25, and a mean over 60 directions by 0.033; 5 of it.
    mixed = rows() * np.sqrt(np.where(np.arange(n) % 2, 0.5, 1.5))[:, None]
    assert excess_kurtosis(mixed, seed=0) == pytest.approx(0.75, abs=5 * (255 / n / 60) ** 0.5)


def test_a_given_spectrum_is_the_population_s(tmp_path):
    record = parse(
        DATASETS.get("gaussian"), {"kind": "gaussian", "dim": 40, "spectrum": "power:1", "n_train": 500, "n_test": 500}
    )
    row = measured(tmp_path, record.make(0, Path()), record.spectrum)
    harmonic, squares = sum(1 / i for i in range(1, 41)), sum(1 / i**2 for i in range(1, 41))
    assert (row["covariance"], row["rank"], row["rows"], row["dim"]) == ("given", 40, 1000, 40)
    assert row["condition"] == pytest.approx(40)
    assert row["leading_dim"] == pytest.approx(harmonic)
    assert row["effective_dim"] == pytest.approx(harmonic**2 / squares)
    assert row["mean"] < 5 / 1000  # 1/N on average, relative spread √(2/effective dimension)
    assert abs(row["norm_scatter"] - 1) < 4 * row["norm_error"]


def test_rows_without_a_spectrum_are_measured(tmp_path):
    x = (rows(n=3000, dim=20) * np.linspace(1, 3, 20) + 0.5).astype(np.float32)
    row = measured(tmp_path, Dataset(x, 2000))
    variances = np.linspace(1, 3, 20) ** 2
    assert row["covariance"] == "measured"
    # eigenvalues lie within a relative (1 ± √(d/N))² of the population's: 16 % each
    assert row["condition"] == pytest.approx(9, rel=0.35)
    assert row["effective_dim"] == pytest.approx(variances.sum() ** 2 / np.sum(variances**2), rel=0.05)
    assert row["mean"] == pytest.approx(20 * 0.25 / variances.sum(), rel=0.2)

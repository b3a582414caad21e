"""Every law: support, moments and scaling, the shared draw, and what is read back from disk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.kernels import unpack_signs
from onebit_rf.model.grids import grid
from onebit_rf.tables.files import read_matrix
from onebit_rf.tables.weights import WEIGHTS
from onebit_rf.weights.laws import LAWS
from onebit_rf.weights.laws.gaussian import draw_gaussian
from onebit_rf.weights.sampling import dims_label, parse_dims, sample_weights
from onebit_rf.weights.signs import SignMatrix

# E w⁴ of √d W_ij, by law; of two bits from the steps of Max (1960): levels a, 3a with a = .5304, P(|w| = 3a) = .3194
FOURTH_MOMENTS = {"gaussian": 3.0, "one_bit": 1.0, "rademacher": 1.0, "ternary": 1.5, "grid:2": 2.101}
FOURTH_MOMENTS |= {"uniform": 9 / 5, "sparse:0.5": 2.0, "student:20": 3 * 18 / 16, "orthogonal": 3.0}
EIGHTH_MOMENTS = {"student:20": 105 * 18**3 / (16 * 14 * 12)}  # of the others at most the Gaussian's, 105
CONTROLS = ("unscaled", "asymmetric:2")  # of another variance, of another mean


def draw(law, fan_out, fan_in, seed=0, layer=1):
    """√d W in float64."""
    matrix = LAWS.get(law).draw(fan_out, fan_in, seed, layer)
    return (unpack_signs(matrix) if isinstance(matrix, SignMatrix) else matrix).astype(np.float64)


def read_weights(path, law, layer, fan_in):
    """W of a table, float64."""
    if LAWS.get(law).encoding == "signs":
        bits = read_matrix(path, WEIGHTS["signs"], "bits", layer - 1)
        return unpack_signs(SignMatrix(bits, fan_in)).astype(np.float64) / np.sqrt(fan_in)
    return read_matrix(path, WEIGHTS["dense"], "weights", layer - 1).astype(np.float64)


def test_every_law_that_is_drawn_is_tested():
    tested = {law.partition(":")[0] for law in (*FOURTH_MOMENTS, *CONTROLS)}
    assert tested == set(LAWS.names()) - {"learned"}  # trained, not drawn


@pytest.mark.parametrize("law", FOURTH_MOMENTS)
@pytest.mark.parametrize("fan_in", [10, 100, 1000])
def test_every_law_has_mean_zero_and_variance_one_over_fan_in(law, fan_in):
    """Within four standard errors: Var w² = E w⁴ − 1, Var w⁴ = E w⁸ − (E w⁴)².

    Orthogonal weights are no independent draws, but their sums scatter less. Their E w⁴ is 3 d/(d + 2), d ≥ 200.
    """
    weights = draw(law, 200_000 // fan_in, fan_in)
    n, fourth = weights.size, FOURTH_MOMENTS[law]
    assert abs(weights.mean()) < 4 / np.sqrt(n)
    assert abs(np.mean(weights**2) - 1) <= 4 * np.sqrt((fourth - 1) / n) + 1e-6  # rounding of float32
    eighth, bias = EIGHTH_MOMENTS.get(law, 105), 6 / 200 if law == "orthogonal" else 0
    assert abs(np.mean(weights**4) - fourth) <= 4 * np.sqrt((eighth - 9) / n) + bias


def test_laws_have_their_support():
    assert set(np.unique(draw("rademacher", 50, 61))) == {-1.0, 1.0}
    values, counts = np.unique(draw("ternary", 300, 301).round(6), return_counts=True)
    assert values == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)], abs=1e-6)
    n = counts.sum()
    assert np.abs(counts / n - 1 / 3).max() < 4 * np.sqrt(2 / 9 / n)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_sparse_weights_are_of_one_size_and_of_either_sign(share):
    weights = draw(f"sparse:{share}", 1000, 1000)
    values, counts = np.unique(weights, return_counts=True)
    assert values == pytest.approx([v for v in (-1, 0, 1) if v or share < 1] / np.sqrt(share), rel=1e-6)
    for value, count in zip(values, counts, strict=True):
        p = share / 2 if value else 1 - share
        assert abs(count / weights.size - p) < 4 * np.sqrt(p * (1 - p) / weights.size)


def test_uniform_weights_fill_their_interval():
    weights = draw("uniform", 300, 301)
    # n (1 − max/√3)/2 is of order 1: beyond 20 with probability e⁻²⁰
    assert np.abs(weights).max() <= np.sqrt(3) * (1 + 1e-6)
    assert min(weights.max(), -weights.min()) > np.sqrt(3) * (1 - 40 / weights.size)


@pytest.mark.parametrize(("fan_out", "fan_in"), [(30, 50), (50, 50), (50, 30), (1, 7), (7, 1)])
def test_orthogonal_weights_are_orthonormal_but_for_their_scale(fan_out, fan_in):
    """Rows where they are few, else columns; 1e-5: rounding of float32 in sums of 50."""
    weights = draw("orthogonal", fan_out, fan_in)
    few = weights if fan_out <= fan_in else weights.T
    assert few @ few.T / max(fan_out, fan_in) == pytest.approx(np.eye(len(few)), abs=1e-5)


def test_orthogonal_weights_prefer_no_direction():
    """The trace of a Haar matrix has mean 0 and variance 1; factors whose triangle may be negative have a mean."""
    traces = [np.trace(draw("orthogonal", 8, 8, seed)) / np.sqrt(8) for seed in range(400)]
    assert abs(np.mean(traces)) < 4 / np.sqrt(400)
    assert abs(np.var(traces) - 1) < 4 * np.sqrt(2 / 400)


def test_student_weights_have_the_tails_of_their_degrees():
    """P(|t_3| > 5) = .01539 (tables), where |w| > 5/√3; four standard errors of 10⁶ weights."""
    beyond = np.mean(np.abs(draw("student:3", 1000, 1000)) > 5 / np.sqrt(3))
    assert abs(beyond - 0.015392) < 4 * np.sqrt(0.0154 / 1e6)


def test_unscaled_weights_are_the_gaussian_draw():
    assert draw("unscaled", 20, 30, 3, 2) == pytest.approx(draw("gaussian", 20, 30, 3, 2) * np.sqrt(30), rel=1e-6)


@pytest.mark.parametrize("bits", range(1, 9))
def test_asymmetric_weights_are_those_of_a_grid_moved_by_half_a_step(bits):
    """On whole steps from −2^{b−1} to 2^{b−1} − 1; 1e-6: rounding of float32 up to 4."""
    weights, even = draw(f"asymmetric:{bits}", 1000, 1000), draw(f"grid:{bits}", 1000, 1000)
    step = grid(bits).step / grid(bits).correlation
    assert even - weights == pytest.approx(np.full(weights.shape, step / 2), abs=1e-6)
    levels = np.unique((weights / step).round(3))
    assert levels == pytest.approx(np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1)), abs=1e-3)


def test_laws_say_why_the_theory_is_silent():
    """Not of those with independent entries of mean 0 and variance 1/d, of which a neuron has many."""
    silent = {
        law: LAWS.get(law).silence(64)
        for law in ("orthogonal", "sparse:0.5", *CONTROLS, "learned:a,lsq:1", "student:4")
    }
    assert silent == {
        "orthogonal": "their entries are not independent",
        "sparse:0.5": "fewer than 100 of a neuron are not 0",
        "unscaled": "their variance is 1, not 1/d",
        "asymmetric:2": "their mean is not 0",
        "learned:a,lsq:1": "they were trained, not drawn",
        "student:4": "no fourth moment: $|w_i|^2$ settles slowly",
    }
    covered = [*(law for law in FOURTH_MOMENTS if law not in silent), "student:4.1", "rademacher"]
    assert {LAWS.get(law).silence(64) for law in covered} == {""}
    assert LAWS.get("sparse:0.5").silence(200) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("sparse:0", "sparse:-1", "sparse:1.1", "sparse:nan"),
        *("student:2", "student:inf", "student:nan", "student:-3"),
        *("asymmetric:0", "asymmetric:1.5", "asymmetric:9", "asymmetric:nan"),
    ],
)
def test_parameters_that_no_law_has_are_refused(text):
    name, _, number = text.partition(":")
    with pytest.raises(OnebitError, match=rf"^law: {name}:\w+ needs .*, got {number}$"):
        LAWS.get(text)


def test_rademacher_signs_are_fair_at_every_bit_and_their_own():
    signs = draw("rademacher", 4000, 13)  # 13 is no multiple of a byte
    assert np.abs(signs.mean(axis=0)).max() < 5 / np.sqrt(4000)
    other = draw("one_bit", 4000, 13)
    assert abs(np.mean(signs * other)) < 4 / np.sqrt(signs.size)


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_on_a_grid_are_the_gaussian_ones_rounded(bits):
    """2^b levels of one spacing, mean 0, variance 1, correlation √c with G: four standard errors of 10⁶ weights.

    E w⁴ ≤ 3, that of the Gaussian weights, bounds the variances of w² and, by Cauchy–Schwarz, of g w.
    """
    weights, gaussian = draw(f"grid:{bits}", 1000, 1000), draw("gaussian", 1000, 1000)
    levels, n = np.unique(weights), weights.size
    assert len(levels) == 2**bits
    assert np.diff(levels) == pytest.approx(levels[-1] / (2 ** (bits - 1) - 0.5), abs=1e-6)  # float32, up to 4
    assert abs(weights.mean()) < 4 / np.sqrt(n)
    assert abs(np.mean(weights**2) - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(weights * gaussian) - np.sqrt(grid(bits).gain)) < 4 * np.sqrt(3 / n)


@given(st.integers(0, 100), st.integers(1, 3))
def test_one_bit_on_a_grid_is_one_bit(seed, layer):
    np.testing.assert_array_equal(draw("grid:1", 20, 30, seed, layer), draw("one_bit", 20, 30, seed, layer))


@pytest.mark.parametrize("bits", ["0", "-1", "9", "2.5", "nan", "inf"])
def test_bits_that_no_grid_has_are_refused(bits):
    with pytest.raises(OnebitError, match=rf"^law: grid:BITS needs whole BITS from 1 to 8, got {bits}$"):
        LAWS.get(f"grid:{bits}")


def test_a_grid_is_spelled_in_one_way():
    assert LAWS.canonical("grid:2.0") == "grid:2"


def test_one_bit_weights_are_the_signs_of_the_gaussian_ones(tmp_path):
    widths = [13, 20, 8]
    for law in ("gaussian", "one_bit"):
        sample_weights(tmp_path / law, law, [9, *widths], seed=4)
    for layer, fan_in in enumerate([9, 13, 20], start=1):
        gaussian, one_bit = (read_weights(tmp_path / law, law, layer, fan_in) for law in ("gaussian", "one_bit"))
        assert gaussian.shape == (widths[layer - 1], fan_in)
        assert one_bit == pytest.approx(np.where(gaussian < 0, -1, 1) / np.sqrt(fan_in))


@pytest.mark.parametrize("law", [*FOURTH_MOMENTS, *CONTROLS])
def test_tables_hold_the_draw_at_its_scale(tmp_path, law):
    sample_weights(tmp_path / "weights", law, [17, 9, 12], seed=3)
    for layer, (fan_in, fan_out) in enumerate([(17, 9), (9, 12)], start=1):
        wanted = draw(law, fan_out, fan_in, 3, layer) / np.sqrt(fan_in)
        assert read_weights(tmp_path / "weights", law, layer, fan_in) == pytest.approx(wanted, rel=1e-6)


def test_signs_are_fair_and_uncorrelated():
    signs = np.sign(draw_gaussian(400, 500, seed=1, layer=2))
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)
    overlap = signs @ signs.T / np.sqrt(500)
    assert abs(np.mean(overlap[np.triu_indices(400, 1)] ** 2) - 1) < 4 * np.sqrt(2 / (400 * 399 / 2))


def test_layers_and_seeds_draw_independently():
    for law in FOURTH_MOMENTS:
        one = draw(law, 50, 60, seed=0, layer=1)
        for other in (draw(law, 50, 60, seed=1, layer=1), draw(law, 50, 60, seed=0, layer=2)):
            assert abs(np.mean(one * other)) < 4 / np.sqrt(one.size), law


def test_a_deeper_network_starts_with_the_same_layers(tmp_path):
    sample_weights(tmp_path / "short", "gaussian", [7, 6], seed=0)
    sample_weights(tmp_path / "long", "gaussian", [7, 6, 5], seed=0)
    short, long = (read_weights(tmp_path / name, "gaussian", 1, 7) for name in ("short", "long"))
    assert np.array_equal(short, long)


@given(st.lists(st.integers(1, 10**5), min_size=2, max_size=9))
def test_dimensions_survive_their_label(dims):
    assert parse_dims(dims_label(dims)) == dims


def test_label_shortens_runs_of_equal_widths():
    assert dims_label([8192, 4096, 4096, 7]) == "8192-4096x2-7"
    assert dims_label([4, 4, 4]) == "4-4x2"  # the input dimension stands apart

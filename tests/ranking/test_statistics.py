"""Statistics of rankings: closed forms, the numbers of SciPy and mbe-eval, invariances, draws against tables drawn."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mbe_eval import comparators, robust_sign_error
from scipy import stats

from onebit_rf.errors import OnebitError
from onebit_rf.ranking import pairs as pairs_module
from onebit_rf.ranking import statistics
from onebit_rf.ranking.pairs import all_pairs, noise_weight, resolved_pairs
from onebit_rf.ranking.statistics import (
    conditional_mutual_information,
    environments,
    granulated_kendall,
    kendall,
    neighbours,
    sign_error,
)

GRID = np.array(list(product(range(3), range(2), range(4))))  # settings of three hyperparameters
permutations = st.integers(3, 12).flatmap(lambda n: st.permutations(range(n)))


def made_up(rng, n_seeds):
    """Models of GRID: each seed's, a measure and a gap that know of each other."""
    codes = np.repeat(GRID, n_seeds, axis=0)
    gap = rng.random(len(codes))
    return codes, np.tile(np.arange(n_seeds), len(GRID)), gap + rng.normal(0, 0.5, len(codes)), gap


def every_statistic(measure, gap, codes, pairs):
    near = neighbours(codes, pairs)
    psi, along = granulated_kendall(measure, gap, codes, pairs)
    return np.array(
        [
            kendall(measure, gap, pairs),
            psi,
            *along,
            conditional_mutual_information(measure, gap, codes, pairs=pairs),
            *sign_error(measure, gap, environments(codes, near), near),
        ]
    )


def test_orders_that_are_known():
    gap = np.array([0.1, 0.4, 0.2, 0.9])
    assert kendall(gap, gap) == 1
    assert kendall(-gap, gap) == -1
    assert kendall(np.ones(4), gap) == 0
    assert kendall(np.array([0.0, 1.0, 0.0, 0.5]), gap) == pytest.approx((1 + 0 + 1 + 1 - 1 + 1) / 6)  # pair by pair


@given(permutations)
def test_tau_is_scipys_without_ties(order):
    assert kendall(order, np.arange(len(order))) == pytest.approx(stats.kendalltau(order, range(len(order))).statistic)


def test_an_independent_measure_is_at_zero():
    """Var τ = 2(2n + 5)/(9n(n − 1)) for independent orders; five standard errors."""
    n, rng = 400, np.random.default_rng(0)
    assert abs(kendall(rng.random(n), rng.random(n))) < 5 * np.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))


def test_a_measure_that_follows_one_axis_alone():
    gap = GRID @ [1.0, 10.0, 100.0]
    psi, along = granulated_kendall(GRID[:, 1], gap, GRID)
    assert along.tolist() == [0, 1, 0]
    assert psi == pytest.approx(1 / 3)


@pytest.mark.parametrize("steps", [3, 10])
def test_simpsons_paradox(steps):
    """On stairs, each step along one axis alone is ordered wrongly and every other pair rightly.

    Settings (k, k) and (k, k + 1), k < K; gap up with the first code and a little down with the second, the measure the
    other way round. Of K(2K − 1) pairs the 2K − 1 of neighbours are the wrong ones: τ = 1 − 2/K, and Ψ = −1.
    """
    codes = np.array([(k, k + more) for k in range(steps) for more in (0, 1)])
    gap, measure = codes @ [1.0, -0.01], codes @ [-0.01, 1.0]
    assert kendall(measure, gap) == pytest.approx(1 - 2 / steps)
    assert granulated_kendall(measure, gap, codes)[0] == -1
    labels = environments(codes, all_pairs(len(codes)))
    assert (labels == -1).all()  # one pair makes no environment


def test_models_of_one_setting_make_no_pair_along_an_axis():
    """Seeds of a setting are ordered wrongly, settings rightly: only these differ in a hyperparameter."""
    codes, gap, measure = np.repeat([[0], [1]], 2, axis=0), np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2])
    assert granulated_kendall(measure, gap, codes)[0] == 1
    assert kendall(measure, gap) == pytest.approx((4 - 2) / 6)


def test_an_axis_without_pairs_is_left_out_of_the_mean():
    codes = np.column_stack([GRID, np.zeros(len(GRID), dtype=int)])
    gap = np.random.default_rng(1).random(len(GRID))
    psi, along = granulated_kendall(gap, gap, codes)
    assert psi == 1
    np.testing.assert_array_equal(along, [1, 1, 1, np.nan])


@given(permutations)
def test_information_of_an_order_is_that_of_a_binary_channel(order):
    """Without ties the pairs' signs are a symmetric channel that errs with probability (1 − τ)/2: I/H = 1 − h₂."""
    wrong = (1 - kendall(order, np.arange(len(order)))) / 2
    expected = 1 - stats.entropy([wrong, 1 - wrong], base=2)
    constant = np.zeros((len(order), 1), dtype=int)
    assert conditional_mutual_information(order, np.arange(len(order)), constant) == pytest.approx(expected, abs=1e-12)


def test_what_a_hyperparameter_explains_is_no_information():
    """Within each of its values half of the pairs are ordered rightly; between them all are, and no doubt is left."""
    codes = np.repeat([[0], [1]], 4, axis=0)
    gap, measure = np.arange(8), np.array([0, 3, 2, 1, 4, 7, 6, 5])
    assert kendall(measure, gap) == pytest.approx(1 - 2 * 6 / 28)
    assert conditional_mutual_information(measure, gap, codes) == pytest.approx(0, abs=1e-12)
    given_nothing = 1 - stats.entropy([6 / 28, 22 / 28], base=2)
    assert conditional_mutual_information(measure, gap, codes, most=0) == pytest.approx(given_nothing)


def test_several_measures_at_once_are_each_alone():
    codes, _, measure, gap = made_up(np.random.default_rng(2), 2)
    together = conditional_mutual_information(np.array([measure, gap]), gap, codes)
    assert together.tolist() == [conditional_mutual_information(each, gap, codes) for each in (measure, gap)]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 9)), min_size=24, max_size=24))
def test_a_monotone_transformation_of_the_measure_moves_nothing(numbers):
    measure, gap = np.array(numbers, dtype=float).T
    pairs = all_pairs(len(GRID))
    expected = every_statistic(measure, gap, GRID, pairs)
    for transformed in (3 * measure + 1, measure**3, np.exp(measure / 10)):
        np.testing.assert_array_equal(every_statistic(transformed, gap, GRID, pairs), expected)


def test_mbe_eval_says_the_same_of_granulated_kendall_and_information():
    """Where no two models share a setting or a number: it averages seeds first, corrects τ for ties, and takes a tie of
    measures for `not greater`; here models of a setting stay models and a tie is a sign of its own."""
    codes, _, measure, gap = made_up(np.random.default_rng(3), 1)
    names = ["a", "b", "c"]
    frame = pd.DataFrame(codes, columns=names).assign(measure=measure, gap=gap)
    overall, detail = comparators.granulated_kendall(frame, "measure", "gap", names)
    psi, along = granulated_kendall(measure, gap, codes)
    assert psi == pytest.approx(overall)
    assert along == pytest.approx(detail["granulated_kendall"].to_numpy())
    least, _ = comparators.jiang_normalized_cmi(frame, "measure", "gap", names)
    assert 0 < least == pytest.approx(conditional_mutual_information(measure, gap, codes))


def test_mbe_eval_says_the_same_of_sign_errors():
    """With its weights: it takes ½ off each, where here those of at least ½ stay as they are. Its environments stand
    twice, in both directions, which moves neither the mean nor the worst."""
    codes, _, measure, gap = made_up(np.random.default_rng(4), 4)
    frame = pd.DataFrame(codes, columns=["a", "b", "c"]).assign(measure=measure, gap=gap, setting=codes @ [100, 10, 1])
    theirs = robust_sign_error.robust_sign_error_environments(
        frame, ["measure"], ["a", "b", "c"], target="gap", config_column="setting", test_size=10_000
    )
    summary = robust_sign_error.robust_sign_error_summary(theirs, ["measure"]).set_index("hyperparameter").loc["all"]
    pairs = neighbours(codes, resolved_pairs(gap, np.full(len(gap), 10_000)))
    labels = environments(codes, pairs)
    assert 2 * (labels.max() + 1) == len(theirs)
    worst, mean = sign_error(measure, gap, labels, replace(pairs, weight=pairs.weight - 0.5))
    assert (worst, mean) == pytest.approx((summary["max_sign_error"], summary["mean_sign_error"]))


def test_weights_against_test_noise():
    """Known: 1 − 2 exp(−nΔ²/2) = √½ at Δ = √(2 ln(2/(1 − √½))/n), the least difference that counts."""
    n = np.full(2, 10_000)
    least = np.sqrt(2 * np.log(2 / (1 - np.sqrt(0.5))) / n[0])
    assert least == pytest.approx(0.0196, abs=1e-4)
    assert noise_weight(np.array([0.0, least, 1.0]), 10_000) == pytest.approx([0, 0.5, 1])
    differences = np.linspace(-0.1, 0.1, 50)
    assert noise_weight(differences, 900) == pytest.approx(robust_sign_error.hoeffding_weight(differences, 900))
    assert [len(resolved_pairs(np.array([0.0, least * by]), n).first) for by in (0.99, 1.01)] == [0, 1]
    assert len(resolved_pairs(np.array([0.0, least * 1.01]), np.array([10_000, 9_000])).first) == 0  # the fewer count


def test_a_weight_is_less_than_the_chance_that_noise_kept_the_order():
    """Error rates drawn at random, their estimates from n test rows each, and whether both are in the same order."""
    n, rates = 2_000, np.random.default_rng(5).random((200_000, 2)) * 0.2
    estimates = np.random.default_rng(6).binomial(n, rates) / n
    difference = estimates[:, 0] - estimates[:, 1]
    right = np.sign(difference) == np.sign(rates[:, 0] - rates[:, 1])
    weight = noise_weight(difference, n)
    for low in (0.1, 0.5, 0.9):
        near = (weight >= low) & (weight < low + 0.1)
        # The share of right orders has a standard error of at most ½/√count; three are allowed.
        assert right[near].mean() > low - 1.5 / np.sqrt(near.sum())
        assert near.sum() > 100


def test_weighted_by_hand():
    gap_error = np.array([0.0, 0.03, 0.06])
    pairs = resolved_pairs(gap_error, np.full(3, 10_000))
    small, large = noise_weight(np.array([0.03, 0.06]), 10_000)
    measure = np.array([0.0, 2.0, 1.0])  # wrong about the last two
    assert kendall(measure, gap_error, pairs) == pytest.approx(large / (2 * small + large))


def test_a_draw_is_the_statistic_of_the_table_drawn(monkeypatch):
    """Two routes: sums over pairs of seeds, and a table that holds the models of each seed as often as it is drawn."""
    monkeypatch.setattr(statistics, "LEAST_PAIRS", 1)  # else a draw's own table would have environments of its own
    rng = np.random.default_rng(7)
    codes, seed, measure, gap = made_up(rng, 4)
    draws = np.vstack([np.ones(4, dtype=int), rng.multinomial(4, np.full(4, 0.25), size=6), [4, 0, 0, 0]])
    n_test = np.full(len(gap), 1000)
    drawn = every_statistic(measure, gap, codes, resolved_pairs(gap, n_test).drawn(seed, draws))
    for draw, values in zip(draws, drawn.T, strict=True):
        rows = np.repeat(np.arange(len(gap)), draw[seed])
        pairs = resolved_pairs(gap[rows], n_test[rows])
        pairs = pairs.keep(rows[pairs.first] != rows[pairs.second])
        np.testing.assert_allclose(values, every_statistic(measure[rows], gap[rows], codes[rows], pairs), atol=1e-12)


def test_draws_that_are_too_many_for_one_step_are_worked_on_in_several(monkeypatch):
    rng = np.random.default_rng(8)
    codes, seed, measure, gap = made_up(rng, 3)
    pairs = all_pairs(len(gap)).drawn(seed, rng.multinomial(3, np.full(3, 1 / 3), size=7))
    at_once = conditional_mutual_information(measure, gap, codes, pairs=pairs)
    monkeypatch.setattr(statistics, "AT_ONCE", 2000)
    np.testing.assert_allclose(conditional_mutual_information(measure, gap, codes, pairs=pairs), at_once, rtol=1e-12)


@pytest.mark.parametrize("n_seeds", [5, 20])
def test_how_often_an_interval_covers(n_seeds):
    """Of normal pairs with correlation r, τ = 2/π arcsin r.

    The bootstrap's spread is √(1 − 1/S) of the standard error from S seeds, so that its percentiles cover with
    probability P(|t_{S−1}| < 1.96 √(1 − 1/S)), as if τ were a mean over seeds: 85 % for five, 93 % for twenty. Four
    standard errors of the share of tables.
    """
    tables, per_seed, r, rng = 300, 6, 0.6, np.random.default_rng(9)
    seed = np.arange(n_seeds * per_seed) % n_seeds
    covered = 0
    for _ in range(tables):
        gap, other = rng.standard_normal((2, len(seed)))
        draws = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=200)
        values = kendall(r * gap + np.sqrt(1 - r**2) * other, gap, all_pairs(len(seed)).drawn(seed, draws))
        low, high = np.percentile(values, [2.5, 97.5])
        covered += low <= 2 / np.pi * np.arcsin(r) <= high
    expected = 1 - 2 * stats.t(n_seeds - 1).sf(1.96 * np.sqrt(1 - 1 / n_seeds))
    assert abs(covered / tables - expected) < 4 * np.sqrt(expected * (1 - expected) / tables)


@pytest.mark.parametrize("n_models", [0, 1, 30])
def test_no_pair_left_is_not_a_number(n_models):
    gap, codes = np.zeros(n_models), np.zeros((n_models, 2), dtype=int)
    pairs = resolved_pairs(gap, np.full(n_models, 100)).drawn(np.zeros(n_models, dtype=int), np.ones((3, 1), dtype=int))
    values = every_statistic(gap, gap, codes, pairs)
    assert values.shape == (7, 3)
    assert np.isnan(values).all()


def test_bad_input():
    with pytest.raises(OnebitError, match="measures and gaps: must be finite"):
        kendall(np.array([0.0, np.nan]), np.zeros(2))


def test_sums_that_would_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr(pairs_module, "MOST_SUMS", 100)
    with pytest.raises(OnebitError, match="axes: 144 groups of pairs times 1 pairs of seeds are over 100; name fewer"):
        conditional_mutual_information(np.arange(24), np.arange(24), GRID)

"""Fronts of error against cost: no member is beaten and every other is, by brute force; ratios in closed form."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onebit_rf.figures.fronts import Front, front, log_ratios, members, shared_budgets

POSITIVE = st.floats(0.01, 100)
# Few values, so that costs and errors tie often.
NETWORKS = st.lists(st.tuples(st.integers(1, 5), st.sampled_from([0, 1, 2, 3, 4])), min_size=1, max_size=8)


def power(scale, costs, slope=-0.5, seeds=3):
    """Errors scale · cost^slope, times 1 + seed/10 for each seed."""
    return (1 + np.arange(seeds)[:, None] / 10) * scale * np.asarray(costs, float) ** slope


@given(NETWORKS)
def test_members_are_those_that_no_other_beats(pairs):
    costs, errors = (np.array(part, float) for part in zip(*pairs, strict=True))
    kept = set(members(costs, errors[None]).tolist())
    valid = [i for i in range(len(pairs)) if errors[i] > 0]

    def beaten(i):
        """Whether another is as good in both and better in one; of equal ones the first counts."""
        worse = [j for j in valid if costs[j] <= costs[i] and errors[j] <= errors[i] and j != i]
        return any((costs[j], errors[j]) != (costs[i], errors[i]) or j < i for j in worse)

    assert kept == {i for i in valid if not beaten(i)}


@given(NETWORKS)
def test_a_front_falls_and_is_its_own_front(pairs):
    costs, errors = (np.array(part, float) for part in zip(*pairs, strict=True))
    found = front(costs, errors[None])
    assert (np.diff(found.costs) > 0).all()
    assert (np.diff(found.errors[0]) < 0).all()
    assert np.array_equal(front(found.costs, found.errors).costs, found.costs)


@given(st.lists(POSITIVE, min_size=2, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_networks_plays_no_part(costs, random):
    shuffled = random.sample(costs, len(costs))
    one, other = (front(np.array(some), power(1, some)) for some in (costs, shuffled))
    assert np.array_equal(one.costs, other.costs)
    assert np.array_equal(one.errors, other.errors)


def test_a_member_is_judged_by_its_mean_over_seeds():
    errors = np.array([[3.0, 1.0, 2.0], [3.0, 3.9, 2.0]])  # means 3, 2.45, 2
    assert members(np.array([1.0, 2.0, 3.0]), errors).tolist() == [0, 1, 2]
    assert members(np.array([1.0, 3.0, 2.0]), errors).tolist() == [0, 2]


@given(st.lists(POSITIVE, min_size=2, max_size=6, unique=True), st.floats(0, 1), st.floats(0.1, 10))
def test_a_power_law_is_read_exactly_between_its_points(costs, share, scale):
    """Linear in logarithms: a slope over 1e-6 of a logarithm, of rounding 1e-15 · ln 100, is off by 5e-9 of 1e-6."""
    costs = np.sort(costs)
    assume(np.diff(np.log(costs)).min() > 1e-6)
    budget = costs[0] ** (1 - share) * costs[-1] ** share
    found = front(costs, power(scale, costs)).log_errors(np.array([budget]))
    np.testing.assert_allclose(found[:, 0], np.log(power(scale, [budget]))[:, 0], atol=1e-8)


@given(st.floats(1.1, 30), st.floats(0.2, 5))
def test_networks_that_cost_less_are_better_at_equal_cost_by_the_slope(cheaper, worse):
    """E = c^(−1/2): one that is `worse` at equal networks, which cost it `cheaper` times less, has worse/√cheaper."""
    costs = 2.0 ** np.arange(12)
    one, other = front(costs / cheaper, worse * power(1, costs)), front(costs, power(1, costs))
    budgets = shared_budgets(one, other)
    assert (budgets[0], budgets[-1]) == (max(costs[0], costs[0] / cheaper), min(costs[-1], costs[-1] / cheaper))
    np.testing.assert_allclose(log_ratios(one, other, budgets), np.log(worse / np.sqrt(cheaper)), atol=1e-12)


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=2, max_size=6), st.lists(POSITIVE, min_size=20, max_size=20))
def test_extremes_are_among_the_shared_budgets(pairs, more):
    costs, errors = (np.array(part) for part in zip(*pairs, strict=True))
    one, other = front(costs, errors[None]), front(costs[::-1] * 1.3, errors[None] * 1.1)
    budgets = shared_budgets(one, other)
    assume(len(budgets))
    between = np.clip(more, budgets[0], budgets[-1])
    ends, inside = (log_ratios(one, other, some) for some in (budgets, between))
    assert ends.min() - 1e-12 <= inside.min() <= inside.max() <= ends.max() + 1e-12


def test_fronts_without_a_cost_in_common_share_no_budget():
    low, high = (Front(np.array(costs), np.ones((1, 2))) for costs in ([1.0, 2.0], [3.0, 4.0]))
    nothing = front(np.array([1.0]), np.zeros((1, 1)))
    assert shared_budgets(low, high).size == shared_budgets(high, low).size == shared_budgets(low, nothing).size == 0
    assert shared_budgets(low, Front(np.array([2.0]), np.ones((1, 1)))) == pytest.approx([2.0])

"""Fronts of test error against cost: the networks that no other beats in both, and two fronts at equal cost.

ASSUME: between neighbours on a front the logarithm of the error is linear in the logarithm of the cost; beyond its ends
nothing is said.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Front:
    """Networks in the order of their costs, each with a smaller mean error than all that cost less.

    Attributes:
        costs: increasing, positive, shape (k,).
        errors: of every seed, positive, shape (seeds, k).
    """

    costs: np.ndarray
    errors: np.ndarray

    def log_errors(self, budgets: np.ndarray) -> np.ndarray:
        """Logarithm of the error at each budget within the costs, seed by seed: shape (seeds, budgets)."""
        x, known = np.log(budgets), np.log(self.costs)
        return np.stack([np.interp(x, known, row) for row in np.log(self.errors)])


def members(costs: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return which networks no other beats in cost and mean error, by increasing cost; those of error 0 do not count.

    Args:
        costs: of the networks, shape (k,).
        errors: of every seed, shape (seeds, k).
    """
    means = errors.mean(axis=0)
    order = [i for i in np.lexsort((means, costs)) if (errors[:, i] > 0).all()]
    least = np.minimum.accumulate(means[order])
    return np.array([i for place, i in enumerate(order) if place == 0 or means[i] < least[place - 1]], dtype=int)


def front(costs: np.ndarray, errors: np.ndarray) -> Front:
    """Return the front of some networks; arguments as of `members`."""
    kept = members(costs, errors)
    return Front(costs[kept], errors[:, kept])


def shared_budgets(one: Front, other: Front) -> np.ndarray:
    """Return the costs that both fronts reach: the two ends, and every network of either in between; may be empty."""
    if not len(one.costs) or not len(other.costs):
        return np.array([])
    low, high = max(one.costs[0], other.costs[0]), min(one.costs[-1], other.costs[-1])
    costs = np.unique(np.concatenate([one.costs, other.costs]))
    return costs[(costs >= low) & (costs <= high)]


def log_ratios(one: Front, other: Front, budgets: np.ndarray) -> np.ndarray:
    """Logarithm of error(one)/error(other) of the same seed at each budget, of shape (seeds, budgets).

    Its mean is piecewise linear in the logarithm of the cost, so that the extremes are among `shared_budgets`.
    """
    return one.log_errors(budgets) - other.log_errors(budgets)

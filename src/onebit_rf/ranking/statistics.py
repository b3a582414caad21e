"""How well a measure orders the generalization gaps of many models.

Every statistic looks at pairs of models, there at sgn(Δmeasure) and sgn(Δgap), and at nothing else: a monotone
transformation of the measure moves none of them. Measures and gaps are arrays of shape (n,), a number a model;
hyperparameters, (n, A), are codes of their values. A statistic has a value for each draw of its
pairs, a number where there is but one, and is NaN where no pair is left. Without `pairs`, all pairs count once.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from onebit_rf.ranking.pairs import Pairs, all_pairs

# ASSUME: an environment is at least three seeds against three; 12 effective pairs in the code of arXiv 2010.11924.
LEAST_PAIRS = 9
AT_ONCE = 2**21  # sums of the draws that are worked on together: they stay in a cache


def kendall(measure: np.ndarray, gap: np.ndarray, pairs: Pairs | None = None) -> np.ndarray:
    """Return τ = Σ w sgn(Δmeasure) sgn(Δgap) / Σ w; equal measures or gaps add nothing above, but their w below."""
    pairs = pairs or all_pairs(len(measure))
    return _correlation(measure, gap, pairs, np.zeros(len(pairs.first), dtype=int), 1)[..., 0]


def granulated_kendall(
    measure: np.ndarray, gap: np.ndarray, hyperparameters: np.ndarray, pairs: Pairs | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return Ψ = mean_i ψ_i, and ψ, hyperparameters first: how gaps are ordered where but one moves (arXiv 1912.02178).

    ψ_i is the mean, over the settings of all other hyperparameters, of τ over the pairs of that setting that differ in
    hyperparameter i; an axis along which no pair differs is NaN and stays out of Ψ.
    """
    pairs = pairs or all_pairs(len(measure))
    psi = [_mean(_correlation(measure, gap, *along)) for along in _axes(hyperparameters, pairs)]
    return _mean(np.stack(psi, axis=-1)), np.stack(psi)


def sign_error(
    measure: np.ndarray, gap: np.ndarray, environments: np.ndarray, pairs: Pairs | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the worst and the mean over environments of ½ Σ w (1 − sgn(Δmeasure) sgn(Δgap)) / Σ w (arXiv 2010.11924).

    It is the weighted share of pairs that the measure orders the wrong way round, equal ones for half.

    Args:
        measure, gap: of each model.
        environments: of each pair, (P,), as `environments` numbers them: −1 for none.
        pairs: all, where they are not given.
    """
    pairs = pairs or all_pairs(len(measure))
    chosen = environments >= 0
    group = environments[chosen]
    errors = 0.5 - 0.5 * _correlation(measure, gap, pairs.keep(chosen), group, int(group.max(initial=-1)) + 1)
    worst = np.max(errors, axis=-1, initial=-np.inf, where=~np.isnan(errors))
    return np.where(np.isinf(worst), np.nan, worst), _mean(errors)


def settings(hyperparameters: np.ndarray) -> np.ndarray:
    """Number the settings, the different rows, from 0; one number for all where there are no columns."""
    return np.unique(hyperparameters, axis=0, return_inverse=True)[1].reshape(-1)


def neighbours(hyperparameters: np.ndarray, pairs: Pairs) -> Pairs:
    """Return the pairs that differ in one hyperparameter and in no other."""
    differences = np.zeros(len(pairs.first), dtype=np.int8)
    for code in hyperparameters.T:
        differences += code[pairs.first] != code[pairs.second]
    return pairs.keep(differences == 1)


def environments(hyperparameters: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Number the environments from 0: all pairs between two settings, one hyperparameter apart (arXiv 2010.11924).

    Args:
        hyperparameters: of each model, (n, A).
        pairs: such as `neighbours` returns.

    Returns:
        the environment of each pair, (P,); −1, none, where fewer than LEAST_PAIRS are between its two settings.
    """
    setting = settings(hyperparameters)
    low, high = np.sort([setting[pairs.first], setting[pairs.second]], axis=0)
    _, group, count = np.unique(low * len(setting) + high, return_inverse=True, return_counts=True)
    large = count >= LEAST_PAIRS
    return np.where(large, np.cumsum(large) - 1, -1)[group]


def conditional_mutual_information(
    measures: np.ndarray, gap: np.ndarray, hyperparameters: np.ndarray, most: int = 2, pairs: Pairs | None = None
) -> np.ndarray:
    """Return min over |S| ≤ `most` of I(V_measure, V_gap | U_S) / H(V_gap | U_S) (arXiv 1912.02178, eq. 8–10).

    V are the signs of the differences over ordered pairs, 0 a sign of its own; U_S the values that both models have of
    the hyperparameters in S. In [0, 1]; an S that leaves no doubt about V_gap, H = 0, is passed over. Estimated by
    relative frequencies: above 0 for an independent measure, the more so the fewer pairs there are.

    Args:
        measures: one, (n,), or several, (M, n): the values are then (M, …), and what all need is computed once.
        gap: of each model.
        hyperparameters: of each model, (n, A).
        most: hyperparameters that are given at once.
        pairs: all, where they are not given.
    """
    pairs = pairs or all_pairs(len(gap))
    cells = [3 * pairs.signs(measure) + pairs.signs(gap) + 4 for measure in np.atleast_2d(measures)]  # 0 … 8
    given = [list(axes) for size in range(most + 1) for axes in combinations(range(hyperparameters.shape[1]), size)]
    known = np.stack([_information(pairs, cells, settings(hyperparameters[:, axes])) for axes in given], axis=-1)
    least = np.min(known, axis=-1, initial=np.inf, where=~np.isnan(known))
    return np.where(np.isinf(least), np.nan, least).reshape(np.shape(measures)[:-1] + pairs.copies.shape[:-1])


def _correlation(measure: np.ndarray, gap: np.ndarray, pairs: Pairs, group: np.ndarray, n_groups: int) -> np.ndarray:
    """τ of each group of pairs, (…, n_groups)."""
    concordance = pairs.weight * (pairs.signs(measure) * pairs.signs(gap))
    bins = pairs.bins(group, n_groups)
    above, below = (pairs.copies @ pairs.sums(bins, n_groups, weight) for weight in (concordance, pairs.weight))
    return np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0)


def _axes(hyperparameters: np.ndarray, pairs: Pairs) -> Iterator[tuple[Pairs, np.ndarray, int]]:
    """The pairs that differ in one hyperparameter alone, which setting of the others they share, and the settings."""
    for axis, code in enumerate(hyperparameters.T):
        others = settings(np.delete(hyperparameters, axis, axis=1))
        near = np.flatnonzero((others[pairs.first] == others[pairs.second]) & (code[pairs.first] != code[pairs.second]))
        yield pairs.keep(near), others[pairs.first[near]], int(others.max(initial=-1)) + 1


def _information(pairs: Pairs, cells: list[np.ndarray], setting: np.ndarray) -> np.ndarray:
    """1 − H(V_gap | V_measure, U)/H(V_gap | U), which is I/H, of each measure's cells and each draw, (M, draws)."""
    n = int(setting.max(initial=0)) + 1
    bins = pairs.bins((setting[pairs.first] * n + setting[pairs.second]) * 9, 9 * n * n)
    copies = np.atleast_2d(pairs.copies)
    parts = np.array_split(copies, -(-len(copies) * 9 * n * n // AT_ONCE))
    every = (pairs.sums(bins + cell, 9 * n * n, pairs.weight) for cell in cells)
    return np.array([np.concatenate([_explained(part @ sums, n) for part in parts]) for sums in every])


def _explained(sums: np.ndarray, n: int) -> np.ndarray:
    """The same of the sums of each draw over U of the first model and of the second, V_measure and V_gap."""
    tables = sums.reshape(-1, n, n, 3, 3)
    both = tables + tables.swapaxes(1, 2)[..., ::-1, ::-1]  # each pair in both orders
    doubt, left = (_entropy(given) for given in (both.sum(axis=-2), both))
    total = both.sum(axis=(1, 2, 3, 4))
    return 1 - np.divide(left, doubt, out=np.full_like(doubt, np.nan), where=doubt > 1e-12 * total)


def _entropy(weights: np.ndarray) -> np.ndarray:
    """W H(last axis | all others but the first), W the total weight, of each entry of the first axis."""
    entropy = _x_log_x(weights.sum(axis=-1)) - _x_log_x(weights).sum(axis=-1)
    return entropy.reshape(len(weights), -1).sum(axis=1)


def _x_log_x(x: np.ndarray) -> np.ndarray:
    return x * np.log(np.where(x > 0, x, 1.0))


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)

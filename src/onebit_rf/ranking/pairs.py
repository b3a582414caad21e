"""Pairs of models: what each weighs against test noise, and what a bootstrap over seeds makes of them.

Weights are first summed by group of pairs and by pair of seeds, a *block*; what a draw of seeds makes of a statistic is
then a small sum over blocks, and a thousand draws cost little more than one.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from onebit_rf.errors import OnebitError

LEAST_WEIGHT = 0.5  # of a pair: below it, test noise may well have ordered the two gaps (arXiv 2010.11924)
MOST_SUMS = 2**27  # groups × blocks: a gigabyte of sums


@dataclass(frozen=True)
class Pairs:
    """P pairs of models: what each weighs, and how often each is held by the draws of a bootstrap over seeds.

    Attributes:
        first, second: the models, (P,), first < second: a model that is drawn twice makes no pair with itself.
        weight: (P,), above 0.
        block: (P,), from 0: which two seeds.
        copies: (blocks,), or (draws, blocks): how often a draw holds a pair of the block.
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray
    block: np.ndarray
    copies: np.ndarray

    def keep(self, chosen: np.ndarray) -> Self:
        """Return the pairs where `chosen` (P,) is true, or those that it numbers."""
        columns = ("first", "second", "weight", "block")
        return replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def drawn(self, seed: np.ndarray, draws: np.ndarray) -> Self:
        """Return the pairs with the draws of a bootstrap over S seeds.

        Args:
            seed: of each model, (n,), 0 … S − 1.
            draws: how often each seed is drawn, (draws, S); a pair of models stands m_a m_b times in a draw that holds
                their seeds a and b (they may be the same) m_a and m_b times.
        """
        n_seeds = draws.shape[-1]
        copies = (draws[..., :, None] * draws[..., None, :]).reshape(*draws.shape[:-1], -1).astype(float)
        return replace(self, block=seed[self.first] * n_seeds + seed[self.second], copies=copies)

    def signs(self, values: np.ndarray) -> np.ndarray:
        """Return sgn(v_first − v_second), (P,), of finite values (n,); raises OnebitError where they are none."""
        values = np.asarray(values, dtype=float)
        if not np.isfinite(values).all():
            raise OnebitError("measures and gaps: must be finite; leave the models without out")
        ranks = np.unique(values, return_inverse=True)[1].astype(np.int32)  # their differences cannot overflow
        return np.sign(ranks[self.first] - ranks[self.second]).astype(np.int8)

    def bins(self, group: np.ndarray, n_groups: int) -> np.ndarray:
        """Number block and group of each pair together, (P,): `sums` has a bin for each.

        Raises:
            OnebitError: the sums would not fit into memory.
        """
        n_blocks = self.copies.shape[-1]
        if n_blocks * n_groups > MOST_SUMS:
            raise OnebitError(
                f"axes: {n_groups} groups of pairs times {n_blocks} pairs of seeds are over {MOST_SUMS}; "
                "name fewer axes, or such with fewer values"
            )
        return self.block * n_groups + group

    def sums(self, bins: np.ndarray, n_groups: int, weight: np.ndarray) -> np.ndarray:
        """Return Σ weight over the pairs of each block and group, (blocks, n_groups)."""
        n_blocks = self.copies.shape[-1]
        return np.bincount(bins, weight, minlength=n_blocks * n_groups).reshape(n_blocks, n_groups)


def all_pairs(n_models: int) -> Pairs:
    """Return all pairs of n models, of weight 1, and one draw that holds each once."""
    first, second = np.triu_indices(n_models, 1)
    return Pairs(first, second, np.ones(len(first)), np.zeros(len(first), dtype=int), np.ones(1))


def noise_weight(difference: np.ndarray, n_test: np.ndarray | int) -> np.ndarray:
    """Return (max(0, 1 − 2 exp(−2n(Δ/2)²)))² of differences Δ of mean losses in [0, 1] over n test rows.

    By Hoeffding's inequality either mean is within Δ/2 of its expectation with a probability of at least the root: the
    weight is a lower bound of the chance that test noise did not order the two (arXiv 2010.11924).
    """
    return np.maximum(0.0, 1.0 - 2.0 * np.exp(-0.5 * n_test * np.square(difference))) ** 2


def resolved_pairs(gap_error: np.ndarray, n_test: np.ndarray) -> Pairs:
    """Return the pairs whose gaps differ by more than test noise, with their weights; the rest is left out.

    ASSUME: whichever gap is to be ordered, weights are those of the gap of *error*: cross-entropy has no bound.

    Args:
        gap_error: test error less train error, (n,), errors in [0, 1].
        n_test: test rows behind it, (n,); of two models the fewer count.
    """
    pairs = all_pairs(len(gap_error))
    difference = gap_error[pairs.first] - gap_error[pairs.second]
    weight = noise_weight(difference, np.minimum(n_test[pairs.first], n_test[pairs.second]))
    return replace(pairs, weight=weight).keep(weight >= LEAST_WEIGHT)

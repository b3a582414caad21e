"""Are two things equal, and not merely not told apart? The test of equivalence by two one-sided tests.

A difference d of seeds d_1 … d_k with mean d̄ and standard error s_d̄ is held against a margin ±m. Student's test that
d̄ ≤ −m and that d̄ ≥ m must both reject:

    p = max(P(T > (d̄ + m)/s_d̄), P(T < (d̄ − m)/s_d̄)),    T of k − 1 degrees of freedom

p < 0.05 exactly where the 90 % interval of the mean lies within ±m. The same interval gives three verdicts:

    equal       it lies within ±m: |difference| < m
    different   it lies beyond m or below −m: |difference| > m
    undecided   it holds m or −m

so that each of the first two is wrong in at most 5 % of its cases. "Equal at all of many points" needs no correction
for their number, since every one of the tests must reject (Berger 1982, Technometrics 24, 295).

Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
VERDICTS = ("equal", "undecided", "different")


def two_one_sided(mean: np.ndarray, sem: np.ndarray, count: np.ndarray, margin: float) -> np.ndarray:
    """Return the p-value of the hypothesis that the difference is margin or more; NaN for one value.

    Args:
        mean, sem, count: of the differences: mean, its standard error and their number, arrays that broadcast.
        margin: m > 0, in the unit of the differences.
    """
    return _tail(np.abs(mean) - margin, sem, count)


def verdicts(mean: np.ndarray, sem: np.ndarray, count: np.ndarray, margin: float) -> np.ndarray:
    """Return one of VERDICTS for every difference; the arguments are those of `two_one_sided`."""
    excess = np.abs(mean) - margin
    equal, different = (_tail(side * excess, sem, count) < LEVEL for side in (1, -1))
    return np.where(equal, "equal", np.where(different, "different", "undecided"))


def with_verdicts(differences: "pd.DataFrame", margin: float) -> "pd.DataFrame":
    """Return a table of `mean`, `sem` and `size` with the column `verdict`."""
    columns = [differences[name].to_numpy(dtype=float) for name in ("mean", "sem", "size")]
    return differences.assign(verdict=verdicts(*columns, margin))


def _tail(distance: np.ndarray, sem: np.ndarray, count: np.ndarray) -> np.ndarray:
    """P(T < distance/sem) of Student's T, 0 or 1 where all values are equal; the nearer margin has the larger p."""
    from scipy.special import stdtr

    count = np.asarray(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stdtr(np.maximum(count - 1, 1), np.divide(distance, sem))
    return np.where(count > 1, p, np.nan)

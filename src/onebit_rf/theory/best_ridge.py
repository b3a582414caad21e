"""The ridge penalty λ ≥ 0 whose predicted test error is least, on average over networks; section 13 of the theory.

    λ*(n) = argmin over λ ≥ 0 of the mean over networks of R_test(n, λ)

R_test may have several minima in λ, as spectra with gaps give it, so that log λ is searched on a grid over all that
matters, and then on ever finer ones around the best. λ = 0 is a candidate of its own.
"""

from collections.abc import Sequence

import numpy as np

from onebit_rf.theory.own_spectrum import Moments, predict

_DECADES = (-10.0, 2.0)  # of λ/(n tr Σ): below lies what single precision does not resolve, above nothing is learned
_POINTS = 73  # six a decade
_PASSES = 3  # each narrows the steps 36 times: λ to 2e-4 of itself, and the error to about its square
_ALIKE = 1e-9  # errors that differ by less are the same; of two such penalties the one that is 0 is taken


def mean_test_error(networks: Sequence[Moments], n_train: np.ndarray, ridge: float | np.ndarray) -> np.ndarray:
    """Return the mean of R_test over networks for each n, and λ where it is an array; shape (g,)."""
    return np.mean([predict(moments, n_train, ridge)[0] for moments in networks], axis=0)


def best_ridge(networks: Sequence[Moments], n_train: np.ndarray) -> np.ndarray:
    """Return λ* for each n of `n_train`, shape (g,).

    Where nothing can be learned λ* is the largest that is tried, 100 n tr Σ.

    Args:
        networks: moments of one and the same target with the features of each network.
        n_train: n ≥ 1, shape (g,).
    """
    return np.array([_best(networks, n) for n in n_train])


def _best(networks: Sequence[Moments], n: float) -> float:
    scale = n * np.mean([moments.eigenvalues.sum() for moments in networks])
    decades = np.linspace(*_DECADES, _POINTS)
    for _ in range(_PASSES):
        errors = mean_test_error(networks, np.full(_POINTS, n), scale * 10**decades)
        at = int(np.argmin(errors))
        best, least = scale * 10 ** decades[at], errors[at]
        decades = np.linspace(decades[max(at - 1, 0)], decades[min(at + 1, _POINTS - 1)], _POINTS)
    without = mean_test_error(networks, np.array([n]), 0.0)[0]
    return 0.0 if without <= least * (1 + _ALIKE) else float(best)

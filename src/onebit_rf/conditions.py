"""The conditions stage: what the paper asks of the inputs x_0, measured on the rows of a data set.

The paper (arXiv 2510.16250) asks for mean 0, for a covariance Σ of bounded condition number, and for concentration:
Lipschitz functions of x_0 scatter as little as those of Gaussian vectors. Of the last two things are looked at, the
squared norm |x_0 − m|², which for Gaussian vectors has the variance 2 tr Σ², and what a random neuron sees, which for
Gaussian vectors is normal.
"""

from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.data.dataset import Dataset
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.tables.conditions import CONDITIONS
from onebit_rf.tables.files import write_table

NEURONS = 256  # random directions over which the excess kurtosis is averaged


def measure_conditions(
    path: str | Path, name: str, dataset: Dataset, spectrum: str | None, seed: int, params: dict[str, Any]
) -> None:
    """Write the table `conditions` of a data set, one row.

    Args:
        path: the table.
        name: of the data set.
        dataset: its rows; train and test rows count alike.
        spectrum: of Σ_0, where it is given: then eigenvalues are the population's; else None.
        seed: of the rows, and of the directions.
        params: what the table's provenance records.
    """
    x = dataset.x.astype(np.float64)
    mean = x.mean(axis=0)
    x -= mean
    given = spectrum is not None
    known = SPECTRA.get(spectrum).eigenvalues(x.shape[1]) if given else eigenvalues(x, float(mean @ mean))
    trace = float(known.sum())
    trace_sq = float(known @ known) if given else squared_trace(x)
    ratio, error = norm_scatter(x, trace_sq)
    write_table(
        path,
        CONDITIONS,
        params,
        dataset=[name],
        seed=seed,
        rows=len(x),
        dim=x.shape[1],
        mean=float(mean @ mean) / trace,
        covariance="given" if given else "measured",
        rank=len(known),
        condition=float(known[0] / known[-1]),
        leading_dim=trace / float(known[0]),
        effective_dim=trace**2 / trace_sq,
        norm_scatter=ratio,
        norm_error=error,
        kurtosis=excess_kurtosis(x, seed),
    )


def eigenvalues(x: np.ndarray, mean_sq: float = 0.0) -> np.ndarray:
    """Return the eigenvalues of the covariance xᵀx/N that are not rounding, largest first.

    Args:
        x: centred rows, shape (N, d), that were float32 before they were centred.
        mean_sq: |m|² of the mean that was subtracted.
    """
    gram = (x @ x.T if len(x) < x.shape[1] else x.T @ x) / len(x)
    found = np.linalg.eigvalsh(gram)[::-1]
    # float32 rounds an entry by at most ε/2 of it, which adds at most ε² E|x|² to the trace; float64 by d ε λ_max.
    rounding = np.finfo(np.float32).eps ** 2 * (np.trace(gram) + mean_sq)
    rounding += np.finfo(np.float64).eps * len(gram) * found[0]
    return found[found > rounding]


def squared_trace(x: np.ndarray) -> float:
    """Return the estimate of tr Σ² from centred rows, the mean of (x_i·x_j)² over i ≠ j.

    tr Σ̂² itself is too large by about (tr Σ)²/N.
    """
    n = len(x)
    gram = x @ x.T if n < x.shape[1] else x.T @ x  # the same |·|²
    return float((np.sum(gram**2) - np.sum(np.sum(x**2, axis=1) ** 2)) / (n * (n - 1)))


def norm_scatter(x: np.ndarray, trace_sq: float) -> tuple[float, float]:
    """Return Var |x|²/(2 tr Σ²) of centred rows, 1 for Gaussian vectors, and its standard error over the rows."""
    squares = np.sum(x**2, axis=1)
    off = (squares - squares.mean()) ** 2
    return float(off.mean() / (2 * trace_sq)), float(off.std() / np.sqrt(len(off)) / (2 * trace_sq))


def excess_kurtosis(x: np.ndarray, seed: int) -> float:
    """Return |E z⁴/(E z²)² − 3| of what a neuron sees, z = w·x with w ~ N(0, I), on average over NEURONS of them.

    Of N Gaussian rows, where it is 0 in the limit, sampling alone leaves about √(48/(πN)).
    """
    z = x @ stream(seed, "conditions").standard_normal((x.shape[1], NEURONS))
    return float(np.mean(np.abs(np.mean(z**4, axis=0) / np.mean(z**2, axis=0) ** 2 - 3)))

"""The equivalents stage: how far features are from Gaussian vectors of the moments that the theory gives them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.equivalents.curves import averaged_errors, root, train_sets
from onebit_rf.equivalents.distances import frobenius, operator, squared
from onebit_rf.equivalents.recursion import VARIANCES, start, step
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import draw_layers
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.tables.equivalents import EQUIVALENTS
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_group, read_matrix

Rows = dict[str, Any]  # columns of the table


def measure_equivalents(
    path: str | Path,
    features: str | Path,
    names: Mapping[str, Any],
    dims: Sequence[int],
    activation: str,
    spectrum: str,
    law: str,
    n_train: Sequence[int],
    ridges: Mapping[str, float],
    noise: float,
    skip: int,
    seed: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> None:
    """Write the table `equivalents` of one cell of an experiment, law and seed.

    Args:
        path: the table.
        features: table of the features.
        names: the columns `experiment` and `cell`, and the swept leaves with their values.
        dims: (d_0, …, d_L).
        activation, spectrum: φ, and of Σ_0.
        law: of the hidden weights, which are drawn again.
        n_train: increasing sample sizes.
        ridges: read-out → λ.
        noise: σ.
        skip: train rows left out.
        seed: root seed.
        progress: wraps the iteration over depths.

    Raises:
        OnebitError: where λ = 0 and features are linearly dependent.
    """
    params = {
        "dims": list(dims),
        "activation": activation,
        "spectrum": spectrum,
        "law": law,
        "skip": skip,
        "seed": seed,
    }
    params |= {"names": dict(names), "n_train": list(n_train), "ridges": dict(ridges), "noise": noise}
    split = np.array(read_group(features, FEATURES, 0, ["split"])["split"].to_pylist())
    is_train, is_test = (split == "train") & (np.arange(len(split)) >= skip), split == "test"
    moments = dict.fromkeys(VARIANCES, start(SPECTRA.get(spectrum).eigenvalues(dims[0])))
    with TableWriter(path, EQUIVALENTS.sweeping(names), params) as writer:
        for depth, weights in zip(progress(range(1, len(dims))), _draw_weights(law, dims, seed), strict=True):
            known = {**names, "law": law, "seed": seed, "depth": depth}
            x = read_matrix(features, FEATURES, "x", depth - 1).astype(np.float64)
            normal = stream(seed, "equivalents", depth).standard_normal(x.shape)  # the same for all laws
            moments = {variance: step(below, weights, activation, variance) for variance, below in moments.items()}
            twins = {variance: own.mean + normal @ root(own.covariance) for variance, own in moments.items()}
            for variance in VARIANCES:
                for rows, sample in (("features", x), ("gaussian", twins[variance])):
                    for result in _distances(sample, moments[variance].covariance):
                        writer.write(**known, rows=rows, variance=variance, **result)
            equivalent, twin = moments["shared"], twins["shared"]
            spectra = {"features": _covariance(x), "gaussian": _covariance(twin), "equivalent": equivalent.covariance}
            for rows, covariance in spectra.items():
                writer.write(**known, rows=rows, variance="shared", **_eigenvalues(covariance))
            second = {"features": x[is_test].T @ x[is_test] / is_test.sum(), "gaussian": equivalent.second}
            for rows, sample in (("features", x), ("gaussian", twin)):
                fitted = train_sets(sample[is_train], n_train[-1])
                try:
                    for result in _errors(fitted, second[rows], np.array(n_train), ridges, noise):
                        writer.write(**known, rows=rows, variance="shared", **result)
                except np.linalg.LinAlgError:
                    raise OnebitError(
                        f"{features}: the features of depth {depth} are linearly dependent, which ridge:0 cannot "
                        "handle; use ridge:λ with λ > 0 in this experiment"
                    ) from None


def _draw_weights(law: str, dims: Sequence[int], seed: int) -> Iterator[np.ndarray]:
    """Draw W_1, W_2, …, float64: what the layers that made the features do to the identity."""
    for fan_in, layer in zip(dims[:-1], draw_layers(law, dims, seed), strict=True):
        yield layer(np.eye(fan_in, dtype=np.float32)).T.astype(np.float64)


def _covariance(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=0)
    return centred.T @ centred / len(rows)


def _distances(rows: np.ndarray, covariance: np.ndarray) -> Iterator[Rows]:
    """Yield the distances of the rows' covariance from a given one."""
    centred = rows - rows.mean(axis=0)
    sample, known = centred.T @ centred / len(rows), {"readout": "none", "n_train": len(rows), "rank": 0}
    yield {**known, "metric": "frobenius", "value": [frobenius(sample, covariance)]}
    yield {**known, "metric": "operator", "value": [operator(sample, covariance)]}
    yield {**known, "metric": "squared", "value": [squared(centred, covariance)]}


def _eigenvalues(covariance: np.ndarray) -> Rows:
    values = np.linalg.eigvalsh(covariance)[::-1]
    return {
        "readout": "none",
        "n_train": 0,
        "metric": "eigenvalue",
        "rank": np.arange(1, len(values) + 1),
        "value": values,
    }


def _errors(
    fitted: Sequence[np.ndarray], second: np.ndarray, n_train: np.ndarray, ridges: Mapping[str, float], noise: float
) -> Iterator[Rows]:
    """Yield the test errors of every read-out at each n."""
    for readout, ridge in ridges.items():
        errors = averaged_errors(fitted, second, n_train, ridge, noise)
        yield {"readout": readout, "n_train": n_train, "metric": "mse", "rank": 0, "value": errors}

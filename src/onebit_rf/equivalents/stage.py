"""The equivalents stage: how far features are from Gaussian vectors of the moments that the theory gives them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from onebit_rf.equivalents.curves import averaged_errors, root, train_sets
from onebit_rf.equivalents.distances import frobenius, operator, squared
from onebit_rf.equivalents.recursion import VARIANCES, Moments, start, step
from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import draw_layers
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.tables.equivalents import EQUIVALENTS
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_group, read_matrix

Rows = dict[str, Any]  # columns of the table
USUAL = {"variance": "shared", "readout": "none", "n_train": 0, "rank": 0}


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
    fits = {"n_train": list(n_train), "ridges": dict(ridges), "noise": noise}
    model = {"dims": list(dims), "activation": activation, "spectrum": spectrum, "law": law}
    params = {"names": dict(names), **model, **fits, "skip": skip, "seed": seed}
    split = np.array(read_group(features, FEATURES, 0, ["split"])["split"].to_pylist())
    is_train, is_test = (split == "train") & (np.arange(len(split)) >= skip), split == "test"
    moments = dict.fromkeys(VARIANCES, start(SPECTRA.get(spectrum).eigenvalues(dims[0])))
    with TableWriter(path, EQUIVALENTS.sweeping(names), params) as writer:
        for depth, weights in zip(progress(range(1, len(dims))), _draw_weights(law, dims, seed), strict=True):
            moments = {variance: step(below, weights, activation, variance) for variance, below in moments.items()}
            x = read_matrix(features, FEATURES, "x", depth - 1).astype(np.float64)
            normal = stream(seed, "equivalents", depth).standard_normal(x.shape)  # the same for all laws
            twins = {variance: own.mean + normal @ root(own.covariance) for variance, own in moments.items()}
            try:
                for result in chain(
                    _covariances(x, twins, moments),
                    _errors("features", x[is_train], x[is_test].T @ x[is_test] / is_test.sum(), **fits),
                    _errors("gaussian", twins["shared"][is_train], moments["shared"].second, **fits),
                ):
                    writer.write(**names, law=law, seed=seed, depth=depth, **{**USUAL, **result})
            except np.linalg.LinAlgError:
                raise OnebitError(
                    f"{features}: the features of depth {depth} are linearly dependent, which ridge:0 cannot handle; "
                    "use ridge:λ with λ > 0 in this experiment"
                ) from None


def _draw_weights(law: str, dims: Sequence[int], seed: int) -> Iterator[np.ndarray]:
    """Draw W_1, W_2, …, float64: what the layers that made the features do to the identity."""
    for fan_in, layer in zip(dims[:-1], draw_layers(law, dims, seed), strict=True):
        yield layer(np.eye(fan_in, dtype=np.float32)).T.astype(np.float64)


def _covariances(x: np.ndarray, twins: Mapping[str, np.ndarray], moments: Mapping[str, Moments]) -> Iterator[Rows]:
    """Yield the distances of features x and of Gaussian vectors from the moments these have, and all eigenvalues."""
    yield {"rows": "equivalent", **_eigenvalues(moments["shared"].covariance)}
    for variance, equivalent in moments.items():
        for rows, sample in (("features", x), ("gaussian", twins[variance])):
            centred = sample - sample.mean(axis=0)
            covariance = centred.T @ centred / len(centred)
            distances = {
                "frobenius": frobenius(covariance, equivalent.covariance),
                "operator": operator(covariance, equivalent.covariance),
                "squared": squared(centred, equivalent.covariance),
            }
            known = {"rows": rows, "variance": variance, "n_train": len(sample)}
            yield from ({**known, "metric": metric, "value": [value]} for metric, value in distances.items())
            if variance == "shared":
                yield {"rows": rows, **_eigenvalues(covariance)}


def _eigenvalues(covariance: np.ndarray) -> Rows:
    values = np.linalg.eigvalsh(covariance)[::-1]
    return {"metric": "eigenvalue", "rank": np.arange(1, len(values) + 1), "value": values}


def _errors(
    rows: str,
    train: np.ndarray,
    second: np.ndarray,
    n_train: Sequence[int],
    ridges: Mapping[str, float],
    noise: float,
) -> Iterator[Rows]:
    """Yield the test errors of every read-out at each n, for the second moment of the test rows."""
    fitted, sizes = train_sets(train, n_train[-1]), np.array(n_train)
    for readout, ridge in ridges.items():
        errors = averaged_errors(fitted, second, sizes, ridge, noise)
        yield {"rows": rows, "metric": "mse", "readout": readout, "n_train": sizes, "value": errors}

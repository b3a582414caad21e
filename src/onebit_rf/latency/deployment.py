"""Trained one-bit networks on the native kernels: torch's predictions, how much faster, from how many bytes."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from onebit_rf.errors import OnebitError
from onebit_rf.features.packed import load_packed, write_packed
from onebit_rf.jobs.machine import processor
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.tables.deployment import DEPLOYMENT
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.weights import WEIGHTS
from onebit_rf.training.learned import Learned, list_learned, read_learned
from onebit_rf.training.quantizers import QUANTIZERS

BATCHES = (1, 64)
ROUNDS = 200  # of calls in turn, the least of which is told
LOGIT_TOLERANCE = 1e-5  # of the largest logit: two float32 sums of a thousand terms in different orders


def measure_deployment(
    path: str | Path, weights: str | Path, activation: str, x: np.ndarray, names: Mapping[str, Any], seed: int
) -> None:
    """Run every one-bit network in the table `weights`, of a training of fully connected layers; a table `deployment`.

    Args:
        path: the table.
        weights: a table `learned`.
        activation: φ.
        x: the test inputs, (rows, d_0).
        names: the columns `training` and `cell`, and the swept leaves with their values.
        seed: root seed.

    Raises:
        OnebitError: there is no one-bit network, or one predicts otherwise than torch.
    """
    known = list_learned(weights)
    places = [place for place, (model, _, _) in enumerate(known) if _is_one_bit(model)]
    if not places:
        raise OnebitError(f"{weights}: holds no model of one bit; add lsq:1 to the training's models")
    torch.set_num_threads(1)
    table = DEPLOYMENT.sweeping(names)
    with threadpool_limits(1), TableWriter(path, table, {"names": dict(names), "seed": seed}) as writer:
        for one in read_learned(weights, places):
            widths = ",".join(map(str, [x.shape[1], *(len(one.weights[name]) for name in one.hidden)]))
            named = {"model": one.model, "weight_decay": one.weight_decay, "protocol": one.protocol}
            for row in _deploy(one, activation, x):
                writer.write(**names, **named, seed=[seed], widths=widths, processor=processor(), **row)


def _is_one_bit(model: str) -> bool:
    return QUANTIZERS.get(model).bits == 1


def _deploy(one: Learned, activation: str, x: np.ndarray) -> list[dict[str, Any]]:
    """Return a row for every batch size."""
    with TemporaryDirectory() as folder:
        packed, full = Path(folder) / "packed.parquet", Path(folder) / "float.parquet"
        write_packed(packed, one, activation)
        _write_float(full, one)
        sizes = {"bytes_packed": packed.stat().st_size, "bytes_float": full.stat().st_size}
        native = load_packed(packed)
    reference = _torch_network(one, activation)
    agreement = _compare(native.logits(x), reference(torch.from_numpy(x)).numpy())
    if agreement["logit_error"] > LOGIT_TOLERANCE or agreement["disagreements"]:
        raise OnebitError(f"{one.model}: the native kernels predict otherwise than torch: {agreement}")
    rows = []
    for batch in BATCHES:
        part = x[:batch]
        of_float, of_native = _least_times([partial(reference, torch.from_numpy(part)), partial(native.logits, part)])
        times = {"seconds_float": of_float, "seconds_native": of_native, "speedup": of_float / of_native}
        rows.append({"batch": batch, "n_test": len(x), **agreement, **times, **sizes})
    return rows


def _torch_network(one: Learned, activation: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network in torch's float32, at the same de-quantized weights."""
    matrices = [torch.from_numpy(one.dequantised(name)) for name in one.hidden]
    weights, bias = torch.from_numpy(one.weights["a"]), torch.from_numpy(one.weights["b"])
    phi = ACTIVATIONS.get(activation).tensor

    @torch.inference_mode()
    def logits(x: torch.Tensor) -> torch.Tensor:
        for matrix in matrices:
            x = phi(torch, torch.nn.functional.linear(x, matrix))
        return torch.nn.functional.linear(x, weights, bias)

    return logits


def _compare(native: np.ndarray, reference: np.ndarray) -> dict[str, Any]:
    """Return how far the logits are apart, and on how many rows the classes are, ties left out."""
    largest = np.abs(reference).max()
    first, second = np.sort(reference, axis=1)[:, :-3:-1].T
    tied = first - second <= 2 * LOGIT_TOLERANCE * largest
    differs = native.argmax(1) != reference.argmax(1)
    return {
        "logit_error": float(np.abs(native - reference).max() / largest),
        "disagreements": int((differs & ~tied).sum()),
        "ties": int(tied.sum()),
    }


def _least_times(calls: list[Callable[[], Any]]) -> list[float]:
    """Return the least time of each call, all in turn so that other processes slow them alike."""
    least = [np.inf] * len(calls)
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            least[i] = min(least[i], time.perf_counter() - start)
    return least


def _write_float(path: Path, one: Learned) -> None:
    """Write all weights as float32, to compare sizes: as tested, the way that drawn weights are kept."""
    with TableWriter(path, WEIGHTS["dense"], {"model": one.model}) as writer:
        for layer, name in enumerate([*one.hidden, "a"], start=1):
            writer.write(layer=layer, weights=one.weights[name])

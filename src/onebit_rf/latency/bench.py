"""`onebit-rf bench`: what multiplies on this machine, and how fast, within given seconds."""

import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.machine import memory, processor
from onebit_rf.kernels import native, preferred
from onebit_rf.latency.clock import Clock
from onebit_rf.latency.products import Case, find_torch, make_cases

PROCESS_BYTES = 1 << 30  # of Python, torch, and the memory that is read to empty the caches


@dataclass(frozen=True)
class Bench:
    """What was measured.

    Attributes:
        bandwidth: bytes/s that the threads read from memory.
        products: records, in SI units, in the order of sizes and batches that was asked for.
        left_out: (d_in, d_out, batch) of products for which there was no time.
    """

    bandwidth: float
    products: list[dict[str, Any]]
    left_out: list[tuple[int, int, int]]


def describe_machine() -> dict[str, Any]:
    """Return what runs here: processor, memory, engines and which is in use or why none, what `auto` takes, versions.

    Raises:
        OnebitError: ONEBIT_RF_KERNEL names an engine that is not here.
    """
    blas = next((found for found in threadpool_info() if found["user_api"] == "blas"), {})  # NumPy's is loaded first
    backend, reason, torch = preferred(), native.why_unavailable(), find_torch()
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_bytes": memory(),
        "engines": native.engines(),
        "engine": native.engine() if reason is None else None,
        "why_no_engine": reason,
        "backend": backend,
        "versions": {
            "onebit-rf": _own_version(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "blas": " ".join(filter(None, map(blas.get, ("internal_api", "version", "architecture")))) or None,
            "torch": torch.__version__ if torch else None,
        },
    }


def _own_version() -> str | None:
    try:
        return version("onebit-rf")
    except PackageNotFoundError:  # sources on the path, not installed
        return None


def refuse_beyond_machine(sizes: Sequence[tuple[int, int]], rows: int, threads: int) -> None:
    """Raise OnebitError where the machine has fewer cores than `threads`, or cannot hold the products.

    Each keeps its weights twice in float32, three times in bits, and its rows; one at a time has its weights once
    more in float32 and in float64, and two outputs.
    """
    if threads > (os.cpu_count() or 1):
        raise OnebitError(f"threads: must be at most {os.cpu_count()}, the cores of this machine, got {threads}")
    kept = sum(9 * d_in * d_out + 4 * rows * d_in for d_in, d_out in sizes)
    needed = PROCESS_BYTES + kept + max(12 * d_in * d_out + 8 * rows * d_out for d_in, d_out in sizes)
    if needed > memory():
        raise OnebitError(
            f"sizes: these products need more than the {memory() / 1e9:.1f} GB of memory that this machine has; "
            "take smaller ones, or a smaller batch"
        )


def measure_products(sizes: Sequence[tuple[int, int]], batches: Sequence[int], threads: int, until: float) -> Bench:
    """Time x Wᵀ of every (d_in, d_out) in `sizes` at every batch, in rounds until `time.perf_counter()` is `until`.

    A round goes to the product that has had least time, so that each is measured all along and a disturbance meets all
    models alike. The smallest product gets one round at least.

    Raises:
        OnebitError: the machine has not the threads or the memory, or a one-bit product is wrong.
    """
    refuse_beyond_machine(sizes, max(batches), threads)
    if torch := find_torch():
        torch.set_num_threads(threads)
    with threadpool_limits(threads):
        clock, cases = Clock(), [case for size in sizes for case in make_cases(*size, batches, threads)]
        while case := _next(cases, until - time.perf_counter()):
            case.run_round(clock)
    done = [record for case in cases if case.rounds for record in case.records(clock.bandwidth())]
    return Bench(clock.bandwidth(), done, [case.size for case in cases if not case.rounds])


def _next(cases: Sequence[Case], left: float) -> Case | None:
    """Return the case of least time so far, the smallest first, among those whose round fits in what is left."""
    if not any(case.rounds for case in cases):
        return min(cases, key=_work)
    rate = min(sum(case.least.values()) / _work(case) for case in cases if case.rounds)

    def fits(case: Case) -> bool:
        # A first round has a third call of every model, for the check.
        return (case.seconds / case.rounds if case.rounds else 1.5 * rate * _work(case)) < left

    return min(filter(fits, cases), key=lambda case: (case.seconds, _work(case)), default=None)


def _work(case: Case) -> int:
    return math.prod(case.size)

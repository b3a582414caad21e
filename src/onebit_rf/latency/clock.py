"""Times of calls on the CPU, cold and warm, and the bandwidth of its memory."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

FLUSH_BYTES = 128 << 20  # read to empty the caches: several times the last-level cache that a core reaches
WARMING_SECONDS = 0.002  # of calls before a warm one: enough that small models find code and weights in the caches


class Clock:
    """Times a cold call, with the caches emptied, then a warm one after others."""

    def __init__(self) -> None:
        """Take the memory that is read to empty the caches."""
        self._ballast = np.ones(FLUSH_BYTES // 8)  # float64, whose inner product OpenBLAS gives to all its threads
        self._flush_seconds: list[float] = []

    def time(self, run: Callable[[], Any]) -> dict[str, float]:
        """Seconds of one cold and one warm call."""
        self._flush_seconds.append(_clock(self._flush))
        cold = warming = _clock(run)
        while warming < WARMING_SECONDS:
            warming += _clock(run)
        return {"cold": cold, "warm": _clock(run)}

    def bandwidth(self) -> float:
        """Bytes/s that the BLAS's threads read from memory, from the fastest of the flushes."""
        return FLUSH_BYTES / min(self._flush_seconds)

    def _flush(self) -> None:
        self._ballast @ self._ballast


def _clock(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start

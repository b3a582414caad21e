"""What every product asks of its input and output."""

import numpy as np

from onebit_rf.errors import OnebitError


def check_rows(
    shape: tuple[int, int], x: np.ndarray, out: np.ndarray | None, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return x (copied if not C-contiguous) and an output for it, new if `out` is None.

    Raises:
        OnebitError: x is not float32 (rows, d_in); out is not writable C-contiguous float32 (rows, d_out) or
            shares memory with x; threads < 1.
    """
    d_out, d_in = shape
    if x.dtype != np.float32 or x.ndim != 2 or x.shape[1] != d_in:
        raise OnebitError(f"x: need float32 (rows, {d_in}), got {x.dtype} {x.shape}")
    if threads < 1:
        raise OnebitError(f"threads: must be ≥ 1, got {threads}")
    if not x.flags.c_contiguous:
        x = np.ascontiguousarray(x)
    if out is None:
        return x, np.empty((len(x), d_out), np.float32)
    if out.dtype != np.float32 or out.shape != (len(x), d_out) or not out.flags.carray:
        raise OnebitError(f"out: need writable C-contiguous float32 {(len(x), d_out)}, got {out.dtype} {out.shape}")
    if np.may_share_memory(x, out):
        raise OnebitError("out: must not share memory with x")
    return x, out

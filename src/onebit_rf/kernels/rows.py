"""What every product asks of its scales, its input and its output."""

import operator
from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError

Scale = float | np.ndarray  # a number, or (groups, d_out)
WHOLE = 32  # inputs: a group has a multiple of them


def are_groups(groups: int, d_in: int) -> bool:
    """Say whether d_in inputs come in so many groups of whole words; all of them may be one group."""
    return groups == 1 or (groups > 1 and d_in % (WHOLE * groups) == 0)


def check_scale(scale: Any, shape: tuple[int, int]) -> Scale:
    """Return one scale as a float, or scales (d_out,) or (d_out, groups) as float32 (groups, d_out) of their own.

    Raises:
        OnebitError: not real numbers, or of another shape; groups that are not of 32, 64, 96, … inputs each.
    """
    d_out, d_in = shape
    numbers = np.asarray(scale)
    columns = numbers[:, None] if numbers.ndim == 1 else numbers
    if numbers.dtype.kind not in "iuf" or (numbers.ndim and (columns.ndim != 2 or len(columns) != d_out)):
        raise OnebitError(
            f"scale: need a number, {(d_out,)} or ({d_out}, groups) of them, got {numbers.dtype} {numbers.shape}"
        )
    if not numbers.ndim:
        return float(numbers)
    groups = columns.shape[1]
    if not are_groups(groups, d_in):
        raise OnebitError(f"scale: {d_in} inputs are not {groups} groups of a multiple of {WHOLE}")
    return np.array(columns.T, np.float32, order="C")


def check_rows(shape: tuple[int, int], x: Any, out: Any, threads: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Return x (copied if not C-contiguous and aligned), an output for it, new if `out` is None, and threads.

    Raises:
        OnebitError: x is not a float32 NumPy array (rows, d_in); out is not a writable, aligned, C-contiguous one of
            (rows, d_out) or shares memory with x; threads is not a whole number ≥ 1.
    """
    d_out, d_in = shape
    wanted = f"float32 (rows, {d_in})"
    if not isinstance(x, np.ndarray):
        raise OnebitError(f"x: need a NumPy array {wanted}, got {_named(x)}{_remedy(x)}")
    if x.dtype != np.float32 or x.ndim != 2 or x.shape[1] != d_in:
        raise OnebitError(f"x: need {wanted}, got {x.dtype} {x.shape}")
    threads = _whole(threads)
    x = np.require(x, requirements=["C_CONTIGUOUS", "ALIGNED"])
    if out is None:
        return x, np.empty((len(x), d_out), np.float32), threads
    wanted = f"float32 {(len(x), d_out)}"
    if not isinstance(out, np.ndarray):
        raise OnebitError(f"out: need a NumPy array {wanted}, got {_named(out)}")
    if out.dtype != np.float32 or out.shape != (len(x), d_out) or not out.flags.carray:
        raise OnebitError(
            f"out: need writable, aligned, C-contiguous {wanted}, got {out.dtype} {out.shape}{_lacking(out)}"
        )
    if np.may_share_memory(x, out):
        raise OnebitError("out: must not share memory with x")
    return x, out, threads


def _whole(threads: Any) -> int:
    try:
        number = operator.index(threads)
    except TypeError:
        number = 0
    if number < 1:
        raise OnebitError(f"threads: must be a whole number ≥ 1, got {threads!r}")
    return number


def _named(value: Any) -> str:
    """The type as its users call it: torch.Tensor, pandas.DataFrame, list."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return kind.__qualname__ if library == "builtins" else f"{library}.{kind.__qualname__}"


def _remedy(x: Any) -> str:
    """How a tensor, a frame or a list becomes an array."""
    if hasattr(x, "detach"):
        return "; x.detach().cpu().float().numpy() is one"
    if hasattr(x, "to_numpy"):
        return "; x.to_numpy().astype(np.float32) is one"
    return "; np.asarray(x, np.float32) is one" if isinstance(x, list | tuple) else ""


def _lacking(out: np.ndarray) -> str:
    """What an array of the right type and shape lacks."""
    lacks = {"not writable": out.flags.writeable, "not aligned": out.flags.aligned}
    lacks["not C-contiguous"] = out.flags.c_contiguous
    return "".join(f", {text}" for text, holds in lacks.items() if not holds)

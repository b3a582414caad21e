"""The backends that multiply by a sign matrix, and the choice among them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.libraries import IN_USE
from onebit_rf.kernels import dense, gemlite, native
from onebit_rf.kernels.rows import Scale
from onebit_rf.weights.signs import SignMatrix


class Product(Protocol):
    """A sign matrix made ready for one backend."""

    shape: tuple[int, int]

    def apply(
        self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1, activation: str | None = None
    ) -> np.ndarray:
        """Return φ(scale·x Wᵀ), float32 (rows, d_out), for float32 x (rows, d_in); without an activation scale·x Wᵀ."""


@dataclass(frozen=True)
class Backend:
    """One way to compute scale·x Wᵀ.

    Attributes:
        name: key in the registry.
        device: `cpu` or `cuda`, where it computes.
        relative_error: the Frobenius error against float64 to expect for Gaussian rows.
        prepare: (signs, scale) → Product.
        why_unavailable: () → None where the backend runs, else the reason in one line.
    """

    name: str
    device: str
    relative_error: float
    prepare: Callable[[SignMatrix, Scale], Product]
    why_unavailable: Callable[[], str | None]


def _native(name: str, tables: str, relative_error: float) -> Backend:
    prepare = partial(native.NativeProduct, tables=tables)
    return Backend(name, "cpu", relative_error, prepare, native.why_unavailable)


def backends() -> dict[str, Backend]:
    """Return every backend by name, whether it runs here or not."""
    known = (
        _native("native", "exact", 2e-7),
        _native("native-float", "float", 6e-7),
        _native("native-16bit", "16bit", 4e-5),
        _native("native-8bit", "8bit", 9e-3),
        Backend("dense", "cpu", 1e-6, dense.DenseProduct, lambda: None),
        Backend("gemlite", "cuda", 3e-4, gemlite.GemliteProduct, gemlite.why_unavailable),
    )
    return {backend.name: backend for backend in known}


def preferred() -> str:
    """Return what `auto` is: `native` where it runs and is faster than a float32 BLAS for batches too, else `dense`.

    Raises:
        OnebitError: ONEBIT_RF_KERNEL names an engine that does not run here.
    """
    return "native" if native.is_preferred() else "dense"


def preferred_in_words() -> str:
    """Return what `auto` is with its engine, or with the reason where it is `dense`; raises as `preferred`."""
    if preferred() == "native":
        return f"native, {native.engine()}"
    return f"dense, {native.why_unavailable() or 'as fast here as the portable engine'}"


def load(signs: SignMatrix, backend: str = "auto", scale: Scale = 1.0) -> Product:
    """Make `signs` ready to be applied: load(signs).apply(x, activation="relu") = φ(scale·x Wᵀ).

    `auto` is `preferred()`, as accurate as float32 either way. `scale` is a number, one for each output, (d_out,), or
    one for each group of inputs of each output, (d_out, groups), so that W_ij = scale_ig S_ij for j in group g: groups
    of d_in / groups inputs, a multiple of 32.

    Raises:
        OnebitError: scales that are none of these; no such backend, or it (or the engine that ONEBIT_RF_KERNEL names)
            does not run here.
    """
    known = backends()
    if backend == "auto":
        backend = preferred()
        IN_USE["one-bit products"] = preferred_in_words()
    if backend not in known:
        raise OnebitError(f"backend: unknown {backend!r}; known are auto, {', '.join(known)}")
    reason = known[backend].why_unavailable()
    if reason:
        raise OnebitError(f"backend: {backend} does not run here: {reason}")
    return known[backend].prepare(signs, scale)

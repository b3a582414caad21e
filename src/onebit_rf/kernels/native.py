"""Products by table look-up on the CPU: the C extension `_signs`; lookup/engine.h says how they work."""

import importlib.util
import os

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.kernels.rows import Scale, check_rows, check_scale
from onebit_rf.model.activations import activate
from onebit_rf.weights.signs import SignMatrix

NOT_BUILT = "the C extension is not built (no C compiler at installation: install one, then the package again)"


def _why_not(name: str, error: Exception) -> str:
    """Say why the extension was not imported: it is not there, or it is there and does not load."""
    found = importlib.util.find_spec(name)
    if found is None:
        return NOT_BUILT
    return f"the C extension {found.origin} does not load: {' '.join(str(error).split())}"


_why_missing = ""
try:
    from onebit_rf.kernels import _signs
except (ImportError, OSError) as error:  # another machine's build, a missing library, no right to map it
    _signs, _why_missing = None, _why_not("onebit_rf.kernels._signs", error)

# avx512 | avx2 | neon | portable forces that engine of `_signs`; dense does without it; unset takes the fastest.
ENVIRONMENT = "ONEBIT_RF_KERNEL"

MOST_INPUTS = 1 << 24
# Byte planes of the tables; 0 keeps them in float32.
PLANES = {"exact": 3, "16bit": 2, "8bit": 1, "float": 0}
# The activations that are applied while outputs are in the first-level cache, by what the extension calls them.
FUSED = {name: number for number, name in enumerate(_signs.activations(), 1)} if _signs else {}


def engines() -> list[str]:
    """Return the engines that this build and this processor have, fastest first."""
    return _signs.engines() if _signs else []


def engine() -> str:
    """Return the engine in use: the one that ONEBIT_RF_KERNEL names, else the fastest. Raises OnebitError if none."""
    reason = why_unavailable()
    if reason:
        raise OnebitError(f"native kernel: {reason}")
    return os.environ.get(ENVIRONMENT) or engines()[0]


def why_unavailable() -> str | None:
    """Return None if a native engine runs here, else the reason in one line."""
    wanted, found = os.environ.get(ENVIRONMENT), engines()
    if wanted == "dense":
        return f"{ENVIRONMENT}=dense"
    if not found:
        return _why_missing
    if wanted and wanted not in found:
        return f"{ENVIRONMENT}={wanted} is not one of {', '.join(found)}, dense"
    return None


def is_preferred() -> bool:
    """Say whether the native kernel is the backend to take: its engine was asked for, or has vector look-ups.

    The portable engine beats a float32 BLAS for single rows only. Raises OnebitError where ONEBIT_RF_KERNEL names an
    engine that is not here.
    """
    wanted = os.environ.get(ENVIRONMENT)
    if wanted and wanted != "dense":
        return engine() == wanted
    return why_unavailable() is None and engine() != "portable"


class NativeProduct:
    """x ↦ φ(scale·x Wᵀ) by table look-up, bitwise the same for any thread count, batch split and engine.

    Tables: "exact" 24-bit integers, relative error ~2e-7; "float" float32, ~6e-7, no grid common to a row;
    "16bit" 16-bit integers, ~3e-5, a tenth of float16's; "8bit" 8-bit integers, ~9e-3, for inference that bears it.
    A row of x that holds NaN, ±inf or only numbers below 5e-32 uses float tables whatever was asked for.
    """

    def __init__(self, signs: SignMatrix, scale: Scale = 1.0, tables: str = "exact") -> None:
        """Lay `signs` out for the engine in use.

        One scale is applied in float64 before the result is rounded; one for each output, (d_out,), in float32 after;
        (d_out, groups) in float32 to the sums over each group, which are added in order.

        Raises:
            OnebitError: scales that are none of these; more than 2²⁴ inputs, whose sums of entries could overflow.
        """
        if signs.d_in > MOST_INPUTS:
            raise OnebitError(
                f"signs: the native kernel takes at most {MOST_INPUTS} inputs, got {signs.d_in}; take dense"
            )
        self.shape = signs.shape
        self.engine = engine()
        scale = check_scale(scale, signs.shape)
        self._scale, scales = (1.0, scale) if isinstance(scale, np.ndarray) else (scale, None)
        self._matrix = _signs.pack(signs.bits, *signs.shape, scales, PLANES[tables], self.engine)

    def apply(
        self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1, activation: str | None = None
    ) -> np.ndarray:
        """Return φ(scale·x Wᵀ), float32 (rows, d_out), for float32 x (rows, d_in); see `check_rows` for errors."""
        try:  # first, since looking at arrays in Python takes as long as a small product
            z = np.empty((len(x), self.shape[0]), np.float32) if out is None else out
            return self._apply(x, z, threads, activation)
        except (TypeError, ValueError, BufferError):
            pass  # not as the extension takes it: mend it, or say what is wrong
        return self._apply(*check_rows(self.shape, x, out, threads), activation)

    def _apply(self, x: np.ndarray, z: np.ndarray, threads: int, activation: str | None) -> np.ndarray:
        fused = FUSED.get(activation, 0)
        _signs.apply(self._matrix, x, z, self._scale, fused, threads)
        return z if fused or activation is None else activate(z, activation)

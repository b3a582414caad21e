"""The reference: unpack the signs to float32 and let the BLAS behind NumPy multiply."""

import functools
from contextlib import AbstractContextManager

import numpy as np
from threadpoolctl import ThreadpoolController

from onebit_rf.kernels.rows import Scale, check_rows, check_scale
from onebit_rf.model.activations import activate
from onebit_rf.weights.signs import SignMatrix, unpack_signs


@functools.cache
def _blas() -> ThreadpoolController:
    """Find the BLAS libraries once: looking for them takes longer than a small product."""
    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager:
    """Return a context in which the BLAS takes one thread; around threads of one's own, since it is the process's."""
    return _blas().limit(limits=1)


class DenseProduct:
    """x ↦ φ(scale·x Wᵀ) in float32, at 32 times the memory of the packed signs.

    Relative error ~1e-6. It may differ in the last bits between thread counts and batch sizes.
    """

    def __init__(self, signs: SignMatrix, scale: Scale = 1.0) -> None:
        """Unpack `signs`; `scale`, a number or one for each output, multiplies the result, and that of groups W."""
        d_out, d_in = self.shape = signs.shape
        self.scale = np.float32(check_scale(scale, signs.shape))
        self._transposed = unpack_signs(signs).T
        if self.scale.ndim and len(self.scale) > 1:
            groups = self._transposed.reshape(len(self.scale), -1, d_out)
            self._transposed = (groups * self.scale[:, None]).reshape(d_in, d_out)
            self.scale = np.float32(1)

    def apply(
        self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1, activation: str | None = None
    ) -> np.ndarray:
        """Return φ(scale·x Wᵀ), float32 (rows, d_out), for float32 x (rows, d_in); see `check_rows` for errors."""
        x, out, threads = check_rows(self.shape, x, out, threads)
        with _blas().limit(limits=threads):
            np.matmul(x, self._transposed, out=out)
        if np.any(self.scale != 1):
            out *= self.scale
        return activate(out, activation)

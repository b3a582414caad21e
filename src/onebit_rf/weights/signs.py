"""Sign matrices, one bit per weight."""

from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError


@dataclass(frozen=True, eq=False)
class SignMatrix:
    """W ∈ {−1, +1}^{d_out×d_in}, packed along its rows.

    Attributes:
        bits: uint8 (d_out, ceil(d_in/8)), C-contiguous. Bit j % 8 (little order) of bits[i, j // 8] is 1
            where W_ij = +1. The bits past column d_in are 0.
        d_in: number of columns.
    """

    bits: np.ndarray
    d_in: int

    def __post_init__(self) -> None:
        """Raise OnebitError if `bits` cannot be the packed form of a matrix with `d_in` columns."""
        expected = (len(self.bits), (self.d_in + 7) // 8)
        if self.bits.dtype != np.uint8 or self.bits.shape != expected or 0 in expected:
            raise OnebitError(
                f"bits: need uint8 (d_out, {expected[1]}) with d_out ≥ 1 for d_in = {self.d_in}, "
                f"got {self.bits.dtype} {self.bits.shape}"
            )
        if not self.bits.flags.c_contiguous:
            object.__setattr__(self, "bits", np.ascontiguousarray(self.bits))
        if self.d_in % 8 and (self.bits[:, -1] >> (self.d_in % 8)).any():
            raise OnebitError(f"bits: the bits past column d_in = {self.d_in} must be 0")

    @property
    def shape(self) -> tuple[int, int]:
        """(d_out, d_in)."""
        return len(self.bits), self.d_in


def pack_signs(dense: np.ndarray) -> SignMatrix:
    """Pack the signs of a real matrix (d_out, d_in): W_ij = +1 where dense_ij ≥ 0 (−0.0 too), else −1.

    A matrix of booleans is taken as the bits: True is +1, False is −1.

    Raises:
        OnebitError: not a matrix with entries; an entry is NaN, which has no sign, or not a number; or the entries are
            whole numbers with 0 and none below it, as bits are: their signs would all be +1.
    """
    dense = np.asarray(dense)
    if dense.ndim != 2 or 0 in dense.shape:
        raise OnebitError(f"dense: need a matrix with at least one entry, got shape {dense.shape}")
    if dense.dtype.kind not in "biuf":
        raise OnebitError(f"dense: need real numbers or booleans, got {dense.dtype}")
    positive = dense if dense.dtype.kind == "b" else dense >= 0
    if dense.dtype.kind in "iu" and positive.all() and not dense.all():
        raise OnebitError("dense: integers without a negative one are no signs; for bits use dense.astype(bool)")
    # A NaN is neither ≥ 0 nor < 0. Its sum is NaN only if an entry is (or inf − inf): look closer only then.
    if dense.dtype.kind == "f" and np.isnan(dense.sum(dtype=np.float64)) and np.isnan(dense).any():
        raise OnebitError("dense: NaN has no sign")
    return SignMatrix(np.packbits(positive, axis=1, bitorder="little"), dense.shape[1])


def unpack_signs(signs: SignMatrix) -> np.ndarray:
    """Return W as float32 ±1, shape (d_out, d_in)."""
    dense = np.unpackbits(signs.bits, axis=1, count=signs.d_in, bitorder="little").astype(np.float32)
    dense *= 2
    dense -= 1
    return dense

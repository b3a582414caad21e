"""Products on a CUDA device by gemlite's 1-bit Triton kernels, in float16.

gemlite represents a weight as (q − zero)·scale with q a bit: q = 1 where W_ij = +1, zero = 1/2 and scale = 2 give ±1
exactly. Everything that float16 would round or overflow stays outside: rows of x are divided by their largest entry
in float32 before they become float16, and that factor and `scale` multiply the result in float32.
"""

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.kernels.rows import check_rows
from onebit_rf.weights.signs import SignMatrix

if TYPE_CHECKING:
    import torch

GROUP = 64  # weights per group of gemlite's meta-data; d_in must be a multiple
PACKING_BITWIDTH = 8  # gemlite's default, 32, gives wrong numbers for one-bit weights where autotuning is off


def why_unavailable() -> str | None:
    """Return None if gemlite and a CUDA device are here, else the reason in one line."""
    if importlib.util.find_spec("gemlite") is None:
        return "gemlite is not installed (extra gpu)"
    import torch

    return None if torch.cuda.is_available() else "torch finds no CUDA device"


def packed_numbers(signs: SignMatrix) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
    """Return what gemlite stores: bits, scales and zeros with W_ij = (q_ij − zeros_ig)·scales_ig, g = j // GROUP.

    bits: uint8 (d_out, d_in/8), q_ij at bit j % 8 of bits[i, j // 8], the order of SignMatrix.
    scales, zeros: float16 (d_out, d_in/GROUP).

    Raises:
        OnebitError: d_in is not a multiple of GROUP, or d_out not one of 32, which gemlite's kernels need.
    """
    import torch

    d_out, d_in = signs.shape
    if d_in % GROUP or d_out % 32:
        raise OnebitError(f"gemlite: needs d_in a multiple of {GROUP} and d_out of 32, got {d_in} → {d_out}")
    groups = (d_out, d_in // GROUP)
    bits = torch.from_numpy(signs.bits.copy())  # a copy, as the bits may be read-only
    return bits, torch.full(groups, 2.0, dtype=torch.float16), torch.full(groups, 0.5, dtype=torch.float16)


class GemliteProduct:
    """x ↦ scale·x Wᵀ on the current CUDA device; relative error ~5e-4, that of float16 rows and results.

    For rows that are on the device already: `multiply`, or `layer`, the gemlite layer, float16 (rows, d_in) → x Wᵀ in
    float16 (rows, d_out). The first call at a batch size tunes the kernel, which takes seconds.
    """

    def __init__(self, signs: SignMatrix, scale: float = 1.0) -> None:
        """Move the bits to the device; raises OnebitError for shapes that gemlite does not take."""
        from gemlite import DType, GemLiteLinear

        self.shape = signs.shape
        self.scale = float(scale)
        bits, scales, zeros = (tensor.cuda() for tensor in packed_numbers(signs))
        d_out, d_in = signs.shape
        self.layer = GemLiteLinear(1, GROUP, d_in, d_out, input_dtype=DType.FP16, output_dtype=DType.FP16)
        self.layer.pack(bits, scales, zeros, packing_bitwidth=PACKING_BITWIDTH, packed=True)

    def multiply(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return scale·x Wᵀ, float32 (rows, d_out), for float32 x (rows, d_in), both on the device."""
        import torch

        if not len(rows):
            return rows.new_empty((0, self.shape[0]))
        # A row that is zero, or holds NaN or inf, is not scaled: 0/0 and inf/inf would be NaN where it has none.
        largest = rows.abs().amax(dim=1, keepdim=True)
        largest = torch.where((largest > 0) & largest.isfinite(), largest, 1.0)
        return self.layer((rows / largest).half()).float() * (largest * self.scale)

    def apply(self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1) -> np.ndarray:
        """Return scale·x Wᵀ, float32 (rows, d_out), for float32 x (rows, d_in); see `check_rows` for errors."""
        import torch

        x, out, _ = check_rows(self.shape, x, out, threads)
        np.copyto(out, self.multiply(torch.from_numpy(x.copy()).cuda()).cpu().numpy())
        return out

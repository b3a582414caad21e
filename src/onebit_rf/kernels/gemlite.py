"""Products on a CUDA device by gemlite's 1-bit Triton kernels, in float16 times bits with float32 sums.

gemlite multiplies by the bits q = (1 + S)/2 as they are, without the scales and zeros of its quantized layers, whose
reading took half as many bytes again as the bits: x Sᵀ = 2·x qᵀ − Σx. Everything that float16 would round or overflow
stays outside: rows of x are divided by their largest entry in float32 before they become float16, and that factor and
`scale` multiply the result in float32.
"""

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.kernels.rows import Scale, check_rows, check_scale
from onebit_rf.model.activations import activate
from onebit_rf.weights.signs import SignMatrix

if TYPE_CHECKING:
    import torch

MULTIPLE = 32  # of gemlite's kernels: both d_in and d_out are one
PACKING_BITWIDTH = 8  # gemlite's default, 32, gives wrong numbers for one-bit weights where autotuning is off
GEMM_ROWS = 64  # from here on gemlite's GEMM is the fastest of its kernels; below, one that splits the sums


def why_unavailable() -> str | None:
    """Return None if gemlite and a CUDA device are here, else the reason in one line."""
    if importlib.util.find_spec("gemlite") is None:
        return "gemlite is not installed (extra gpu)"
    import torch

    return None if torch.cuda.is_available() else "torch finds no CUDA device"


class GemliteProduct:
    """x ↦ scale·x Sᵀ on the current CUDA device; relative error ~3e-4, that of float16 rows.

    For rows that are on the device already: `multiply`, or `half_product` for float16 ones. The first call at a batch
    size tunes the kernel, which takes ten seconds. Sums are added in no fixed order. A row that holds ±inf gives NaN.
    """

    def __init__(self, signs: SignMatrix, scale: Scale = 1.0) -> None:
        """Move the bits to the device; raises OnebitError for shapes that gemlite does not take, and for groups."""
        d_out, d_in = self.shape = signs.shape
        if d_in % MULTIPLE or d_out % MULTIPLE:
            raise OnebitError(f"gemlite: needs d_in and d_out that are multiples of {MULTIPLE}, got {d_in} → {d_out}")
        scale = check_scale(scale, signs.shape)
        if isinstance(scale, np.ndarray) and len(scale) > 1:
            raise OnebitError(f"gemlite: takes a number or {(d_out,)} of them as scale, not those of groups")
        import torch
        from gemlite import DType, GemLiteLinear

        self.scale = torch.from_numpy(scale).cuda() if isinstance(scale, np.ndarray) else scale
        self.layer = GemLiteLinear(1, d_in, d_in, d_out, input_dtype=DType.FP16, output_dtype=DType.FP32)
        bits = torch.from_numpy(signs.bits.copy()).cuda()  # a copy, as the bits may be read-only
        self.layer.pack(bits, None, None, packing_bitwidth=PACKING_BITWIDTH, packed=True)

    def half_product(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return ½ x Sᵀ = x qᵀ − ½ Σx, float32 (rows, d_out), for float16 x (rows, d_in), both on the device."""
        import torch

        kind = "GEMV" if len(rows) == 1 else "GEMM_SPLITK" if len(rows) < GEMM_ROWS else "GEMM"
        total = rows.sum(dim=1, keepdim=True, dtype=torch.float32)
        return torch.sub(self.layer.forward_manual(rows, matmul_type=kind), total, alpha=0.5)

    def multiply(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return scale·x Sᵀ, float32 (rows, d_out), for float32 x (rows, d_in), both on the device."""
        import torch

        if not len(rows):
            return rows.new_empty((0, self.shape[0]))
        # A row that is zero, or holds NaN or inf, is not scaled: 0/0 would be NaN where it has none.
        largest = rows.abs().amax(dim=1, keepdim=True)
        largest = torch.where((largest > 0) & largest.isfinite(), largest, 1.0)
        return self.half_product((rows / largest).half()) * (largest * (2 * self.scale))

    def apply(
        self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1, activation: str | None = None
    ) -> np.ndarray:
        """Return φ(scale·x Sᵀ), float32 (rows, d_out), for float32 x (rows, d_in); see `check_rows` for errors."""
        import torch

        x, out, _ = check_rows(self.shape, x, out, threads)
        np.copyto(out, self.multiply(torch.from_numpy(x.copy()).cuda()).cpu().numpy())
        return activate(out, activation)

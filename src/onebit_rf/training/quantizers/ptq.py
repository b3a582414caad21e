"""Rounding after float training, to the grid of least distortion for a normal law of the weights' mean square."""

from typing import TYPE_CHECKING

from onebit_rf.model.grids import grid
from onebit_rf.training.quantizers import Quantizer, whole_bits

if TYPE_CHECKING:
    from torch import Tensor


def quantizer(bits: float) -> Quantizer:
    """Return the quantizer at `bits` b."""
    return Quantizer("ptq", whole_bits(bits), _start, lambda v, step, bits, uniform: v, after=True)


def _start(v: "Tensor", bits: "Tensor", dims: tuple[int, ...]) -> "Tensor":
    steps = v.new_tensor([grid(int(b)).step for b in bits.flatten()]).view(bits.shape)
    return steps * v.square().mean(dims, keepdim=True).sqrt()

"""The quantizers that hidden weights are trained through, a file each.

A weight v with the step s becomes v̂ = s · level(v/s), one of 2^b levels. Zero-mean grids have the levels ±½, ±3/2, …,
±(2^b − 1)/2; the two's-complement grid −2^{b−1} … 2^{b−1} − 1 has the mean −s/2 and is here as a control.

Quantizers are named with the configuration: torch is imported with what rounds, `onebit_rf.training.rounding`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onebit_rf.errors import OnebitError
from onebit_rf.model.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

FLOAT_BITS = 32
MOST_BITS = 8
ZERO_MEAN, WHOLE = 0.0, 0.5  # level(u) = ⌊u + shift⌋ + ½ − shift on the zero-mean and on the two's-complement grid


@dataclass(frozen=True)
class Quantizer:
    """A quantizer at a number of bits, as it acts on weights v (M, …) of M models.

    Steps s are (M, 1, …), or (M, channels, 1, …) where every output channel has its own.

    Attributes:
        kind: its name without the bits.
        bits: b; 32 for weights that stay float32.
        start: (v, b, dims) → s as training begins, from means over `dims`.
        train: (v, s, b, u) → v̂ as training sees it, with its gradient; u are numbers uniform on [−½, ½) of one
            model's shape, drawn where `noisy`.
        shift: of the grid, ZERO_MEAN or WHOLE, that weights are on when they are tested; None where they stay float32.
        learned: whether s is trained; otherwise it is `start` of the weights as they are.
        noisy: whether `train` takes random numbers.
        after: whether the weights are trained as float32 and rounded after it.
    """

    kind: str
    bits: int
    start: "Callable[[Tensor, Tensor, tuple[int, ...]], Tensor]"
    train: "Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]"
    shift: float | None = ZERO_MEAN
    learned: bool = False
    noisy: bool = False
    after: bool = False

    @property
    def name(self) -> str:
        """How the configuration spells it: KIND:BITS, or float."""
        return self.kind if self.bits == FLOAT_BITS else f"{self.kind}:{self.bits}"


QUANTIZERS: Registry[Quantizer] = Registry("training/quantizers", "quantizer")


def whole_bits(bits: float, least: int = 1) -> int:
    """Return b as a whole number.

    Raises:
        OnebitError: b is not one of `least` … 8.
    """
    if bits != int(bits) or not least <= bits <= MOST_BITS:
        raise OnebitError(f"bits: must be {least} to {MOST_BITS}, or the quantizer float with 32, got {bits:g}")
    return int(bits)

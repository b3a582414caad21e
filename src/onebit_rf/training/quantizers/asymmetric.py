"""The control: learned step size on the two's-complement grid −2^{b−1} … 2^{b−1} − 1, whose mean is −s/2."""

from typing import TYPE_CHECKING

from onebit_rf.training.quantizers import WHOLE, Quantizer, whole_bits

if TYPE_CHECKING:
    from torch import Tensor


def quantizer(bits: float) -> Quantizer:
    """Return the quantizer at `bits` b ≥ 2: of one bit the levels −1 and 0 would be left."""
    return Quantizer("asymmetric", whole_bits(bits, least=2), _start, _train, shift=WHOLE, learned=True)


def _start(v: "Tensor", bits: "Tensor", dims: tuple[int, ...]) -> "Tensor":
    """Return 2⟨|v|⟩/√Q_P, Q_P = 2^{b−1} − 1 the largest level, as the method's source has it."""
    from onebit_rf.training.rounding import end_level

    return 2 * v.abs().mean(dims, keepdim=True) * end_level(bits, WHOLE) ** -0.5


def _train(v: "Tensor", step: "Tensor", bits: "Tensor", uniform: "Tensor | None") -> "Tensor":
    from onebit_rf.training.rounding import grid_of, round_through

    return round_through(v, step, *grid_of(bits, WHOLE))

"""Learned step size quantization (arXiv 1902.08153) on the zero-mean grid; one bit is α sign(v), s = 2α."""

from typing import TYPE_CHECKING

from onebit_rf.training.quantizers import ZERO_MEAN, Quantizer, whole_bits

if TYPE_CHECKING:
    from torch import Tensor


def quantizer(bits: float) -> Quantizer:
    """Return the quantizer at `bits` b; its gradients are those of `round_through`."""
    return Quantizer("lsq", whole_bits(bits), start_step, _train, learned=True)


def start_step(v: "Tensor", bits: "Tensor", dims: tuple[int, ...]) -> "Tensor":
    """Return 2⟨|v|⟩/√Q_P, Q_P = (2^b − 1)/2 the end level; at one bit Q_P = 1, so that α starts at ⟨|v|⟩."""
    from onebit_rf.training.rounding import end_level

    return 2 * v.abs().mean(dims, keepdim=True) * end_level(bits, ZERO_MEAN) ** -0.5


def _train(v: "Tensor", step: "Tensor", bits: "Tensor", uniform: "Tensor | None") -> "Tensor":
    from onebit_rf.training.rounding import grid_of, round_through

    return round_through(v, step, *grid_of(bits, ZERO_MEAN))

"""Weights in float32, not rounded at all."""

from onebit_rf.training.quantizers import FLOAT_BITS, Quantizer

quantizer = Quantizer(
    "float",
    FLOAT_BITS,
    start=lambda v, bits, dims: v.new_zeros(bits.shape),
    train=lambda v, step, bits, uniform: v,
    shift=None,
)

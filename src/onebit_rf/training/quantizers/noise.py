"""The noise model of rounding: v + s u, u uniform on [−½, ½) and fresh at every step; rounded for the test alone.

The step is tied to the weights, s = 2⟨|v|⟩/√Q_P at every step of the training: a fixed one would regularise nothing.
"""

from onebit_rf.training.quantizers import Quantizer, whole_bits
from onebit_rf.training.quantizers.lsq import start_step


def quantizer(bits: float) -> Quantizer:
    """Return the quantizer at `bits` b."""
    return Quantizer(
        "noise", whole_bits(bits), start_step, lambda v, step, bits, uniform: v + step * uniform, noisy=True
    )

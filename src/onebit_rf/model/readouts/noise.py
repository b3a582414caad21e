"""ridge:λ under noise on its weights while it is trained: that of a grid of BITS bits, Δ²/12 |a|²/d_L per weight."""

from onebit_rf.model.grids import grid
from onebit_rf.model.readouts import Readout, check_penalty, spell


def readout(bits: float, ridge: float = 0.0) -> Readout:
    """Return noise:BITS or noise:BITS,λ."""
    fields = {"ridge": check_penalty("noise", ridge), "weight_noise": grid(bits).step ** 2 / 12}
    return Readout(spell("noise", grid(bits).bits, ridge), fields, "noise")

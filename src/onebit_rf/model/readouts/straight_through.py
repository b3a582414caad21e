"""ridge:λ trained further through the rounding to BITS bits by straight-through gradients; no theory."""

from onebit_rf.model.grids import grid
from onebit_rf.model.readouts import Readout, check_penalty, spell


def readout(bits: float, ridge: float = 0.0) -> Readout:
    """Return straight-through:BITS or straight-through:BITS,λ."""
    fields, options = {"ridge": check_penalty("straight-through", ridge)}, {"bits": grid(bits).bits}
    name = spell("straight-through", grid(bits).bits, ridge)
    return Readout(name, fields, "straight_through", options=options, predicted=False)

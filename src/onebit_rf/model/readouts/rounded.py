"""ridge:λ rounded after training to the grid of BITS bits, scaled by its root mean square; λ = 0 unless given."""

from onebit_rf.model.grids import grid
from onebit_rf.model.readouts import Readout, check_penalty, spell


def readout(bits: float, ridge: float = 0.0) -> Readout:
    """Return rounded:BITS or rounded:BITS,λ."""
    fields = {"ridge": check_penalty("rounded", ridge)}
    return Readout(spell("rounded", grid(bits).bits, ridge), fields, "rounded", options={"bits": grid(bits).bits})

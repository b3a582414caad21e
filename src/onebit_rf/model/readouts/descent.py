"""Stochastic mirror descent itself, run until it interpolates; n < d_L."""

from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.readouts import Readout


def readout(mirror: str) -> Readout:
    """Return descent:MIRROR for a member of the mirrors."""
    name = MIRRORS.canonical(mirror)
    return Readout(f"descent:{name}", {"mirror": name}, "descent", interpolates=True)

"""The interpolator that stochastic mirror descent ends at, found from its dual; n < d_L."""

from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.readouts import Readout


def readout(mirror: str) -> Readout:
    """Return mirror:MIRROR for a member of the mirrors."""
    name = MIRRORS.canonical(mirror)
    return Readout(f"mirror:{name}", {"mirror": name}, "mirror", interpolates=True)

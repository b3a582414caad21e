"""argmin |y − Xa|² + λ|a|²; λ = 0 is minimum norm (n ≤ d_L) or least squares (n > d_L)."""

from onebit_rf.model.readouts import Readout, check_penalty
from onebit_rf.model.registry import number_text


def readout(penalty: float) -> Readout:
    """Return ridge:λ, λ ≥ 0."""
    fields = {"ridge": check_penalty("ridge", penalty)}
    return Readout(f"ridge:{number_text(penalty)}", fields, "ridge", learns_labels=True)

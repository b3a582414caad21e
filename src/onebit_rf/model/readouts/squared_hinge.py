"""argmin Σ ℓ(y_i f_i) + (λ/2)|w|², f = X w/√d_L, of the teacher's signs by the squared-hinge loss; λ > 0."""

from onebit_rf.model.readouts import Readout, check_penalty
from onebit_rf.model.registry import number_text


def readout(penalty: float) -> Readout:
    """Return squared-hinge:λ, λ > 0."""
    fields = {"loss": "squared-hinge", "penalty": check_penalty("squared-hinge", penalty, positive=True)}
    return Readout(f"squared-hinge:{number_text(penalty)}", fields, "classifier", classifies=True)

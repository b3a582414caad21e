"""argmin Σ ℓ(y_i f_i) + (λ/2)|w|², f = X w/√d_L, of the teacher's signs by the logistic loss; λ > 0."""

from onebit_rf.model.readouts import Readout, check_penalty
from onebit_rf.model.registry import number_text


def readout(penalty: float) -> Readout:
    """Return logistic:λ, λ > 0."""
    fields = {"loss": "logistic", "penalty": check_penalty("logistic", penalty, positive=True)}
    return Readout(f"logistic:{number_text(penalty)}", fields, "classifier", classifies=True)

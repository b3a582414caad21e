"""W_ij of Student's t law with ν degrees of freedom, scaled to variance 1/d."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law

FOURTH = 4  # ν up to which the fourth moment is infinite


def law(degrees: float) -> Law:
    """Return the law √((ν − 2)/ν) t_ν/√d; ν = ∞ is normal, and moments of order ν and more are infinite.

    Raises:
        OnebitError: unless 2 < ν < ∞.
    """
    if not 2 < degrees < float("inf"):
        raise OnebitError(f"law: student:DEGREES needs finite DEGREES > 2 (variance), got {degrees:g}")

    def draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
        drawn = stream(seed, "weights", "student", layer).standard_t(degrees, (fan_out, fan_in))
        drawn *= (1 - 2 / degrees) ** 0.5
        return drawn.astype(np.float32)

    silence = "" if degrees > FOURTH else "no fourth moment: $|w_i|^2$ settles slowly"
    return Law("dense", draw, silence=lambda fan_in: silence)

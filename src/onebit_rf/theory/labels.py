"""What labels are to the square loss: a linear function of the features, and noise.

The labels sign(x_L·a*) of a field u = x_L·a* ~ N(0, ρ), ρ = tr Σ_L/p, are a_y u + noise with

    a_y = E[y u]/ρ = √(2/(πρ))        σ_y² = 1 − a_y² ρ = 1 − 2/π

and noise that is uncorrelated with every feature: least squares learns them as it does a_y u + σ_y ε. Section 10 of
the theory.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.problem import Problem
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.theory.equivalents import Layer

LEARNT = 2 / np.pi  # a_y² ρ, the share of the labels ±1 that is linear in the field


@dataclass(frozen=True)
class Labels:
    """Labels y = x_L·a + noise, where a is a random vector with E |a|² = signal.

    Attributes:
        signal: E A², a = A/√p.
        noise: σ.
    """

    signal: float
    noise: float


def labels_of(problem: Problem, layer: Layer) -> Labels:
    """Return what the read-out of the last `layer` is trained on, of odd φ where the labels are signs.

    If φ is not odd, the mean of the teacher is no signal but a direction of its own.
    """
    if problem.labels == "sign":
        return Labels(LEARNT / layer.variance, (1 - LEARNT) ** 0.5)
    teacher = TEACHERS.get(problem.teacher)
    odd = ACTIVATIONS.get(problem.activation).odd
    return Labels(teacher.variance + (teacher.mean**2 if odd else 0.0), problem.noise)


def error_rate(error: np.ndarray, overlap: np.ndarray) -> np.ndarray:
    """Return P(sign f ≠ sign u) = arccos(E[a_y u f]/√(2/π E f²))/π for the read-out f of labels sign u.

    With o = E[a_y u f] the sine is as √(2/π E f² − o²), whose square is 2/π E(a_y u − f)² − (o − 2/π)² without its
    cancellation.

    Args:
        error: E (a_y u − f)².
        overlap: o.
    """
    across = np.maximum(LEARNT * error - (overlap - LEARNT) ** 2, 0.0)
    return np.arctan2(np.sqrt(across), overlap) / np.pi

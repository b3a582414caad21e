"""A* uniform on an interval."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.normal import normal_density
from onebit_rf.model.teachers import Moments, Teacher
from onebit_rf.model.values import LARGEST


def teacher(low: float, high: float) -> Teacher:
    """Return A* ~ U(low, high).

    Raises:
        OnebitError: unless low < high are finite and their squares and products, too.
    """
    if not -LARGEST <= low < high <= LARGEST:
        raise OnebitError(f"teacher: uniform:LOW,HIGH needs finite LOW < HIGH up to {LARGEST:g}, got {low:g},{high:g}")

    def joint_moments(v: np.ndarray, theta: np.ndarray) -> Moments:
        from scipy.special import ndtr  # an import of 0.2 s that sampling does without

        below, above = (v - high) / theta, (v - low) / theta
        # Both Φ's are taken on the side where they are small: their difference keeps its digits in both tails.
        flip = np.where(below + above > 0, -1.0, 1.0)
        mass = ndtr(np.where(flip > 0, above, -below)) - ndtr(np.where(flip > 0, below, -above))
        left, right = normal_density(below), normal_density(above)
        moments = mass, left - right, mass + below * left - above * right
        return tuple(moment / (high - low) for moment in moments)

    return Teacher(
        mean=0.5 * (low + high),
        variance=(high - low) ** 2 / 12,
        sample=lambda generator, shape: generator.uniform(low, high, shape),
        joint_moments=joint_moments,
        spread=lambda theta: theta,
        ends=(low, high),
        sharp=True,
    )

"""A* ~ N(0, 1)."""

import numpy as np

from onebit_rf.model.normal import normal_density
from onebit_rf.model.teachers import Moments, Teacher


def _spread(theta: np.ndarray) -> np.ndarray:
    """The standard deviation of v."""
    return np.sqrt(1 + theta * theta)


def _joint_moments(v: np.ndarray, theta: np.ndarray) -> Moments:
    spread = _spread(theta)
    density, mean = normal_density(v / spread) / spread, theta * v / spread**2
    return density, density * mean, density * (mean**2 + spread**-2)


teacher = Teacher(
    mean=0.0,
    variance=1.0,
    sample=lambda generator, shape: generator.standard_normal(shape),
    joint_moments=_joint_moments,
    spread=_spread,
    ends=(0.0, 0.0),
    sharp=False,
)

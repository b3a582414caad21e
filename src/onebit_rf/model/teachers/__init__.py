"""The laws of the teacher's entries A*, a file each: the sampler beside the moments that the theory needs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.registry import Registry

Moments = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Teacher:
    """A law of independent entries A*.

    The theory of mirrors integrates over v = A* + θZ, Z ~ N(0, 1), alone: A* and Z enter through their moments given v.

    Attributes:
        mean: E A*.
        variance: Var A*.
        sample: (generator, shape) → entries, float64.
        joint_moments: (v, θ) → J_k(v) = E[Z^k; v = A* + θZ], k = 0, 1, 2: the density of v times the moments of Z
            given v; v and θ broadcast.
        spread: θ → the scale on which the density of v falls off beyond `ends`.
        ends: the points around which it does.
        sharp: whether the density of A* jumps at its ends, so that the density of v bends there within θ.
    """

    mean: float
    variance: float
    sample: Callable[[np.random.Generator, int | tuple[int, ...]], np.ndarray]
    joint_moments: Callable[[np.ndarray, np.ndarray], Moments]
    spread: Callable[[np.ndarray], np.ndarray]
    ends: tuple[float, float]
    sharp: bool

    def second_moment(self, about: float = 0.0) -> float:
        """Return E (A* − about)²."""
        return (self.mean - about) ** 2 + self.variance

    @property
    def standard(self) -> bool:
        """Whether E A* = 0 and E A*² = 1, all that averaging the square loss over teachers exactly asks for."""
        return self.mean == 0 and self.variance == 1


TEACHERS: Registry[Teacher] = Registry("model/teachers", "teacher")

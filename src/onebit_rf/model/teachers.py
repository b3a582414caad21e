"""The laws of the teacher's entries A*: the sampler and the moments that the theory needs, side by side."""

from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError


@dataclass(frozen=True)
class Teacher:
    """A* ~ N(0, 1) if `support` is None, else uniform on `support` = (low, high)."""

    support: tuple[float, float] | None = None

    def sample(self, generator: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Draw independent entries A*, float64."""
        if self.support is None:
            return generator.standard_normal(size)
        return generator.uniform(*self.support, size)

    @property
    def mean(self) -> float:
        """E A*."""
        return 0.0 if self.support is None else 0.5 * (self.support[0] + self.support[1])

    def second_moment(self, about: float = 0.0) -> float:
        """Return E (A* − about)²."""
        if self.support is None:
            return 1 + about**2
        low, high = self.support
        return (0.5 * (low + high) - about) ** 2 + (high - low) ** 2 / 12


def get_teacher(law: str) -> Teacher:
    """Return the teacher called `normal` or `uniform:LOW,HIGH`.

    Raises:
        OnebitError: for any other string, or unless LOW < HIGH are finite.
    """
    if law == "normal":
        return Teacher()
    kind, _, argument = law.partition(":")
    try:
        low, high = (float(part) for part in argument.split(",")) if kind == "uniform" else (0.0, 0.0)
    except ValueError:
        low = high = 0.0
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise OnebitError(f"teacher: must be normal or uniform:LOW,HIGH with LOW < HIGH, got {law!r}")
    return Teacher((low, high))

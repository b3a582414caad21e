"""Vectors with heavy tails: Student's t law in every coordinate, or in their length alone."""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.data.dataset import Dataset, Shape
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import UNBOUNDED, Count

FOURTH = 4  # ν up to which the fourth moment is infinite


def sample_student(dim: int, degrees: float, radial: bool, n_train: int, n_test: int, seed: int) -> Dataset:
    """Draw x_0 = √((ν − 2)/χ²_ν) z of covariance I, z ~ N(0, I): χ² anew for every coordinate, or one for a sample.

    z is the draw of the Gaussian inputs, whatever ν is: ν = ∞ are those of spectrum identity.
    """
    rows = []
    for split, n in (("train", n_train), ("test", n_test)):
        z = stream(seed, "data", split).standard_normal((n, dim), dtype=np.float32)
        if np.isfinite(degrees):
            square = stream(seed, "data", "student", split).chisquare(degrees, (n, 1 if radial else dim))
            z *= np.sqrt((degrees - 2) / square)
        rows.append(z)
    return Dataset(np.concatenate(rows), n_train)


class Student(DatasetRecord, tag="student"):
    """x_0 of covariance I whose moments of order ν and more are infinite."""

    dim: Annotated[Count, Meta(description="d_0")]
    degrees: Annotated[float, Meta(gt=2, description="ν, degrees of freedom; .inf is Gaussian"), UNBOUNDED]
    radial: Annotated[bool, Meta(description="one heavy-tailed length for each sample, else independent coordinates")]
    n_train: Annotated[Count, Meta(description="train rows; an experiment uses the first n of them")]
    n_test: Annotated[Count, Meta(description="test rows")]
    spectrum = "identity"

    @property
    def silence(self) -> str:
        """Why the theory says nothing: |x_0|²/d_0 scatters, or settles too slowly."""
        if self.radial and np.isfinite(self.degrees):
            return "$|x_0|^2/d_0$ differs from sample to sample"
        return "" if self.degrees > FOURTH else "no fourth moment: $|x_0|^2/d_0$ settles slowly"

    def shape(self, root: Path) -> Shape:
        """Return d_0 and the numbers of rows; there are no labels."""
        return Shape(self.dim, self.n_train, self.n_test)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        return sample_student(self.dim, self.degrees, self.radial, self.n_train, self.n_test, seed)


dataset = Student

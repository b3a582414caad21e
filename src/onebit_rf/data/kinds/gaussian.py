"""Gaussian vectors of a given covariance spectrum."""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.data.dataset import Dataset, Shape
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import Count, member_of
from onebit_rf.model.spectra import SPECTRA

FEWEST = 0.2  # effective rank (tr Σ_0)²/tr Σ_0² over d_0 from which errors at d_0 = 1024 were within 1 % of the theory


def sample_gaussian(dim: int, spectrum: str, n_train: int, n_test: int, seed: int) -> Dataset:
    """Draw x_0 ~ N(0, Σ_0) with Σ_0 = diag(λ_1 … λ_d), tr Σ_0/d = 1.

    ASSUME: Σ_0 is diagonal. Gaussian weights are rotation invariant, so only its spectrum matters to them; for
    one-bit weights the eigenbasis is aligned with the coordinates, the least favourable choice.
    """
    scale = np.sqrt(SPECTRA.get(spectrum).eigenvalues(dim)).astype(np.float32)
    rows = [
        stream(seed, "data", split).standard_normal((n, dim), dtype=np.float32)
        for split, n in (("train", n_train), ("test", n_test))
    ]
    return Dataset(np.concatenate(rows) * scale, n_train)


class Gaussian(DatasetRecord, tag="gaussian"):
    """x_0 ~ N(0, Σ_0)."""

    dim: Annotated[Count, Meta(description="d_0")]
    spectrum: Annotated[str, member_of(SPECTRA, "eigenvalues of Σ_0, mean 1")]
    n_train: Annotated[Count, Meta(description="train rows; an experiment uses the first n of them")]
    n_test: Annotated[Count, Meta(description="test rows")]

    @property
    def silence(self) -> str:
        """Why the theory says nothing: |x_0|² scatters by √(2 tr Σ_0²)/tr Σ_0, much where few directions count."""
        eigenvalues = SPECTRA.get(self.spectrum).eigenvalues(self.dim)
        rank = eigenvalues.sum() ** 2 / (eigenvalues @ eigenvalues)
        return f"effective rank {rank:.3g} of {self.dim}, so $|x_0|^2$ scatters" if rank < FEWEST * self.dim else ""

    def members(self) -> list[str]:
        """Return the module of the spectrum."""
        return [SPECTRA.module(self.spectrum)]

    def shape(self, root: Path) -> Shape:
        """Return d_0 and the numbers of rows; there are no labels."""
        return Shape(self.dim, self.n_train, self.n_test)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        return sample_gaussian(self.dim, self.spectrum, self.n_train, self.n_test, seed)


dataset = Gaussian

"""Gaussian vectors labelled by one direction: y = g(β·x) + σ ε."""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.data.dataset import Dataset, Shape
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.record import Count, NonNegative, member_of
from onebit_rf.model.spectra import SPECTRA


class SingleIndex(DatasetRecord, tag="single_index"):
    """x_0 ~ N(0, I), y = g(β·x_0) + σ ε with ε ~ N(0, 1); the label of every row, train or test, has its noise.

    ASSUME: β is uniform on the sphere, |β| = 1, drawn anew by every seed. To one-bit weights its direction matters:
    along a coordinate a neuron's sign tells of it no more than 1/√d.
    """

    dim: Annotated[Count, Meta(description="d_0")]
    link: Annotated[str, member_of(ACTIVATIONS, "g; a step on W_1 finds β where g has a linear part")]
    noise: Annotated[NonNegative, Meta(description="σ, of the labels")]
    n_train: Annotated[
        Count, Meta(description="train rows; an experiment uses the first n of them after those it skips")
    ]
    n_test: Annotated[Count, Meta(description="test rows")]
    spectrum = "identity"

    def members(self) -> list[str]:
        """Return the modules of the link and of the spectrum."""
        return [ACTIVATIONS.module(self.link), SPECTRA.module(self.spectrum)]

    def shape(self, root: Path) -> Shape:
        """Return d_0 and the numbers of rows; labels are numbers."""
        return Shape(self.dim, self.n_train, self.n_test, outputs=1)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate; x_0 is that of kind gaussian."""
        inputs = sample_gaussian(self.dim, self.spectrum, self.n_train, self.n_test, seed)
        direction = stream(seed, "data", "direction").standard_normal(self.dim)
        epsilon = stream(seed, "data", "label_noise").standard_normal(len(inputs.x))
        fields = inputs.x @ (direction / np.linalg.norm(direction))
        label = ACTIVATIONS.get(self.link).function(fields) + self.noise * epsilon
        return Dataset(inputs.x, inputs.n_train, label)


dataset = SingleIndex

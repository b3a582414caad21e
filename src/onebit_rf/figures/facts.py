"""What a figure is told of the cells of its experiments and trainings, beside their tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onebit_rf.model.record import Record

if TYPE_CHECKING:
    import pandas as pd


class Facts(Record, tag_field="of", tag="experiment"):
    """A cell of an experiment.

    Attributes:
        cell, experiment: their names, as in the tables.
        swept: leaf → its value in this cell.
        target: teacher or labels.
        laws: of the hidden weights.
        readouts, n_train: the read-outs, and the sample sizes at which they are fitted.
        noise, teacher: σ and the law of A*; None where the labels are a data set's own.
        labels: linear or sign, what a teacher's read-outs learn; None where the labels are a data set's own.
        changed: whether the network is tested otherwise than it was trained, too.
        sharpness: whether λ_max and trace of XᵀX/n are measured.
        equivalents: whether features are held against their Gaussian equivalents.
        dataset, network: their names.
        dims: (d_0, d_1, …, d_L).
        activation, odd: φ, and whether φ(−z) = −φ(z).
        outputs: 0 without labels, 1 for a number, K for K classes.
        silence: why there is no theory of it; empty where there is one.
        silent_laws: law → why the theory says nothing of its weights, of those that it does not cover.
        own_spectrum: whether its errors are predicted from the features' own spectrum.
    """

    cell: str
    experiment: str
    swept: dict[str, int | float | str]
    target: str
    laws: list[str]
    readouts: list[str]
    n_train: list[int]
    noise: float | None
    teacher: str | None
    labels: str | None
    changed: bool
    sharpness: bool
    equivalents: bool
    dataset: str
    network: str
    dims: list[int]
    activation: str
    odd: bool
    outputs: int
    silence: str
    silent_laws: dict[str, str]
    own_spectrum: bool = False

    @property
    def described(self) -> bool:
        """Whether there is a theory of it."""
        return not self.silence

    @property
    def widths(self) -> list[int]:
        """(d_1, …, d_L)."""
        return self.dims[1:]

    @property
    def dataset_words(self) -> str:
        """The data set as a title says it; one that stands where a name does is called as its experiment."""
        return self.dataset.removesuffix("-dataset").replace("_", " ")

    def curves(self) -> list[dict[str, Any]]:
        """Return a row of names and values for every depth and read-out: what tells curves against n apart."""
        own = {"cell": self.cell, "experiment": self.experiment, **self.swept}
        return [
            {**own, "depth": depth, "readout": readout}
            for readout in self.readouts
            for depth in range(1, len(self.dims))
        ]


class TrainingFacts(Record, tag_field="of", tag="training"):
    """A cell of a training.

    Attributes:
        cell, training: their names, as in the tables.
        swept: leaf → its value in this cell.
        dataset, network: their names.
        kind: of the network: mlp, cnn, …
        width, depth: of its widest hidden layer, and how many there are.
        n_train: rows that are trained on.
        models, weight_decays, protocols: what is trained, and how it is taken.
        source: learned or frozen hidden weights.
        epochs, loss: of the protocols.
        sharpness, distorted: whether these are measured.
        seeds: number of replicates.
    """

    cell: str
    training: str
    swept: dict[str, int | float | str]
    dataset: str
    network: str
    kind: str
    width: int
    depth: int
    n_train: int
    models: list[str]
    weight_decays: list[float]
    protocols: list[str]
    source: str
    epochs: int
    loss: float
    sharpness: bool
    distorted: bool
    seeds: int


AnyFacts = Facts | TrainingFacts


def mark_silent(readout: "pd.DataFrame", facts: Sequence[AnyFacts]) -> "pd.DataFrame":
    """Return the rows of read-outs with a column `silent`: whether the theory says nothing of a row's weights."""
    silent = {(cell.cell, law) for cell in facts if isinstance(cell, Facts) for law in cell.silent_laws}
    return readout.assign(silent=[key in silent for key in zip(readout["cell"], readout["law"], strict=True)])

"""The kinds of data set, a file each: the record that the configuration gives, and how its rows are made.

A kind is a class with the fields of its record, `tag="NAME"` as its file is called, and the members of DatasetRecord.
"""

from pathlib import Path

from onebit_rf.data.dataset import Dataset
from onebit_rf.model.record import Record
from onebit_rf.model.registry import Registry


class DatasetRecord(Record, tag_field="kind"):
    """A data set of the configuration.

    Every kind has the fields or properties `input_dim` (d_0), `n_train` or `train_rows`, `n_test`, `labelled` (whether
    its rows have classes) and `spectrum` (of Σ_0, a member of `onebit_rf.model.spectra`; None where inputs are data).
    """

    labelled = False
    spectrum = None

    @property
    def train_rows(self) -> int:
        """Number of train rows."""
        return self.n_train

    def files(self, root: Path) -> list[Path]:
        """Return the files below `root` that the data set is made from."""
        return []

    def make(self, seed: int, root: Path) -> Dataset:
        """Make one replicate."""
        raise NotImplementedError


DATASETS: Registry[type[DatasetRecord]] = Registry("data/kinds", "dataset")

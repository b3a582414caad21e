"""The kinds of data set, a file each: the record that the configuration gives, and how its rows are made.

A kind is a class with the fields of its record, `tag="NAME"` as its file is called, and the members of DatasetRecord.
"""

from pathlib import Path

from onebit_rf.data.dataset import Dataset, Shape
from onebit_rf.model.record import Record
from onebit_rf.model.registry import Registry


class DatasetRecord(Record, tag_field="kind"):
    """A data set of the configuration.

    `spectrum` is that of Σ_0, a member of `onebit_rf.model.spectra`; None where it is not known.
    """

    spectrum = None

    @property
    def silence(self) -> str:
        """Why the theory says nothing of the inputs; empty where it does."""
        return "" if self.spectrum else "the spectrum of data is not known"

    def files(self, root: Path) -> list[Path]:
        """Return the files below `root` that the data set is made from."""
        return []

    def members(self) -> list[str]:
        """Return the modules of the registries' members that the data set names."""
        return []

    def shape(self, root: Path) -> Shape:
        """Return what is known before the rows are made, within milliseconds: file headers and single columns.

        Raises:
            OnebitError: a file is missing or does not fit; the line names it.
        """
        raise NotImplementedError

    def make(self, seed: int, root: Path) -> Dataset:
        """Make one replicate; raises as `shape`."""
        raise NotImplementedError


DATASETS: Registry[type[DatasetRecord]] = Registry("data/kinds", "dataset")

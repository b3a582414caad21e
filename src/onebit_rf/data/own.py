"""A data set that is named in one word, with all rows that there are: FILE.csv, FILE.parquet, a folder or a source."""

from pathlib import Path
from typing import Literal

from onebit_rf.data.columns import read_columns, read_schema
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.data.kinds.images import Images
from onebit_rf.data.kinds.table import Table
from onebit_rf.data.sources import SOURCES
from onebit_rf.errors import OnebitError


def own_data(
    name: str, most: int, root: Path, target: str | None = None, task: Literal["regression", "classes"] = "regression"
) -> DatasetRecord:
    """Return the record of random rows of what `name` names, centred and scaled; what is missing is downloaded.

    Train rows and the test rows that a record must have are all rows, or `most` of them at random; of images with a
    train and a test part, as many of each as their sizes say.

    Args:
        name: a table's file, a folder of images or a source of `onebit_rf.data.sources`, the first that it may be.
        most: rows.
        root: where sources are looked up.
        target, task: of a table.

    Raises:
        OnebitError: nothing is there, or it does not fit; a table without `target`, or images with one.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() in (".csv", ".parquet") and not path.is_dir():
        return _table(path, most, target, task)
    if target is not None or task != "regression":
        raise OnebitError(f"{name}: images have their classes as labels; target and task are those of a table")
    return _images(f"folder:{path.resolve()}" if path.is_dir() else name, most, root)


def _table(path: Path, most: int, target: str | None, task: Literal["regression", "classes"]) -> Table:
    if not path.exists():
        raise OnebitError(f"{path}: no such file")
    names = read_schema(path).names
    if target is None:
        raise OnebitError(f"{path}: target: give the column to learn, one of {', '.join(names)}")
    rows = min(most, read_columns(path, names[:1]).num_rows)
    if rows < 2:
        raise OnebitError(f"{path}: at least two rows are needed, there are {rows}")
    source = str(path.resolve())
    return Table(source=source, target=target, task=task, n_train=rows - 1, n_test=1, centre=True, scale=True)


def _images(name: str, most: int, root: Path) -> Images:
    if name.partition(":")[0] not in SOURCES.names():
        raise OnebitError(f"{name}: no such file or folder, and no source of images, {SOURCES.forms()}")
    source = SOURCES.get(name)
    if source.downloadable and not all(path.exists() for path in source.files(root)):
        source.download(root)
    facts = source.facts(root)
    there = facts.train + (facts.test or 0)
    rows = min(most, there)
    if rows < 2:
        raise OnebitError(f"{name}: at least two images are needed, there are {rows}")
    n_test = max(1, rows * (facts.test or 0) // there)
    return Images(source=name, n_train=rows - n_test, n_test=n_test, centre=True, scale=True)

"""Images in Parquet files as the Hugging Face hub keeps them: a column of encoded images, one of labels.

Files are called train-….parquet and test-….parquet (validation-… where there is no test); files of other names, or a
single file, are one pool. Rows in messages are counted from 1 in their file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onebit_rf.data.columns import (
    class_numbers,
    class_values,
    first_missing,
    is_text,
    open_parquet,
    plain_column,
    plain_type,
    unreadable,
)
from onebit_rf.data.dataset import locate
from onebit_rf.data.pictures import Size, picture_shape, read_pictures
from onebit_rf.data.sources import Opened, Pool, Source
from onebit_rf.errors import OnebitError

IMAGES, LABELS = ("image", "img"), ("label", "labels", "fine_label")  # where several columns would do
Read = TypeVar("Read")


@dataclass(frozen=True)
class Part:
    """A file of a pool: its columns of images and labels."""

    path: Path
    file: pq.ParquetFile
    image: str
    label: str

    def where(self, row: int) -> str:
        """Name a row, counted from 0, in a message."""
        return f"{self.path}: row {row + 1}"

    def labels(self) -> pa.ChunkedArray:
        """Read the labels: int64 or string."""
        column = plain_column(_guarded(self, lambda: self.file.read([self.label], use_threads=False))[self.label])
        if (row := first_missing(column)) is not None:
            raise OnebitError(f"{self.where(row)} has no label; fill in column {self.label!r} or remove the row")
        return column.cast(pa.string() if is_text(column.type) else pa.int64())

    def first(self) -> bytes:
        """Read the first encoded image."""
        batches = self.file.iter_batches(1, [0], [self.image], use_threads=False)
        batch = _guarded(self, lambda: next(batches))
        return self._encoded(batch[self.image], 0, 0)

    def images(self, rows: np.ndarray) -> Iterator[tuple[int, bytes, str]]:
        """Yield the place in `rows`, the encoded image and its name for messages, a row group at a time."""
        start = 0
        for group in range(self.file.num_row_groups):
            size = self.file.metadata.row_group(group).num_rows
            places = np.flatnonzero((rows >= start) & (rows < start + size))
            if len(places):
                yield from self._group(group, start, places, rows[places])
            start += size

    def _group(self, group: int, start: int, places: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, bytes, str]]:
        read = _guarded(self, lambda: self.file.read_row_group(group, [self.image], use_threads=False))
        column = read[self.image].combine_chunks()
        for place, row in zip(places.tolist(), rows.tolist(), strict=True):
            yield place, self._encoded(column, row - start, row), self.where(row)

    def _encoded(self, column: pa.StructArray, at: int, row: int) -> bytes:
        value = column[at].as_py()
        if value is None or value["bytes"] is None:
            raise OnebitError(
                f"{self.where(row)} has no image in column {self.image!r}; add its bytes or remove the row"
            )
        return value["bytes"]


class Parquet(Source):
    """Labels are whole numbers or text; the train pool's distinct ones, sorted, are the classes 0 … K − 1."""

    def files(self, root: Path) -> list[Path]:
        """Return the files of both pools."""
        return [path for paths in _pools(locate(root, self.text)) for path in paths]

    def open(self, root: Path) -> Opened:
        """Read footers, the columns of labels and the first image."""
        pools = [[_part(path) for path in paths] for paths in _pools(locate(root, self.text))]
        labels = [_labels(parts) for parts in pools]
        classes = class_values(labels[0])
        first = next((part for part in pools[0] if part.file.metadata.num_rows), None)
        if first is None:
            raise OnebitError(f"{pools[0][0].path}: holds no rows; replace it")
        shape = picture_shape(first.first(), first.where(0))
        return Opened(
            shape,
            len(classes),
            [_pool(parts, column, classes, shape) for parts, column in zip(pools, labels, strict=True)],
        )


def source(path: str) -> Parquet:
    """Return the source in the file or folder `path`, below the data root or absolute."""
    if not path:
        raise OnebitError("source: must be parquet:PATH, got 'parquet:'")
    return Parquet(f"parquet:{Path(path).as_posix()}")


def _pools(path: Path) -> list[list[Path]]:
    """The files of the train and of the test pool, or of the only one."""
    if path.is_file():
        return [[path]]
    files = _parquet_files(path)
    train, test, validation = (_of_split(files, split) for split in ("train", "test", "validation"))
    return [train, test or validation] if train and (test or validation) else [train or files]


def _of_split(files: list[Path], split: str) -> list[Path]:
    return [file for file in files if re.match(rf"{split}[-_.]", file.name)]


def _parquet_files(folder: Path) -> list[Path]:
    """The Parquet files in a folder, or in the only folder in it that holds some."""
    if files := sorted(folder.glob("[!.]*.parquet")):
        return files
    below = {file.parent for file in folder.glob("[!.]*/[!.]*.parquet")}
    if len(below) != 1:
        found = f"Parquet files are in its folders {', '.join(sorted(one.name for one in below))}; name one of them"
        raise OnebitError(f"{folder}: {found if below else 'holds no Parquet files; put them there'}")
    return sorted(below.pop().glob("[!.]*.parquet"))


def _part(path: Path) -> Part:
    file = open_parquet(path)
    image = _only([one for one in file.schema_arrow if _holds_images(one.type)], IMAGES)
    numbers = [one for one in file.schema_arrow if _holds_labels(one.type)]
    label = _only([one for one in numbers if one.name in LABELS], LABELS)
    label = label or _only([one for one in numbers if pa.types.is_integer(plain_type(one.type))], ())
    if image is None or label is None:
        columns = ", ".join(f"{one.name} ({one.type})" for one in file.schema_arrow)
        missing = "images, a struct with the field bytes," if image is None else "labels, whole numbers or text,"
        raise OnebitError(
            f"{path}: no column of {missing} stands out among its columns {columns}; name it "
            f"{(IMAGES if image is None else LABELS)[0]!r}"
        )
    return Part(path, file, image, label)


def _only(fields: list[pa.Field], preferred: Sequence[str]) -> str | None:
    """The name of the only field, or the first of the preferred names that is among several."""
    names = [one.name for one in fields]
    return names[0] if len(names) == 1 else next((name for name in preferred if name in names), None)


def _holds_images(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    return pa.types.is_binary(kind.field("bytes").type) or pa.types.is_large_binary(kind.field("bytes").type)


def _holds_labels(kind: pa.DataType) -> bool:
    return pa.types.is_integer(plain_type(kind)) or is_text(kind)


def _labels(parts: list[Part]) -> pa.ChunkedArray:
    columns = [part.labels() for part in parts]
    for part, column in zip(parts, columns, strict=True):
        if column.type != columns[0].type:
            raise OnebitError(f"{part.path}: labels are {column.type}, in {parts[0].path} {columns[0].type}; use one")
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _pool(parts: list[Part], labels: pa.ChunkedArray, classes: pa.Array, shape: Size) -> Pool:
    sizes = [part.file.metadata.num_rows for part in parts]
    starts = np.cumsum([0, *sizes])
    numbers = class_numbers(labels, classes) if labels.type == classes.type else np.full(len(labels), -1)
    if len(unknown := np.flatnonzero(numbers < 0)):
        place = int(np.searchsorted(starts, unknown[0], side="right")) - 1
        where = parts[place].where(int(unknown[0] - starts[place]))
        raise OnebitError(f"{where} has the label {labels[int(unknown[0])]}, which no train row has; remove the row")

    def read(rows: np.ndarray, side: int | None) -> np.ndarray:
        return read_pictures(_encoded(parts, starts, rows), len(rows), shape, side)

    return Pool(numbers, read)


def _encoded(parts: list[Part], starts: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, bytes, str]]:
    """Yield the encoded images of rows that are counted through the files."""
    for part, start, stop in zip(parts, starts[:-1], starts[1:], strict=True):
        places = np.flatnonzero((rows >= start) & (rows < stop))
        for place, encoded, where in part.images(rows[places] - start):
            yield int(places[place]), encoded, where


def _guarded(part: Part, read: Callable[[], Read]) -> Read:
    """Run `read`; OnebitError names the file where it is damaged."""
    try:
        return read()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(part.path, error) from None

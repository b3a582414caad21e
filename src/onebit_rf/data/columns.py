"""Columns of a user's file, Parquet or CSV: their types, their numbers and their classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onebit_rf.errors import OnebitError

_BLOCK = 4 << 20  # bytes of CSV that are parsed together; a row must fit in


def unreadable(path: Path, error: Exception) -> OnebitError:
    """Return the error that a file cannot be read, in one line."""
    return OnebitError(f"{path}: cannot be read ({(str(error).splitlines() or [''])[0].rstrip('.')}); replace it")


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file, reading its footer; OnebitError where it is damaged."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from None


def is_csv(path: Path) -> bool:
    """Tell CSV from Parquet by the file's ending."""
    return path.suffix.lower() == ".csv"


def read_schema(path: Path) -> pa.Schema:
    """Return names and types of the columns from the head of the file; those of CSV are what its first rows hold.

    Raises:
        OnebitError: the file cannot be read, or a name stands twice.
    """
    schema = _csv_schema(path) if is_csv(path) else open_parquet(path).schema_arrow
    if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
        raise OnebitError(f"{path}: two columns are called {twice[0]!r}; rename one")
    return schema


def read_columns(path: Path, names: Sequence[str] | None = None) -> pa.Table:
    """Read all rows of some columns, or of all; OnebitError where the file cannot be read."""
    try:
        if is_csv(path):
            return _read_csv(path, names)
        return open_parquet(path).read(columns=None if names is None else list(names), use_threads=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None


def _csv_schema(path: Path) -> pa.Schema:
    from pyarrow import csv

    try:
        with csv.open_csv(path, *_csv_options()) as file:
            file.schema.names  # noqa: B018 — names that are not UTF-8 fail here
            return file.schema
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None


def _read_csv(path: Path, names: Sequence[str] | None) -> pa.Table:
    from pyarrow import csv

    return csv.read_csv(path, *_csv_options(names))


def _csv_options(names: Sequence[str] | None = None) -> tuple[Any, Any, Any]:
    """How CSV is read: a single thread, which alone tells the row where a file is malformed; "NA" in quotes is text."""
    from pyarrow import csv

    return (
        csv.ReadOptions(use_threads=False, block_size=_BLOCK),
        csv.ParseOptions(),
        csv.ConvertOptions(include_columns=names, strings_can_be_null=True, quoted_strings_can_be_null=False),
    )


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, without the dictionary that they may be coded by."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without its dictionary."""
    return column.cast(plain_type(column.type))


def is_number(kind: pa.DataType) -> bool:
    """Tell whether a column holds numbers; true and false count as 1 and 0, and nothing as numbers still missing."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    return any(test(plain_type(kind)) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column holds text."""
    plain = plain_type(kind)
    return pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain)


def type_name(kind: pa.DataType) -> str:
    """Name what a column holds in a message."""
    return "text" if is_text(kind) else str(plain_type(kind))


def first_missing(column: pa.ChunkedArray) -> int | None:
    """Return the place, from 0, of the first null; None where there is none."""
    return pc.index(column.is_null(), True).as_py() if column.null_count else None


def class_values(column: pa.ChunkedArray) -> pa.Array:
    """Return the distinct values of a column, sorted: classes 0 … K − 1."""
    distinct = column.unique().drop_null()
    return distinct.take(pc.array_sort_indices(distinct)) if len(distinct) else distinct


def class_numbers(column: pa.ChunkedArray, values: pa.Array) -> np.ndarray:
    """Return the place of each of a column's values among `values`, int64; −1 where it is not among them."""
    found = pc.index_in(column, values)
    if found.null_count:
        return np.nan_to_num(found.to_numpy(), nan=-1).astype(np.int64)
    return whole_array(found).astype(np.int64)


def whole_array(column: pa.ChunkedArray) -> np.ndarray:
    """Return numbers without nulls as an array; Arrow's own way takes 0.2 s for importing pandas."""
    return np.from_dlpack(column.combine_chunks())

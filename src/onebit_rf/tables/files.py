"""Every table of the project: declared schema, Parquet on disk, provenance inside the file.

A table is written as a sequence of row groups to a temporary name, sealed, and renamed when complete, so a file under
its final name is whole. Reading checks the seal and the schema first; a damaged or foreign file raises OnebitError with
a line that names it.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.libraries import IN_USE, LIBRARIES, library_version
from onebit_rf.jobs.machine import processor
from onebit_rf.tables.columns import VECTOR, WORD, Table
from onebit_rf.tables.whole import is_sealed, seal, whole

if TYPE_CHECKING:
    import pandas as pd  # pyarrow imports it when it makes a frame; most jobs make none

_METADATA_KEY = b"onebit_rf"
MOST_NUMBERS = 2**31 - 1  # in a matrix: Arrow counts a list's elements in 32 bits


@cache
def _commit() -> str:
    """Commit of the checkout the package runs from, `+` appended when it has uncommitted changes.

    It is `unknown` where this file is not in git: installed into an environment within another's checkout, say.
    """
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout

    try:
        git("ls-files", "--error-unmatch", here.name)
        return git("rev-parse", "HEAD").strip() + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def provenance(table: Table, params: Mapping[str, Any]) -> dict[str, Any]:
    """Describe where a table comes from: its name, parameters, version, commit, libraries and machine."""
    machine = {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
    return {
        "schema": table.name,
        "params": dict(params),
        "version": version("onebit-rf"),
        "commit": _commit(),
        "libraries": {name: library_version(name) for name in LIBRARIES if name in sys.modules} | IN_USE,
        "machine": machine,
    }


class TableWriter:
    """Write a table to `path`; the file appears when the block ends well.

    Matrices have a row group for every `write`, all other rows are one: many small groups are slow to read.

    Float vectors are byte-stream-split and zstd-compressed: lossless, and 16 % smaller than plain Gaussian
    float32 because the exponent bytes compress.
    """

    def __init__(self, path: str | Path, table: Table, params: Mapping[str, Any]) -> None:
        """`params` are the parameters recorded in the file's provenance; they must be JSON-serialisable."""
        self.path, self.schema = Path(path), table.schema
        self._record = partial(provenance, table, params)
        has_matrices = any(field.type in (VECTOR, pa.binary()) for field in self.schema)
        self._gathered: list[pa.Table] | None = None if has_matrices else []

    def write(self, **columns: Any) -> None:
        """Append rows. A column is an array, a matrix (vectors or bits, a row each) or one value for all."""
        rows = max(np.shape(column)[0] for column in columns.values() if np.ndim(column))
        if rows == 0:
            return
        arrays = [_to_arrow(columns[field.name], field.type, rows) for field in self.schema]
        table = pa.Table.from_arrays(arrays, schema=self.schema)
        if self._gathered is None:
            self._parquet.write_table(table, row_group_size=rows)
        else:
            self._gathered.append(table)

    def __enter__(self) -> Self:
        """Return the writer."""
        self._writing = self._write_whole()
        return self._writing.__enter__()

    def __exit__(self, *raised: Any) -> None:
        """Seal the finished file and rename it into place, or remove it when the block failed."""
        self._writing.__exit__(*raised)

    @contextmanager
    def _write_whole(self) -> Iterator[Self]:
        with whole(self.path) as temporary:
            with _parquet_writer(temporary, self.schema) as self._parquet:
                yield self
                if self._gathered:
                    table = pa.concat_tables(self._gathered).unify_dictionaries()
                    self._parquet.write_table(table, row_group_size=len(table))
                # Last, since only now it is known which libraries the rows took.
                self._parquet.add_key_value_metadata({_METADATA_KEY: json.dumps(self._record(), sort_keys=True)})
            seal(temporary)


@contextmanager
def _parquet_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    vectors = [f"{field.name}.list.element" for field in schema if field.type == VECTOR]
    with pa.OSFile(str(path), "wb") as file:
        writer = pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[field.name for field in schema if pa.types.is_dictionary(field.type)],
            column_encoding=dict.fromkeys(vectors, "BYTE_STREAM_SPLIT") or None,
            write_statistics=not vectors,
        )
        try:
            yield writer
            writer.close()
        finally:
            writer.is_open = False  # where it could not be closed it would try again, and fail, as it is collected


def _to_arrow(column: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """Convert one column; matrices become lists of float32 or fixed runs of bytes without a copy."""
    if kind == VECTOR:
        matrix = np.ascontiguousarray(column, dtype=np.float32)
        offsets = np.arange(0, matrix.size + 1, matrix.shape[1], dtype=np.int32)
        return pa.ListArray.from_arrays(offsets, pa.array(matrix.reshape(-1)), type=kind)
    if kind == pa.binary():
        matrix = np.ascontiguousarray(column, dtype=np.uint8)
        offsets = np.arange(0, matrix.size + 1, matrix.shape[1], dtype=np.int32)
        return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(offsets), pa.py_buffer(matrix)])
    if column is None:
        return pa.nulls(rows, kind)
    if np.ndim(column) == 0:
        return pa.repeat(pa.scalar(column, kind.value_type if kind == WORD else kind), rows).cast(kind)
    return (column if isinstance(column, pa.Array) else pa.array(column)).cast(kind)


def write_table(path: str | Path, table: Table, params: Mapping[str, Any], **columns: Any) -> None:
    """Write a small table in one row group; see TableWriter."""
    with TableWriter(path, table, params) as writer:
        writer.write(**columns)


def _open(path: str | Path, table: Table) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path, memory_map=True) if is_sealed(path) else None
    except FileNotFoundError:
        raise OnebitError(f"{path}: no such table; run snakemake to make it") from None
    except OSError as error:
        raise OnebitError(f"{path}: cannot be read ({error.strerror or error})") from None
    if file is None:
        raise _damaged(path, "damaged, or not a table that onebit_rf wrote")
    if not table.holds(file.schema_arrow):
        raise _damaged(path, f"not a table of schema {table.name!r}")
    return file


def _damaged(path: str | Path, what: str) -> OnebitError:
    return OnebitError(f"{path}: {what}; delete it and run snakemake again")


def read_table(path: str | Path, table: Table, columns: list[str] | None = None) -> pa.Table:
    """Read a whole table, or some of its columns; OnebitError where the file is missing, damaged or foreign."""
    with _open(path, table) as file:
        return file.read(columns=columns)


def read_frame(paths: Iterable[str | Path], table: Table) -> "pd.DataFrame":
    """Read tables of one kind and stack their rows in a pandas frame; swept leaves that a file lacks are missing."""
    tables = [read_table(path, table) for path in paths]
    return pa.concat_tables(tables, unify_dictionaries=True, promote_options="default").to_pandas()


def check_key(frame: "pd.DataFrame", key: Sequence[str], what: str) -> None:
    """Raise OnebitError unless the columns `key` tell the rows of `frame` apart, so that no mean mixes what differs."""
    twice = frame[frame.duplicated(list(key), keep=False)]
    if twice.empty:
        return
    first = twice[(twice[list(key)] == twice[list(key)].iloc[0]).all(axis=1)]
    told_by = [name for name in frame if name not in key and name != "value" and first[name].nunique() > 1]
    example = ", ".join(f"{name} {first[name].iloc[0]}" for name in key)
    raise OnebitError(
        f"{what}: {len(twice)} rows share {', '.join(key)} (one: {example}) and would be averaged together"
        + (f"; they differ in {', '.join(told_by)}" if told_by else "")
    )


def read_group(path: str | Path, table: Table, group: int, columns: list[str]) -> pa.Table:
    """Read some columns of row group `group` (0 is layer or depth 1); OnebitError where it is missing or damaged."""
    with _open(path, table) as file:
        if group >= file.num_row_groups:
            raise _damaged(path, f"holds {file.num_row_groups} row groups, number {group + 1} is needed")
        return file.read_row_group(group, columns=columns, use_threads=False)


def read_matrix(path: str | Path, table: Table, column: str, group: int) -> np.ndarray:
    """Read the matrix that `column` holds in row group `group`, shape (rows, width); raises as read_group.

    The result is float32 for vectors and uint8 for bits, and views Arrow's buffer: read-only, no copy.
    """
    rows = read_group(path, table, group, [column])[column].combine_chunks()
    if rows.type == pa.binary():
        return np.frombuffer(rows.buffers()[2], dtype=np.uint8).reshape(len(rows), -1)
    return rows.flatten().to_numpy().reshape(len(rows), -1)


def read_provenance(path: str | Path, table: Table) -> dict[str, Any]:
    """Return the provenance record of a table."""
    with _open(path, table) as file:
        return json.loads(file.metadata.metadata[_METADATA_KEY])

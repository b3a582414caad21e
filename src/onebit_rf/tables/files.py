"""Every table of the project: declared schema, Parquet on disk, provenance inside the file.

A table is written as a sequence of row groups to a temporary name and renamed when complete, so a file under
its final name is whole. Reading checks the schema first; a damaged or foreign file raises OnebitError with a
line that names it.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.libraries import LIBRARIES, library_version
from onebit_rf.jobs.machine import processor
from onebit_rf.tables.columns import VECTOR, WORD, Table

if TYPE_CHECKING:
    import pandas as pd  # pyarrow imports it when it makes a frame; most jobs make none

_METADATA_KEY = b"onebit_rf"
MOST_NUMBERS = 2**31 - 1  # in a matrix: Arrow counts a list's elements in 32 bits


@cache
def _commit() -> str:
    """Commit of the checkout the package runs from, `+` appended when it has uncommitted changes."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
        dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.strip() + ("+" if dirty else "")


def provenance(table: Table, params: Mapping[str, Any]) -> dict[str, Any]:
    """Describe where a table comes from: its name, parameters, version, commit, libraries and machine."""
    machine = {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
    return {
        "schema": table.name,
        "params": dict(params),
        "version": version("onebit-rf"),
        "commit": _commit(),
        "libraries": {name: library_version(name) for name in LIBRARIES if name in sys.modules},
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
        self.path, self._temporary = Path(path), Path(f"{path}.partial")
        metadata = {_METADATA_KEY: json.dumps(provenance(table, params), sort_keys=True).encode()}
        self.schema = table.schema.with_metadata(metadata)
        vectors = [f"{field.name}.list.element" for field in self.schema if field.type == VECTOR]
        has_matrices = any(field.type in (VECTOR, pa.binary()) for field in self.schema)
        self._gathered: list[pa.Table] | None = None if has_matrices else []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(
            self._temporary,
            self.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[field.name for field in self.schema if pa.types.is_dictionary(field.type)],
            column_encoding=dict.fromkeys(vectors, "BYTE_STREAM_SPLIT") or None,
            write_statistics=not vectors,
        )

    def write(self, **columns: Any) -> None:
        """Append rows. A column is an array, a matrix (vectors or bits, a row each) or one value for all."""
        rows = max(np.shape(column)[0] for column in columns.values() if np.ndim(column))
        if rows == 0:
            return
        arrays = [_to_arrow(columns[field.name], field.type, rows) for field in self.schema]
        table = pa.Table.from_arrays(arrays, schema=self.schema)
        if self._gathered is None:
            self._writer.write_table(table, row_group_size=rows)
        else:
            self._gathered.append(table)

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        """Rename the finished file into place, or remove it when the block failed."""
        if kind is None and self._gathered:
            table = pa.concat_tables(self._gathered).unify_dictionaries()
            self._writer.write_table(table, row_group_size=len(table))
        self._writer.close()
        if kind is None:
            self._temporary.replace(self.path)
        else:
            self._temporary.unlink(missing_ok=True)


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
        file = pq.ParquetFile(path, memory_map=True)
    except FileNotFoundError:
        raise OnebitError(f"{path}: no such table; run snakemake to make it") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, f"not a readable Parquet file ({str(error).splitlines()[0].rstrip('.')})") from None
    if _METADATA_KEY not in (file.schema_arrow.metadata or {}) or not table.holds(file.schema_arrow):
        raise _damaged(path, f"not a table of schema {table.name!r} written by onebit_rf")
    return file


def _damaged(path: str | Path, what: str) -> OnebitError:
    return OnebitError(f"{path}: {what}; delete it and run snakemake again")


def read_table(path: str | Path, table: Table, columns: list[str] | None = None) -> pa.Table:
    """Read a whole table, or some of its columns; OnebitError where the file is missing, damaged or foreign."""
    with _open(path, table) as file:
        try:
            return file.read(columns=columns)
        except (pa.ArrowInvalid, OSError) as error:
            raise _damaged(path, f"damaged ({str(error).splitlines()[0].rstrip('.')})") from None


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
        try:
            return file.read_row_group(group, columns=columns, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise _damaged(path, f"damaged ({str(error).splitlines()[0].rstrip('.')})") from None


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
        return json.loads(file.schema_arrow.metadata[_METADATA_KEY])

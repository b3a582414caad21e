"""A user's own numbers: a Parquet or CSV file with a row for each input and a column to learn."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from msgspec import Meta

from onebit_rf.data.columns import (
    class_numbers,
    class_values,
    first_missing,
    is_number,
    is_text,
    plain_column,
    read_columns,
    read_schema,
    type_name,
    whole_array,
)
from onebit_rf.data.dataset import Dataset, Shape, locate
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import Count


class Table(DatasetRecord, tag="table"):
    """Random rows of a file: all columns but the target are inputs."""

    source: Annotated[str, Meta(description="FILE.parquet or FILE.csv below the data root, or its absolute path")]
    target: Annotated[str, Meta(description="the column to learn")]
    task: Annotated[
        Literal["regression", "classes"],
        Meta(description="the target's numbers are learned, or its values (whole numbers or text) as classes"),
    ]
    n_train: Annotated[Count, Meta(description="random train rows")]
    n_test: Annotated[Count, Meta(description="random test rows, of all others")]
    centre: Annotated[bool, Meta(description="subtract every column's mean over the train rows")]
    scale: Annotated[
        bool,
        Meta(description="divide every column by its standard deviation over the train rows; 0 where it has none"),
    ]

    def __post_init__(self) -> None:
        """Raise OnebitError unless the file's ending tells its format."""
        if Path(self.source).suffix.lower() not in (".parquet", ".csv"):
            raise OnebitError(f"source: must end in .parquet or .csv, got {self.source!r}")

    def files(self, root: Path) -> list[Path]:
        """Return the file."""
        return [locate(root, self.source)]

    def shape(self, root: Path) -> Shape:
        """Return what the file's head and its target tell."""
        path = locate(root, self.source)
        names = self._inputs(path)
        label, outputs = self._label(path, read_columns(path, [self.target])[self.target])
        if self.n_train + self.n_test > len(label):
            raise OnebitError(
                f"n_train + n_test: must be at most {len(label)}, the rows of {path}, got {self.n_train + self.n_test}"
            )
        return Shape(len(names), self.n_train, self.n_test, outputs)

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        self.shape(root)  # sizes before memory
        path = locate(root, self.source)
        table = read_columns(path)
        label, _ = self._label(path, table[self.target])
        rows = stream(seed, "data", "table").permutation(len(label))[: self.n_train + self.n_test]
        names = [name for name in table.column_names if name != self.target]
        x = np.empty((len(rows), len(names)), np.float32)
        for place, name in enumerate(names):
            values = standardise_column(numbers(path, name, table[name])[rows], self.n_train, self.centre, self.scale)
            x[:, place] = _single(path, name, values)
        if not x[: self.n_train].any():
            raise OnebitError(f"{path}: no column of inputs varies over the train rows; there is nothing to learn from")
        if self.task == "regression" and np.ptp(label[rows[: self.n_train]]) == 0:
            raise OnebitError(f"{path}: column {self.target!r} is one and the same number in all train rows")
        return Dataset(x, self.n_train, label[rows])

    def _inputs(self, path: Path) -> list[str]:
        """Names of the columns of inputs; OnebitError where one holds no numbers, or there is no target."""
        schema = read_schema(path)
        if self.target not in schema.names:
            raise OnebitError(
                f"{path}: no column {self.target!r} for target; its columns are {', '.join(schema.names)}"
            )
        names = [name for name in schema.names if name != self.target]
        if not names:
            raise OnebitError(f"{path}: no column but the target {self.target!r}; add columns of inputs")
        for name in names:
            refuse_text(path, name, schema.field(name).type)
        return names

    def _label(self, path: Path, column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
        """Return what is to be learned, float64 (rows,), and the number of outputs."""
        if self.task == "regression":
            if not is_number(column.type):
                raise OnebitError(
                    f"{path}: column {self.target!r} holds {type_name(column.type)}, not numbers; set task: classes"
                )
            return numbers(path, self.target, column), 1
        column = plain_column(column)
        _refuse_missing(path, self.target, column)
        if not (is_text(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
            raise OnebitError(
                f"{path}: column {self.target!r} holds {type_name(column.type)}, classes are whole numbers, true or "
                "false, or text; convert it, or set task: regression"
            )
        values = class_values(column)
        if len(values) < 2:
            raise OnebitError(f"{path}: column {self.target!r} holds one class only; at least two are needed")
        return class_numbers(column, values).astype(np.float64), len(values)


def numbers(path: Path, name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Return a column as float64, shape (rows,).

    Raises:
        OnebitError: it holds anything else, a row misses its value, or one is not finite.
    """
    refuse_text(path, name, column.type)
    _refuse_missing(path, name, column)
    values = whole_array(plain_column(column).cast(pa.float64(), safe=False))
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise OnebitError(f"{path}: column {name!r} is {values[row]} in row {row + 1}; put a finite number there")
    return values


def refuse_text(path: Path, name: str, kind: pa.DataType) -> None:
    """Raise OnebitError unless a column of this type holds numbers."""
    if not is_number(kind):
        raise OnebitError(
            f"{path}: column {name!r} holds {type_name(kind)}, not numbers; remove it or write it as numbers, "
            "a category as a column of 0 and 1 for each of its values"
        )


def standardise_column(values: np.ndarray, n_train: int, centre: bool, scale: bool) -> np.ndarray:
    """Centre numbers (rows,), float64, and divide them by their standard deviation, both over the first `n_train`.

    With `scale`, numbers that are constant there become 0. All are first divided by a power of two, which is exact,
    so that no square overflows; a number of another row that is far beyond the train rows' may still become infinite.
    """
    train = values[:n_train]
    if scale and train.min() == train.max():
        return np.zeros_like(values)
    _, exponent = np.frexp(np.abs(train).max())
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.ldexp(values, -exponent)
        shifted = values - values[0]  # so that what is constant becomes exactly 0
        centred = shifted - shifted[:n_train].mean()
        deviation = centred[:n_train].std() if scale else np.ldexp(1.0, -exponent)
        return (centred if centre else values) / deviation


def _single(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    """Return `values` in float32, whose range they must keep to."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if not np.isfinite(single).all():
        raise OnebitError(f"{path}: column {name!r} holds numbers beyond 3e38 (float32); set scale: true or rescale it")
    return single


def _refuse_missing(path: Path, name: str, column: pa.ChunkedArray) -> None:
    if (row := first_missing(column)) is not None:
        raise OnebitError(f"{path}: column {name!r} has no value in row {row + 1}; fill it in or remove the row")


dataset = Table

"""What the columns of a table are made of; each column carries its meaning in the field metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

VECTOR = pa.list_(pa.field("element", pa.float32(), nullable=False))
WORD = pa.dictionary(pa.int16(), pa.string())  # up to 32,767 different ones in a table
_SWEPT = b"swept"


def field(name: str, kind: pa.DataType, meaning: str, nullable: bool = False) -> pa.Field:
    """Return a column with its meaning."""
    return pa.field(name, kind, nullable=nullable, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Table:
    """A declared table.

    Attributes:
        name: recorded in its files.
        fields: the columns.
        key: the columns that tell its rows apart: no two rows agree in all of them.
    """

    name: str
    fields: Sequence[pa.Field]
    key: Sequence[str] = ()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, without a file's metadata."""
        return pa.schema(self.fields)

    def sweeping(self, names: Mapping[str, int | float | str]) -> "Table":
        """Return the table with a column, of its value's type, for every swept leaf: each name without one yet."""
        swept = {name: value for name, value in names.items() if name not in self.schema.names}
        kinds = {int: pa.int64(), float: pa.float64(), str: WORD}
        metadata = {b"meaning": b"value of a leaf that the experiment sweeps", _SWEPT: b""}
        added = [pa.field(leaf, kinds[type(value)], nullable=False, metadata=metadata) for leaf, value in swept.items()]
        return replace(self, fields=[*self.fields, *added])

    def holds(self, schema: pa.Schema) -> bool:
        """Whether a file's schema is that of this table, with swept leaves or without."""
        declared, added = list(schema)[: len(self.fields)], list(schema)[len(self.fields) :]
        return pa.schema(declared).equals(self.schema) and all(_SWEPT in (field.metadata or {}) for field in added)

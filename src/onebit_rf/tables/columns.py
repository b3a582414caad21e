"""What the columns of a table are made of; each column carries its meaning in the field metadata."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

VECTOR = pa.list_(pa.field("element", pa.float32(), nullable=False))
WORD = pa.dictionary(pa.int16(), pa.string())  # up to 32,767 different ones in a table


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

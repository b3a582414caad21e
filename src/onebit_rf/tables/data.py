"""The table of the data stage: the inputs x_0 of a data set, one row each."""

import pyarrow as pa

from onebit_rf.tables.columns import VECTOR, WORD, Table, field

DATA = Table(
    "data",
    [
        field("split", WORD, "train or test; all train rows come first"),
        field("x", VECTOR, "input x_0, d_0 numbers with mean square 1 over the train rows"),
        field("label", pa.int32(), "class of an image; null for Gaussian inputs", nullable=True),
    ],
)

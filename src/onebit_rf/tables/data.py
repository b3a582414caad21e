"""The table of the data stage: the inputs x_0 of a data set, one row each."""

import pyarrow as pa

from onebit_rf.tables.columns import VECTOR, WORD, Table, field

DATA = Table(
    "data",
    [
        field("split", WORD, "train or test; all train rows come first"),
        field("x", VECTOR, "input x_0, d_0 numbers, centred and scaled over the train rows as the config says"),
        field("label", pa.float64(), "class (0, 1, …) or the number to learn; null for Gaussian inputs", nullable=True),
    ],
)

"""The table of the features stage: x_ℓ of every input and every depth."""

import pyarrow as pa

from onebit_rf.tables.columns import VECTOR, WORD, Table, field

FEATURES = Table(
    "features",
    [
        field("depth", pa.int16(), "ℓ = 1…L; one row group per depth"),
        field("split", WORD, "train or test; as in the data table"),
        field("label", pa.float64(), "class (0, 1, …) or the number to learn; null for Gaussian inputs", nullable=True),
        field("x", VECTOR, "x_ℓ = φ(W_ℓ x_{ℓ−1}), d_ℓ numbers; rows in the order of the data table"),
    ],
)

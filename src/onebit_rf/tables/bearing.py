"""The table of how trained models bear distorted test images."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

BEARING = Table(
    "bearing",
    [
        field("training", WORD, "name of the training"),
        field("cell", WORD, "as in the table training"),
        field("model", WORD, "as in the table training"),
        field("weight_decay", pa.float64(), "as in the table training"),
        field("protocol", WORD, "as in the table training"),
        field("seed", pa.int32(), "root seed of the replicate"),
        field("kind", WORD, "of distortion"),
        field("severity", pa.int8(), "1 … 5"),
        field("distorted_loss", pa.float64(), "mean cross-entropy on the distorted test images"),
        field("distorted_error", pa.float64(), "share of wrong classes on them"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "seed", "kind", "severity"],
)

"""The table of how trained models bear distorted test images."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field
from onebit_rf.tables.of_models import MODEL, PROTOCOL, SEED

BEARING = Table(
    "bearing",
    [
        *MODEL,
        PROTOCOL,
        SEED,
        field("kind", WORD, "of distortion"),
        field("severity", pa.int8(), "1 … 5"),
        field("distorted_loss", pa.float64(), "mean cross-entropy on the distorted test images"),
        field("distorted_error", pa.float64(), "share of wrong classes on them"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "seed", "kind", "severity"],
)

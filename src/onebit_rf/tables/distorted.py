"""The table of distorted images: the test images of a data set under every distortion and severity."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

DISTORTED = Table(
    "distorted",
    [
        field("kind", WORD, "the distortion; one row group per distortion and severity"),
        field("severity", pa.int8(), "1 (weak) to 5 (strong)"),
        field("row", pa.int32(), "test row of the data table, from 0"),
        field("pixels", pa.binary(), "h·w·channels bytes 0 … 255 in that order, neither centred nor scaled"),
    ],
    key=["kind", "severity", "row"],
)

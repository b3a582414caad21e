"""The table of the latency stage: times of inference."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

LATENCY = Table(
    "latency",
    [
        field("device", WORD, "cpu or cuda"),
        field("device_name", WORD, "model of the processor or card"),
        field("threads", pa.int16(), "CPU threads"),
        field("backend", WORD, "number format of the hidden weights and what multiplies by them"),
        field("version", WORD, "library, version and instruction set behind the backend"),
        field("d_in", pa.int32(), "d_0"),
        field("widths", WORD, "d_1,…,d_L"),
        field("depth", pa.int16(), "number of hidden layers L"),
        field("batch", pa.int32(), "rows of x in one call"),
        field("state", WORD, "cold: caches emptied before the call; warm: straight after other calls"),
        field("repetition", pa.int32(), "0, 1, …"),
        field("seconds", pa.float64(), "wall-clock time of the call"),
        field("weight_bytes", pa.int64(), "bytes of all weights, each read once by a call"),
        field("relative_error", pa.float64(), "Frobenius error of the batch's outputs against float64"),
        field("bytes_per_second", pa.float64(), "weight_bytes / seconds"),
        field("bandwidth", pa.float64(), "bytes/s read from the device's memory in the same run"),
        field("bandwidth_fraction", pa.float64(), "bytes_per_second / bandwidth; above 1 the caches served"),
    ],
    key=["device", "device_name", "threads", "backend", "d_in", "widths", "batch", "state", "repetition"],
)

"""The table of findings: what the figures say, a sentence with its number and its interval each."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

FINDINGS = Table(
    "findings",
    [
        field("figure", WORD, "name of the figure"),
        field("finding", pa.string(), "the sentence, with number and interval"),
        field(
            "value", pa.float64(), "the number; a difference of errors as a fraction, an exponent, a time in seconds"
        ),
        field("low", pa.float64(), "lower end of its 95 % interval; NaN where there is none"),
        field("high", pa.float64(), "upper end"),
        field("n_seeds", pa.int32(), "replicates behind it; 0 for times"),
    ],
    key=["figure", "finding"],
)

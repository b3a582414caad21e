"""The table of the theory stage: predicted test errors."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

THEORY = Table(
    "theory",
    [
        field("experiment", WORD, "name of the experiment"),
        field("cell", WORD, "the experiment's name, or EXPERIMENT/LEAF~VALUE/… of its sweep"),
        field("depth", pa.int16(), "number of hidden layers"),
        field("n_train", pa.int32(), "n, number of training samples"),
        field("readout", WORD, "as in the readout table"),
        field("metric", WORD, "as in the readout table; lambda_finite: the mean of lambda_max at this n"),
        field("value", pa.float64(), "predicted value of the metric; NaN unless converged"),
        field("kappa", pa.float64(), "κ_L of the last layer"),
        field("df", pa.float64(), "df_L(κ_L)"),
        field("converged", pa.bool_(), "whether the equations were solved"),
        field("reason", pa.string(), "why not, where they were not"),
        field("residual", pa.float64(), "relative residual of the scalar equation"),
        field("iterations", pa.int32(), "iterations of the root finder"),
    ],
    key=["cell", "depth", "n_train", "readout", "metric"],
)

"""The table of the agreement stage: simulation against theory."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

AGREEMENT = Table(
    "agreement",
    [
        field("experiment", WORD, "name of the experiment"),
        field("cell", WORD, "the experiment's name, or EXPERIMENT/LEAF~VALUE/… of its sweep"),
        field("law", WORD, "law of the hidden weights"),
        field("depth", pa.int16(), "number of hidden layers"),
        field("n_train", pa.int32(), "n, number of training samples"),
        field("readout", WORD, "as in the readout table"),
        field("estimator", WORD, "teacher_averaged or sampled_teacher"),
        field("metric", WORD, "as in the theory table"),
        field("seeds", pa.int32(), "number of replicates averaged"),
        field("unconverged", pa.int32(), "number of replicates left out because their read-out was not found"),
        field("simulation", pa.float64(), "mean over seeds of the metric; NaN if none is left", nullable=True),
        field("standard_error", pa.float64(), "standard error of that mean", nullable=True),
        field("theory", pa.float64(), "predicted value of the metric"),
        field("deviation", pa.float64(), "simulation/theory − 1"),
        field("max_train_residual", pa.float64(), "largest |y − Xâ|/|y| over seeds", nullable=True),
    ],
    key=["cell", "law", "depth", "n_train", "readout", "estimator", "metric"],
)

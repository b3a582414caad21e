"""The table of the readout stage: test errors of trained read-outs."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

READOUT = Table(
    "readout",
    [
        field("experiment", WORD, "name of the experiment"),
        field("cell", WORD, "the experiment's name, or EXPERIMENT/LEAF~VALUE/… of its sweep"),
        field("law", WORD, "law of the hidden weights"),
        field("seed", pa.int32(), "root seed of the replicate"),
        field("depth", pa.int16(), "number of hidden layers"),
        field("n_train", pa.int32(), "n, number of training samples"),
        field("readout", WORD, "kind:argument, e.g. ridge:0.5, mirror:q:3, logistic:0.1"),
        field(
            "estimator",
            WORD,
            "teacher_averaged, sampled_teacher, labels; own_spectrum: predicted from the features' moments; "
            "features: neither labels nor read-out enter",
        ),
        field(
            "metric",
            WORD,
            "mse (excess error for a teacher; per output for labels), train_mse, gap, accuracy or error_rate; "
            "shifted_mse, shifted_accuracy, shifted_error_rate: on the second path; lambda_max, trace: of XᵀX/n",
        ),
        field(
            "value",
            pa.float64(),
            "value of the metric: on the test rows, train_mse on the train rows, gap the test error less that",
        ),
        field("converged", pa.bool_(), "whether the read-out was found to its tolerance"),
        field("reason", pa.string(), "why not, or what was done instead of the usual"),
        field("train_residual", pa.float64(), "|y − Xâ|/|y|; null where no real label was fitted", nullable=True),
        field("distance", pa.float64(), "|A − A_ψ|/|A_ψ − A_0| of mirror descent to its limit A_ψ", nullable=True),
    ],
    key=["cell", "law", "seed", "depth", "n_train", "readout", "estimator", "metric"],
)

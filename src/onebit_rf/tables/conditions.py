"""The table of the conditions stage: what the paper asks of the inputs, one row a data set."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

CONDITIONS = Table(
    "conditions",
    [
        field("dataset", WORD, "name of the data set"),
        field("seed", pa.int32(), "root seed of its rows"),
        field("rows", pa.int32(), "N, train and test rows"),
        field("dim", pa.int32(), "d_0"),
        field("mean", pa.float64(), "|m|²/tr Σ of the rows' mean m; about 1/N where the inputs have mean 0"),
        field("covariance", WORD, "given: eigenvalues of the spectrum in the configuration; measured: of the rows"),
        field("rank", pa.int32(), "number of eigenvalues of Σ above rounding"),
        field("condition", pa.float64(), "λ_max/λ_rank"),
        field("leading_dim", pa.float64(), "tr Σ/λ_max"),
        field("effective_dim", pa.float64(), "(tr Σ)²/tr Σ²"),
        field("norm_scatter", pa.float64(), "Var |x_0 − m|²/(2 tr Σ²); 1 for Gaussian vectors"),
        field("norm_error", pa.float64(), "its standard error over the rows"),
        field(
            "kurtosis",
            pa.float64(),
            "|excess kurtosis| of w·(x_0 − m), mean over random w; √(48/(πN)) for Gaussian ones",
        ),
    ],
    key=["dataset", "seed"],
)

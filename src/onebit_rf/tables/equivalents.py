"""The table of the equivalents stage: features against Gaussian vectors of the moments that the theory gives them."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

EQUIVALENTS = Table(
    "equivalents",
    [
        field("experiment", WORD, "name of the experiment"),
        field("cell", WORD, "the experiment's name, or EXPERIMENT/LEAF~VALUE/… of its sweep"),
        field("law", WORD, "law of the hidden weights"),
        field("seed", pa.int32(), "root seed of the replicate"),
        field("depth", pa.int16(), "ℓ = 1…L"),
        field(
            "rows", WORD, "features; gaussian: as many Gaussian vectors of mean m_ℓ and covariance Σ_ℓ; equivalent: Σ_ℓ"
        ),
        field("variance", WORD, "of the neurons that Σ_ℓ is for: shared, tr Σ_{ℓ−1}/d_{ℓ−1}; own, w_i·Σ_{ℓ−1}w_i"),
        field(
            "metric",
            WORD,
            "of the rows' covariance Σ̂: frobenius, |Σ̂ − Σ|/|Σ|; operator, the same of operator norms; squared, the "
            "square of the former without the noise of sampling; eigenvalue. mse: test error of ridge regression "
            "trained and tested on such rows, averaged over teachers and over disjoint train sets",
        ),
        field("readout", WORD, "ridge:λ of mse; none for others"),
        field("n_train", pa.int32(), "n of mse; of distances the number of rows N; 0 for eigenvalues"),
        field("rank", pa.int32(), "of an eigenvalue, 1 for the largest; 0 for other metrics"),
        field("value", pa.float64(), "value of the metric"),
    ],
    key=["cell", "law", "seed", "depth", "rows", "variance", "metric", "readout", "n_train", "rank"],
)

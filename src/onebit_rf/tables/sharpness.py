"""The table of the sharpness stage: a row for each trained model and each of its two sets of weights."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field
from onebit_rf.tables.of_models import MODEL, PROTOCOL, SEED

SHARPNESS = Table(
    "sharpness",
    [
        *MODEL,
        PROTOCOL,
        SEED,
        field("weights", WORD, "dequantised: as they are tested; latent: before rounding"),
        field("examples", pa.int32(), "m, train rows that the loss is of"),
        field(
            "draws",
            pa.int32(),
            "random draws behind sigma, sigma_magnitude and the average sharpness, a quarter of the trace's",
        ),
        field("lambda_max", pa.float64(), "largest eigenvalue of the Hessian of the mean loss"),
        field("lambda_max_residual", pa.float64(), "|Hv − λv|/|λ|"),
        field("lambda_max_converged", pa.bool_(), "whether that is within its tolerance"),
        field("trace", pa.float64(), "trace of the Hessian"),
        field("trace_standard_error", pa.float64(), "of its mean over draws"),
        field("sigma", pa.float64(), "σ, the standard deviation of the largest noise that the train error bears"),
        field("sigma_converged", pa.bool_(), "whether it was found between the ends of its search"),
        field("sigma_magnitude", pa.float64(), "σ', the same of noise in proportion to each weight"),
        field("sigma_magnitude_converged", pa.bool_(), "whether it was found between the ends of its search"),
        field("adaptive_sharpness", pa.float64(), "largest rise of the loss for |δ_i| ≤ ρ|w_i|"),
        field("adaptive_sharpness_average", pa.float64(), "mean rise of the loss for δ_i ~ N(0, ρ²w_i²)"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "seed", "weights"],
)

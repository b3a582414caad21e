"""The tables of the training stage: trained models, their weights, and how their losses went."""

import pyarrow as pa

from onebit_rf.tables.columns import VECTOR, WORD, Table, field
from onebit_rf.tables.of_models import MODEL, PROTOCOL, SEED


def _of_rows(rows: str, meaning: str, nullable: bool = False) -> list[pa.Field]:
    return [
        field(f"{rows}_loss", pa.float64(), f"mean cross-entropy on {meaning}", nullable),
        field(f"{rows}_error", pa.float64(), f"share of wrong classes on {meaning}", nullable),
    ]


TRAINING = Table(
    "training",
    [
        *MODEL,
        PROTOCOL,
        SEED,
        field("epochs", pa.float64(), "trained until the protocol took the model"),
        field("converged", pa.bool_(), "whether the model is what the protocol asks for"),
        field("reason", pa.string(), "why not"),
        field("n_levels", pa.int32(), "distinct values of the hidden weights, most over the layers"),
        *_of_rows("train", "the train rows, with their labels as they were trained on"),
        *_of_rows("valid", "the rows held out", nullable=True),
        *_of_rows("test", "the test rows"),
        field("n_test", pa.int32(), "test rows"),
        field(
            "weight_mean", pa.float64(), "mean of the hidden weights as they are tested, over their root mean square"
        ),
        field("quantization_noise", pa.float64(), "mean (v̂ − v)² over the hidden weights"),
        field("step_noise", pa.float64(), "mean s²/12 over the hidden weights: the noise model of rounding"),
        field("relative_noise", pa.float64(), "Σ(v̂ − v)²/Σv²"),
        field("seconds", pa.float64(), "of training, the stack's divided by its models; 0 for ptq"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "seed"],
)

HISTORY = Table(
    "history",
    [
        *MODEL,
        SEED,
        field("epoch", pa.int32(), "1, 2, …"),
        field("train_loss", pa.float64(), "mean over the epoch's batches, as they are trained"),
        *_of_rows("valid", "the rows held out, after the epoch", nullable=True),
    ],
    key=["cell", "model", "weight_decay", "seed", "epoch"],
)

# One row group a model: its numbers in a row, in the order that the provenance's `layout` gives.
LEARNED = Table(
    "learned",
    [
        field("model", WORD, "as in the table training"),
        field("weight_decay", pa.float64(), "as in the table training"),
        PROTOCOL,
        field(
            "values", VECTOR, "latent weights, logarithms of the steps and averages of batch norm, one after another"
        ),
    ],
    key=["model", "weight_decay", "protocol"],
)

"""The tables of one-bit models on the native kernels: the models packed, and what came of running them."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field
from onebit_rf.tables.of_models import MODEL, PROTOCOL, SEED

DEPLOYMENT = Table(
    "deployment",
    [
        *MODEL,
        PROTOCOL,
        SEED,
        field("widths", WORD, "d_0,d_1,…,d_L of the network"),
        field("batch", pa.int32(), "rows of x in a call that is timed"),
        field("n_test", pa.int32(), "test rows whose predictions are compared"),
        field("logit_error", pa.float64(), "largest |native − torch| of a logit, over the largest |torch|"),
        field("disagreements", pa.int32(), "test rows that get another class, ties left out"),
        field("ties", pa.int32(), "test rows whose two largest logits are nearer than the error of the logits"),
        field(
            "seconds_float", pa.float64(), "time of a call by torch's float32 at the same de-quantized weights, least"
        ),
        field("seconds_native", pa.float64(), "time of a call by the native kernels, least"),
        field("speedup", pa.float64(), "their ratio"),
        field("bytes_float", pa.int64(), "file of all weights as float32"),
        field("bytes_packed", pa.int64(), "file of the same with the hidden ones packed to a bit"),
        field("processor", WORD, "model of the processor"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "seed", "batch"],
)

# A row a neuron, a row group a layer: the hidden layers and then the read-out.
PACKED = Table(
    "packed",
    [
        field("layer", pa.int16(), "ℓ = 1…L, and L + 1 of the read-out"),
        field("activation", WORD, "φ of the layer; none of the read-out"),
        field("fan_in", pa.int32(), "d_{ℓ−1}"),
        field("scale", pa.float32(), "α of the neuron's signs; 1 for the read-out"),
        field("bias", pa.float32(), "of the read-out; 0 in the hidden layers"),
        field("data", pa.binary(), "signs as little-endian bits, 1 is +α; of the read-out, float32 numbers"),
    ],
)

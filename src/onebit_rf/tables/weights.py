"""The tables of the weights stage, one for each way to hold a layer's weights."""

import pyarrow as pa

from onebit_rf.tables.columns import VECTOR, Table, field

WEIGHTS = {
    "dense": Table(
        "weights_dense",
        [
            field("layer", pa.int16(), "ℓ = 1…L; one row group per layer"),
            field("weights", VECTOR, "one neuron's input weights, of mean 0 and variance 1/d_{ℓ−1}"),
        ],
    ),
    "signs": Table(
        "weights_signs",
        [
            field("layer", pa.int16(), "ℓ = 1…L; one row group per layer"),
            field("fan_in", pa.int32(), "d_{ℓ−1}: number of weights in `bits`"),
            field(
                "bits",
                pa.binary(),
                "one neuron's signs, little-endian bits: 1 is +1/√d_{ℓ−1}, 0 is −1/√d_{ℓ−1}",
            ),
        ],
    ),
}

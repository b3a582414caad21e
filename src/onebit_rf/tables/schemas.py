"""The declared schema of every table; each column carries its meaning in the field metadata."""

import pyarrow as pa


def _field(name: str, kind: pa.DataType, meaning: str, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"meaning": meaning})


VECTOR = pa.list_(pa.field("element", pa.float32(), nullable=False))
WORD = pa.dictionary(pa.int8(), pa.string())

SCHEMAS: dict[str, pa.Schema] = {
    "data": pa.schema(
        [
            _field("split", WORD, "train or test; all train rows come first"),
            _field("x", VECTOR, "input x_0, d_0 numbers with mean square 1 over the train rows"),
            _field("label", pa.int32(), "class of an image; null for Gaussian inputs", nullable=True),
        ]
    ),
    "weights_gaussian": pa.schema(
        [
            _field("layer", pa.int16(), "ℓ = 1…L; one row group per layer"),
            _field("weights", VECTOR, "one neuron's input weights, N(0, 1/d_{ℓ−1})"),
        ]
    ),
    "weights_one_bit": pa.schema(
        [
            _field("layer", pa.int16(), "ℓ = 1…L; one row group per layer"),
            _field("fan_in", pa.int32(), "d_{ℓ−1}: number of weights in `bits`"),
            _field(
                "bits",
                pa.binary(),
                "one neuron's signs, little-endian bits: 1 is +1/√d_{ℓ−1}, 0 is −1/√d_{ℓ−1}",
            ),
        ]
    ),
    "features": pa.schema(
        [
            _field("depth", pa.int16(), "ℓ = 1…L; one row group per depth"),
            _field("x", VECTOR, "x_ℓ = φ(W_ℓ x_{ℓ−1}), d_ℓ numbers; rows in the order of the data table"),
        ]
    ),
    "readout": pa.schema(
        [
            _field("law", WORD, "law of the hidden weights"),
            _field("seed", pa.int32(), "root seed of the replicate"),
            _field("depth", pa.int16(), "number of hidden layers"),
            _field("n_train", pa.int32(), "n, number of training samples"),
            _field("readout", WORD, "kind:argument, e.g. ridge:0.5, mirror:q:3, logistic:0.1"),
            _field("estimator", WORD, "teacher_averaged, sampled_teacher or labels"),
            _field("metric", WORD, "mse (excess error for a teacher; per output for labels), accuracy or error_rate"),
            _field("value", pa.float64(), "value of the metric on the test rows"),
            _field("train_residual", pa.float64(), "|y − Xâ|/|y|; null where no real label was fitted", nullable=True),
            _field("distance", pa.float64(), "|A − A_ψ|/|A_ψ − A_0| of mirror descent to its limit A_ψ", nullable=True),
        ]
    ),
    "theory": pa.schema(
        [
            _field("depth", pa.int16(), "number of hidden layers"),
            _field("n_train", pa.int32(), "n, number of training samples"),
            _field("readout", WORD, "as in the readout table"),
            _field("value", pa.float64(), "predicted excess test error E, or error rate; NaN unless converged"),
            _field("kappa", pa.float64(), "κ_L of the last layer"),
            _field("df", pa.float64(), "df_L(κ_L)"),
            _field("converged", pa.bool_(), "whether the equations were solved"),
            _field("reason", pa.string(), "why not, where they were not"),
            _field("residual", pa.float64(), "relative residual of the scalar equation"),
            _field("iterations", pa.int32(), "iterations of the root finder"),
        ]
    ),
    "latency": pa.schema(
        [
            _field("device", WORD, "cpu or cuda"),
            _field("device_name", WORD, "model of the processor or card"),
            _field("threads", pa.int16(), "CPU threads"),
            _field("backend", WORD, "number format of the hidden weights and what multiplies by them"),
            _field("version", WORD, "library, version and instruction set behind the backend"),
            _field("d_in", pa.int32(), "d_0"),
            _field("widths", WORD, "d_1,…,d_L"),
            _field("depth", pa.int16(), "number of hidden layers L"),
            _field("batch", pa.int32(), "rows of x in one call"),
            _field("state", WORD, "cold: caches emptied before the call; warm: straight after other calls"),
            _field("repetition", pa.int32(), "0, 1, …"),
            _field("seconds", pa.float64(), "wall-clock time of the call"),
            _field("weight_bytes", pa.int64(), "bytes of all weights, each read once by a call"),
            _field("relative_error", pa.float64(), "Frobenius error of the batch's outputs against float64"),
            _field("bytes_per_second", pa.float64(), "weight_bytes / seconds"),
            _field("bandwidth", pa.float64(), "bytes/s read from the device's memory in the same run"),
            _field("bandwidth_fraction", pa.float64(), "bytes_per_second / bandwidth; above 1 the caches served"),
        ]
    ),
    "agreement": pa.schema(
        [
            _field("law", WORD, "law of the hidden weights"),
            _field("depth", pa.int16(), "number of hidden layers"),
            _field("n_train", pa.int32(), "n, number of training samples"),
            _field("readout", WORD, "as in the readout table"),
            _field("estimator", WORD, "teacher_averaged or sampled_teacher"),
            _field("seeds", pa.int32(), "number of replicates"),
            _field("simulation", pa.float64(), "mean over seeds of the test MSE or error rate"),
            _field("standard_error", pa.float64(), "standard error of that mean", nullable=True),
            _field("theory", pa.float64(), "predicted test MSE or error rate"),
            _field("deviation", pa.float64(), "simulation/theory − 1"),
            _field("max_train_residual", pa.float64(), "largest |y − Xâ|/|y| over seeds", nullable=True),
        ]
    ),
}

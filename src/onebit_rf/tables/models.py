"""The table of trained models: a row each, with its gap and with what might foretell it."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field


def _number(name: str, meaning: str) -> pa.Field:
    """A measure that may not have been taken: null then, or where it was not found."""
    return field(name, pa.float64(), meaning, nullable=True)


MODELS = Table(
    "models",
    [
        field("training", WORD, "name of the training"),
        field("cell", WORD, "the training's name, or TRAINING/LEAF~VALUE/… of its sweep"),
        field("dataset", WORD, "name of the data set"),
        field("network", WORD, "name of the network"),
        field("width", pa.int32(), "neurons of the widest hidden layer"),
        field("depth", pa.int16(), "number of hidden layers"),
        field("n_train", pa.int32(), "n, number of training samples"),
        field("model", WORD, "quantizer of the hidden weights as it is configured: float, lsq:2, …"),
        field("bits", pa.int16(), "bits of a hidden weight, 32 for float"),
        field("quantizer", WORD, "float, lsq, noise, ptq or asymmetric"),
        field("protocol", WORD, "when the model was taken: fixed_epochs, matched_loss or early_stopping"),
        field("source", WORD, "hidden weights frozen or learned"),
        field("seed", pa.int32(), "root seed of the replicate"),
        field("label_noise", pa.float64(), "share of the train labels that are wrong"),
        field("weight_decay", pa.float64(), "decoupled weight decay"),
        field("learning_rate", pa.float64(), "learning rate that training began with"),
        field("epochs", pa.float64(), "epochs that the model was trained for"),
        field("converged", pa.bool_(), "whether its training ended as its protocol wants"),
        field("reason", pa.string(), "why not; empty where it did"),
        field("n_levels", pa.int32(), "different values of a layer's quantized weights, of the layer with the most"),
        field("train_loss", pa.float64(), "cross-entropy on the train rows, not augmented, in evaluation mode"),
        _number("valid_loss", "the same on the rows held out for choices; null without such"),
        field("test_loss", pa.float64(), "the same on the test rows"),
        field("train_error", pa.float64(), "share of train rows classified wrongly"),
        _number("valid_error", "the same of the rows held out; null without such"),
        field("test_error", pa.float64(), "the same of the test rows"),
        field("gap_loss", pa.float64(), "test_loss − train_loss"),
        field("gap_error", pa.float64(), "test_error − train_error"),
        field("weight_mean", pa.float64(), "mean of the de-quantized weights over their root mean square"),
        field("quantization_noise", pa.float64(), "mean (v̂ − v)², v the latent and v̂ the de-quantized weights"),
        field("relative_noise", pa.float64(), "|v̂ − v|²/|v|²"),
        field("step_noise", pa.float64(), "mean s²/12 over these weights, s the step: what the noise model says of it"),
        _number("lambda_max", "largest eigenvalue of the train loss's Hessian, at the de-quantized weights"),
        field(
            "lambda_max_converged", pa.bool_(), "whether it was found to its tolerance; false where it was not taken"
        ),
        _number("trace", "trace of that Hessian"),
        _number("sigma", "largest standard deviation σ of w + σ N(0, 1) that costs at most .1 train accuracy"),
        _number("sigma_magnitude", "largest σ' of w_i + N(0, σ'² w_i² + ε²) that costs no more"),
        _number("adaptive_sharpness", "largest rise of the train loss over |δ_i| ≤ ρ|w_i|"),
        _number("adaptive_sharpness_average", "its mean rise over δ_i from N(0, ρ² w_i²)"),
        _number("lambda_max_latent", "as lambda_max, at the latent weights; null where it was not found"),
        _number("trace_latent", "as trace, at the latent weights"),
        _number("sigma_latent", "as sigma, at the latent weights"),
        _number("sigma_magnitude_latent", "as sigma_magnitude, at the latent weights"),
        _number("adaptive_sharpness_latent", "as adaptive_sharpness, at the latent weights"),
        _number("adaptive_sharpness_average_latent", "as adaptive_sharpness_average, at the latent weights"),
        _number("distorted_error", "error on distorted test images, mean over kinds and severities"),
        _number("distorted_loss", "cross-entropy on them, mean over kinds and severities"),
        field("n_test", pa.int32(), "number of test rows"),
        field("seconds", pa.float64(), "wall-clock time of the model's share of its training"),
    ],
    key=["cell", "model", "weight_decay", "protocol", "source", "seed"],
)

"""`onebit-rf predict --dims …`: the theory of a random-feature model, whose options are the fields of Problem."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from typing import TYPE_CHECKING

from onebit_rf.cli.parser import aligned, samples, to_json, widths
from onebit_rf.errors import OnebitError

if TYPE_CHECKING:
    from onebit_rf.theory import Prediction

_RANGE = "FIRST:LAST:STEP is every STEP-th from FIRST to LAST"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `predict --dims`."""
    from onebit_rf.model.activations import ACTIVATIONS
    from onebit_rf.model.losses import LOSSES
    from onebit_rf.model.mirrors import MIRRORS
    from onebit_rf.model.spectra import SPECTRA
    from onebit_rf.model.teachers import TEACHERS

    option = parser.add_argument
    option("--dims", type=widths, required=True, help="input dimension, then the widths: 8192,4096,4096")
    option(
        "--n-train", type=_samples, required=True, nargs="+", metavar="N", help=f"numbers of training samples; {_RANGE}"
    )
    option("--activation", default="tanh", help=ACTIVATIONS.forms())
    option("--ridge", default=0.0, type=float, metavar="λ", help="of |y − Xa|² + λ|a|², features unscaled")
    option("--noise", default=0.0, type=float, metavar="σ", help="standard deviation of the label noise")
    option("--spectrum", default="identity", help=f"{SPECTRA.forms()}, of mean 1")
    option("--mirror", default="l2", help=MIRRORS.forms())
    option("--teacher", default="normal", help=TEACHERS.forms())
    option("--loss", default="square", help=f"square, {LOSSES.forms()}")
    option("--penalty", default=0.0, type=float, metavar="λ", help="of Σ ℓ + (λ/2)|w|², classification only")
    option("--labels", default="linear", help="linear, or sign: the classes sign(x_L·a*) fitted by the square loss")
    weights, absent = parser.add_mutually_exclusive_group(), argparse.SUPPRESS
    option("--input-noise", default=absent, type=float, metavar="τ", help="standard deviation of noise on test inputs")
    weights.add_argument(
        "--weight-correlation", default=absent, type=float, metavar="C", help="of the weights at test with the trained"
    )
    weights.add_argument(
        "--quantize-after", default=absent, type=_bits, metavar="BITS", help="hidden weights rounded after training"
    )
    option("--round-readout", default=absent, type=_bits, metavar="BITS", help="read-out rounded after training")
    option("--sharpness", action="store_true", help="largest eigenvalue and trace of XᵀX/n, half the Hessian")
    option("--json", action="store_true", help="print a list of records instead of a table")
    parser.set_defaults(run=run)


def _samples(text: str) -> Sequence[int]:
    """Parse a number of samples, or FIRST:LAST:STEP."""
    if ":" not in text:
        return (samples(text),)
    from onebit_rf.model.values import sample_range

    try:
        return sample_range(text)
    except OnebitError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("n_train: ")) from None


def _bits(text: str) -> int:
    """Parse the bits of a grid."""
    from onebit_rf.model.grids import MOST_BITS

    if not text.isdecimal() or not 1 <= int(text) <= MOST_BITS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_BITS}, got {text!r}")
    return int(text)


def run(arguments: argparse.Namespace) -> None:
    """Print the predictions, one row or record per number of samples."""
    from onebit_rf.model.problem import Problem
    from onebit_rf.model.second_path import from_options
    from onebit_rf.theory import predict_curve

    n_train = list(chain.from_iterable(arguments.n_train))
    given = {field.name: getattr(arguments, field.name) for field in fields(Problem) if field.name in arguments}
    problem = Problem(**{**given, "n_train": n_train[0]})
    predictions = predict_curve(problem, n_train, from_options(vars(arguments)), arguments.sharpness)
    records = [{"n_train": n, **_known(prediction)} for n, prediction in zip(n_train, predictions, strict=True)]
    print(to_json(records) if arguments.json else _table(records, problem.dims[-1]))


def _known(prediction: "Prediction") -> dict:
    """Return the fields that apply."""
    return {name: value for name, value in vars(prediction).items() if value is not None}


def _table(records: list[dict], width: int) -> str:
    """Return aligned columns: n, n/p, the errors, κ and df of every layer, and why a row did not converge."""
    depth = len(records[0]["kappa"])
    layers = [f"{name}_{layer}" for name in ("kappa", "df") for layer in range(1, depth + 1)]
    errors = list(records[0])[1 : list(records[0]).index("kappa")]
    rows = [["n_train", "n/p", *errors, *layers, "converged"]]
    for record in records:
        numbers = (*(record[name] for name in errors), *record["kappa"], *record["df"])
        verdict = "yes" if record["converged"] else f"no: {record['reason']}"
        n = record["n_train"]
        rows.append([str(n), f"{n / width:.4g}", *(f"{number:.7g}" for number in numbers), verdict])
    return aligned(rows)

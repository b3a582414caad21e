"""The command line: `onebit-rf predict …`, one sub-command per parser added in `build_parser`."""

import argparse
import codecs
import io
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from onebit_rf.errors import OnebitError

if TYPE_CHECKING:
    from onebit_rf.model.second_path import SecondPath
    from onebit_rf.theory import Prediction

# How a terminal without these characters gets them.
_SPELLED = {"≥": ">=", "≤": "<=", "−": "-", "²": "^2", "∝": "~", "Σ": "sum", "ℓ": "l"}
_SPELLED |= {
    "α": "alpha",
    "β": "beta",
    "κ": "kappa",
    "τ": "tau",
    "ᵀ": "^T",
    "λ": "lambda",
    "ρ": "rho",
    "σ": "sigma",
    "φ": "phi",
    "ψ": "psi",
}


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line."""

    def error(self, message: str) -> None:
        """Print `message` to stderr and exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


class _Version(argparse.Action):
    """`--version`: prints the installed version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print name and version, and exit with 0."""
        from importlib.metadata import version

        print(f"onebit-rf {version('onebit-rf')}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; every sub-command sets `run`, a function of the parsed arguments."""
    parser = _Parser(prog="onebit-rf", description="Random-feature models with one-bit weights.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands)
    return parser


def _add_predict(commands: argparse._SubParsersAction) -> None:
    """Add `predict`, whose options are the fields of Problem."""
    parser = commands.add_parser(
        "predict",
        help="exact asymptotic test error",
        description="Exact asymptotic test error: excess mean squared error, or the error rate of a classifier.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    from onebit_rf.model.activations import ACTIVATIONS
    from onebit_rf.model.losses import LOSSES
    from onebit_rf.model.mirrors import MIRRORS
    from onebit_rf.model.spectra import SPECTRA
    from onebit_rf.model.teachers import TEACHERS

    option = parser.add_argument
    option("--dims", type=_widths, required=True, help="input dimension, then the widths: 8192,4096,4096")
    option("--n-train", type=_samples, required=True, nargs="+", metavar="N", help="numbers of training samples")
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
    parser.set_defaults(run=run_predict)


def _widths(text: str) -> tuple[int, ...]:
    """Parse `8192,4096`."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be whole numbers separated by commas, got {text!r}") from None


def _samples(text: str) -> int:
    """Parse a number of samples, ≥ 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be whole numbers ≥ 1, got {text!r}")
    return int(text)


def _bits(text: str) -> int:
    """Parse the bits of a grid."""
    from onebit_rf.model.grids import MOST_BITS

    if not text.isdecimal() or not 1 <= int(text) <= MOST_BITS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_BITS}, got {text!r}")
    return int(text)


def run_predict(arguments: argparse.Namespace) -> None:
    """Print the predictions, one row or record per number of samples."""
    from onebit_rf.model.problem import Problem
    from onebit_rf.theory import predict_curve

    given = {field.name: getattr(arguments, field.name) for field in fields(Problem) if field.name in arguments}
    problem = Problem(**{**given, "n_train": arguments.n_train[0]})
    predictions = predict_curve(problem, arguments.n_train, _second_path(arguments), arguments.sharpness)
    records = [
        {"n_train": n, **_known(prediction)} for n, prediction in zip(arguments.n_train, predictions, strict=True)
    ]
    print(_json(records) if arguments.json else _table(records, problem.dims[-1]))


def _second_path(arguments: argparse.Namespace) -> "SecondPath | None":
    """Return what is tested, where it is not what was trained."""
    given = vars(arguments)
    options = {
        "input_noise": "input_noise",
        "weight_correlation": "weight_correlation",
        "round_readout": "readout_bits",
    }
    fields = {field: given[option] for option, field in options.items() if option in given}
    if "quantize_after" in given:
        from onebit_rf.model.grids import grid

        fields["weight_correlation"] = grid(given["quantize_after"]).correlation
    if not fields:
        return None
    from onebit_rf.model.second_path import SecondPath

    return SecondPath(**fields)


def _known(prediction: "Prediction") -> dict:
    """Return the fields that apply."""
    return {name: value for name, value in vars(prediction).items() if value is not None}


def _json(records: list[dict]) -> str:
    """Return the records as JSON, where NaN and inf, which JSON lacks, become null."""

    def plain(value: object) -> object:
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps([{key: plain(value) for key, value in record.items()} for record in records], indent=2)


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
    sizes = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = ["  ".join([*map(str.rjust, row, sizes), row[-1]]) for row in rows]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; bad input is one line on stderr and exit status 2.

    A reader that leaves early (`onebit-rf … | head -1`) ends it silently with the status of SIGPIPE, 141; output that
    cannot be written is one line and status 1.
    """
    _spell_for(sys.stdout, sys.stderr)
    try:
        try:
            return _run(argv)
        finally:
            print(end="", flush=True)  # what a full disk or a closed pipe refuses is heard here, not as Python exits
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
        if isinstance(error, BrokenPipeError):
            return 141
        print(f"onebit-rf: {error}", file=sys.stderr)
        return 1


def _run(argv: Sequence[str] | None) -> int:
    """Parse and run; return the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except OnebitError as error:
        print(f"onebit-rf {arguments.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _spell_for(*streams: io.TextIOBase | None) -> None:
    """Have the streams spell characters that their encoding lacks, where they would raise UnicodeEncodeError."""
    codecs.register_error("spell", _spell)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):  # not None, a closed stream, nor what a caller put in its place
            stream.reconfigure(errors="spell")


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Handle an encoding error: ≥ becomes >=, λ becomes lambda, what has no spelling a backslash and its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_SPELLED.get(letter, ascii(letter)[1:-1]) for letter in lost), error.end

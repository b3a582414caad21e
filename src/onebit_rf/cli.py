"""The command line: `onebit-rf predict …`, one sub-command per parser added in `build_parser`."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace

from onebit_rf.errors import OnebitError

# The defaults of Problem, which cannot be read from it without importing scipy to print a help text.
_DEFAULTS = {
    "activation": "tanh",
    "ridge": 0.0,
    "noise": 0.0,
    "spectrum": "identity",
    "mirror": "l2",
    "teacher": "normal",
    "loss": "square",
    "penalty": 0.0,
}


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line."""

    def error(self, message: str) -> None:
        """Print `message` to stderr and exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; every sub-command sets `run`, a function of the parsed arguments."""
    parser = _Parser(prog="onebit-rf", description="Random-feature models with one-bit weights.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands)
    return parser


def _add_predict(commands: argparse._SubParsersAction) -> None:
    """Add `predict`, whose options are the fields of Problem."""
    parser = commands.add_parser(
        "predict",
        help="exact asymptotic test error",
        description="Exact asymptotic test error: excess mean squared error, or the error rate of a classifier.",
    )
    option = parser.add_argument
    option("--dims", type=_widths, required=True, help="input dimension, then the widths: 8192,4096,4096")
    option("--n-train", type=_samples, required=True, nargs="+", metavar="N", help="numbers of training samples")
    option("--activation", help="tanh, erf, odd_sigmoid, relu, leaky_relu or gelu (default: %(default)s)")
    option("--ridge", type=float, metavar="λ", help="of |y − Xa|² + λ|a|², features unscaled (default: 0)")
    option("--noise", type=float, metavar="σ", help="standard deviation of the label noise (default: 0)")
    option("--spectrum", help="identity, or power:α for eigenvalues ∝ i^−α of mean 1 (default: %(default)s)")
    option("--mirror", help="l2, q:Q, entropy or hypentropy:BETA (default: %(default)s)")
    option("--teacher", help="normal or uniform:LOW,HIGH (default: %(default)s)")
    option("--loss", help="square, logistic or squared-hinge (default: %(default)s)")
    option("--penalty", type=float, metavar="λ", help="of Σ ℓ + (λ/2)|w|², classification only (default: 0)")
    option("--json", action="store_true", help="print a list of records instead of a table")
    parser.set_defaults(run=run_predict, **_DEFAULTS)


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


def run_predict(arguments: argparse.Namespace) -> None:
    """Print the predictions, one row or record per number of samples."""
    from onebit_rf.problem import Problem
    from onebit_rf.theory import predict_curve

    fields = {name: getattr(arguments, name) for name in ("dims", *_DEFAULTS)}
    problem = Problem(n_train=arguments.n_train[0], **fields)
    problems = [replace(problem, n_train=n) for n in arguments.n_train]
    records = [
        {"n_train": n, **{name: _jsonable(value) for name, value in vars(prediction).items()}}
        for n, prediction in zip(arguments.n_train, predict_curve(problem, arguments.n_train), strict=True)
    ]
    del problems
    print(json.dumps(records, indent=2) if arguments.json else _table(records))


def main(argv: Sequence[str] | None = None) -> None:
    """Run a sub-command; bad input is one line on stderr and exit status 2."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except OnebitError as error:
        sys.exit(_complain(error))

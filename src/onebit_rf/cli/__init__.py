"""The command line: `onebit-rf predict …`, `onebit-rf bench`, one sub-command per parser added in `build_parser`."""

import argparse
import codecs
import io
import os
import sys
from collections.abc import Sequence

from onebit_rf.cli import bench, explore, own_data, problem
from onebit_rf.cli.parser import Parser
from onebit_rf.errors import OnebitError

# How a terminal without these characters gets them.
_SPELLED = {
    "≥": ">=",
    "≤": "<=",
    "−": "-",
    "²": "^2",
    "∝": "~",
    "Σ": "sum",
    "ℓ": "l",
    "×": "x",
    "→": "->",
    "µ": "u",
    "…": "...",
}
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


class _Version(argparse.Action):
    """`--version`: prints the installed version, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print name and version, and exit with 0."""
        from importlib.metadata import version

        print(f"onebit-rf {version('onebit-rf')}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; every sub-command sets `run`, a function of the parsed arguments."""
    parser = Parser(prog="onebit-rf", description="Random-feature models with one-bit weights.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands)
    bench.add_options(
        commands.add_parser(
            "bench",
            help="speed of one-bit products on this machine, against its float32",
            description=bench.DESCRIPTION,
            epilog=bench.JSON_KEYS,
        )
    )
    explore.add_options(
        commands.add_parser(
            "explore",
            help="a page on this machine where the theory is redrawn as sliders move",
            description=explore.DESCRIPTION,
        )
    )
    return parser


def _add_predict(commands: argparse._SubParsersAction) -> None:
    """Add `predict`, and what it is where `--data` stands."""
    parser = commands.add_parser(
        "predict",
        help="exact asymptotic test error, or the learning curve on your own data",
        description="Exact asymptotic test error: excess mean squared error, or the error rate of a classifier.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    problem.add_options(parser)
    own_data.add_options(
        parser.instead_where(
            "--data",
            description="With --data: the test error of ridge on random features of your own data.",
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; bad input is one line on stderr and exit status 2.

    A reader that leaves early (`onebit-rf … | head -1`) ends it silently with the status of SIGPIPE, 141; output that
    cannot be written is one line and status 1. Ctrl-C ends it silently with that of SIGINT, 130.
    """
    _spell_for(sys.stdout, sys.stderr)
    try:
        try:
            return _run(argv)
        finally:
            print(end="", flush=True)  # what a full disk or a closed pipe refuses is heard here, not as Python exits
    except KeyboardInterrupt:
        return 130
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
    except ModuleNotFoundError as error:  # of a dependency that only an extra has
        missing = f"needs {error.name}, which is not installed: pip install 'onebit-rf[data]'"
        print(f"onebit-rf {arguments.command}: {missing}", file=sys.stderr)
        return 1
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

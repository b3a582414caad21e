"""What the sub-commands share: a parser whose complaint is one line, types of options, and records as JSON."""

import argparse
import json
import math
from typing import Any, Self


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line, and which may hand over to another."""

    _instead: tuple[str, Self] | None = None

    def instead_where(self, option: str, **arguments: Any) -> Self:
        """Return a parser that takes over, under the same name, where `option` stands; both are one help."""
        other = type(self)(prog=self.prog, formatter_class=self.formatter_class, add_help=False, **arguments)
        self._instead = option, other
        return other

    def parse_known_args(
        self, args: list[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, or have the other parser do it; `--help` is of both."""
        if self._instead and not {"-h", "--help"} & set(args or ()):
            option, other = self._instead
            if any(text.partition("=")[0] == option for text in args or ()):
                return other.parse_known_args(args, namespace)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Return the help, with that of the other parser below."""
        return super().format_help() + (f"\n{self._instead[1].format_help()}" if self._instead else "")

    def error(self, message: str) -> None:
        """Print `message` to stderr and exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def widths(text: str) -> tuple[int, ...]:
    """Parse `8192,4096`."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be whole numbers separated by commas, got {text!r}") from None


def samples(text: str) -> int:
    """Parse a number of samples, ≥ 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be whole numbers ≥ 1, got {text!r}")
    return int(text)


def aligned(rows: list[list[str]]) -> str:
    """Return rows of text as right-aligned columns, the last one as it is."""
    sizes = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    return "\n".join("  ".join([*map(str.rjust, row, sizes), row[-1]]) for row in rows)


def to_json(value: object) -> str:
    """Return records, or what is made of dicts, lists and tuples, as JSON; NaN and inf, which it lacks, become null."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(value), indent=2)

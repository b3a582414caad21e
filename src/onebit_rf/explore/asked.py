"""What the page is asked to draw: one record, spelled as an address, as a command line and as a configuration.

The options are those of `onebit-rf predict`, under the same names.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.grids import MOST_BITS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.problem import LABELS, Problem
from onebit_rf.model.registry import number_text
from onebit_rf.model.second_path import SecondPath, from_options
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.model.values import sample_range

START = {"dims": "1024,1024,1024", "noise": "0.3", "ridge": "2", "quantize-after": "1"}  # of an address without options
POINTS = 200  # of a curve to n = 2 d_L, where n-train is left out
MOST_POINTS = 2000
MOST_DIM, MOST_LAYERS = 1_000_000, 32  # 8 MB of eigenvalues; the command line takes more


def _widths(name: str, text: str) -> tuple[int, ...]:
    try:
        dims = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OnebitError(f"{name}: must be whole numbers separated by commas, got {text!r}") from None
    if len(dims) > MOST_LAYERS + 1 or max(dims) > MOST_DIM:
        raise OnebitError(f"{name}: the page takes up to {MOST_LAYERS} layers of up to {MOST_DIM:,}, got {text!r}")
    return dims


def _range(name: str, text: str) -> range:
    samples = sample_range(text)
    if len(samples) > MOST_POINTS:
        raise OnebitError(f"{name}: the page takes up to {MOST_POINTS} points, got {len(samples)}")
    return samples


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OnebitError(f"{name}: must be a number, got {text!r}") from None


def _bits(name: str, text: str) -> int:
    if text not in map(str, range(1, MOST_BITS + 1)):
        raise OnebitError(f"{name}: must be a whole number from 1 to {MOST_BITS}, got {text!r}")
    return int(text)


def _text(name: str, text: str) -> str:
    return text


_TYPES = {tuple[int, ...]: _widths, float: _number, str: _text, str | None: _text}
_OF_PROBLEM: dict[str, Callable[[str, str], Any]] = {
    each.name: _TYPES[each.type] for each in fields(Problem) if each.name not in ("n_train", "weight_noise")
}
_TESTED = {"input_noise": _number, "weight_correlation": _number, "quantize_after": _bits, "round_readout": _bits}
OPTIONS = {name.replace("_", "-"): read for name, read in {**_OF_PROBLEM, "n_train": _range, **_TESTED}.items()}


@dataclass(frozen=True)
class Asked:
    """A curve to draw.

    Attributes:
        problem: at the last n.
        n_train: the n of the curve.
        tested: the options of what is tested, where it is not what was trained.
    """

    problem: Problem
    n_train: range
    tested: Mapping[str, float] = field(default_factory=dict)

    @property
    def path(self) -> SecondPath | None:
        """What is tested, where it is not what was trained."""
        return from_options(self.tested)

    def options(self) -> dict[str, str]:
        """Return the options that are not the usual ones, with their values: the address and the command line."""
        problem = {
            each.name: getattr(self.problem, each.name)
            for each in fields(Problem)
            if each.name in _OF_PROBLEM and getattr(self.problem, each.name) != each.default
        }
        given = {"dims": problem.pop("dims"), "n_train": self.n_train, **problem, **self.tested}
        return {name.replace("_", "-"): _spell(value) for name, value in given.items()}

    def command(self) -> str:
        """Return the command that prints the same numbers."""
        words = ["onebit-rf", "predict"]
        for name, value in self.options().items():
            words += [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]
        return shlex.join(words)


def _spell(value: Any) -> str:
    """Spell an option's value as it is read."""
    if isinstance(value, range):
        return f"{value.start}:{value[-1]}:{value.step}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else number_text(value)


def read(options: Mapping[str, str]) -> Asked:
    """Return what is asked for; without n-train it is some 200 points to 2 d_L.

    Raises:
        OnebitError: for an option that is not known, a value that none can have, or no dims.
    """
    if unknown := [name for name in options if name not in OPTIONS]:
        raise OnebitError(f"{unknown[0]}: there is no such option; known are {', '.join(OPTIONS)}")
    if "dims" not in options:
        raise OnebitError("dims: must be given: the input dimension, then the widths, separated by commas")
    given = {name.replace("-", "_"): OPTIONS[name](name, text) for name, text in options.items()}
    tested = {name: given.pop(name) for name in _TESTED if name in given}
    n_train = given.pop("n_train", None) or _usual_range(given["dims"][-1])
    asked = Asked(Problem(n_train=n_train[-1], **given), n_train, tested)
    from_options(tested)
    return asked


def _usual_range(width: int) -> range:
    step = max(1, round(2 * width / POINTS))
    return range(step, max(2 * width, step) + 1, step)


def choices() -> dict[str, Any]:
    """Return what the page's controls offer: the members of the registries, as each is written."""
    registries = {"activation": ACTIVATIONS, "spectrum": SPECTRA, "mirror": MIRRORS, "teacher": TEACHERS}
    members = {name: registry.spellings() for name, registry in registries.items()}
    losses = ["square", *LOSSES.spellings()]
    bits = [str(bits) for bits in range(1, MOST_BITS + 1)]
    usual = {
        each.name: _spell(each.default) for each in fields(Problem) if each.name in _OF_PROBLEM and each.name != "dims"
    }
    return {
        "members": {**members, "loss": losses, "labels": list(LABELS), "quantize-after": bits, "round-readout": bits},
        "usual": usual,
        "start": START,
    }

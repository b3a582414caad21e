"""An x-axis of numbers or of words: where a value stands, and how its tick is spelled."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, isfinite, log
from typing import Any

from onebit_rf.figures import curves, layout
from onebit_rf.model.readouts import READOUTS

MOST_TICKS = 10  # numbers; words have all of theirs
WORDS = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"}  # of ticks
WORD = 0.6  # inches of an axis for a word
WIDEST = 9.0  # inches of all panels
LONGEST = 5  # characters of a number on a tick; longer ones are left to the usual ticks
WIDE = 8  # a range of numbers of this ratio or more is drawn on a logarithmic axis
_UNIFORM = re.compile(r"(\d+)(x\d+)?")  # layers of one width
_SIZES = re.compile(r"\d+([x-]\d+)*")  # of layers


class Axis:
    """An x-axis of numbers, logarithmic where they range widely, or of words in the order of the configuration."""

    def __init__(
        self, values: Sequence[Any], spell: "Callable[[Any], str] | None" = None, is_log: bool | None = None
    ) -> None:
        """Lay out the values; `spell` says those that are words, and `is_log` where the range does not choose it."""
        self.values = list(dict.fromkeys(values))
        self._words = spell or spelled
        numbers = [_number(value) for value in self.values]
        layers = {str(value).partition("x")[2] for value in self.values}  # widths are compared at one depth only
        several = len(numbers) > 1 or is_log is not None
        self.is_number = None not in numbers and len(layers) < 2 and several
        self.places = dict(zip(self.values, numbers if self.is_number else range(len(numbers)), strict=True))
        above = [place for place in self.places.values() if place > 0]
        wide = self.is_number and min(numbers) >= 0 and len(above) > 1 and max(above) / min(above) >= WIDE
        self.is_log = wide if is_log is None else is_log
        if self.is_log and 0 in numbers:  # 0 stands left of the others, at a place of its own
            self.places[self.values[numbers.index(0)]] = min(above) ** 2 / sorted(set(above))[1]

    def aside(self, place: float, shift: float, marks: int = 0) -> float:
        """Return a place moved aside by `shift` steps of 0.6 % of the axis, or of the room of one of `marks`."""
        at = sorted(map(self._scaled, self.places.values()))
        span = at[-1] - at[0] or 1.0
        room = min((b - a for a, b in pairwise(at)), default=span)
        width = span if self.is_number else len(at)
        step = min(0.02 * width, 0.7 * room / marks) if marks else 0.006 * span
        moved = self._scaled(place) + shift * step
        return exp(moved) if self.is_log else moved

    def _scaled(self, place: float) -> float:
        return log(place) if self.is_log else place

    def side(self, panels: int) -> float:
        """Return the inches that a panel should be wide: more for many words, where the panels leave room."""
        return max(curves.SIDE, min(WORD * len(self.values), WIDEST / panels) * (not self.is_number))

    def dress(self, axes: Any, label: str) -> None:
        """Set scale, ticks and label."""
        if self.is_log:
            axes.set_xscale("log", base=2)
            axes.minorticks_off()
        names = [f"{_number(v):g}" if self.is_number else self._words(v) for v in self.values]
        if not self.is_number or (len(names) <= MOST_TICKS and max(map(len, names)) <= LONGEST):
            axes.set_xticks(list(self.places.values()), labels=names, **({} if self.is_number else WORDS))
        elif not self.is_log:
            axes.locator_params(axis="x", nbins=5)
        if not self.is_number or len(self.values) == 1:
            axes.set_xlim(min(self.places.values()) - 0.5, max(self.places.values()) + 0.5)
        axes.set_xlabel(label)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        uniform = _UNIFORM.fullmatch(value)
        return float(uniform.group(1)) if uniform else None
    return float(value) if isfinite(value) else None


def spelled(value: Any) -> str:
    """Return a value as a tick spells it."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if text.split(":")[0] in READOUTS.names():
        return layout.readout_words(text)
    return text.replace("x", " × ") if _SIZES.fullmatch(text) else text.replace("inf", "∞").replace("_", " ")

"""Values of the configuration as tables, file names and comparisons spell them."""

from itertools import groupby
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.model.registry import number_text

Value = int | float | str
LARGEST = 1e100  # of a noise, a penalty or a teacher's weight: products of several stay numbers in double precision


def column_value(value: Any) -> Value:
    """Return a leaf's value as a table's column holds it: a number, or text; (64, 64, 9) is 64x2-9."""
    if isinstance(value, list):
        runs = [(column_value(item), len(list(run))) for item, run in groupby(value)]
        return "-".join(f"{item}x{length}" if length > 1 else f"{item}" for item, length in runs)
    if isinstance(value, dict):
        return "-".join(str(column_value(item)) for item in value.values() if item is not None)
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else str(value).lower()


def spelled(value: Any) -> str:
    """Return a value's one spelling, by which two are compared: 1e-5, "1e-05" and 0.00001 are the same."""
    text = column_value(value)
    try:
        return number_text(float(text))
    except ValueError:
        return str(text)


def sample_range(text: str) -> range:
    """Parse FIRST:LAST:STEP: the numbers of samples first, first + step, … ≤ last.

    Raises:
        OnebitError: for anything else.
    """
    parts = [int(part) if part.isdecimal() and len(part) < 16 else 0 for part in text.split(":")]
    if len(parts) != 3 or min(parts) < 1 or parts[0] > parts[1]:
        wanted = "FIRST:LAST:STEP, whole numbers ≥ 1 with FIRST ≤ LAST"
        raise OnebitError(f"n_train: must be {wanted}, got {text!r}")
    first, last, step = parts
    return range(first, last + 1, step)

"""The curve that was asked for, as columns."""

import math
import time
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.explore.asked import Asked
from onebit_rf.explore.entry import config_entry
from onebit_rf.theory import Prediction, predict_curve

_LAYERS = ("kappa", "df")


def answer(asked: Asked, every: int = 1) -> dict[str, Any]:
    """Return what the page draws and tells: columns against n, the command, the configuration and the time taken.

    Args:
        asked: what to draw.
        every: take one of so many n.

    Raises:
        OnebitError: for a combination that the theory does not cover.
    """
    start, n_train = time.perf_counter(), asked.n_train[::every]
    points = predict_curve(asked.problem, n_train, asked.path)
    seconds = time.perf_counter() - start
    try:
        entry, silence = config_entry(asked), ""
    except OnebitError as error:
        entry, silence = "", str(error)
    return {
        "columns": columns(n_train, points),
        "width": asked.problem.dims[-1],
        "options": asked.options(),
        "command": asked.command(),
        "config": entry,
        "no_config": silence,
        "seconds": seconds,
    }


def columns(n_train: range, points: list[Prediction]) -> dict[str, list]:
    """Return the fields of the predictions that apply, kappa and df by layer; None where a number is not finite."""
    found: dict[str, list] = {"n_train": list(n_train)}
    for name, first in vars(points[0]).items():
        if name in _LAYERS:
            by_layer = zip(*(getattr(point, name) for point in points), strict=True)
            found |= {f"{name}_{layer}": list(values) for layer, values in enumerate(by_layer, 1)}
        elif first is not None:
            found[name] = [getattr(point, name) for point in points]
    return {name: [_plain(value) for value in values] for name, values in found.items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

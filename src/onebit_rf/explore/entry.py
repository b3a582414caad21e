"""The entry of a configuration that draws the same curve: an experiment, and a figure for each of its errors."""

import json
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.explore.asked import Asked
from onebit_rf.model.mirrors import MIRRORS, l2
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.registry import number_text

NAME = "explored"
N_TEST = 256


def config_entry(asked: Asked) -> str:
    """Return the entry as YAML, to be laid over config/config.yaml.

    Raises:
        OnebitError: where no configuration computes the curve.
    """
    problem = asked.problem
    first, last, step = asked.n_train.start, asked.n_train[-1], asked.n_train.step
    if MIRRORS.get(problem.mirror) is not l2.mirror:
        last = min(last, min(problem.dims[1:]) - 1)  # its interpolator is simulated below every width
    if first > last:
        raise OnebitError(f"n_train: a mirror is simulated below every width, {last + 1}, got {first} and more")
    experiment = {
        "dataset": {"kind": "gaussian", "dim": problem.dims[0], "spectrum": problem.spectrum, "n_train": last}
        | {"n_test": N_TEST},
        "network": {"activation": problem.activation, "widths": list(problem.dims[1:])},
        "target": "teacher",
        "teacher": problem.teacher,
        "teachers": 1,
        "n_train": {"first": first, "last": last, "step": step},
        "noise": problem.noise,
        "labels": problem.labels,
        "readouts": _readouts(asked),
        **_at_test(asked),
    }
    lines = ["experiments:", f"  {NAME}:", *(f"    {key}: {_yaml(value)}" for key, value in experiment.items())]
    lines += ["figures:"]
    for metric in _metrics(asked):
        figure = {"kind": "learning_curve", "experiments": [NAME], "at": {"depth": len(problem.dims) - 1}}
        name, own = (f"{NAME}_{metric}", {"metric": metric}) if metric else (NAME, {})
        lines.append(f"  {name}: {_yaml({**figure, 'colour': 'readout', **own})}")
    return "\n".join(lines) + "\n"


def _readouts(asked: Asked) -> list[str]:
    problem = asked.problem
    if problem.loss != "square":
        return [f"{problem.loss}:{number_text(problem.penalty)}"]
    if MIRRORS.get(problem.mirror) is not l2.mirror:
        return [f"mirror:{problem.mirror}"]
    ridge = number_text(problem.ridge)
    bits = asked.tested.get("round_readout")
    return [f"ridge:{ridge}", *([READOUTS.canonical(f"rounded:{bits},{ridge}")] if bits else [])]


def _at_test(asked: Asked) -> dict[str, Any]:
    """Return the keys of what is tested where it is not what was trained."""
    tested, keys = asked.tested, {}
    if "input_noise" in tested:
        keys["test_inputs"] = {"noise": tested["input_noise"]}
    if "quantize_after" in tested:
        keys["test_weights"] = {"bits": tested["quantize_after"]}
    if (correlation := tested.get("weight_correlation", 1.0)) < 0:
        raise OnebitError(f"weight_correlation: is simulated from 0 to 1, got {correlation:g}")
    if correlation < 1:
        keys["test_weights"] = {"correlation": correlation}
    return keys


def _metrics(asked: Asked) -> list[str]:
    """Return the metrics whose curves the page draws; empty for the test error that a figure draws by itself."""
    problem, path = asked.problem, asked.path
    tested = "error_rate" if problem.loss != "square" or problem.labels == "sign" else "mse"
    shifted = [f"shifted_{tested}"] if path and path.moves_features else []
    return ["", *shifted, *(["train_mse", "gap"] if READOUTS.get(_readouts(asked)[0]).is_linear else [])]


def _yaml(value: Any) -> str:
    """Return a value in YAML's flow style, whose mappings, lists and quoted text are those of JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value) if ":" in value else value
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text  # 1e-05 is text in YAML 1.1

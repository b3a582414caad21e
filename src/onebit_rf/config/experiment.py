"""What follows from a config record alone: sizes, sample sizes, and the learning problem the theory solves."""

from itertools import pairwise
from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem

DIGITS = 1797  # images in scikit-learn's set
PIXELS = {"digits": 64, "mnist": 784}


def train_rows(dataset: dict[str, Any]) -> int:
    """Number of train rows of a data set."""
    return dataset["n_train"] if "n_train" in dataset else 10 * dataset["n_train_per_class"]


def input_dim(dataset: dict[str, Any]) -> int:
    """d_0 of a data set."""
    return dataset["dim"] if dataset["kind"] == "gaussian" else PIXELS[dataset["kind"]]


def records(config: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The records of an experiment, its data set and its network."""
    experiment = config["experiments"][name]
    return experiment, config["datasets"][experiment["dataset"]], config["networks"][experiment["network"]]


def largest_matrix(experiment: dict[str, Any], dataset: dict[str, Any], network: dict[str, Any]) -> int:
    """Numbers in the largest weight or feature matrix."""
    rows, dims = train_rows(dataset) + dataset["n_test"], [input_dim(dataset), *network["widths"]]
    return max(*(before * after for before, after in pairwise(dims)), rows * max(dims))


def peak_bytes(experiment: dict[str, Any], dataset: dict[str, Any], network: dict[str, Any]) -> int:
    """Estimate the memory of an experiment's largest job, from the arrays that are alive at the same time."""
    rows, n = train_rows(dataset) + dataset["n_test"], int(sample_sizes(experiment)[-1])
    dims = [input_dim(dataset), *network["widths"]]
    layer = max(4 * (3 * before * after + 2 * rows * (before + after)) for before, after in pairwise(dims))
    # float64 features, their Gram matrix, its factor and the products that label noise and ridge need
    readout = 8 * (2 * rows * max(network["widths"]) + 4 * n**2 + 2 * n * dataset["n_test"])
    return max(layer, readout)


def sample_sizes(experiment: dict[str, Any]) -> np.ndarray:
    """The n at which an experiment's labels are fitted: first, first + step, … ≤ last."""
    grid = experiment["n_train"]
    return np.arange(grid["first"], grid["last"] + 1, grid["step"])


# A read-out is named kind:argument, e.g. ridge:0.5 or mirror:q:3; each kind sets these fields of Problem.
READOUTS = {
    "ridge": lambda penalty: {"ridge": float(penalty)},
    "mirror": lambda name: {"mirror": name},
    "descent": lambda name: {"mirror": name},
    "logistic": lambda penalty: {"loss": "logistic", "penalty": float(penalty)},
    "squared-hinge": lambda penalty: {"loss": "squared-hinge", "penalty": float(penalty)},
}


def readout_kind(readout: str) -> tuple[str, dict[str, Any]]:
    """Split a read-out's name into its kind and the fields of Problem that it sets.

    Raises:
        OnebitError: unknown kind, or an argument that is not a number where one is needed.
    """
    kind, _, argument = readout.partition(":")
    try:
        return kind, READOUTS[kind](argument)
    except (KeyError, ValueError):
        forms = "ridge:λ, mirror:NAME, descent:NAME, logistic:λ or squared-hinge:λ"
        raise OnebitError(f"readout: must be {forms}, got {readout!r}") from None


def problem(
    experiment: dict[str, Any], dataset: dict[str, Any], network: dict[str, Any], readout: str, depth: int
) -> Problem:
    """The learning problem that one read-out of an experiment on Gaussian inputs solves, at its largest n."""
    return Problem(
        dims=(dataset["dim"], *network["widths"][:depth]),
        n_train=int(sample_sizes(experiment)[-1]),
        activation=network["activation"],
        spectrum=dataset["spectrum"],
        noise=experiment["noise"],
        teacher=experiment["teacher"],
        **readout_kind(readout)[1],
    )

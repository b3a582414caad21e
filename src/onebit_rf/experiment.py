"""What follows from a config record alone: sizes, sample sizes, and the learning problem the theory solves."""

from typing import Any

import numpy as np

from onebit_rf.problem import Problem

DIGITS = 1797  # images in scikit-learn's set
PIXELS = {"digits": 64, "mnist": 784}


def train_rows(dataset: dict[str, Any]) -> int:
    """Number of train rows of a data set."""
    return dataset["n_train"] if "n_train" in dataset else 10 * dataset["n_train_per_class"]


def input_dim(dataset: dict[str, Any]) -> int:
    """d_0 of a data set."""
    return dataset["dim"] if dataset["kind"] == "gaussian" else PIXELS[dataset["kind"]]


def sample_sizes(experiment: dict[str, Any]) -> np.ndarray:
    """The n at which an experiment's labels are fitted: first, first + step, … ≤ last."""
    grid = experiment["n_train"]
    return np.arange(grid["first"], grid["last"] + 1, grid["step"])


def problem(experiment: dict[str, Any], dataset: dict[str, Any], network: dict[str, Any], depth: int) -> Problem:
    """The learning problem of an experiment on Gaussian inputs at one depth and its largest n."""
    return Problem(
        dims=(dataset["dim"], *network["widths"][:depth]),
        n_train=int(sample_sizes(experiment)[-1]),
        activation=network["activation"],
        spectrum=dataset["spectrum"],
        noise=experiment["noise"],
        ridge=experiment["ridge"],
    )

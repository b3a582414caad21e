"""Brute-force simulation for the tests: networks as they are defined, nothing from the theory."""

from itertools import pairwise

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.spectra import SPECTRA


def draw_features(
    generator: np.random.Generator,
    dims: tuple[int, ...],
    rows: int,
    activation: str = "tanh",
    spectrum: str = "identity",
    one_bit: bool = True,
) -> np.ndarray:
    """x_L of `rows` Gaussian inputs through a network drawn afresh, shape (rows, d_L)."""
    x = generator.standard_normal((rows, dims[0])) * np.sqrt(SPECTRA.get(spectrum).eigenvalues(dims[0]))
    for fan_in, width in pairwise(dims):
        weights = generator.standard_normal((fan_in, width))
        x = ACTIVATIONS.get(activation).function(x @ (np.sign(weights) if one_bit else weights) / np.sqrt(fan_in))
    return x


def averaged_error(train: np.ndarray, test: np.ndarray, noise: float = 0.0, ridge: float = 0.0) -> float:
    """E averaged over A* and ε exactly, by the projection of the test features on what training leaves unknown."""
    gram = train @ train.T + ridge * np.eye(len(train))
    fit = np.linalg.solve(gram, train @ test.T).T if len(train) <= train.shape[1] else None
    if fit is None:
        fit = np.linalg.solve(train.T @ train + ridge * np.eye(train.shape[1]), test.T).T @ train.T
    missed = test - fit @ train
    return (np.sum(missed**2) / train.shape[1] + noise**2 * np.sum(fit**2)) / len(test)


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """Mean over seeds and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def draw_both_paths(
    generator: np.random.Generator,
    dims: tuple[int, ...],
    rows: int,
    activation: str,
    spectrum: str,
    one_bit: bool,
    path,
) -> tuple[np.ndarray, np.ndarray]:
    """x_L and x_L' of `rows` Gaussian inputs, each weight drawn anew with probability 1 − c on the second path."""
    phi, scale = ACTIVATIONS.get(activation).function, np.sqrt(SPECTRA.get(spectrum).eigenvalues(dims[0]))
    x, other = (generator.standard_normal((rows, dims[0])) * scale for _ in range(2))
    second = path.input_gain * (path.input_overlap * x + np.sqrt(1 - path.input_overlap**2) * other)
    second = second + path.input_noise * generator.standard_normal(x.shape)
    for fan_in, width in pairwise(dims):
        first, anew = (generator.standard_normal((fan_in, width)) for _ in range(2))
        if one_bit:
            first, anew = np.sign(first), np.sign(anew)
        later = np.where(generator.random(first.shape) < path.weight_correlation, first, anew)
        x, second = phi(x @ first / np.sqrt(fan_in)), phi(second @ later / np.sqrt(fan_in))
    return x, second

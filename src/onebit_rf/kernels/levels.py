"""Weights of a few levels, ternary or of 2 bits, as sums of sign matrices: the same look-ups multiply by them.

W = Σ_p f_p S_p with sign matrices S_p, hence x Wᵀ = [x … x] [f_1 S_1 … f_P S_P]ᵀ: one sign matrix, the factors being
scales of its groups of inputs.
"""

from typing import Any

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.kernels.registry import Product, load
from onebit_rf.kernels.rows import WHOLE, Scale, check_rows, check_scale
from onebit_rf.weights.signs import pack_signs

MOST = 256


def load_levels(weights: np.ndarray, backend: str = "auto", scale: Scale = 1.0) -> Product:
    """Make whole-number weights W (d_out, d_in) ready to be applied: load_levels(W).apply(x) = scale·x Wᵀ.

    It takes as long as P sign matrices: 1 for ±m, 2 for −1, 0, 1 and for −3, −1, 1, 3, and P = ⌈log₂ k⌉ where entries
    are among k evenly spaced numbers from −m to m. `scale` and `backend` are those of `load`; on a CUDA device only ±m
    are possible.

    Raises:
        OnebitError: W is not a matrix of whole numbers from −256 to 256; what `load` refuses.
    """
    weights, unit = _evenly_spaced(_checked(weights))
    factors = _factors(int(np.abs(weights).max()) or 2)
    signs, (d_out, d_in) = _signs(weights, factors), weights.shape
    scale = check_scale(scale, weights.shape)
    alpha = scale.T if isinstance(scale, np.ndarray) else scale  # as `load` takes it
    if len(factors) == 1:
        return load(pack_signs(signs[0]), backend, unit * factors[0] * alpha)
    width = -(-d_in // WHOLE) * WHOLE
    side_by_side = np.zeros((d_out, len(factors), width), bool)
    side_by_side[:, :, :d_in] = signs.transpose(1, 0, 2)
    scales = np.concatenate([unit * factor * alpha * np.ones((d_out, 1)) for factor in factors], axis=1)
    product = load(pack_signs(side_by_side.reshape(d_out, -1)), backend, scales)
    return LevelsProduct(product, (d_out, d_in), len(factors))


class LevelsProduct:
    """x ↦ φ(scale·x Wᵀ), by the product that takes x as many times as there are sign matrices in W."""

    def __init__(self, product: Product, shape: tuple[int, int], copies: int) -> None:
        """Keep the product of `copies` sign matrices side by side, each padded to whole words."""
        self.shape = shape
        self._product, self._copies = product, copies

    def apply(
        self, x: np.ndarray, out: np.ndarray | None = None, threads: int = 1, activation: str | None = None
    ) -> np.ndarray:
        """Return φ(scale·x Wᵀ), float32 (rows, d_out), for float32 x (rows, d_in); see `check_rows` for errors."""
        x, out, threads = check_rows(self.shape, x, out, threads)
        width = self._product.shape[1] // self._copies
        copies = np.zeros((len(x), self._copies, width), np.float32)
        copies[:, :, : self.shape[1]] = x[:, None]
        return self._product.apply(copies.reshape(len(x), -1), out, threads, activation)


def _checked(weights: Any) -> np.ndarray:
    numbers = np.asarray(weights)
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 2 or not numbers.size:
        raise OnebitError(f"weights: need a matrix of whole numbers, got {numbers.dtype} {numbers.shape}")
    if not (np.abs(numbers) <= MOST).all() or (numbers != np.rint(numbers)).any():
        raise OnebitError(f"weights: need whole numbers from −{MOST} to {MOST}; `scale` multiplies them")
    return numbers.astype(np.int16)


def _evenly_spaced(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return whole numbers that are all odd or all even, as every second number is, and what multiplies them."""
    unit = int(np.gcd.reduce(weights, axis=None)) or 1
    weights = weights // unit
    return (weights, unit) if (weights % 2).all() else (2 * weights, unit / 2)


def _factors(most: int) -> list[int]:
    """Return f_1 ≥ f_2 ≥ … of sum `most` such that Σ ±f_p is every second number from −most to most."""
    factors = []
    while most > 0:
        factors.append((most + 1) // 2)
        most -= factors[-1]
    return factors


def _signs(weights: np.ndarray, factors: list[int]) -> np.ndarray:
    """Return whether each sign is +, (P, d_out, d_in): each factor goes towards what is left of the weights."""
    rest, signs = weights.copy(), []
    for factor in factors:
        signs.append(rest >= 0)
        rest -= np.where(signs[-1], factor, -factor).astype(np.int16)
    return np.stack(signs)

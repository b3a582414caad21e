"""The network that a read-out is tested on, where it is not the one that it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.model.grids import grid
from onebit_rf.model.values import LARGEST


@dataclass(frozen=True)
class SecondPath:
    """What becomes of an input, the hidden weights and the read-out between training and test.

    x_0' = gain (overlap x_0 + √(1 − overlap²) x̃_0) + noise ξ with x̃_0 an independent input and ξ ~ N(0, I), so that
    E x_0 x_0'ᵀ = t Σ_0,  E x_0'x_0'ᵀ = u Σ_0 + v I,  t = gain·overlap,  u = gain²,  v = noise².
    x_ℓ' = φ(W_ℓ' x_{ℓ−1}'),  corr(W_ij, W'_ij) = c_ℓ, both of variance 1/d_{ℓ−1}.

    Attributes:
        input_noise: τ ≥ 0, the standard deviation of ξ.
        input_gain: of the inputs.
        input_overlap: in [−1, 1].
        weight_correlation: c in [−1, 1], of every layer or one for each: c = √(2/π) for the signs of Gaussian weights,
            `grid(b).correlation` for b bits.
        readout_noise: s ≥ 0; η with iid entries of variance s²/p is added to â, as a* = A*/√p.
        readout_bits: b, where the entries of â are rounded to the grid of b bits that is scaled by their root mean
            square; else None.
    """

    input_noise: float = 0.0
    input_gain: float = 1.0
    input_overlap: float = 1.0
    weight_correlation: float | tuple[float, ...] = 1.0
    readout_noise: float = 0.0
    readout_bits: int | None = None

    def __post_init__(self) -> None:
        """Raise OnebitError, naming the field, for a value that none can have."""
        for name in ("input_noise", "readout_noise"):
            if not 0 <= getattr(self, name) <= LARGEST:
                raise OnebitError(f"{name}: must be ≥ 0 and ≤ {LARGEST:g}, got {getattr(self, name):g}")
        if not 0 <= abs(self.input_gain) <= LARGEST:
            raise OnebitError(f"input_gain: must be a number up to {LARGEST:g}, got {self.input_gain:g}")
        if self.input_gain == 0 and self.input_noise == 0:
            raise OnebitError("input_gain: must not be 0 without input_noise: nothing would be left of the inputs")
        for name in ("input_overlap", "weight_correlation"):
            for value in np.atleast_1d(getattr(self, name)):
                if not -1 <= value <= 1:
                    raise OnebitError(f"{name}: must be from -1 to 1, got {value:g}")
        if self.readout_bits is not None:
            grid(self.readout_bits)

    def correlations(self, depth: int) -> tuple[float, ...]:
        """Return c_1 … c_L.

        Raises:
            OnebitError: one is given for each layer of a network of another depth.
        """
        given = self.weight_correlation
        each = tuple(map(float, given)) if isinstance(given, tuple | list) else (float(given),) * depth
        if len(each) != depth:
            raise OnebitError(f"weight_correlation: must be one number, or one for each of {depth} layers, got {given}")
        return each

    @property
    def moves_features(self) -> bool:
        """Whether the features at test are others than those of training."""
        given = self.weight_correlation
        moved = (self.input_noise, self.input_gain, self.input_overlap) != (0, 1, 1)
        return moved or any(c != 1 for c in np.atleast_1d(given))


_FIELDS = {"input_noise": "input_noise", "weight_correlation": "weight_correlation", "round_readout": "readout_bits"}


def from_options(given: Mapping[str, float]) -> SecondPath | None:
    """Return what is tested, from the options of the command line that were given; None where none of them was.

    Args:
        given: `input_noise`, `weight_correlation` or `quantize_after`, `round_readout`, each if it was given.

    Raises:
        OnebitError: for a value that none can have, or for both ways to change the weights.
    """
    values = {field: given[option] for option, field in _FIELDS.items() if option in given}
    if "quantize_after" in given:
        if "weight_correlation" in given:
            raise OnebitError("quantize_after: or weight_correlation, not both")
        values["weight_correlation"] = grid(given["quantize_after"]).correlation
    return SecondPath(**values) if values else None

"""The laws of the hidden weights, a file each: W_ℓ has independent entries of mean 0 and variance 1/d_{ℓ−1}.

The theory sees a law through these two moments only, so any such law has the same error in the limit. Of a law that is
not of this kind the theory says nothing, and the law says why.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onebit_rf.model.registry import Registry
from onebit_rf.weights.signs import SignMatrix


@dataclass(frozen=True)
class Law:
    """A law of the weights.

    Attributes:
        encoding: how its tables hold a layer: `dense`, float32 numbers, or `signs`, one bit a weight.
        draw: (d_ℓ, d_{ℓ−1}, seed, ℓ) → √d_{ℓ−1} W_ℓ, of shape (d_ℓ, d_{ℓ−1}): a float32 array
            that the caller may overwrite if `dense`, a SignMatrix if `signs`.
        quantise: G → what `draw` returns for the Gaussian draw G, or for any other numbers of unit variance; None where
            the weights are no function of that draw.
        normal: whether the entries are normal, so that there is something to round to fewer bits after training.
        silence: d_{ℓ−1} → why the theory says nothing of such a layer, in words that follow "weights: "; empty where
            it is covered.
    """

    encoding: str
    draw: Callable[[int, int, int, int], np.ndarray | SignMatrix]
    quantise: Callable[[np.ndarray], np.ndarray | SignMatrix] | None = None
    normal: bool = False
    silence: Callable[[int], str] = lambda fan_in: ""


LAWS: Registry[Law] = Registry("weights/laws", "law")

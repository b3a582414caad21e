"""W_ij = ±1/√(S d) with probability S/2 each, else 0."""

import numpy as np

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.weights.laws import Law

MANY = 100  # weights other than 0 from which on |w|² of a neuron scatters by a tenth or less, and its square costs 1 %


def law(share: float) -> Law:
    """Return the law of weights of which a share S is not 0.

    A sum of few terms has no central limit: the theory is silent where a neuron has fewer than `MANY` on average.

    Raises:
        OnebitError: unless 0 < S ≤ 1.
    """
    if not 0 < share <= 1:
        raise OnebitError(f"law: sparse:SHARE needs 0 < SHARE ≤ 1, got {share:g}")

    def draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
        uniform = stream(seed, "weights", "sparse", layer).random((fan_out, fan_in), dtype=np.float32)
        size = np.float32(share**-0.5)
        return np.where(uniform < share, np.where(uniform < share / 2, size, -size), np.float32(0))

    return Law(
        "dense",
        draw,
        silence=lambda fan_in: "" if share * fan_in >= MANY else f"fewer than {MANY} of a neuron are not 0",
    )

"""W with orthogonal rows or columns: the orthogonal factor of the very draw G that the Gaussian weights take.

W Wᵀ = I for d_ℓ ≤ d_{ℓ−1}, and Wᵀ W = (d_ℓ/d_{ℓ−1}) I above; uniform (Haar) among these, Var W_ij = 1/d_{ℓ−1}.
"""

import numpy as np

from onebit_rf.weights.laws import Law
from onebit_rf.weights.laws.gaussian import draw_gaussian


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> np.ndarray:
    drawn = draw_gaussian(fan_out, fan_in, seed, layer)
    factor, triangle = np.linalg.qr(drawn if fan_out > fan_in else drawn.T)
    factor *= np.where(np.diag(triangle) < 0, -1, 1)  # the triangle's diagonal positive: only then it is Haar
    factor *= np.float32(max(fan_out, fan_in) ** 0.5)
    return np.ascontiguousarray(factor if fan_out > fan_in else factor.T)


law = Law("dense", _draw, silence=lambda fan_in: "their entries are not independent")

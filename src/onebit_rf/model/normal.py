"""The standard normal density."""

import numpy as np


def normal_density(x: np.ndarray) -> np.ndarray:
    """e^{−x²/2}/√(2π)."""
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)

"""How far the covariance of rows is from a given one, with the noise of sampling them and without."""

import numpy as np


def frobenius(sample: np.ndarray, covariance: np.ndarray) -> float:
    """|Σ̂ − Σ|_F/|Σ|_F."""
    return float(np.linalg.norm(sample - covariance) / np.linalg.norm(covariance))


def operator(sample: np.ndarray, covariance: np.ndarray) -> float:
    """|Σ̂ − Σ|/|Σ| of the operator norms, the largest |eigenvalue|s."""
    return float(np.abs(np.linalg.eigvalsh(sample - covariance)).max() / np.linalg.eigvalsh(covariance)[-1])


def squared(rows: np.ndarray, covariance: np.ndarray) -> float:
    """Return an estimate of |E xxᵀ − Σ|²_F/|Σ|²_F without the noise of sampling: it may be negative.

    It is the mean of ⟨x_i x_iᵀ − Σ, x_j x_jᵀ − Σ⟩ over i ≠ j, unbiased for independent rows x; subtracting the mean of
    the rows costs a relative 1/N.

        ( |N(Σ̂ − Σ)|² − Σ_i |x_i x_iᵀ − Σ|² )/(N(N − 1)),   |xxᵀ − Σ|² = |x|⁴ − 2 x·Σx + |Σ|²

    Args:
        rows: shape (N, p), centred.
        covariance: Σ, shape (p, p).
    """
    n, scale = len(rows), np.sum(covariance**2)
    total = np.sum((rows.T @ rows - n * covariance) ** 2)
    own = np.sum(np.sum(rows**2, axis=1) ** 2) - 2 * np.sum((rows @ covariance) * rows) + n * scale
    return float((total - own) / (n * (n - 1)) / scale)

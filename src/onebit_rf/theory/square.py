"""Square loss: minimum norm, ridge and label noise on both sides of n = p, section 4 of the theory.

    κ_L (n − df_L(κ_L)) = λ         E = (−κ_L² df_L'/p + σ² df2_L/n)/(1 − df2_L/n)

As λ → 0 the first equation says df_L = n if n < p and κ_L = 0 if n ≥ p. Sources: Akhtiamov, Ghane, Hassibi,
arXiv 2510.16250; Hastie, Montanari, Rosset, Tibshirani, arXiv 1903.08560, for n > p.
"""

import numpy as np

from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain, Top

_MAX_ITERATIONS = 200


def ridge_kappa(strength: np.ndarray, delta: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Return the root κ ≥ 0 of δ κ² + ((δ − 1) S − l) κ − l S = 0, by the form that does not cancel.

    It is κ (n − p S/(κ + S)) = λ in units of p: δ = n/p, l = λ/p. All shapes (N,).
    """
    linear = (delta - 1) * strength - ridge
    root = np.sqrt(linear**2 + 4 * delta * ridge * strength)
    from_product = 2 * ridge * strength / np.where(linear > 0, root + linear, 1.0)
    return np.where(linear > 0, from_product, (root - linear) / (2 * delta))


def given_samples(delta: np.ndarray, ridge: np.ndarray) -> Top:
    """Return the top of ridge regression, κ_L (n − df_L) = λ.

    In units of p:  G(κ, S) = (δ − 1) κ + E_b[κ²/(κ + S)] − l = 0, convex; by Jensen its root for the mean of S
    lies above that for the law of S, so that Newton's method descends from there.

    Args:
        delta: δ = n/p, shape (N,).
        ridge: l = λ/p, shape (N,).
    """

    def top(strength: np.ndarray, layer: Layer) -> tuple[np.ndarray, np.ndarray]:
        kappa = ridge_kappa(strength @ layer.weights, delta, ridge)
        for _ in range(_MAX_ITERATIONS if layer.weights.size > 1 else 0):
            empty = kappa[:, None] / (kappa[:, None] + strength)
            value = (delta - 1) * kappa + kappa * (empty @ layer.weights) - ridge
            slope = delta - 1 + (empty * (2 - empty)) @ layer.weights
            step = np.where(value > 0, value / np.where(value > 0, slope, 1.0), 0.0)
            kappa = kappa - step
            if not np.any(step > 1e-9 * kappa):
                break
        return kappa, _kappa_slope(kappa, strength, layer, ridge)

    return top


def _kappa_slope(kappa: np.ndarray, strength: np.ndarray, layer: Layer, ridge: np.ndarray) -> np.ndarray:
    """Return ∂κ_L/∂q_L = E_b[ρ1² κ²/(κ+S)²]/(l/κ + E_b[κ S/(κ+S)²]), and 0 where κ_L = 0."""
    safe = np.where(kappa > 0, kappa, 1.0)[:, None]
    empty = safe / (safe + strength)
    falling = empty**2 @ (layer.weights * layer.rho1_sq)
    rising = ridge / safe[:, 0] + (empty * (1 - empty)) @ layer.weights
    return np.where(kappa > 0, falling / rising, 0.0)


def left_over(chain: Chain, n_train: np.ndarray, dim: int, ridge: np.ndarray) -> np.ndarray:
    """Return n − df_L, which is λ/κ_L, or n − p past the threshold without ridge, where κ_L = 0; shape (N,)."""
    # Where λ/p, which the chain is given, underflows to 0, λ is 0.
    return np.where(ridge / dim > 0, ridge / chain.kappa[-1], np.maximum(n_train - dim, 0.0))


def train_error(left: np.ndarray, n_train: np.ndarray, test_error: np.ndarray) -> np.ndarray:
    """Return R_train = |y − Xâ|²/n = ((n − df_L)/n)² R_test of shape (N,): 0 where there is nothing left over.

    It is the relation of generalised cross-validation, section 9 of the theory.

    Args:
        left: n − df_L.
        n_train: n.
        test_error: R_test = E + σ².
    """
    return np.where(left > 0, (left / n_train) ** 2 * np.where(left > 0, test_error, 0.0), 0.0)


def excess_error(
    chain: Chain,
    n_train: np.ndarray,
    dim: int,
    noise: float | np.ndarray,
    left: np.ndarray,
    signal: float | np.ndarray = 1.0,
    more: float | np.ndarray = 0.0,
) -> np.ndarray:
    """Return E of shape (N,): E = (κ (df − df2) E A*²/p + σ² df2/n) / ((n − df2)/n) at layer L.

    n − df2 = (n − df) + (df − df2) with n − df = λ/κ, or n − p where κ = 0: sums of positive terms. At n = p with
    σ > 0 and λ = 0 the error diverges: inf.

    Args:
        chain: solved with `given_samples`.
        n_train: n, shape (N,).
        dim: p.
        noise: σ.
        left: n − df_L.
        signal: E (A* − A_0)².
        more: what is missed of the teacher beside κ (df − df2) E A*²/p.
    """
    kappa, gap, df2 = chain.kappa[-1], chain.gap[-1], chain.df2[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(kappa > 0, (signal * kappa * gap / dim + more) * n_train / (left + gap), 0.0)
        variance = np.where(np.asarray(noise) > 0, noise**2 * df2 / (left + gap), 0.0)
    return bias + variance

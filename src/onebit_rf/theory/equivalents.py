"""One layer as a linear map plus noise: the Gaussian equivalent of x⁺ = φ(W x), section 2 of the theory.

    z = b + √s g,   b = w·m ~ N(0, μ²),   s = tr Σ/d,   μ² = |m|²/d,   g ~ N(0, 1)
    Σ⁺ ≈ D1 W Σ Wᵀ D1 + D2,   D1 = diag ρ1(b_i),   D2 = diag ρ2²(b_i)

The weights enter through their first two moments only, so that ρ1 and ρ2 are common to Gaussian and one-bit
weights. Source: Akhtiamov, Ghane, Hassibi, arXiv 2510.16250, for odd φ (b = 0 at every layer); Schröder, Cui,
Dmitriev, Loureiro, arXiv 2302.00401, for deep equivalents. The average over the bias b is what other φ need.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS, Activation
from onebit_rf.theory.quadrature import normal_panels, normal_steps

_BIAS_STEP = 0.09  # of b/μ, 157 nodes: 1e-8 at worst, in narrow deep ReLU networks, where ρ(b) falls by many decades
_LEAST_NOISE = 1e-100  # ρ2² of a neuron so far from ReLU's kink that its output is 0 in double precision


@dataclass(frozen=True)
class Layer:
    """The coefficients of one layer on the quadrature nodes of its bias: one node if b = 0, else 157.

    Attributes:
        weights: shape (k,), probabilities of the nodes.
        rho1_sq: shape (k,), ρ1²(b).
        rho2_sq: shape (k,), ρ2²(b).
        variance: s⁺ = E_b Var φ(z), the variance of the layer's output, tr Σ⁺/d⁺.
        mean_sq: μ²⁺ = E_b (E φ(z))², the squared mean of its output, |m⁺|²/d⁺.
    """

    weights: np.ndarray
    rho1_sq: np.ndarray
    rho2_sq: np.ndarray
    variance: float
    mean_sq: float


def hermite_coefficients(
    activation: Activation, bias: np.ndarray, variance: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return f0, ρ1 and ρ2² at every bias: φ(b + √s g) = f0 + ρ1 √s g + a remainder of variance ρ2².

        f0(b) = E φ(b+√s g)     ρ1(b) = E[g φ(b+√s g)]/√s     ρ2²(b) = E[(φ(b+√s g) − f0 − ρ1 √s g)²]

    The last form is Var φ − s ρ1² without its cancellation.

    Args:
        activation: φ.
        bias: b, shape (k,).
        variance: s > 0, of all or, shape (k,), of each.

    Returns:
        f0, ρ1, ρ2², each of shape (k,).
    """
    scale = np.sqrt(variance)
    kinks = np.asarray(activation.kinks or (0.0,))  # a smooth φ gains from two panels as well
    wide = np.asarray(scale)[..., None]
    nodes, weights = normal_panels((kinks - bias[:, None]) / wide)
    values = activation.function(bias[:, None] + wide * nodes)
    mean = np.sum(weights * values, axis=-1)
    rho1 = np.sum(weights * nodes * values, axis=-1) / scale
    remainder = values - mean[:, None] - (rho1 * scale)[:, None] * nodes
    return mean, rho1, np.maximum(np.sum(weights * remainder**2, axis=-1), _LEAST_NOISE)


def bias_nodes(mean_sq: float) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes of b/μ and their probabilities: a single one if μ = 0."""
    return normal_steps(_BIAS_STEP) if mean_sq > 0 else (np.zeros(1), np.ones(1))


def propagate(activation: Activation, variance: float, mean_sq: float) -> Layer:
    """Return the layer that follows an input with tr Σ/d = `variance` and |m|²/d = `mean_sq`.

    s⁺ = E_b[s ρ1² + ρ2²],  μ²⁺ = E_b f0².
    """
    nodes, weights = bias_nodes(mean_sq)
    mean, rho1, rho2_sq = hermite_coefficients(activation, np.sqrt(mean_sq) * nodes, variance)
    variance_out = float(weights @ (variance * rho1**2 + rho2_sq))
    # An odd φ has f0 = 0 exactly; rounding would turn the next layer's one node into 157 equal ones.
    mean_sq_out = 0.0 if activation.odd else float(weights @ mean**2)
    return Layer(weights, rho1**2, rho2_sq, variance_out, mean_sq_out)


@lru_cache(maxsize=64)
def equivalent_layers(activation: str, depth: int, variance: float = 1.0) -> tuple[Layer, ...]:
    """Return the layers 1…depth of a network whose centred input has tr Σ_0/d_0 = `variance`.

    Raises:
        OnebitError: if `activation` names no activation.
    """
    phi, mean_sq, layers = ACTIVATIONS.get(activation), 0.0, []
    for _ in range(depth):
        layers.append(propagate(phi, variance, mean_sq))
        variance, mean_sq = layers[-1].variance, layers[-1].mean_sq
    return tuple(layers)

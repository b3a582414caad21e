"""What the last layer's neurons and the layers below contribute to a mirror's interpolator, section 5 of the theory.

A neuron answers to two pushes that all share, along the mean of its inputs and by their norm. K is what the samples
leave free of these two directions of layer L−1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS, Activation
from onebit_rf.theory.cross import NormMoments, norm_moments
from onebit_rf.theory.equivalents import Layer, bias_nodes, equivalent_layers, hermite_coefficients
from onebit_rf.theory.freedom import Chain, given_kappa, solve_chain
from onebit_rf.theory.quadrature import normal_steps
from onebit_rf.theory.spectrum import Spectrum

# Steps of b/μ in the last layer: there ρ's fall over |b| ~ √s, and averages of smooth functions of them are good to
# 1e-8 at the larger of the two while μ²/s < 1/2.
_STEP, _STEP_OF_RATIO = 0.35, 0.2
_STENCIL = 3e-3  # in log κ': differences of five points are then good to 1e-11


@dataclass(frozen=True)
class Response:
    """How the neurons of a layer respond to their inputs' mean and norm, on the nodes of b; arrays of shape (k,).

    Attributes:
        weights: probabilities of the nodes.
        mean: f0.
        bias: b.
        along: ρ1 b, to a push along the mean.
        norm: to a change of the norm, |x|²/d.
        rho1, rho1_sq, rho2_sq: ρ1, ρ1² and ρ2².
    """

    weights: np.ndarray
    mean: np.ndarray
    bias: np.ndarray
    along: np.ndarray
    norm: NormMoments
    rho1: np.ndarray
    rho1_sq: np.ndarray
    rho2_sq: np.ndarray


def respond(phi: Activation, variance: float, bias: np.ndarray, weights: np.ndarray) -> Response:
    """Return the response of neurons of biases b to inputs with tr Σ/d = `variance`."""
    mean, rho1, rho2_sq = hermite_coefficients(phi, bias, variance)
    norm = norm_moments(phi, bias, variance)
    return Response(weights, mean, bias, rho1 * bias, norm, rho1, rho1**2, rho2_sq)


@lru_cache(maxsize=64)
def responses(activation: str, depth: int, variance: float) -> tuple[Response, ...]:
    """Return the responses of layers 1…depth, the last on the fewer nodes that averages over prox are taken on."""
    phi, mean_sq, found = ACTIVATIONS.get(activation), 0.0, []
    for index, layer in enumerate(equivalent_layers(activation, depth, variance), start=1):
        nodes, weights = bias_nodes(mean_sq)
        if index == depth and mean_sq > 0:
            nodes, weights = normal_steps(min(_STEP, _STEP_OF_RATIO * float(np.sqrt(variance / mean_sq))))
        found.append(respond(phi, variance, np.sqrt(mean_sq) * nodes, weights))
        variance, mean_sq = layer.variance, layer.mean_sq
    return tuple(found)


@dataclass(frozen=True)
class Network:
    """What the equations need of the architecture.

    Attributes:
        spectrum: of Σ_0.
        dims: (d_0, …, d_L).
        below: the Gaussian equivalents of layers 1…L−1.
        responses: those of layers 1…L.
    """

    spectrum: Spectrum
    dims: tuple[int, ...]
    below: tuple[Layer, ...]
    responses: tuple[Response, ...]

    @property
    def last(self) -> Response:
        """The neurons of the last layer."""
        return self.responses[-1]


def network(activation: str, spectrum: Spectrum, dims: tuple[int, ...]) -> Network:
    """Return the network with these dimensions."""
    depth = len(dims) - 1
    below = equivalent_layers(activation, depth, spectrum.mean)[:-1]
    return Network(spectrum, dims, below, responses(activation, depth, spectrum.mean))


@dataclass(frozen=True)
class Below:
    """What layers 0…L−1 contribute at N values of κ', with slopes in log κ'.

    Attributes:
        filled: D, shape (N,); its slope is D2 − D.
        square: D2.
        gap: D − D2.
        gap_slope: d(D − D2)/dlog κ'.
        free: K and its first two derivatives in log κ', shape (3, N, m, m) for m directions.
    """

    filled: np.ndarray
    square: np.ndarray
    gap: np.ndarray
    gap_slope: np.ndarray
    free: np.ndarray


def contribution(net: Network, kappa: np.ndarray, means: bool) -> Below:
    """Return what layers 0…L−1 contribute at κ' = `kappa`, with K only if `means`."""
    steps = _STENCIL * np.arange(-2, 3)
    stencil = (np.exp(steps)[:, None] * kappa).ravel()
    df, df2, gap, free = _at_kappa(net, stencil, means)
    first = np.array([1, -8, 0, 8, -1]) / (12 * _STENCIL)
    second = np.array([-1, 16, -30, 16, -1]) / (12 * _STENCIL**2)
    gap = gap.reshape(5, -1)
    free = free.reshape(5, kappa.size, *free.shape[1:])
    derivatives = np.stack([free[2], np.tensordot(first, free, 1), np.tensordot(second, free, 1)])
    return Below(df.reshape(5, -1)[2], df2.reshape(5, -1)[2], gap[2], first @ gap, derivatives)


def _at_kappa(net: Network, kappa: np.ndarray, means: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return D, D2, D − D2 of shape (N,) and K of shape (N, m, m), m = 0 unless `means`."""
    width, none = net.dims[-2], np.zeros((kappa.size, 0, 0))
    if not net.below:
        values, weights = net.spectrum.values, net.spectrum.weights
        filled, empty = values / (values + kappa[:, None]), kappa[:, None] / (values + kappa[:, None])
        free = np.full((kappa.size, 1, 1), _input_norm(net)) if means else none
        return filled @ weights, (filled**2) @ weights, (filled * empty) @ weights, free
    chain = solve_chain(net.spectrum, net.dims[:-1], net.below, given_kappa(kappa), kappa.size)
    free = left_free(net, chain) if means else none
    return chain.df[-1] / width, chain.df2[-1] / width, chain.gap[-1] / width, free


def _input_norm(net: Network) -> float:
    """Return Var |x_0|²/d_0² = 2 tr Σ_0²/d_0²."""
    return 2 * float(net.spectrum.weights @ net.spectrum.values**2) / net.dims[0]


def left_free(net: Network, chain: Chain) -> np.ndarray:
    """Return K of layer L−1 in the directions of its mean and norm, shape (N, 2, 2).

    A direction of a layer is what adds up over all its neurons: m·x/…, and |x|²/d, whose variance counts although it is
    O(1/d). Layer by layer from K = Var |x_0|²/d_0², with G = 1/(κ + S), Ê[x] = d_ℓ E_b[G x], the responses r of the
    neurons to the directions below, R = Ê[r rᵀ], Λ = K (1 + R K)^{-1}, ε = ρ1 B q + E[τ R] the covariance of a
    neuron's output with its square, and u = d_ℓ E_b[(B b, C)] − Ê[ε r], w = Ê[r f0]:

        H = m·Gm = Ê[f0²] − w·Λw          F = (Ê[ε f0] + u·Λw)/d_ℓ
        K_mm = 1/H − κ/|m|² = (d_ℓ E_b[S G f0²] + κ w·Λw)/(H |m|²)
        K_mn = F/H            K_nn = (u·Λu + d_ℓ E_b[B² q + E τ² − ε² G])/d_ℓ² + F²/H
    """
    free = np.full((chain.kappa.shape[1], 1, 1), _input_norm(net))
    for index, layer in enumerate(net.responses[:-1], start=1):
        dim, kappa, q = net.dims[index], chain.kappa[index], chain.q[index - 1][:, None]
        strength = layer.rho2_sq + layer.rho1_sq * q
        mass = dim * layer.weights / (kappa[:, None] + strength)
        towards = np.array([layer.along, layer.norm.bend])[-free.shape[-1] :]
        square = dim * np.array([layer.norm.skew * layer.bias, layer.norm.swell])[-free.shape[-1] :]
        tied = layer.rho1 * layer.norm.skew * q + layer.norm.both
        spread = free @ np.linalg.inv(
            np.eye(free.shape[-1]) + np.einsum("nk,ak,ck->nac", mass, towards, towards) @ free
        )
        from_mean = mass @ (towards * layer.mean).T
        from_square = square @ layer.weights - np.einsum("nk,nk,ak->na", mass, tied, towards)

        def through(left: np.ndarray, right: np.ndarray, spread: np.ndarray = spread) -> np.ndarray:
            return np.einsum("na,nac,nc->n", left, spread, right)

        learned = through(from_mean, from_mean)
        height = mass @ layer.mean**2 - learned
        both = ((mass * tied) @ layer.mean + through(from_square, from_mean)) / dim
        own = dim * (layer.norm.skew**2 * q + layer.norm.square) @ layer.weights
        own = (through(from_square, from_square) + own - np.sum(mass * tied**2, axis=1)) / dim**2
        mean_sq = dim * float(layer.weights @ layer.mean**2)
        along = ((mass * strength) @ layer.mean**2 + kappa * learned) / (height * mean_sq)
        mixed = both / height
        free = np.moveaxis(np.array([[along, mixed], [mixed, own + both * mixed]]), -1, 0)
    return free

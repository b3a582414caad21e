"""The Gaussian equivalents of two paths at once, section 10 of the theory: one neuron on the first and on the second.

    first path     z  = b + √s g                 b ~ N(0, μ²)
    second path    z' = b' + ζ'                  b' | b ~ N(c e b, R + (1 − c²) e² μ²),   ζ' | √s g ~ N(c γ √s g, r + …)

with c the correlation of the weights, and the inputs of the layer on the second path as a multiple of those on the
first and an uncorrelated rest: x' has the covariance s× = γ s with x and s' = γ² s + r itself, and its mean μ× = e μ²
and μ'² = e² μ² + R. Everything is an average given b, and is kept as the difference to the first path, Δ = φ(z') −
φ(z): what makes the error of equal paths equal is then exactly 0.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from onebit_rf.model.activations import ACTIVATIONS, Activation
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory.equivalents import bias_nodes, hermite_coefficients
from onebit_rf.theory.quadrature import TAIL, normal_panels, normal_steps

_SCATTER_STEP = 0.18  # of b' given b; the integrand is smooth on the scale of s'
_WIDTH = 6.0  # beyond ±6 of its standard deviations a smoothed kink is the kink
_TABLE_NODES = 16  # Chebyshev nodes of a panel of the tables
_TABLE_PANEL = 0.5
_TABLE_NEAR = 9  # ends at 0, 1/2, … 4
_TABLE_GROWTH = 1.25
_TABLE_KINK = np.arange(-8.0, 9.0, 2.0)  # panel ends around a smoothed kink, in standard deviations
_PAIR_NODES = 64  # of a panel: 48 hold every activation here to 1e-14
_FEW = 2000  # up to this many points are integrated one by one rather than looked up


@dataclass(frozen=True)
class Inputs:
    """How the inputs of a layer on the second path follow those on the first.

    Attributes:
        variance: s = tr Σ/d on the first path.
        gain: γ = s×/s.
        rest: r = s' − γ² s ≥ 0.
        mean_sq: μ².
        mean_gain: e = μ×/μ²; 1 where μ = 0.
        mean_rest: R = μ'² − e² μ² ≥ 0.
    """

    variance: float
    gain: float
    rest: float
    mean_sq: float = 0.0
    mean_gain: float = 1.0
    mean_rest: float = 0.0

    @property
    def second_variance(self) -> float:
        """s'."""
        return self.gain**2 * self.variance + self.rest

    @property
    def second_mean_sq(self) -> float:
        """μ'²."""
        return self.mean_gain**2 * self.mean_sq + self.mean_rest


@dataclass(frozen=True)
class NormMoments:
    """How a neuron answers to the norm of the layer's input, which all neurons share; arrays of shape (k,).

    |x|²/d scatters by O(1/√d) about its mean. To first order it moves the mean of every neuron along `bend` at once,
    a direction of its own in Σ⁺ that no trace sees, but m·(Σ⁺ + κ)^{-1}m does.

    Attributes:
        bend: h = ½ E[φ(z)(g² − 1)]/s = ½ E φ''.
        skew: B = E[(φ − f0)² g]/√s.
        swell: C = ½ E[(φ − f0)² (g² − 1)]/s.
        both: E[τ·remainder], τ = (φ − f0)² − Var φ − B √s g and the remainder φ − f0 − ρ1 √s g.
        square: E τ².
    """

    bend: np.ndarray
    skew: np.ndarray
    swell: np.ndarray
    both: np.ndarray
    square: np.ndarray


@dataclass(frozen=True)
class CrossLayer:
    """A layer on both paths, on the quadrature nodes of the bias b of `equivalents.Layer`; arrays have shape (k,).

    Where the layer's outputs on the second path are scaled neuron by neuron, their shape is (N, k).

    Attributes:
        weights: probabilities of the nodes.
        bias: b.
        rho1: ρ1(b) of the first path, with its sign.
        own: Var(φ(z) | b).
        mean: f0 = E[φ(z) | b].
        norm: the answer to the norm of the input; None for odd φ, whose means are 0.
        rho1_apart: c ρ1'(b) − ρ1(b), where ρ1' = E[φ'(z') | b].
        cross: C = Cov(φ(z), Δ | b).
        apart: E[Var(Δ | b, b') | b].
        second_mean: E[φ(z') | b].
        scatter: Var(E[φ(z') | b'] | b).
        inputs: how those of the layer follow one another.
    """

    weights: np.ndarray
    bias: np.ndarray
    rho1: np.ndarray
    own: np.ndarray
    mean: np.ndarray
    norm: NormMoments | None
    rho1_apart: np.ndarray
    cross: np.ndarray
    apart: np.ndarray
    second_mean: np.ndarray
    scatter: np.ndarray
    inputs: Inputs

    @cached_property
    def outputs(self) -> Inputs:
        """How the outputs follow one another: s⁺, γ⁺, r⁺, μ⁺², e⁺, R⁺."""
        weights, mean = self.weights, self.mean
        variance, mean_sq = float(self.own @ weights), float(mean**2 @ weights)
        near = self.cross @ weights / variance
        rest = np.maximum(self.apart @ weights - near**2 * variance, 0.0)
        mean_near = (mean * (self.second_mean - mean)) @ weights / mean_sq if mean_sq > 0 else 0.0 * near
        apart = self.second_mean - np.multiply.outer(1 + mean_near, mean)
        return Inputs(variance, 1 + near, rest, mean_sq, 1 + mean_near, (apart**2 + self.scatter) @ weights)

    @property
    def mean_apart(self) -> np.ndarray:
        """f⁺ = E[φ(z') | b] − e⁺ f0."""
        return self.second_mean - np.multiply.outer(self.outputs.mean_gain, self.mean)

    @property
    def second_moment(self) -> np.ndarray:
        """E[φ(z')² | b]."""
        return self.own + 2 * self.cross + self.apart + self.second_mean**2 + self.scatter

    def scaled(self, gain: np.ndarray) -> "CrossLayer":
        """Return the layer with its outputs on the second path times `gain` (N, k), neuron by neuron."""
        lost = gain - 1
        return replace(
            self,
            rho1_apart=gain * self.rho1_apart + lost * self.rho1,
            cross=gain * self.cross + lost * self.own,
            apart=gain**2 * self.apart + 2 * gain * lost * self.cross + lost**2 * self.own,
            second_mean=gain * self.second_mean,
            scatter=gain**2 * self.scatter,
        )


def smoothed(phi: Activation, points: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return E φ(m + √v g) and Var φ(m + √v g) at the `points` m, of their shape.

    Many points are looked up in a table: piecewise Chebyshev interpolation, with panels that are narrow around 0 and on
    the scale √v at the kinks of φ. Its error is below 1e-12 for φ that are analytic within 1/2 of the real axis or as
    smooth after smoothing.
    """
    if variance == 0:
        return phi.function(points), np.zeros(points.shape)
    if points.size <= _FEW:
        return _integrated(phi, points, variance)
    low, high = points.min() - _TABLE_PANEL, points.max() + _TABLE_PANEL
    ends = [_ends(max(-low, high)), [low, high]]
    ends += [kink + np.sqrt(variance) * _TABLE_KINK for kink in phi.kinks]
    ends = np.unique(np.clip(np.concatenate(ends), low, high))
    angles = np.pi * (np.arange(_TABLE_NODES) + 0.5) / _TABLE_NODES
    centre, half = 0.5 * (ends[1:] + ends[:-1]), 0.5 * np.diff(ends)
    values = np.stack(_integrated(phi, centre + half * np.cos(angles)[:, None], variance), axis=1)
    transform = 2 / _TABLE_NODES * np.cos(np.arange(_TABLE_NODES)[:, None] * angles)
    transform[0] *= 0.5
    coefficients = np.tensordot(transform, values, 1)  # (order, mean or variance, panel)
    panel = np.clip(np.searchsorted(ends, points, side="right") - 1, 0, half.size - 1)
    mean, square = _clenshaw(coefficients[:, :, panel], (points - centre[panel]) / half[panel])
    return mean, np.maximum(square, 0.0)


def _ends(reach: float) -> np.ndarray:
    """Return ends of panels on ±reach: of one length around 0, where φ bends, then in proportion to the distance."""
    near = _TABLE_PANEL * np.arange(_TABLE_NEAR)
    count = max(0, int(np.log(max(reach, near[-1]) / near[-1]) / np.log(_TABLE_GROWTH)))
    half = np.concatenate([near, near[-1] * _TABLE_GROWTH ** np.arange(1, count + 1)])
    return np.concatenate([-half[:0:-1], half])


def _clenshaw(coefficients: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return Σ_k c_k T_k(x) by Clenshaw's recursion; the c_k stand along the first axis."""
    ahead = behind = np.zeros(coefficients.shape[1:])
    for row in coefficients[:0:-1]:
        ahead, behind = row + 2 * x * ahead - behind, ahead
    return coefficients[0] + x * ahead - behind


def _integrated(phi: Activation, points: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray]:
    kinks = np.asarray(phi.kinks or (0.0,))
    scale = np.sqrt(variance)
    nodes, weights = normal_panels((kinks - points[..., None]) / scale)
    values = phi.function(points[..., None] + scale * nodes)
    mean = np.sum(weights * values, axis=-1)
    return mean, np.sum(weights * (values - mean[..., None]) ** 2, axis=-1)


def _pair_nodes(
    phi: Activation, bias: np.ndarray, scale: float, slope: float, shift: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of g for functions of z = b + √s g and of the smoothed φ at m = A b + B √s g.

    They are split at the kinks of φ(z), and around those of φ(m), which are smoothed over the width √v/(B√s).

    Args:
        phi: φ.
        bias: b, shape (k,).
        scale: √s.
        slope: B√s.
        shift: A.
        width: √v.
    """
    kinks = np.asarray(phi.kinks or (0.0,))
    with np.errstate(divide="ignore", invalid="ignore"):
        around = width * np.array([-_WIDTH, 0, _WIDTH]) if phi.kinks else np.zeros(1)
        second = ((kinks[:, None] + around).ravel() - shift * bias[:, None]) / slope
    splits = np.concatenate([(kinks - bias[:, None]) / scale, np.where(np.isnan(second), TAIL, second)], axis=1)
    return normal_panels(np.sort(np.clip(splits, -TAIL, TAIL), axis=1), _PAIR_NODES)


def cross_layer(phi: Activation, inputs: Inputs, correlation: float) -> CrossLayer:
    """Return a layer with weights of correlation c on both paths, given how its inputs follow one another."""
    s, c = inputs.variance, correlation
    nodes, weights = bias_nodes(inputs.mean_sq)
    bias = np.sqrt(inputs.mean_sq) * nodes
    shift, slope = c * inputs.mean_gain, c * inputs.gain * np.sqrt(s)
    free = 1 - c**2
    bias_var = inputs.mean_rest + free * inputs.mean_gain**2 * inputs.mean_sq
    own_var = inputs.rest + free * inputs.gain**2 * s
    mean, rho1, _ = hermite_coefficients(phi, bias, s)
    second_mean, second_rho1, _ = hermite_coefficients(phi, shift * bias, inputs.second_variance + bias_var)
    if phi.odd:
        mean, second_mean = np.zeros(1), np.zeros(1)
    g, g_weights = _pair_nodes(phi, bias, np.sqrt(s), slope, shift, np.sqrt(bias_var + own_var))
    values = phi.function(bias[:, None] + np.sqrt(s) * g)
    first = values - mean[:, None]
    given_g, var_given_g = smoothed(phi, shift * bias[:, None] + slope * g, bias_var + own_var)
    moved = given_g - values - (second_mean - mean)[:, None]
    scatter = _scatter(phi, shift * bias, bias_var, inputs.second_variance)
    return CrossLayer(
        weights=weights,
        bias=bias,
        rho1=rho1,
        own=np.sum(g_weights * first**2, axis=1),
        mean=mean,
        norm=None if phi.odd else norm_moments(phi, bias, s),
        rho1_apart=c * second_rho1 - rho1,
        cross=np.sum(g_weights * first * moved, axis=1),
        apart=np.maximum(np.sum(g_weights * (var_given_g + moved**2), axis=1) - scatter, 0.0),
        second_mean=second_mean,
        scatter=scatter,
        inputs=inputs,
    )


def norm_moments(phi: Activation, bias: np.ndarray, variance: float) -> NormMoments:
    """Return what the norm of the input does to neurons of biases b, shape (k,), at s = `variance`."""
    scale = np.sqrt(variance)
    g, weights = normal_panels((np.asarray(phi.kinks or (0.0,)) - bias[:, None]) / scale)
    values, bent = phi.function(bias[:, None] + scale * g), 0.5 * (g**2 - 1) / variance

    def average(x: np.ndarray) -> np.ndarray:
        return np.sum(weights * x, axis=1)

    centred = values - average(values)[:, None]
    square, skew = centred**2, average(centred**2 * g) / scale
    remainder = centred - average(centred * g)[:, None] * g
    tau = square - average(square)[:, None] - (skew * scale)[:, None] * g
    return NormMoments(average(values * bent), skew, average(square * bent), average(tau * remainder), average(tau**2))


def _scatter(phi: Activation, centre: np.ndarray, bias_var: float, variance: float) -> np.ndarray:
    """Return Var f(b') for b' ~ N(centre, bias_var) and f(b') = E φ(b' + √s' g), shape (k,)."""
    if bias_var == 0:
        return np.zeros(centre.shape)
    steps, weights = normal_steps(_SCATTER_STEP)
    values, _ = smoothed(phi, centre[:, None] + np.sqrt(bias_var) * steps, variance)
    return ((values - (values @ weights)[:, None]) ** 2) @ weights


@lru_cache(maxsize=64)
def cross_layers(activation: str, inputs: Inputs, correlations: tuple[float, ...]) -> tuple[CrossLayer, ...]:
    """Return the layers 1…L on both paths, given the inputs x_0 and x_0', and c_1…c_L.

    Raises:
        OnebitError: if `activation` names no activation.
    """
    phi, layers = ACTIVATIONS.get(activation), []
    for correlation in correlations:
        layers.append(cross_layer(phi, inputs, correlation))
        inputs = layers[-1].outputs
    return tuple(layers)


def both_paths(activation: str, variance: float, path: SecondPath, depth: int) -> tuple[CrossLayer, ...]:
    """Return the layers 1…L on both paths from inputs with tr Σ_0/d_0 = `variance`."""
    gain = path.input_gain * path.input_overlap
    rest = path.input_gain**2 * (1 - path.input_overlap**2) * variance + path.input_noise**2
    return cross_layers(activation, Inputs(variance, gain, rest), path.correlations(depth))

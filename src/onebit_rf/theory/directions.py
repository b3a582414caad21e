"""Directions that one layer hands to all neurons of the next: the means of both paths, and the norm. Section 10.

What is asked of a covariance by a trace does not know single directions; m·(Σ + κ)^{-1}m does. Of the input x of a
layer three directions are felt by every neuron at once: the mean m of the first path, by b_i = w_i·m, with the loading
ρ1(b_i) b_i; what the mean m' of the second path has beyond its share of m, m⁺ = m' − e m, through w_i·m⁺; and the norm
|x|², with the loading h(b_i) = ½ E φ''(z). They are finite-rank terms r yᵀ of D1 W x̃ + …, which Woodbury's identity
takes out: with the loadings r, the matrix K of the directions' forms at the layer below and averages over neurons

    R_ab = d_ℓ E[G r_a r_b]    Λ = K (1 + R K)^{-1}    pr(u)_a = d_ℓ E[G r_a u]    u·Gv = d_ℓ E[G u v] − pr(u)·Λ pr(v)

for any functions u, v of the neurons' biases. Between layers K has, of (m, m⁺) with the forms H and the squared lengths
N, and of the norm with the couplings D to these and its own K22,

    K = [[H^{-1} − κ N^{-1}, H^{-1} D], [Dᵀ H^{-1}, K22 + Dᵀ H^{-1} D]]

Derived for this project; for odd φ there are no means, and the norm moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onebit_rf.theory.averages import Neurons
from onebit_rf.theory.cross import CrossLayer
from onebit_rf.theory.freedom import Chain
from onebit_rf.theory.slopes import along, constant, inverse, product, times

_PARALLEL = 1e-12  # of R/μ'²: below it m' is a multiple of m


@dataclass(frozen=True)
class Directions:
    """The directions of a layer's outputs; numbers with slopes in log κ_ℓ, (2, N).

    Attributes:
        names: of the directions, of `mean`, `apart` (m⁺) and `norm`.
        forms: K, shape (2, N, a, a) for a names.
        mean: m·Gm.
        both: m·Gm⁺.
        apart: m⁺·Gm⁺.
        norm_mean, norm_apart: D_m and D_m⁺, the couplings of the norm to the means.
        ones, ones_mean: 1·G1 and 1·Gm of the vector of ones.
    """

    names: Sequence[str]
    forms: np.ndarray
    mean: np.ndarray
    both: np.ndarray
    apart: np.ndarray
    norm_mean: np.ndarray
    norm_apart: np.ndarray
    ones: np.ndarray
    ones_mean: np.ndarray

    @property
    def offset(self) -> np.ndarray:
        """Γ = m⁺·Gm⁺ − (m·Gm⁺)²/(m·Gm): what m⁺ has beyond its share of m."""
        return _beyond(self.apart, self.both, self.mean)

    @property
    def ones_offset(self) -> np.ndarray:
        """Γ_1 = 1·G1 − (1·Gm)²/(m·Gm)."""
        return _beyond(self.ones, self.ones_mean, self.mean)


def _beyond(square: np.ndarray, both: np.ndarray, mean: np.ndarray) -> np.ndarray:
    ratio = both[0] / mean[0]
    return np.stack([square[0] - ratio * both[0], square[1] - 2 * ratio * both[1] + ratio**2 * mean[1]])


def at_inputs(chain: Chain, norm_variance: float) -> Directions:
    """Return the directions of centred inputs: the norm alone, K = Var(|x_0|²)/d_0² = `norm_variance`."""
    nothing = np.zeros((2, chain.kappa.shape[1]))
    forms = constant(np.full((chain.kappa.shape[1], 1, 1), norm_variance))
    return Directions(("norm",), forms, *(nothing,) * 7)


class _Loaded:
    """Averages d_ℓ E[G · ] over the neurons of a layer with the loadings of its input's directions taken out."""

    def __init__(self, here: Neurons, cross: CrossLayer, wide: int, names: Sequence[str], forms: np.ndarray) -> None:
        self.here, self.cross, self.wide, self.names = here, cross, wide, names
        self.load = {"mean": cross.rho1 * cross.bias, "norm": cross.norm.bend}
        spread = np.stack([np.stack([self._spread(a, b) for b in self.names], -1) for a in self.names], -2)
        unit = constant(np.broadcast_to(np.eye(len(self.names)), spread.shape[1:]))
        self.coupling = product(forms, inverse(unit + product(spread, forms)))

    def _spread(self, a: str, b: str) -> np.ndarray:
        """R_ab; w·m⁺ is independent of b and of the norm."""
        if "apart" not in (a, b):
            return self.bare(self.load[a] * self.load[b])
        rest = self.cross.inputs.mean_rest if a == b else 0.0
        return rest * self.bare(self.cross.rho1**2)

    def bare(self, values: np.ndarray) -> np.ndarray:
        """d_ℓ E[G f]."""
        return self.wide * self.here.resolvent(values)

    def bare_norm(self, values: np.ndarray) -> np.ndarray:
        """d_ℓ E[G ε f] with ε = ρ1 B q + E[τ·remainder], the covariance of a neuron's output with its square."""
        norm, rho1 = self.cross.norm, self.cross.rho1
        return times(self.here.q, self.bare(rho1 * norm.skew * values)) + self.bare(norm.both * values)

    def project(self, values: np.ndarray, slope: np.ndarray | float = 0.0) -> np.ndarray:
        """pr(f), shape (2, N, a, 1); `slope` is how f rises with w·m⁺."""
        rest = self.cross.inputs.mean_rest
        rows = [
            rest * self.bare(self.cross.rho1 * slope) if name == "apart" else self.bare(self.load[name] * values)
            for name in self.names
        ]
        return np.stack(rows, axis=-1)[..., None]

    def project_norm(self) -> np.ndarray:
        """The same of the outputs' norm, by which it follows the input's directions."""
        norm, weights = self.cross.norm, self.cross.weights
        direct = {"mean": weights @ (norm.skew * self.cross.bias), "norm": weights @ norm.swell, "apart": 0.0}
        rows = [
            np.zeros_like(self.here.q)
            if name == "apart"
            else constant(np.full(self.here.q.shape[1], self.wide * direct[name])) - self.bare_norm(self.load[name])
            for name in self.names
        ]
        return np.stack(rows, axis=-1)[..., None]

    def learned(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """pr(u)·Λ pr(v), (2, N)."""
        return product(product(np.swapaxes(first, -1, -2), self.coupling), second)[..., 0, 0]


def climb_directions(here: Neurons, cross: CrossLayer, wide: int, below: Directions, growth: np.ndarray) -> Directions:
    """Return the directions of a layer's outputs from those of its inputs.

    Args:
        here: averages over its neurons, with their slopes.
        cross: the layer on both paths, of φ that is not odd.
        wide: d_ℓ.
        below: of the inputs, with slopes in log κ_{ℓ−1}.
        growth: dlog κ_{ℓ−1}/dlog κ_ℓ.
    """
    layer = _Loaded(here, cross, wide, below.names, along(below.forms, growth))
    norm, weights, q = cross.norm, cross.weights, here.q
    f0, apart, one = cross.mean, cross.mean_apart, np.ones(weights.size)
    of_mean, of_ones, of_norm = layer.project(f0), layer.project(one), layer.project_norm()
    of_apart = layer.project(apart, cross.rho1_apart + cross.rho1)
    mean = layer.bare(f0**2) - layer.learned(of_mean, of_mean)
    both = layer.bare(f0 * apart) - layer.learned(of_mean, of_apart)
    rest = layer.bare(apart**2 + cross.scatter) - layer.learned(of_apart, of_apart)
    norm_mean = (layer.bare_norm(f0) + layer.learned(of_norm, of_mean)) / wide
    norm_apart = (layer.bare_norm(apart) + layer.learned(of_norm, of_apart)) / wide
    size = q.shape[1]
    free = (weights @ norm.skew**2) * q + constant(np.full(size, weights @ norm.square))
    used = times(q, layer.bare_norm(cross.rho1 * norm.skew)) + layer.bare_norm(norm.both)  # d_ℓ E[G ε²]
    own = (layer.learned(of_norm, of_norm) + wide * free - used) / wide**2
    names, forms = _forms(cross, wide, here.kappa, (mean, both, rest), (norm_mean, norm_apart), own)
    ones = layer.bare(one) - layer.learned(of_ones, of_ones)
    ones_mean = layer.bare(f0) - layer.learned(of_ones, of_mean)
    return Directions(names, forms, mean, both, rest, norm_mean, norm_apart, ones, ones_mean)


def _forms(
    cross: CrossLayer,
    wide: int,
    kappa: np.ndarray,
    means: Sequence[np.ndarray],
    norms: Sequence[np.ndarray],
    own: np.ndarray,
) -> tuple[Sequence[str], np.ndarray]:
    """Return the names of the outputs' directions and K."""
    outputs = cross.outputs
    lengths = [outputs.mean_sq, float(np.max(outputs.mean_rest))]
    count = 2 if lengths[1] > _PARALLEL * np.max(outputs.second_mean_sq) else int(outputs.mean_sq > 0)
    mean, both, rest = means
    square = np.stack([np.stack([mean, both], -1), np.stack([both, rest], -1)], -2)[..., :count, :count]
    inverted = inverse(square)
    tilt = np.stack(norms, axis=-1)[..., :count, None]
    coupling = product(inverted, tilt)
    corner = own + product(np.swapaxes(tilt, -1, -2), coupling)[..., 0, 0]
    level = np.stack([kappa, kappa])[..., None, None] * np.diag(1 / (wide * np.array(lengths[:count])))
    top = np.concatenate([inverted - level, coupling], axis=-1)
    bottom = np.concatenate([np.swapaxes(coupling, -1, -2), corner[..., None, None]], axis=-1)
    return (*("mean", "apart")[:count], "norm"), np.concatenate([top, bottom], axis=-2)

"""Classes sign(x_L·a*) by least squares where φ is not odd, so that the features have a mean: section 10 of the theory.

A teacher gives its classes an offset b = m_L·a* ~ N(0, μ²), and the read-out an intercept, found along the mean for
free. Given b a label y = sign(b + u), u ~ N(0, ρ), is a constant, a linear function and noise that no feature explains,

    E y = 2Φ(b/√ρ) − 1      a_y = E[y u]/ρ = 2 φ(b/√ρ)/√ρ      σ_y² = 1 − (E y)² − a_y² ρ

and everything is as for linear labels with E A*² = a_y² and σ = σ_y. All arrays have shape (N, B) for B offsets.
"""

from dataclasses import dataclass

import numpy as np

from onebit_rf.theory.equivalents import Layer
from onebit_rf.theory.freedom import Chain
from onebit_rf.theory.offset import error_given, offset_nodes
from onebit_rf.theory.second_path import Ascent, Pair
from onebit_rf.theory.square import excess_error


@dataclass(frozen=True)
class Classes:
    """Labels with the offsets b, and the read-out that least squares fits to them.

    Attributes:
        offset: b, shape (B,).
        variance: ρ.
        mean, slope, noise_sq: E y, a_y and σ_y², shape (B,).
        test: T, the mean square of y − x·â on the first path.
    """

    offset: np.ndarray
    variance: float
    mean: np.ndarray
    slope: np.ndarray
    noise_sq: np.ndarray
    test: np.ndarray


def fit_classes(chain: Chain, layer: Layer, left: np.ndarray, n_train: np.ndarray, dim: int) -> Classes:
    """Return the classes of features of the last `layer`, and their fit."""
    from scipy.special import ndtr

    nodes, _ = offset_nodes()
    scale = layer.variance**0.5
    offset = layer.mean_sq**0.5 * nodes
    share = 2 * ndtr(-offset / scale)  # 1 − E y
    slope = 2 * np.exp(-0.5 * (offset / scale) ** 2) / np.sqrt(2 * np.pi) / scale
    noise_sq = np.maximum(share * (2 - share) - slope**2 * layer.variance, 0.0)
    rows = [
        excess_error(chain, n_train, dim, noise_sq_b**0.5, left, slope_b**2) + noise_sq_b
        for slope_b, noise_sq_b in zip(slope, noise_sq, strict=True)
    ]
    return Classes(offset, layer.variance, 1 - share, slope, noise_sq, np.stack(rows, axis=1))


def on_first_path(classes: Classes, chain: Chain, left: np.ndarray, n_train: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean square, its training value, their gap and the error rate, averaged over the offsets; (N,)."""
    overlap = classes.slope * chain.power[:, None]
    square = classes.slope**2 * chain.power2[:, None] + classes.test * (chain.df2[-1] / n_train)[:, None]
    rate = _rate(classes, classes.mean, overlap, square)
    test, train = _average(classes.test), _average(classes.test) * (left / n_train) ** 2
    return {"error": test, "train_error": train, "gap": test - train, "error_rate": _average(rate)}


def on_second_path(
    classes: Classes, ascent: Ascent, kappa: np.ndarray, n_train: np.ndarray, dim: int, noise_sq: float
) -> dict[str, np.ndarray]:
    """Return the mean square and the error rate on the second path, averaged over the offsets; shape (N,).

    There the read-out has the intercept β' = m'·â. Given b it is normal, with r = m·Gm'/m·Gm, the couplings D of the
    norm to the means and Γ of section 10,

        E β' = a_y e b + (E y − a_y b) r − (a_y b/2ρ)(D_m' − r D_m)
        Var β' = a_y² (R − κ (2Γ + Γ')/p) + T (Γ + Γ')/n,    Γ' = dΓ/dlog κ

    Args:
        classes: fitted.
        ascent: both paths.
        kappa: κ_L.
        n_train: n.
        dim: p.
        noise_sq: s², of noise on the read-out.
    """
    directions, out, slope = ascent.directions, ascent.layer.outputs, classes.slope

    def square(pair: Pair) -> np.ndarray:
        return (
            slope**2 * pair.power.sum(axis=0)[:, None] / dim
            + classes.test * (pair.trace.sum(axis=0) / n_train)[:, None]
        )

    overlap = slope * ((ascent.same.power[0] + ascent.near.power[0]) / dim)[:, None]
    spread = square(ascent.same) + 2 * square(ascent.near) + square(ascent.apart)
    lean = directions.both[0] / directions.mean[0]
    share, coupled = (
        (out.mean_gain + lean)[:, None],
        (directions.norm_apart[0] - lean * directions.norm_mean[0])[:, None],
    )
    bent = slope * classes.offset
    intercept = out.mean_gain * bent + (classes.mean - bent) * share - bent / (2 * classes.variance) * coupled
    gamma = directions.offset
    free = slope**2 * (out.mean_rest - kappa * (gamma[0] + gamma.sum(axis=0)) / dim)[:, None]
    free = np.maximum(free + classes.test * (gamma.sum(axis=0) / n_train)[:, None], 0.0)
    free = free + noise_sq * (out.second_variance + out.second_mean_sq)
    rate = _rate(classes, intercept, overlap, spread + free)
    missed = classes.noise_sq + slope**2 * classes.variance - 2 * slope * overlap + spread
    return {
        "shifted_error": _average(missed + (classes.mean - intercept) ** 2 + free),
        "shifted_error_rate": _average(rate),
    }


def _rate(classes: Classes, intercept: np.ndarray, overlap: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Return P(sign(b + u) ≠ sign(β + f)) of fields u, f with the overlap m = E u f and the square q = E f²."""
    size = np.sqrt(classes.variance * square)
    odds = overlap / np.sqrt(np.maximum((size - overlap) * (size + overlap), np.finfo(float).tiny))
    return error_given(classes.offset / classes.variance**0.5 + 0 * odds, intercept / np.sqrt(square), odds)


def _average(values: np.ndarray) -> np.ndarray:
    """Return the average over the offsets, (N,)."""
    return values @ offset_nodes()[1]

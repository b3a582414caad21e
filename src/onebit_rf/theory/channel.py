"""What training does to one sample: the averages over it that the equations of a classifier need, section 6.

A sample of class 1 has the field f = β + √q ξ, ξ ~ N(0, 1), where it is left out of training. Training moves it to
z = prox_V(f), with the force F = −ℓ'(z), of stiffness C = −∂F/∂f = ℓ''/(1 + V ℓ''). Its class is 1 with probability
Φ(oξ + g), where ρ is the variance of the teacher's field, b its mean, v = ρ − m²/q and

    o = m/√(qv) = c/√(1 − c²),  c = m/√(ρq)          g = b/√v = h √(1 + o²),  h = b/√ρ

Class −1 is the mirror image, with −β and −h. So everything is made of four averages of class 1:

    E = ∫ a F     M = ∫ d F     Q = ∫ a F²     R = ∫ a C         a = φ(ξ) Φ(oξ + g),  d = φ(ξ) φ(oξ + g)

Their derivatives follow from ∂F/∂V = −F C and, for those of C, from integration by parts with ∂_f = ∂_ξ/√q; they are
sums of the same nodes.
"""

from typing import NamedTuple

import numpy as np

from onebit_rf.model.losses import Loss
from onebit_rf.model.normal import normal_density
from onebit_rf.theory.quadrature import gauss_legendre

_PANEL_NODES = 11  # an error rate is then right to 2e-9
_LENGTH = 3.5  # of a panel under a normal density: 11 nodes integrate it to 1e-11
_REACH = 7.0  # beyond ±7 standard deviations a normal density is 1e-12
_FARTHEST = 30.0  # where F pulls the integrand away from the normal density, it is followed to e^{−450}
_TURN = _LENGTH * np.arange(-2.0, 3.0)  # panel ends around ξ = −g/o, where Φ(oξ + g) turns from 0 to 1, in units of 1/o
_BLOCK = 2000  # panels integrated together, which the processor's cache holds


class _Row(NamedTuple):
    """√q, o, V, β and g, and z = prox_V(β) with F there; each of shape (R,), or (panels, 1) of the rows they lie in."""

    spread: np.ndarray
    odds: np.ndarray
    response: np.ndarray
    intercept: np.ndarray
    threshold: np.ndarray
    centre: np.ndarray
    force: np.ndarray


class _Sums(NamedTuple):
    """Integrals over ξ: of a or d, times powers of x = ξ, times F and C, as the letters say; shape (R,) each."""

    a_f: np.ndarray
    a_ff: np.ndarray
    a_c: np.ndarray
    a_fc: np.ndarray
    a_ffc: np.ndarray
    ax_c: np.ndarray
    ax_fc: np.ndarray
    axx_c: np.ndarray
    d_f: np.ndarray
    d_ff: np.ndarray
    d_c: np.ndarray
    d_fc: np.ndarray
    dx_f: np.ndarray
    dx_ff: np.ndarray
    dx_c: np.ndarray
    dxx_f: np.ndarray


def class_averages(loss: Loss, point: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (E, M, Q, R) of class 1, shape (4, R), and their derivatives, shape (4, 4, R): average, variable.

    Args:
        loss: ℓ, with a continuous ℓ'.
        point: (log q, log o, log V, β), shape (4, R).
        offset: h, shape (R,).
    """
    spread, odds, response = np.exp(0.5 * point[0]), np.exp(point[1]), np.exp(point[2])
    root = np.hypot(1, odds)
    threshold = offset * root
    centre = loss.prox(point[3], response)
    row = _Row(spread, odds, response, point[3], threshold, centre, -loss.slope(centre))
    s = _integrate(loss, row)
    rate = threshold * odds / root**2  # ∂g/∂o = h o/√(1 + o²)
    by_odds = odds * np.stack(
        [
            s.dx_f + rate * s.d_f,
            -(odds * s.dxx_f + threshold * s.dx_f) - rate * (odds * s.dx_f + threshold * s.d_f),
            s.dx_ff + rate * s.d_ff,
            s.dx_c + rate * s.d_c,
        ]
    )
    by_intercept = np.stack([-s.a_c, -s.d_c, -2 * s.a_fc, (s.ax_c - odds * s.d_c) / spread])
    by_q = 0.5 * np.stack(
        [-spread * s.ax_c, -spread * (s.dx_c), -2 * spread * s.ax_fc, s.axx_c - s.a_c - odds * s.dx_c]
    )
    by_response = response * np.stack([-s.a_fc, -s.d_fc, -2 * s.a_ffc, (s.ax_fc - odds * s.d_fc) / spread])
    return np.stack([s.a_f, s.d_f, s.a_ff, s.a_c]), np.stack([by_q, by_odds, by_response, by_intercept], axis=1)


def _integrate(loss: Loss, row: _Row) -> _Sums:
    """Sum over Gauss–Legendre nodes of the panels that are not empty, block by block."""
    from scipy.special import ndtr

    ends = _by_field(loss, row) if loss.kinks else _by_output(loss, row)
    ends.sort(axis=1)
    lengths = np.diff(ends, axis=1)
    used = lengths > 0
    used[:, 0] = True  # a row of NaN keeps a place
    rows, columns = np.nonzero(used)
    left, lengths = ends[rows, columns][:, None], lengths[rows, columns][:, None]
    nodes, weights = gauss_legendre(_PANEL_NODES)
    out = np.empty((len(_Sums._fields), rows.size))
    place = _at_field if loss.kinks else _at_output
    for start in range(0, rows.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        here = _Row(*(values[rows[block], None] for values in row))
        xi, force, stiffness, measure = place(loss, here, left[block] + lengths[block] * nodes)
        mass = lengths[block] * weights * measure * normal_density(xi)
        argument = here.odds * xi + here.threshold
        out[:, block] = _products(mass * ndtr(argument), mass * normal_density(argument), xi, force, stiffness)
    return _Sums(*np.add.reduceat(out, np.searchsorted(rows, np.arange(row.spread.size)), axis=1))


def _products(a: np.ndarray, d: np.ndarray, x: np.ndarray, f: np.ndarray, c: np.ndarray) -> _Sums:
    """Return the sums over the last axis."""

    def dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.einsum("ij,ij->i", u, v)

    fc, af, ax, dx = f * c, a * f, a * x, d * x
    return _Sums(
        a_f=af.sum(axis=1),
        a_ff=dot(af, f),
        a_c=dot(a, c),
        a_fc=dot(af, c),
        a_ffc=dot(af, fc),
        ax_c=dot(ax, c),
        ax_fc=dot(ax, fc),
        axx_c=dot(ax * x, c),
        d_f=dot(d, f),
        d_ff=dot(d * f, f),
        d_c=dot(d, c),
        d_fc=dot(d, fc),
        dx_f=dot(dx, f),
        dx_ff=dot(dx * f, f),
        dx_c=dot(dx, c),
        dxx_f=dot(dx * x, f),
    )


def _field_ends(loss: Loss, row: _Row) -> np.ndarray:
    """Return panel ends in ξ for the normal density and Φ(oξ + g), shape (R, k): the first is least, the last largest.

    a and d lie around ξ = 0 and around −g o/(1 + o²). A force that falls with f draws them to smaller ξ: down to where
    f is not positive any more, or not below a kink beyond which there is no force.
    """
    pulled = np.minimum(row.spread, row.intercept / row.spread)
    for kink in loss.kinks:
        pulled = np.maximum(pulled, (row.intercept - kink) / row.spread)
    peak = -row.threshold * row.odds / (1 + row.odds**2)
    low = np.minimum(np.minimum(peak, 0.0), -np.minimum(pulled, _FARTHEST)) - _REACH
    high = np.maximum(peak, 0.0) + _REACH
    count = int(np.ceil(_largest(high - low) / _LENGTH))
    turns = (_TURN - row.threshold[:, None]) / row.odds[:, None]
    inner = np.clip(turns, low[:, None], high[:, None])
    equal = np.minimum(low[:, None] + _LENGTH * np.arange(count), high[:, None])
    return np.concatenate([equal, inner, high[:, None]], axis=1)


def _largest(values: np.ndarray) -> float:
    """Return the largest of the finite values, at least 1."""
    return float(np.max(values, where=np.isfinite(values), initial=1.0))


def _by_field(loss: Loss, row: _Row) -> np.ndarray:
    """Return panel ends in ξ, with the kinks of ℓ', where prox_V(f) = f; shape (R, k)."""
    ends = _field_ends(loss, row)
    kinks = (np.array(loss.kinks) - row.intercept[:, None]) / row.spread[:, None]
    return np.concatenate([ends, np.clip(kinks, ends[:, :1], ends[:, -1:])], axis=1)


def _at_field(loss: Loss, row: _Row, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | float]:
    """Return ξ, F, C and dξ/dξ at nodes ξ."""
    field = row.intercept + row.spread * xi
    z = loss.prox(field, row.response)
    curvature = loss.curvature(z)
    give = row.response * curvature
    # F = −ℓ'(z) = (z − f)/V: whichever does not cancel.
    force = np.where(give > 1, (z - field) / row.response, -loss.slope(z))
    return xi, force, curvature / (1 + give), 1.0


def _by_output(loss: Loss, row: _Row) -> np.ndarray:
    """Return panel ends in z − prox_V(β), with those that a smooth ℓ' needs around the margin z = 0; shape (R, k)."""
    xi = _field_ends(loss, row)
    field = row.intercept[:, None] + row.spread[:, None] * xi
    ends = loss.prox(field, row.response[:, None]) - row.centre[:, None]
    farthest = _largest(np.abs(ends + row.centre[:, None]))
    margins = _margins(row.response, farthest)
    margins = np.concatenate([-margins[:, :0:-1], margins], axis=1) - row.centre[:, None]
    return np.concatenate([ends, np.clip(margins, ends[:, :1], ends[:, -1:])], axis=1)


def _margins(response: np.ndarray, farthest: float) -> np.ndarray:
    """Return panel ends in z ≥ 0, shape (R, k): ℓ' bends at 0, and f = z + V ℓ'(z) is exponential up to z ≈ log V."""
    ends = [np.zeros_like(response), np.full_like(response, 2.0), np.full_like(response, 4.0)]
    exponential = np.log(response) + 3
    while ends[-1].min() < farthest:
        ends.append(np.where(ends[-1] < exponential, ends[-1] + 2.5, 2 * ends[-1]))
    return np.stack(ends, axis=1)


def _at_output(loss: Loss, row: _Row, step: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ξ, F, C and dξ/dz at nodes z = prox_V(β) + step: f = z + V ℓ'(z) needs no prox.

    From the step, since for small q the differences of z drown in z.
    """
    z = row.centre + step
    force, curvature = -loss.slope(z), loss.curvature(z)
    stretch = 1 + row.response * curvature
    xi = (step - row.response * (force - row.force)) / row.spread
    return xi, force, curvature / stretch, stretch / row.spread

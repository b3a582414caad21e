"""Every potential against its definition: gradients, inverses, Fenchel and the prox as a scipy minimisation."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from onebit_rf.errors import OnebitError
from onebit_rf.model.mirrors import MIRRORS

NAMES = ["l2", "q:1.05", "q:1.2", "q:1.5", "q:1.7", "q:2", "q:2.5", "q:3", "q:6", "entropy"]
NAMES += ["hypentropy:0.01", "hypentropy:1", "hypentropy:100"]
STEPS = (1e-4, 0.1, 1.0, 30.0)


def points(mirror):
    values = np.array([1e-3, 0.2, 1.0, 2.5])
    return values if mirror.positive else np.concatenate([-values, values])


@pytest.mark.parametrize("name", NAMES)
def test_gradient_and_inverse(name):
    mirror = MIRRORS.get(name)
    a = points(mirror)
    step = 1e-6 * np.abs(a)
    slope = (mirror.potential(a + step) - mirror.potential(a - step)) / (2 * step)
    assert mirror.gradient(a) == pytest.approx(slope, rel=1e-6, abs=1e-7)
    assert mirror.inverse_gradient(mirror.gradient(a)) == pytest.approx(a, rel=1e-9)


@pytest.mark.parametrize("t", STEPS)
@pytest.mark.parametrize("name", NAMES)
def test_prox_solves_its_equation(name, t):
    # A + t (ψ'(A) − ψ'(A_0)) = v, by scipy's bracketing solver.
    mirror, t = MIRRORS.get(name), np.array(t)
    origin = mirror.gradient(np.array(mirror.start))
    for a in points(mirror):
        v = a + t * (mirror.gradient(np.array(a)) - origin)

        def equation(x, v=v):
            return float(x + t * (mirror.gradient(np.array(x)) - origin) - v)

        root = brentq(equation, *sorted((0.7 * a, 1.4 * a)), xtol=1e-15, rtol=1e-14)
        assert mirror.prox(v, t) == pytest.approx(root, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("name", ["q:1.2", "q:3", "entropy", "hypentropy:0.1"])
def test_prox_minimises_the_bregman_divergence(name):
    mirror = MIRRORS.get(name)
    start = np.array(mirror.start)

    def objective(a, v, t):
        divergence = mirror.potential(np.array(a)) - mirror.potential(start) - mirror.gradient(start) * (a - start)
        return float(divergence + (a - v) ** 2 / (2 * t))

    for v in (-0.5, 0.3, 2.0):
        bounds = (1e-12 if mirror.positive else -5, 5)
        best = minimize_scalar(objective, args=(v, 0.7), bounds=bounds, method="bounded", options={"xatol": 1e-10})
        assert mirror.prox(np.array(v), np.array(0.7)) == pytest.approx(best.x, abs=1e-6)


@pytest.mark.parametrize("t", STEPS)
@pytest.mark.parametrize("name", NAMES)
def test_prox_derivative_equals_differences(name, t):
    mirror, t = MIRRORS.get(name), np.array(t)
    a = points(mirror)
    v = a + t * (mirror.gradient(a) - mirror.gradient(np.array(mirror.start)))
    step = 1e-5 * np.abs(a)
    slope = (mirror.prox(v + step, t) - mirror.prox(v - step, t)) / (2 * step)
    assert mirror.prox_derivative(mirror.prox(v, t), t) == pytest.approx(slope, rel=2e-4, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_prox_holds_over_many_scales(name):
    mirror = MIRRORS.get(name)
    v = np.concatenate([-np.geomspace(1e3, 1e-6, 50), [0.0], np.geomspace(1e-6, 1e3, 50)])
    for t in (1e-6, 1.0, 1e6):
        a = mirror.prox(v, np.array(t))
        assert np.all(np.isfinite(a))
        assert np.all(np.diff(a) >= 0)
        derivative = mirror.prox_derivative(a, np.array(t))
        assert np.all((derivative >= 0) & (derivative <= 1))


@pytest.mark.parametrize("name", ["", "q", "q:1", "q:0.5", "q:nan", "q:inf", "hypentropy", "hypentropy:0", "entropy:1"])
def test_unknown_mirrors_are_refused(name):
    with pytest.raises(OnebitError, match=r"mirror: (must be |q:Q needs a finite Q > 1|hypentropy:BETA needs)"):
        MIRRORS.get(name)

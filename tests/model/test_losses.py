"""The losses against differences and their prox against scipy's bracketing solver."""

import numpy as np
import pytest
from scipy.optimize import brentq

from onebit_rf.model.losses import LOSSES

MARGINS = np.array([-40.0, -3.0, -0.1, 0.4, 0.99, 1.3, 8.0])


@pytest.mark.parametrize("name", LOSSES.names())
def test_slope_and_curvature_equal_differences(name):
    loss, step = LOSSES.get(name), 1e-5
    slope = (loss.value(MARGINS + step) - loss.value(MARGINS - step)) / (2 * step)
    curvature = (loss.slope(MARGINS + step) - loss.slope(MARGINS - step)) / (2 * step)
    assert loss.slope(MARGINS) == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert loss.curvature(MARGINS) == pytest.approx(curvature, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("variance", [1e-8, 0.3, 10.0, 1e3, 1e6])
@pytest.mark.parametrize("name", LOSSES.names())
def test_prox_solves_its_equation(name, variance):
    loss = LOSSES.get(name)
    omega = np.concatenate([-np.geomspace(1e-4, 1e4, 40), [0.0], np.geomspace(1e-4, 1e4, 40)])
    for point, found in zip(omega, loss.prox(omega, np.array(variance)), strict=True):

        def equation(z, point=point):
            return z - point + variance * float(loss.slope(np.array(z)))

        high = point + variance * (1 - float(loss.slope(np.array(point)))) + 1e-9
        root = brentq(equation, point - 1e-9, high, xtol=1e-14, rtol=1e-14)
        assert found == pytest.approx(root, rel=1e-11, abs=1e-11)

"""Quadrature against closed forms, with and without kinks."""

import numpy as np
import pytest

from onebit_rf.theory.quadrature import gauss_hermite, normal_panels, panels


def test_gauss_hermite_has_the_moments_of_the_normal_law():
    nodes, weights = gauss_hermite(48)
    assert [weights @ nodes**k for k in (0, 1, 2, 4, 6)] == pytest.approx([1, 0, 1, 3, 15], abs=1e-12)


@pytest.mark.parametrize("kink", [-20.0, -1.3, 0.0, 0.4, 30.0])
def test_panels_integrate_through_a_kink(kink):
    # E max(g − k, 0) = φ(k) − k Φ(−k)
    from scipy.stats import norm

    nodes, weights = normal_panels(np.array([kink]))
    assert weights @ np.maximum(nodes - kink, 0) == pytest.approx(
        norm.pdf(kink) - kink * norm.sf(kink), rel=1e-13, abs=1e-15
    )


def test_panels_integrate_polynomials_on_any_partition():
    nodes, lengths = panels(np.array([[-1.0, 0.3, 0.3, 2.0], [0.0, 1.0, 2.0, 3.0]]), 6)
    assert np.sum(lengths * nodes**5, axis=1) == pytest.approx([(64 - 1) / 6, 729 / 6], rel=1e-13)

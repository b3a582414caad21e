"""Quadrature against closed forms, with and without kinks."""

import numpy as np
import pytest

from onebit_rf.theory.quadrature import normal_panels, normal_steps, panels


def test_equal_steps_have_the_moments_of_the_normal_law():
    nodes, weights = normal_steps(0.08)
    assert [weights @ nodes**k for k in (0, 1, 2, 4, 6)] == pytest.approx(
        [1, 0, 1, 3, 15], abs=1e-6
    )  # the tails beyond ±7


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


def test_equal_steps_follow_a_sharp_bend():
    # E 1/(1 + e^{k g}) = 1/2 by symmetry; off the centre, against ten times as many nodes.
    def average(step):
        nodes, weights = normal_steps(step)
        return weights @ (1 / (1 + np.exp(12 * (nodes - 1.3))))

    assert average(0.08) == pytest.approx(average(0.008), abs=1e-8)

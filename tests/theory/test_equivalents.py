"""The layer coefficients against reference values, closed forms and simulated pre-activations."""

import numpy as np
import pytest
from scipy.stats import norm

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.theory.equivalents import equivalent_layers, hermite_coefficients

REFERENCE = {
    "tanh": [
        (0.6057055096, 0.1655757411),
        (0.7635495895, 0.0810776039),
        (0.8333436462, 0.0495036936),
        (0.8720952647, 0.0339738178),
        (0.8965593919, 0.0250675979),
    ],
    "erf": [
        (0.6514700159, 0.2003643502),
        (0.8124107293, 0.1153032259),
        (0.8811649869, 0.082328216),
        (0.9181574614, 0.0657212068),
        (0.9406867759, 0.0560727092),
    ],
}


@pytest.mark.parametrize("activation", REFERENCE)
def test_odd_layers_equal_the_reference(activation):
    for layer, (rho1, rho2) in zip(equivalent_layers(activation, 5), REFERENCE[activation], strict=True):
        assert np.sqrt(layer.rho1_sq) == pytest.approx([rho1], abs=1e-10)
        assert np.sqrt(layer.rho2_sq) == pytest.approx([rho2], abs=1e-10)


def test_erf_equals_its_closed_form():
    # E[g erf(√s g)] = 2√s/√(π(1 + 2s)),  E erf² = (2/π) arcsin(2s/(1 + 2s))
    for s in (0.1, 1.0, 3.0):
        _, rho1, rho2_sq = hermite_coefficients(ACTIVATIONS.get("erf"), np.zeros(1), s)
        assert rho1 == pytest.approx(2 / np.sqrt(np.pi * (1 + 2 * s)), abs=1e-11)
        assert rho2_sq == pytest.approx(2 / np.pi * np.arcsin(2 * s / (1 + 2 * s)) - s * rho1**2, abs=1e-11)


@pytest.mark.parametrize("s", [0.01, 1.0, 7.0])
def test_sin_and_sign_equal_their_closed_forms(s):
    # E[g sin(√s g)]/√s = e^{−s/2}, E sin² = (1 − e^{−2s})/2;  E[g sign g] = √(2/π), E sign² = 1
    forms = {"sin": (np.exp(-s / 2), -np.expm1(-2 * s) / 2), "sign": (np.sqrt(2 / (np.pi * s)), 1.0)}
    for activation, (slope, square) in forms.items():
        mean, rho1, rho2_sq = hermite_coefficients(ACTIVATIONS.get(activation), np.zeros(1), s)
        assert mean == pytest.approx(0, abs=1e-12)
        assert rho1 == pytest.approx(slope, rel=1e-11)
        assert rho2_sq == pytest.approx(square - s * slope**2, abs=1e-11)


def test_every_layer_of_signs_is_alike():
    for layer in equivalent_layers("sign", 3):
        assert (layer.rho1_sq[0], layer.rho2_sq[0], layer.variance) == pytest.approx((2 / np.pi, 1 - 2 / np.pi, 1))


@pytest.mark.parametrize("slope", [0.0, 0.01])
def test_relu_equals_its_closed_form_at_every_bias(slope):
    # z = b + √s g, u = b/√s: E relu = bΦ(u) + √s φ(u), E relu² = (b² + s)Φ(u) + b√s φ(u), E[g relu]/√s = Φ(u);
    # leaky ReLU = (1 − c) relu(z) + c z.
    bias, s = np.array([-3.0, -0.4, 0.0, 0.1, 2.5]), 0.7
    u = bias / np.sqrt(s)
    mean = bias * norm.cdf(u) + np.sqrt(s) * norm.pdf(u)
    square = (bias**2 + s) * norm.cdf(u) + bias * np.sqrt(s) * norm.pdf(u)
    rho1 = norm.cdf(u)
    noise = (1 - slope) ** 2 * (square - mean**2 - s * rho1**2)
    found = hermite_coefficients(ACTIVATIONS.get("leaky_relu" if slope else "relu"), bias, s)
    expected = ((1 - slope) * mean + slope * bias, (1 - slope) * rho1 + slope, noise)
    for value, wanted in zip(found, expected, strict=True):
        assert value == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_variance_and_mean_propagate_as_simulated(activation):
    # Per layer: 10^6 draws of b and g; a mean of values of order 1 has a standard error of 1e-3.
    phi, generator = ACTIVATIONS.get(activation), np.random.default_rng(5)
    variance, mean_sq = 1.0, 0.0
    for layer in equivalent_layers(activation, 3):
        bias = np.sqrt(mean_sq) * generator.standard_normal((2000, 1))
        x = phi.function(bias + np.sqrt(variance) * generator.standard_normal((2000, 500)))
        # A mean over 500 draws adds Var/500 to the square of the mean.
        within = x.var(axis=1, ddof=1).mean()
        assert layer.variance == pytest.approx(within, abs=4e-3)
        assert layer.mean_sq == pytest.approx((x.mean(axis=1) ** 2).mean() - within / 500, abs=8e-3)
        variance, mean_sq = layer.variance, layer.mean_sq

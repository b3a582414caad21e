"""The second path: reference values, the explicit form of section 10, exact limits and brute-force simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.grids import grid
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.readout.classifiers import fit_classifier
from onebit_rf.theory import predict, predict_curve
from onebit_rf.theory.cross import both_paths
from onebit_rf.theory.equivalents import equivalent_layers
from onebit_rf.theory.freedom import given_kappa, solve_chain
from onebit_rf.theory.second_path import Paths, climb
from onebit_rf.theory.spectrum import named_spectrum
from simulate import draw_both_paths, mean_and_error

SIGNS = (2 / np.pi) ** 0.5

# dims, n, λ, σ, c, τ², Σ_0, E, E', R_train, to the digits of the reference
REFERENCE = [
    ((1024, 1024), 512, 0, 0.3, 1, 0.25, "identity", 0.2635501, 0.3480571, 0),
    ((1024, 1024), 512, 0, 0.3, SIGNS, 0, "identity", 0.2635501, 0.3576478, 0),
    ((1024,) * 3, 512, 2, 0.3, 1, 0.25, "identity", 0.2048882, 0.2646756, 0.0004983),
    ((1024,) * 3, 512, 2, 0.3, SIGNS, 0, "identity", 0.2048882, 0.3386837, 0.0004983),
    ((1024,) * 4, 1500, 5, 0.3, SIGNS, 0.16, "identity", 0.0641456, 0.3610263, 0.0387054),
    ((1024, 800, 1200), 600, 1, 0.2, 1, 0.5, "power:0.5", 0.1145626, 0.2244772, 0.0001491),
    ((1024, 800, 1200), 600, 1, 0.2, SIGNS, 0.5, "power:0.5", 0.1145626, 0.3494690, 0.0001491),
]
RELU = [
    ((1400, 1600, 1800), 900, 1, 0.3, SIGNS, 0, 0.1627792, 0.2891773),
    ((700, 800, 900), 1300, 3, 0.2, SIGNS, 0.2, 0.0490969, 0.2593889),
    ((800, 1000), 500, 0, 0.3, 1, 0.25, 0.2407167, 0.3405728),
]
# dims, n, λ, c, τ, error rate, error rate on the second path, R_train of the labels sign(x_L·a*)
CLASSES = [
    ((1024, 1024), 512, 0, 1, 0.5, 0.3143405, 0.3387008, 0),
    ((1024,) * 3, 512, 2, SIGNS, 0.4, 0.2961388, 0.3901308, 0.0019162),
    ((1024, 1024), 2048, 20, 1, 0.8, 0.1821791, 0.2839211, 0.1889253),
    ((1024,) * 3, 2048, 5, SIGNS, 0, 0.1793990, 0.3614516, 0.1884985),
]
# dims, n, λ, σ, E, then E and R_train of the read-out rounded to one bit and to two
ROUNDED = [
    ((600, 500), 250, 0, 0.5, 0.50350, 0.44984, 0.21917, 0.48420, 0.06980),
    ((600, 500, 550), 300, 1, 0.3, 0.21705, 0.22300, 0.13292, 0.21886, 0.04567),
    ((500, 600), 1500, 5, 0.3, 0.05106, 0.20198, 0.24020, 0.10371, 0.11890),
]


@pytest.mark.parametrize(
    ("dims", "n", "ridge", "noise", "c", "tau_sq", "spectrum", "error", "shifted", "train"), REFERENCE
)
def test_reference(dims, n, ridge, noise, c, tau_sq, spectrum, error, shifted, train):
    problem = Problem(dims, n, spectrum=spectrum, ridge=ridge, noise=noise)
    found = predict(problem, SecondPath(input_noise=tau_sq**0.5, weight_correlation=c))
    assert [found.error, found.shifted_error, found.train_error] == pytest.approx([error, shifted, train], abs=5.1e-8)


@pytest.mark.parametrize(("dims", "n", "ridge", "noise", "c", "tau_sq", "error", "shifted"), RELU)
def test_reference_of_relu(dims, n, ridge, noise, c, tau_sq, error, shifted):
    problem = Problem(dims, n, "relu", ridge=ridge, noise=noise)
    found = predict(problem, SecondPath(input_noise=tau_sq**0.5, weight_correlation=c))
    # Own values. Without the norm's direction the second path's are 0.28923, 0.25920 and 0.34057.
    assert [found.error, found.shifted_error] == pytest.approx([error, shifted], abs=5.1e-8)


@pytest.mark.parametrize(("dims", "n", "ridge", "c", "tau", "rate", "shifted", "train"), CLASSES)
def test_reference_of_classes_by_least_squares(dims, n, ridge, c, tau, rate, shifted, train):
    found = predict(Problem(dims, n, ridge=ridge, labels="sign"), SecondPath(input_noise=tau, weight_correlation=c))
    expected = [rate, shifted, train]
    assert [found.error_rate, found.shifted_error_rate, found.train_error] == pytest.approx(expected, abs=5.1e-8)


@pytest.mark.parametrize(("dims", "n", "ridge", "noise", "error", "one", "one_train", "two", "two_train"), ROUNDED)
def test_reference_of_rounded_readouts(dims, n, ridge, noise, error, one, one_train, two, two_train):
    problem = Problem(dims, n, ridge=ridge, noise=noise)
    one_bit, two_bits = (predict(problem, SecondPath(readout_bits=bits)) for bits in (1, 2))
    found = [one_bit.error, one_bit.rounded_error, one_bit.rounded_train_error]
    found += [two_bits.rounded_error, two_bits.rounded_train_error]
    assert found == pytest.approx([error, one, one_train, two, two_train], abs=5.1e-6)


# dims, φ, n, λ, σ, E, then E and R_train at one, two and four bits
ROUNDED_BIASED = [
    ((300, 250), "relu", 125, 0, 0.5, 0.442325, 0.472434, 0.263364, 0.453322, 0.084983, 0.443442, 0.008205),
    ((300, 250, 275), "relu", 600, 2, 0.3, 0.052835, 0.154900, 0.187818, 0.089328, 0.098647, 0.056540, 0.055201),
    ((280, 300, 280, 300), "relu", 450, 0.3, 0.3, 0.098173, 0.283799, 0.272208, 0.167727, 0.121576, 0.105304, 0.043223),
    ((280, 300, 280, 300), "gelu", 200, 0, 0.3, 0.255316, 0.310604, 0.211037, 0.286443, 0.085329, 0.258927, 0.009088),
]


@pytest.mark.parametrize("case", ROUNDED_BIASED, ids=lambda case: f"{case[1]}-{len(case[0]) - 1}")
def test_reference_of_rounded_readouts_with_biases(case):
    dims, activation, n, ridge, noise, error, *expected = case
    problem = Problem(dims, n, activation, ridge=ridge, noise=noise)
    points = [predict(problem, SecondPath(readout_bits=bits)) for bits in (1, 2, 4)]
    found = [value for point in points for value in (point.rounded_error, point.rounded_train_error)]
    assert [points[0].error, *found] == pytest.approx([error, *expected], abs=6e-7)


PROBLEMS = st.fixed_dictionaries(
    {
        "dims": st.lists(st.integers(2, 3000), min_size=2, max_size=5).map(tuple),
        "n_train": st.integers(1, 6000),
        "activation": st.sampled_from(["tanh", "erf", "relu", "gelu"]),
        "spectrum": st.sampled_from(["identity", "power:0.7"]),
        "ridge": st.sampled_from([0.0, 1e-3, 1.0, 300.0]),
        "noise": st.sampled_from([0.0, 0.3, 3.0]),
    }
)


@given(PROBLEMS)
def test_the_same_path_has_the_same_error(fields):
    """Exactly: nothing is subtracted that is not 0; a rounding to many bits costs little."""
    problem = Problem(**fields)
    same = predict(problem, SecondPath())
    if not same.converged:
        return
    assert same.shifted_error == same.error
    if ACTIVATIONS.get(problem.activation).odd:  # otherwise some entries of â are large, and cut off
        many = predict(problem, SecondPath(readout_bits=12))
        assert many.rounded_error == pytest.approx(many.error, rel=1e-4, abs=1e-5 * (1 + problem.noise**2))


@given(
    PROBLEMS,
    st.sampled_from([0.0, 1e-8, 0.1, 1.0, 30.0]),
    st.sampled_from([-1.0, 0.0, 0.5, 0.999999, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    st.sampled_from([0.0, 0.9, 1.0]),
    st.sampled_from([None, 1, 3]),
)
def test_no_error_is_negative_on_any_path(fields, noise, correlation, gain, overlap, bits):
    if gain == noise == 0:
        return  # refused
    problem = Problem(**fields)
    path = SecondPath(noise, gain, overlap, correlation, readout_bits=bits)
    found = predict(problem, path)
    for error in (found.shifted_error, found.rounded_error, found.rounded_train_error):
        assert error is None or not error < 0
    assert found.converged == (found.reason == "")
    if found.converged and found.shifted_error is not None:
        # A second path that knows nothing of the first costs the size of both outputs.
        assert np.isfinite(found.shifted_error)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_unrelated_inputs_cost_the_size_of_both_outputs(activation):
    """E (x·a* − x'·â)² = E (x·a*)² + E (x'·â)² where x' is an independent draw, but for the common mean."""
    problem = Problem((300, 200, 250), 100, activation, noise=0.2, ridge=1)
    independent = predict(problem, SecondPath(input_overlap=0.0))
    if activation == "tanh":
        # E (x'·â)² of the same law as E (x·â)²: from the error, E (x·a*)² and the overlap of section 4.
        flipped = predict(problem, SecondPath(input_overlap=-1.0))
        assert flipped.shifted_error + problem_error(problem) == pytest.approx(2 * independent.shifted_error, rel=1e-12)
    else:
        assert independent.shifted_error > problem_error(problem)


def problem_error(problem):
    return predict(problem).error


def explicit(problem, path):
    """E' by the matrices B_k of section 10 for odd φ, slopes by differences: a second route to every number."""
    dims, depth = problem.dims, len(problem.dims) - 1
    spectrum = named_spectrum(problem.spectrum, dims[0])
    layers = equivalent_layers(problem.activation, depth, spectrum.mean)
    crosses = both_paths(problem.activation, spectrum.mean, path, depth)
    found = predict(problem)
    step = 1e-4
    kappa = found.kappa[-1] * np.exp(step * np.arange(-2, 3))
    chain = solve_chain(spectrum, dims, layers, given_kappa(kappa), 5)
    first = np.array([layer.rho1_sq[0] for layer in layers])
    cross = np.array([layer.rho1[0] * (layer.rho1[0] + layer.rho1_apart[0]) for layer in crosses])  # c ρ1 ρ1'
    second = np.array([(layer.rho1[0] + layer.rho1_apart[0]) ** 2 for layer in crosses])
    of_first = [layer.rho2_sq[0] for layer in layers]
    of_cross = [
        c.outputs.gain * c.outputs.variance - a * c.inputs.gain * c.inputs.variance
        for c, a in zip(crosses, cross, strict=True)
    ]
    of_second = [c.outputs.second_variance - a * c.inputs.second_variance for c, a in zip(crosses, second, strict=True)]

    def carried(inputs, unit, own, shares):
        """Coefficients of B_{−1} = W…W W…Wᵀ, B_0 = W…Σ_0…Wᵀ and B_1 … B_L."""
        return [unit * np.prod(shares), inputs * np.prod(shares)] + [
            own[k] * np.prod(shares[k + 1 :]) for k in range(depth)
        ]

    t, u, v = path.input_gain * path.input_overlap, path.input_gain**2, path.input_noise**2
    s, x, y = carried(1, 0, of_first, first), carried(t, 0, of_cross, cross), carried(u, v, of_second, second)
    h = [(dims[0] - chain.df[0]) / chain.kappa[0] / np.prod(first), chain.df[0] / np.prod(first)]
    h += [(dims[k] - chain.df[k]) / chain.kappa[k] / np.prod(first[k:]) for k in range(1, depth + 1)]
    h = np.array(h)
    slope = (8 * (h[:, 3] - h[:, 1]) - (h[:, 4] - h[:, 0])) / (12 * step)
    h, k, p, n = h[:, 2], kappa[2], dims[-1], problem.n_train
    g = -slope / k
    traces = p * np.array([1, spectrum.mean, *[1] * depth])
    rest = found.error + problem.noise**2
    s, x, y = map(np.array, (s, x, y))
    fitted = y @ (traces - 2 * k * h + k**2 * g)
    return (s @ traces - 2 * x @ (traces - k * h) + fitted) / p + rest * (y @ (h - k * g)) / n


@pytest.mark.parametrize("dims", [(300, 250), (300, 200, 350), (200, 300, 250, 280)])
@pytest.mark.parametrize(
    "path",
    [
        SecondPath(input_noise=0.5),
        SecondPath(weight_correlation=0.7),
        SecondPath(0.3, 1.2, 0.8, 0.9),
        SecondPath(input_gain=0.5, weight_correlation=-0.4),
    ],
)
def test_both_forms_of_the_odd_case_agree(dims, path):
    problem = Problem(dims, 150, "erf", spectrum="power:0.5", ridge=0.7, noise=0.4)
    # The differences are good to 1e-10 of the largest term.
    assert predict(problem, path).shifted_error == pytest.approx(explicit(problem, path), rel=1e-8)


@pytest.mark.parametrize("correlation", [1.0, 0.999999, 0.8, 0.0, -0.5, -1.0])
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.5])
def test_sin_and_sign_equal_their_closed_forms_on_both_paths(noise, correlation):
    # (z, z') normal of variances 1, s' and covariance c: E sign z sign z' = (2/π) arcsin(c/√s'), which bends without
    # bound where they meet; E sin z sin z' = e^{−(1+s')/2} sinh c;  c E φ'(z') = c √(2/(πs')), c e^{−s'/2}.
    second = 1 + noise**2
    forms = {
        "sign": (2 / np.pi * np.arcsin(correlation / second**0.5), correlation * SIGNS / second**0.5),
        "sin": (np.exp(-(1 + second) / 2) * np.sinh(correlation), correlation * np.exp(-second / 2)),
    }
    for activation, (product, slope) in forms.items():
        (layer,) = both_paths(activation, 1.0, SecondPath(noise, weight_correlation=correlation), 1)
        assert layer.own + layer.cross == pytest.approx(product, abs=1e-11)
        assert layer.rho1 + layer.rho1_apart == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize(
    ("activation", "dims"), [("relu", (250, 250, 250)), ("relu", (300, 300, 250, 250)), ("gelu", (300, 280, 250))]
)
def test_means_in_the_resolvent_are_those_of_networks(activation, dims):
    """m·Gm, m·Gm' and m'·Gm' with G = (Σ + κ)^{-1}, from 25,000 rows of each of 12 networks and their signs.

    They scatter by about 10/√p from network to network; 12 draws, four standard errors, and 15/p for the finite size.
    """
    path, kappa, drawn = SecondPath(weight_correlation=SIGNS), 0.1, []
    phi = ACTIVATIONS.get(activation).function
    for seed in range(12):
        generator = np.random.default_rng(seed)
        first = second = generator.standard_normal((25_000, dims[0]), dtype=np.float32)
        for narrow, wide in pairwise(dims):
            weights = generator.standard_normal((narrow, wide), dtype=np.float32)
            first, second = (phi(x @ w / narrow**0.5) for x, w in ((first, weights), (second, np.sign(weights))))
        means = np.stack([first.mean(axis=0), second.mean(axis=0)]).astype(np.float64)
        forms = means @ np.linalg.solve(np.cov(first.T) + kappa * np.eye(dims[-1]), means.T)
        drawn.append([forms[0, 0], forms[0, 1], forms[1, 1]])
    layers = equivalent_layers(activation, len(dims) - 1)
    chain = solve_chain(named_spectrum("identity", dims[0]), dims, layers, given_kappa(np.array([kappa])))
    crosses = both_paths(activation, 1.0, path, len(layers))
    found, gain = (
        climb(chain, Paths(dims, layers, crosses, path, 2 / dims[0])).directions,
        crosses[-1].outputs.mean_gain,
    )
    mean, both, apart = (number[0, 0] for number in (found.mean, found.both, found.apart))
    expected = [mean, gain * mean + both, gain**2 * mean + 2 * gain * both + apart]
    averages, errors = np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1) / 12**0.5
    assert np.all(np.abs(averages - expected) < 4 * errors + 15 / dims[-1] * np.abs(expected))
    assert np.all(errors < 0.05 * averages)


@pytest.mark.parametrize("correlation", [-0.796, 0.3])
def test_deep_networks_with_large_means_have_an_error(correlation):
    """Five layers, one narrow, and inputs under 52 times their size: the means are most of what is left."""
    problem = Problem((2287, 17, 922, 454, 868, 559), 150, "leaky_relu", spectrum="power:0.5", ridge=0.287)
    found = predict(problem, SecondPath(input_noise=52.0, weight_correlation=correlation))
    assert found.converged
    assert found.shifted_error > 0


SIMULATED = [
    ((320, 256), 100, "tanh", "identity", 0.3, 0.0, SecondPath(input_noise=0.5)),
    ((320, 256, 256), 150, "tanh", "power:0.3", 0.5, 1.0, SecondPath(weight_correlation=0.8)),
    ((256, 256, 256, 256), 400, "erf", "identity", 0.3, 2.0, SecondPath(0.4, 1.2, 0.9, 0.9)),
    ((320, 256), 100, "relu", "identity", 0.3, 1.0, SecondPath(input_noise=0.5)),
    ((320, 256, 256), 150, "relu", "identity", 0.3, 1.0, SecondPath(0.3, 0.8, 0.9, 0.8)),
    ((320, 256, 256), 150, "gelu", "identity", 0.3, 1.0, SecondPath(weight_correlation=0.9)),
    ((255, 255, 255), 100, "sign", "identity", 0.3, 1.0, SecondPath(0.2, weight_correlation=0.9)),  # odd: test_square
    ((320, 256, 256), 150, "sin", "identity", 0.3, 1.0, SecondPath(0.2, weight_correlation=0.8)),
]


@pytest.mark.parametrize("one_bit", [False, True])
@pytest.mark.parametrize("case", SIMULATED, ids=lambda case: f"{case[2]}-{'x'.join(map(str, case[0]))}-n{case[1]}")
def test_simulation_agrees(case, one_bit):
    # As in test_square: averaged over teachers, 10 seeds, 4 standard errors and 4/p (8/p for φ that are not odd).
    dims, n, activation, spectrum, noise, ridge, path = case
    values = []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        x, second = draw_both_paths(generator, dims, n + 1000, activation, spectrum, one_bit, path)
        train, test, second = x[:n], x[n:], second[n:]
        if n <= dims[-1]:
            dual = train.T @ np.linalg.inv(train @ train.T + ridge * np.eye(n))
        else:
            dual = np.linalg.solve(train.T @ train + ridge * np.eye(dims[-1]), train.T)
        fit = second @ dual
        missed = np.sum((test - fit @ train) ** 2) / dims[-1] + noise**2 * np.sum(fit**2)
        values.append(missed / len(test))
    mean, standard_error = mean_and_error(values)
    theory = predict(Problem(dims, n, activation, spectrum, noise, ridge), path).shifted_error
    finite_size = (8 if activation in ("relu", "gelu") else 4) / dims[-1]
    assert mean == pytest.approx(theory, abs=4 * standard_error + finite_size * theory)


@pytest.mark.parametrize("labels", ["linear", "sign"])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_simulated_rounding_agrees(labels, bits):
    # 8 networks with 40 teachers each; 4 standard errors over networks and a finite-size deviation of 6/p, p = 300.
    dims, n, ridge, noise = (300, 300), 150, 1.0, 0.5 if labels == "linear" else 0.0
    path, found = SecondPath(input_noise=0.4, readout_bits=bits), {"error": [], "train": [], "rate": []}
    for seed in range(8):
        generator = np.random.default_rng(seed)
        x, second = draw_both_paths(generator, dims, n + 1000, "tanh", "identity", True, path)
        field = x @ generator.standard_normal((300, 40)) / 300**0.5
        y = np.sign(field) if labels == "sign" else field
        noisy = y[:n] + noise * generator.standard_normal((n, 40))
        fit = x[:n].T @ np.linalg.solve(x[:n] @ x[:n].T + ridge * np.eye(n), noisy)
        rounded = grid(bits).round_scaled(fit)
        found["error"].append(np.mean((second[n:] @ rounded - y[n:]) ** 2))
        found["train"].append(np.mean((x[:n] @ rounded - noisy) ** 2))
        found["rate"].append(np.mean(np.sign(second[n:] @ rounded) != np.sign(y[n:])))
    theory = predict(Problem(dims, n, ridge=ridge, noise=noise, labels=labels), path)
    predicted = {"error": theory.rounded_error, "train": theory.rounded_train_error, "rate": theory.rounded_error_rate}
    for name, value in predicted.items():
        if value is not None:
            mean, standard_error = mean_and_error(found[name])
            assert mean == pytest.approx(value, abs=4 * standard_error + 6 / 300 * value), name


@pytest.mark.parametrize("loss", ["logistic", "squared-hinge"])
def test_a_classifier_on_the_same_path_has_the_same_rate(loss):
    problem = Problem((300, 250, 280), 200, "tanh", loss=loss, penalty=0.1)
    points = predict_curve(problem, [20, 200, 2000], SecondPath())
    assert [p.shifted_error_rate for p in points] == pytest.approx([p.error_rate for p in points], rel=1e-9)


@pytest.mark.parametrize(
    ("path", "rate"), [(SecondPath(input_noise=0.5), 0.26047), (SecondPath(weight_correlation=SIGNS), None)]
)
def test_simulated_classifiers_agree(path, rate):
    """12 networks with 3 teachers each; 4 standard errors over networks, and 4/p, p = 400."""
    problem, rates = Problem((400, 400), 400, "tanh", loss="logistic", penalty=0.1), []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        x, second = draw_both_paths(generator, problem.dims, 1400, "tanh", "identity", False, path)
        labels = np.sign(x @ generator.standard_normal((400, 3)))
        for y in labels.T:
            fit = fit_classifier(x[:400], y[:400], "logistic", 0.1)
            rates.append(fit.error_rate(second[400:], y[400:]))
    mean, standard_error = mean_and_error(np.reshape(rates, (12, 3)).mean(axis=1))
    found = predict(problem, path).shifted_error_rate
    assert mean == pytest.approx(found, abs=4 * standard_error + 4 / 400 * found)
    if rate is not None:
        assert found == pytest.approx(rate, abs=5.1e-6)


def test_training_under_noise_on_the_weights_is_ridge():
    """γ n tr Σ/p of section 11 as the ridge: the same chain, error and training error."""
    gamma, n = grid(2).step ** 2 / 12, 250
    noisy = predict(Problem((600, 500), n, noise=0.5, weight_noise=gamma))
    ridge = predict(Problem((600, 500), n, noise=0.5, ridge=gamma * n * equivalent_layers("tanh", 1)[0].variance))
    assert noisy == ridge
    assert noisy.error < predict(Problem((600, 500), n, noise=0.5)).error


@pytest.mark.slow
def test_rounding_never_beats_the_best_ridge():
    """Over σ, n/p and bits, both with their λ chosen best: the answer of docs/theory.md, section 11."""
    ridges = [0.0, *np.logspace(-2, 5, 71)]
    for activation, dims in (("tanh", (600, 500)), ("relu", (600, 500, 550)), ("tanh", (500, 500, 400))):
        for noise in (0.0, 0.3, 1.0, 3.0):
            n_train, curves = [50, 150, 300, 390, 450, 700, 1500, 5000], {}
            for bits in (1, 2, 4):
                points = [
                    predict_curve(
                        Problem(dims, 1, activation, ridge=ridge, noise=noise), n_train, SecondPath(readout_bits=bits)
                    )
                    for ridge in ridges
                ]
                curves[bits] = np.nanmin([[point.rounded_error for point in curve] for curve in points], axis=0)
                best = np.nanmin([[point.error for point in curve] for curve in points], axis=0)
                assert np.all(curves[bits] >= best)


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({}, {"input_noise": -1}, "input_noise: must be ≥ 0"),
        ({}, {"input_noise": np.nan}, "input_noise: must be ≥ 0"),
        ({}, {"readout_noise": 1e200}, "readout_noise: must be ≥ 0 and ≤ 1e"),
        ({}, {"input_gain": np.inf}, "input_gain: must be a number"),
        ({}, {"input_gain": 0}, "input_gain: must not be 0 without input_noise"),
        ({}, {"input_overlap": 1.1}, "input_overlap: must be from -1 to 1, got 1.1"),
        ({}, {"weight_correlation": -2}, "weight_correlation: must be from -1 to 1, got -2"),
        ({}, {"weight_correlation": (1.0, 1.0)}, "weight_correlation: must be one number, or one for each of 1 layers"),
        ({}, {"readout_bits": 0}, "bits: must be a whole number from 1 to 12, got 0"),
        ({}, {"readout_bits": 1.5}, "bits: must be a whole number"),
        (
            {"loss": "logistic", "penalty": 1, "activation": "relu"},
            {"input_noise": 1},
            "activation: a second path of logistic is solved for odd ones only, got relu",
        ),
        (
            {"loss": "logistic", "penalty": 1},
            {"readout_bits": 1},
            "loss: a noisy or rounded read-out is solved for the sq",
        ),
        (
            {"activation": "relu", "labels": "sign", "teacher": "uniform:0,1"},
            {},
            "teacher: its mean must be 0 for classes",
        ),
        ({"mirror": "q:3"}, {"input_noise": 1}, "mirror: a second path is solved for l2 only, got q:3"),
        (
            {"activation": "relu", "teacher": "uniform:0,1"},
            {"input_noise": 1},
            "teacher: its mean must be 0 on a second path",
        ),
        ({"labels": "sign", "noise": 0.1}, {}, "labels: sign takes the square loss and the mirror l2, but no noise"),
        ({"labels": "sign", "mirror": "q:3"}, {}, "labels: sign takes the square loss"),
        ({"labels": "odd"}, {}, "labels: must be linear or sign, got 'odd'"),
        ({"weight_noise": -1}, {}, "weight_noise: must be ≥ 0"),
        ({"weight_noise": 1, "mirror": "q:3"}, {}, "weight_noise: must be 0 for a mirror"),
    ],
)
def test_bad_input_is_one_line(fields, path, message):
    with pytest.raises(OnebitError, match=f"^{message}"):
        predict(Problem((30, 20), 10, **fields), SecondPath(**path))


def test_a_correlation_for_each_layer():
    problem = Problem((300, 200, 250), 100, noise=0.2)
    each, one = (predict(problem, SecondPath(weight_correlation=c)).shifted_error for c in ((0.9, 0.9), 0.9))
    first, last = (predict(problem, SecondPath(weight_correlation=c)).shifted_error for c in ((0.9, 1.0), (1.0, 0.9)))
    assert each == one
    assert problem_error(problem) < min(first, last) < max(first, last) < each


@settings(max_examples=30)
@given(st.sampled_from(["tanh", "relu", "gelu"]), st.floats(0.01, 2), st.floats(0.01, 2))
def test_more_distortion_costs_more(activation, small, more):
    problem = Problem((200, 150, 180), 90, activation, noise=0.2, ridge=0.5)
    near, far = (predict(problem, SecondPath(input_noise=tau)).shifted_error for tau in (small, small + more))
    assert predict(problem).error < near < far

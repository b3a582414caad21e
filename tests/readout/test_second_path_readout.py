"""Read-outs that are tested on a second path, rounded, or trained under noise: against their definitions."""

import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.config.task import AnyTask
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.features.extract import extract_features
from onebit_rf.features.second_path import extract_second_path
from onebit_rf.model.grids import grid
from onebit_rf.model.problem import Problem
from onebit_rf.model.readouts import READOUTS
from onebit_rf.readout import noise as under_noise
from onebit_rf.readout import rounded, straight_through
from onebit_rf.readout.labels import learn_labels
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.sample import draw_sample
from onebit_rf.readout.sharpness import measure
from onebit_rf.readout.stage import train_readout
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import READOUT

P, N, M = 24, 60, 17


def draw(seed=0, outputs=2):
    generator = np.random.default_rng(seed)
    train, test = generator.standard_normal((N, P)), generator.standard_normal((M, P))
    return train, test, test + 0.5 * generator.standard_normal((M, P))


def fitted(train, labels, ridge):
    if ridge == 0:
        return np.linalg.pinv(train) @ labels
    return np.linalg.solve(train.T @ train + ridge * np.eye(P), train.T @ labels)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_the_averaged_error_on_a_second_path_equals_its_definition_at_every_n(ridge, noise):
    train, test, second = draw()
    n, error = LearningCurve(train, np.array([5, P, P + 3, N]), ridge).averaged_error(test, noise, second)
    for size, value in zip(n, error, strict=True):
        fit = second @ fitted(train[:size], np.eye(size), ridge)
        reference = (np.sum((test - fit @ train[:size]) ** 2) / P + noise**2 * np.sum(fit**2)) / M
        # The bias is a difference of sums of size |T|²/(mp) ≈ 1, and |T'|² of the variance past the threshold.
        assert value == pytest.approx(reference, rel=1e-7, abs=1e-11)


def test_the_same_path_has_the_same_error():
    train, test, _ = draw()
    curve = LearningCurve(train, np.array([5, 20]), 0.3)
    np.testing.assert_allclose(curve.averaged_error(test, 0.5, test)[1], curve.averaged_error(test, 0.5)[1], rtol=1e-12)


def sample(labels="linear", noise=0.5, readout_noise=0.0, teachers=3):
    train, test, second = draw()
    problem = Problem((P, P), N, noise=noise, ridge=0.4, labels=labels)
    return problem, draw_sample(train, test, second, readout_noise, problem, np.array([10, 40]), teachers, 0, 1)


def by_metric(rows):
    return {row["metric"]: row["value"] for row in rows}


@pytest.mark.parametrize("bits", [1, 3])
@pytest.mark.parametrize("labels", ["linear", "sign"])
def test_rounded_readouts_equal_their_definition(bits, labels):
    problem, drawn = sample(labels, noise=0.5 if labels == "linear" else 0.0, readout_noise=0.3)
    found = by_metric(rounded.learn(problem, drawn, bits))
    for i, n in enumerate(drawn.n_train):
        fit = grid(bits).round_scaled(fitted(drawn.train[:n], drawn.labels[:n], 0.4))
        missed = drawn.train[:n] @ fit - drawn.labels[:n]
        assert found["train_mse"][i] == pytest.approx(np.mean(missed**2))
        assert found["mse"][i] == pytest.approx(np.mean((drawn.test @ fit - drawn.targets) ** 2))
        of_noise = 0.3**2 * np.mean(drawn.second**2)
        shifted = np.mean((drawn.second @ fit - drawn.targets) ** 2) + of_noise
        assert found["shifted_mse"][i] == pytest.approx(shifted)
        assert found["gap"][i] == pytest.approx(found["mse"][i] + problem.noise**2 - found["train_mse"][i])
        if labels == "sign":
            assert found["error_rate"][i] == np.mean(np.sign(drawn.test @ fit) != drawn.targets)
            assert 0 <= found["shifted_error_rate"][i] <= 1
    assert ("error_rate" in found) == (labels == "sign")


def test_noise_on_the_weights_is_ridge_of_every_n():
    """|y − X(a + η)|² with Var η_i = γ|a|²/p is |y − Xa|² + γ|X|²/p |a|² on average, of the samples it is fitted to."""
    problem, drawn = sample()
    problem = Problem((P, P), N, noise=0.5, ridge=0.4, weight_noise=0.7)
    found = by_metric(under_noise.learn(problem, drawn))
    for i, n in enumerate(drawn.n_train):
        strength = 0.4 + 0.7 * np.sum(drawn.train[:n] ** 2) / P
        fit = fitted(drawn.train[:n], drawn.labels[:n], strength)
        assert found["mse"][i] == pytest.approx(np.mean((drawn.test @ fit - drawn.targets) ** 2))


def test_straight_through_training_fits_at_least_as_well_as_rounding_after():
    problem, drawn = sample()
    after, through = (by_metric(learner.learn(problem, drawn, 2)) for learner in (rounded, straight_through))
    assert np.all(through["train_mse"] <= after["train_mse"])
    assert np.any(through["train_mse"] < 0.8 * after["train_mse"])


@pytest.mark.parametrize(
    ("text", "name", "bits", "ridge"),
    [
        ("rounded:2", "rounded:2", 2, 0.0),
        ("rounded:2,0.50", "rounded:2,0.5", 2, 0.5),
        ("rounded:1,0", "rounded:1", 1, 0),
    ],
)
def test_readouts_of_few_bits_are_spelled_in_one_way(text, name, bits, ridge):
    found = READOUTS.get(text)
    assert (found.name, found.options["bits"], found.fields["ridge"]) == (name, bits, ridge)
    assert READOUTS.canonical(text) == name


def test_the_stage_measures_both_paths_of_every_depth(tmp_path):
    task = parse(
        AnyTask,
        {
            "target": "teacher",
            "teacher": "normal",
            "teachers": 2,
            "n_train": {"first": 20, "last": 60, "step": 20},
            "noise": 0.1,
            "readouts": ["ridge:1", "rounded:2,1"],
            "test_inputs": {"noise": 0.5},
        },
    )
    dataset = sample_gaussian(50, "identity", 60, 30, seed=0)
    extract_features(tmp_path / "first", dataset, "one_bit", [40, 40], "tanh", 0, params={})
    shift = {"inputs": {"noise": 0.5, "gain": 1.0, "overlap": 1.0}, "weights": {"bits": None, "correlation": 1.0}}
    extract_second_path(tmp_path / "second", dataset, "one_bit", [40, 40], "tanh", 0, shift, params={})
    names = {"experiment": "name", "cell": "name"}
    model = {"dims": [50, 40, 40], "activation": "tanh", "spectrum": "identity", "outputs": 0, "law": "one_bit"}
    train_readout(tmp_path / "rows", tmp_path / "first", names, task, **model, seed=0, second_path=tmp_path / "second")
    rows = read_frame([tmp_path / "rows"], READOUT)
    assert set(rows["metric"]) == {"mse", "train_mse", "gap", "shifted_mse"}
    wide = rows.pivot_table(
        index=["depth", "n_train", "readout", "estimator"], columns="metric", values="value", observed=True
    )
    assert (wide["shifted_mse"] > wide["mse"])[wide.index.get_level_values("estimator") == "teacher_averaged"].all()


def test_sharpness_is_the_spectrum_of_the_features():
    train, _, _ = draw()
    sizes = np.array([1, 2, 10, P, 50])
    found = {row["metric"]: row["value"] for row in measure(train, sizes)}
    spectra = [np.linalg.eigvalsh(train[:n].T @ train[:n] / n) for n in sizes]
    np.testing.assert_allclose(found["lambda_max"], [values[-1] for values in spectra], rtol=1e-10)
    np.testing.assert_allclose(found["trace"], [values.sum() for values in spectra], rtol=1e-12)


def test_labels_of_a_data_set_are_measured_on_the_second_path():
    train, test, second = draw()
    label = np.random.default_rng(3).integers(0, 3, N + M).astype(float)
    found = by_metric(learn_labels(train, test, second, np.array([20, 40]), 0.5, label, 3))
    same = by_metric(learn_labels(train, test, test, np.array([20, 40]), 0.5, label, 3))
    for i, n in enumerate((20, 40)):
        fit = fitted(train[:n], np.eye(3)[label[:n].astype(int)], 0.5)
        outputs, wanted = second @ fit, label[N:].astype(int)
        assert found["shifted_mse"][i] == pytest.approx(np.mean((outputs - np.eye(3)[wanted]) ** 2))
        assert found["shifted_accuracy"][i] == np.mean(outputs.argmax(axis=1) == wanted)
    for metric in ("mse", "accuracy"):
        np.testing.assert_array_equal(same[f"shifted_{metric}"], same[metric])

"""Learning curves on rows of one's own: against the theory of networks, against fits, and what is refused."""

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.features.extract import draw_layers, propagate
from onebit_rf.jobs import machine
from onebit_rf.model.problem import Problem
from onebit_rf.readout.own_data import predict_data, refuse_beyond_memory
from onebit_rf.theory import predict_curve

WIDTH, ROWS = 100, 4000


@pytest.fixture(scope="module")
def gaussian():
    """Gaussian inputs, and a number that is linear in the tanh features of the first network, with noise."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((ROWS, 150), dtype=np.float32)
    *_, features = propagate(x, draw_layers("one_bit", [150, WIDTH], 0), "tanh")
    return x, features @ generator.standard_normal(WIDTH) / 10 + 0.3 * generator.standard_normal(ROWS)


def test_teachers_have_the_theory_of_the_network(gaussian):
    """Eight teachers of p = 100 entries scatter about their mean by √(2/p/8), here twice; 4/p and 4 √(2/N) as ever."""
    x, _ = gaussian
    n, generator, found = [30, 70, 200, 1000], np.random.default_rng(1), []
    *_, features = propagate(x, draw_layers("one_bit", [150, WIDTH], 0), "tanh")
    for _ in range(8):
        y = features @ generator.standard_normal(WIDTH) / 10 + 0.3 * generator.standard_normal(ROWS)
        points = predict_data(x, y, 1, [WIDTH], n, activation="tanh", networks=1, ridge=3.0)
        found.append([point.mse * np.var(y) for point in points])
    theory = [point.error for point in predict_curve(Problem((150, WIDTH), 1, noise=0.3, ridge=3.0), n)]
    tolerance = 2 * np.sqrt(2 / WIDTH / 8) + 4 / WIDTH + 4 * np.sqrt(2 / ROWS / 8)
    assert np.mean(found, axis=0) == pytest.approx(np.array(theory) + 0.3**2, rel=tolerance)


def test_the_prediction_is_what_fits_measure(gaussian):
    """Half the interval, two thirds of which are three standard errors, times two; and finite size 4/p."""
    x, y = gaussian
    for ridge in (None, 0.0):
        points = predict_data(
            x, y, 1, [WIDTH], [50, 200], activation="tanh", law="gaussian", networks=2, ridge=ridge, draws=10
        )
        for point in points:
            assert abs(point.mse - point.measured) < 2 * point.measured_half + 4 / WIDTH * point.measured


def test_the_best_ridge_is_better_than_others(gaussian):
    x, y = gaussian
    best = predict_data(x, y, 1, [WIDTH], [100], networks=1)[0]
    for ridge in (0.1 * best.ridge, 10 * best.ridge, 0.0):
        assert predict_data(x, y, 1, [WIDTH], [100], networks=1, ridge=ridge)[0].mse > best.mse


def test_networks_are_averaged_and_scatter(gaussian):
    x, y = gaussian
    one, three = (predict_data(x, y, 1, [60, WIDTH], [100], networks=k, ridge=1.0)[0] for k in (1, 3))
    assert one.scatter is None
    assert one.ratio is None
    assert 0 < three.scatter < 0.5 * three.mse
    assert three.mse != one.mse
    assert three.widths == (60, WIDTH)


def test_limits_are_those_that_apply(gaussian):
    x, y = gaussian

    def said(*arguments, rows=ROWS, **options):
        return " ".join(predict_data(x[:rows], *arguments, networks=1, **options)[0].limits)

    number, classes = y, (y > 0).astype(float)
    assert said(number, 1, [WIDTH], [200]) == ""
    assert "n below 100" in said(number, 1, [WIDTH], [20])
    assert "150 rows are fewer than 2" in said(number[:150], 1, [WIDTH], [100], rows=150)
    assert "accuracy is not predicted" in said(classes, 2, [WIDTH], [200])
    assert "among those predicted from" in said(number, 1, [20], [200], draws=2)
    assert "far above that at the best λ" in said(number, 1, [WIDTH], [95], ridge=0.0)
    assert "inf where the error diverges" in said(number, 1, [WIDTH], [WIDTH], ridge=0.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"widths": [50]}, "widths: the last must be smaller .*; 50 rows allow at most 49, got 50"),
        ({"widths": [0, 10]}, "widths: must be ≥ 1, got 0,10"),
        ({"n_train": [10, 50], "draws": 2}, "n_train: a check .*; 50 rows allow at most 49, got 50"),
        ({"n_train": [10, 51]}, "n_train: must be at most 50, the number of rows at hand, got 51"),
        ({"ridge": -1.0}, "ridge: must be ≥ 0 and finite, got -1"),
        ({"ridge": np.nan}, "ridge: must be ≥ 0"),
        ({"law": "learned:mlp,lsq"}, "law: must be one whose weights are drawn"),
        ({"law": "cauchy"}, "law: must be .*gaussian"),
        ({"activation": "sinh"}, "activation: must be"),
    ],
)
def test_what_nothing_can_be_made_of_is_refused(changed, message):
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((50, 4), dtype=np.float32), generator.standard_normal(50)
    with pytest.raises(OnebitError, match=message):
        predict_data(x, y, 1, **{"widths": [10], "n_train": [20], **changed})


def test_memory_is_looked_at_before_it_is_taken(monkeypatch):
    refuse_beyond_memory(1000, [64, 256])
    monkeypatch.setattr(machine.os, "sysconf", lambda name: 1 << 14)  # 256 MiB
    with pytest.raises(OnebitError, match=r"^1000 rows of widths 256 need about 0\.\d GB .* has 0\.3 GB; take fewer"):
        refuse_beyond_memory(1000, [64, 256])

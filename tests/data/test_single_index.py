"""Data of a single index: labels by another route, their noise, the direction, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.errors import OnebitError

DIM, ROWS = 30, 2000


def record(**fields):
    known = {"kind": "single_index", "dim": DIM, "link": "tanh", "noise": 0.0, "n_train": ROWS - 500, "n_test": 500}
    return parse(DATASETS.get("single_index"), {**known, **fields})


def make(seed=0, **fields):
    return record(**fields).make(seed, Path())


def direction(dataset):
    """β by least squares of artanh y on x, exact where there is no noise."""
    return np.linalg.lstsq(dataset.x.astype(np.float64), np.arctanh(dataset.label), rcond=None)[0]


def test_inputs_are_those_of_the_gaussian_kind():
    assert np.array_equal(make().x, sample_gaussian(DIM, "identity", ROWS - 500, 500, 0).x)
    assert record().shape(Path()) == Shape(DIM, ROWS - 500, 500, outputs=1)
    assert record().spectrum == "identity"


def test_labels_are_the_link_of_one_direction_of_length_one():
    dataset = make()
    beta = direction(dataset)
    assert np.tanh(dataset.x @ beta) == pytest.approx(dataset.label, abs=1e-5)  # x is float32
    assert np.linalg.norm(beta) == pytest.approx(1, abs=1e-5)


def test_every_seed_has_a_direction_of_its_own():
    one, other = (direction(make(seed)) for seed in (0, 1))
    assert abs(one @ other) < 4 / DIM**0.5


def test_noise_is_on_the_labels_of_train_and_test_rows():
    quiet, noisy = make(), make(noise=0.3)
    noise = noisy.label - quiet.label
    for part in (noise[: ROWS - 500], noise[ROWS - 500 :]):
        assert abs(np.mean(part**2) / 0.09 - 1) < 4 * (2 / len(part)) ** 0.5
        assert abs(np.mean(part)) < 4 * 0.3 / len(part) ** 0.5


def test_replicates_repeat():
    assert np.array_equal(make(3, noise=1.0).label, make(3, noise=1.0).label)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"link": "sine"}, r"^link: must be .*got 'sine'$"),
        ({"noise": -1}, r"^noise: must be a number ≥ 0, got -1$"),
        ({"dim": 0}, r"^dim: must be a whole number ≥ 1, got 0$"),
        ({"spectrum": "identity"}, r"^top level: unknown key spectrum; known are"),
    ],
)
def test_what_is_wrong_is_one_line(fields, message):
    with pytest.raises(OnebitError, match=message):
        record(**fields)

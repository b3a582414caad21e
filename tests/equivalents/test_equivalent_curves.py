"""Learning curves against a second moment: the same numbers as against rows that have it."""

import numpy as np
import pytest

from onebit_rf.equivalents.curves import averaged_errors, root, train_sets
from onebit_rf.readout.learning_curve import LearningCurve

N_TRAIN = np.array([3, 8, 15, 30])  # below, near and above p = 12


@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_a_moment_takes_the_place_of_rows(ridge):
    rng = np.random.default_rng(0)
    train, test = rng.standard_normal((30, 12)), rng.standard_normal((40, 12)) + 0.3
    n, error = LearningCurve(train, N_TRAIN, ridge).averaged_error(test, 0.4)
    wanted = error[np.isin(n, N_TRAIN)]
    assert averaged_errors([train], test.T @ test / 40, N_TRAIN, ridge, 0.4) == pytest.approx(wanted, rel=1e-9)


def test_sets_are_averaged():
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal((2, 30, 12))
    alone = [averaged_errors([rows], np.eye(12), N_TRAIN, 1.0, 0.1) for rows in (one, other)]
    assert averaged_errors([one, other], np.eye(12), N_TRAIN, 1.0, 0.1) == pytest.approx(np.mean(alone, axis=0))


def test_sets_are_disjoint_and_as_many_as_there_are():
    rows = np.arange(11)[:, None]
    assert [part.ravel().tolist() for part in train_sets(rows, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(train_sets(rows, 11)) == 1


def test_root_squares_to_the_moment_even_where_it_is_singular():
    rng = np.random.default_rng(2)
    half = rng.standard_normal((3, 6))
    moment = half.T @ half
    assert root(moment) @ root(moment) == pytest.approx(moment, abs=1e-12)

"""The problem is checked when it is built, field by field."""

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem, members


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mirror", "nonsense", "mirror: must be entropy, .*got 'nonsense'"),
        ("activation", "sine", "activation: must be erf"),
        ("spectrum", "power:-1", "spectrum: power:ALPHA needs"),
        ("teacher", "uniform:2,1", "teacher: uniform:LOW,HIGH needs"),
        ("loss", "hinge", "loss: must be square, logistic or squared-hinge, got 'hinge'"),
        ("dims", (8,), "dims: need d_0 and at least one width"),
        ("dims", (8, 0), "dims: must be ≥ 1, got 0"),
        ("dims", (8, 4.5), "dims: must be whole numbers, got 4.5"),
        ("dims", (8, "4"), "dims: must be whole numbers, got '4'"),
        ("n_train", 0, "n_train: must be ≥ 1, got 0"),
        ("n_train", float("nan"), "n_train: must be whole numbers"),
        ("noise", float("inf"), "noise: must be ≥ 0 and ≤"),
        ("ridge", -1.0, "ridge: must be ≥ 0 and ≤"),
        ("penalty", float("nan"), "penalty: must be ≥ 0 and ≤"),
    ],
)
def test_a_value_that_no_problem_has_is_refused(field, value, message):
    with pytest.raises(OnebitError, match=message):
        Problem(**{"dims": (8, 4), "n_train": 3, field: value})


def test_whole_numbers_of_any_type_are_ints():
    problem = Problem(dims=[8.0, np.int64(4)], n_train=np.float64(3))
    assert (problem.dims, problem.n_train) == ((8, 4), 3)
    assert {type(number) for number in (*problem.dims, problem.n_train)} == {int}


def test_members_are_the_modules_that_it_names():
    named = members(Problem(dims=(8, 4), n_train=3, mirror="q:3", loss="logistic", spectrum="power:1"))
    wanted = {"activations.tanh", "mirrors.q", "teachers.normal", "spectra.power", "losses.logistic"}
    assert {name.removeprefix("onebit_rf.model.") for name in named} == wanted

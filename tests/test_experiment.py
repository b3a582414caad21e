"""What follows from a config record: sizes and the problem handed to the theory."""

import numpy as np
import pytest

from onebit_rf import experiment
from onebit_rf.problem import Problem


def test_problem_carries_every_field_of_the_records(config):
    records = experiment.records(config, "threshold")
    assert experiment.problem(*records, depth=2) == Problem(
        dims=(512, 512, 512), n_train=1280, activation="tanh", spectrum="identity", noise=0.3, ridge=0.0
    )


def test_sample_sizes_stop_at_last():
    assert experiment.sample_sizes({"n_train": {"first": 3, "last": 11, "step": 4}}).tolist() == [3, 7, 11]
    assert experiment.sample_sizes({"n_train": {"first": 3, "last": 10, "step": 4}}).tolist() == [3, 7]


@pytest.mark.parametrize(
    ("dataset", "rows", "dim"),
    [
        ({"kind": "mnist", "n_train_per_class": 200}, 2000, 784),
        ({"kind": "digits", "n_train": 7}, 7, 64),
        ({"kind": "gaussian", "dim": 9, "n_train": 5}, 5, 9),
    ],
)
def test_sizes_of_a_data_set(dataset, rows, dim):
    assert (experiment.train_rows(dataset), experiment.input_dim(dataset)) == (rows, dim)


def test_peak_memory_grows_with_each_size(config):
    records = experiment.records(config, "tanh_8192")
    peak = experiment.peak_bytes(*records)
    wider = {"activation": "tanh", "widths": [8192] * 5}
    assert peak < experiment.peak_bytes(records[0], records[1], wider)
    assert np.log2(peak / 2**30) < 1  # the default run stays far below 8 GiB on two cores

"""What follows from a config record: sizes and the problem handed to the theory."""

import numpy as np
import pytest

from onebit_rf.config import experiment
from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem


def test_problem_carries_every_field_of_the_records(config):
    records = experiment.records(config, "ridge")
    assert experiment.problem(*records, "ridge:10", depth=2) == Problem(
        dims=(512, 512, 512), n_train=1280, activation="tanh", spectrum="identity", noise=0.3, ridge=10.0
    )


@pytest.mark.parametrize(
    ("readout", "kind", "fields"),
    [
        ("ridge:0.5", "ridge", {"ridge": 0.5}),
        ("mirror:q:3", "mirror", {"mirror": "q:3"}),
        ("descent:l2", "descent", {"mirror": "l2"}),
        ("logistic:1e-2", "logistic", {"loss": "logistic", "penalty": 0.01}),
        ("squared-hinge:1", "squared-hinge", {"loss": "squared-hinge", "penalty": 1.0}),
    ],
)
def test_readout_sets_its_fields(readout, kind, fields):
    assert experiment.readout_kind(readout) == (kind, fields)


@pytest.mark.parametrize("readout", ["ridge", "ridge:", "ridge:big", "lasso:1", "", "logistic:l2"])
def test_readout_of_another_form_is_an_error_with_the_forms(readout):
    with pytest.raises(OnebitError, match="readout: must be ridge:λ, mirror:NAME"):
        experiment.readout_kind(readout)


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

"""What a job asks for: memory that covers what was measured, and that grows with each size."""

import pytest

from onebit_rf.config import sizes
from onebit_rf.config.checks import read_config

# Peak resident MiB of the default run's largest jobs, as their logs tell.
MEASURED = {"data": 474, "weights": 576, "features": 570, "readout": 645}


@pytest.fixture
def large(config):
    return read_config(config).of("tanh_8192")


def asked(experiment, dataset, network):
    dims = [dataset.input_dim, *network.widths]
    return {
        "data": sizes.data_bytes(dataset),
        "weights": sizes.weights_bytes(dims),
        "features": sizes.features_bytes(dataset, network),
        "readout": sizes.readout_bytes(experiment, dataset, network),
    }


def test_memory_covers_what_was_measured_without_waste(large):
    for stage, size in asked(*large).items():
        assert MEASURED[stage] <= size / 2**20 <= 2.5 * MEASURED[stage], stage


def test_memory_grows_with_the_network(large, config):
    config["networks"]["tanh_4096"]["widths"] = [8192] * 5
    wider = asked(*read_config(config).of("tanh_8192"))
    assert all(wider[stage] > size for stage, size in asked(*large).items() if stage != "data")


def test_time_is_at_least_five_minutes_and_that_of_a_slow_machine():
    assert sizes.minutes(0) == 5
    assert sizes.minutes(6e11) == 15

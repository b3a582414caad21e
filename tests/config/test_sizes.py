"""What a job asks for: memory that covers what was measured, and that grows with each size."""

import pytest

from onebit_rf.config import sizes
from onebit_rf.config.checks import read_config
from onebit_rf.config.network import Network
from onebit_rf.data.dataset import Shape

# Peak resident MiB of the default run's largest jobs, as their logs tell.
MEASURED = {"data": 474, "weights": 576, "features": 570, "readout": 645}


@pytest.fixture
def large(config):
    return figure_1(config)


def figure_1(config):
    """Task, shape and network of the paper's Figure 1."""
    study = read_config(config)
    cell = study.cells["tanh_8192"]
    return cell.task, study.shapes[cell.dataset], cell.net


def asked(task, shape, network):
    dims = [shape.input_dim, *network.widths]
    return {
        "data": sizes.data_bytes(shape),
        "weights": sizes.weights_bytes(dims),
        "features": sizes.features_bytes(shape, network),
        "readout": sizes.readout_bytes(task, shape, network),
    }


def test_memory_covers_what_was_measured_without_waste(large):
    for stage, size in asked(*large).items():
        assert MEASURED[stage] <= size / 2**20 <= 2.5 * MEASURED[stage], stage


def test_memory_of_others_covers_what_was_measured():
    # ReLU on MNIST, as in the paper's config; tanh, 256 → 256 × 3 on 8192 rows; CIFAR-10, 8000 rows
    asked = {
        1258: sizes.features_bytes(Shape(784, 2000, 10_000), Network(activation="relu", widths=[4096] * 5)),
        361: sizes.equivalents_bytes(Shape(256, 4096, 4096), Network(activation="tanh", widths=[256] * 3)),
        710: sizes.conditions_bytes(Shape(3072, 4000, 4000)),
    }
    for peak, size in asked.items():
        assert peak <= size / 2**20 <= 2.5 * peak


def test_memory_grows_with_the_network(large, config):
    config["networks"]["tanh_4096"]["widths"] = [8192] * 5
    wider = asked(*figure_1(config))
    assert all(wider[stage] > size for stage, size in asked(*large).items() if stage != "data")


def test_time_is_at_least_five_minutes_and_that_of_a_slow_machine():
    assert sizes.minutes(0) == 5
    assert sizes.minutes(6e11) == 15

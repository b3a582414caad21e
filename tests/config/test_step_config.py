"""A step on W_1 in the configuration: its cells and files, the theory's silence, and every mistake in one line."""

import pytest

from onebit_rf.config import sizes
from onebit_rf.config.checks import read_config
from onebit_rf.errors import OnebitError
from onebit_rf.model.record import plain

INDEX = {"kind": "single_index", "dim": 32, "link": "relu", "noise": 0.1, "n_train": 300, "n_test": 50}
STEP = {
    "dataset": INDEX,
    "network": {"activation": "relu", "widths": [48], "step": {"rate": 4.0, "rows": 100}},
    "target": "labels",
    "laws": ["gaussian", "grid:2", "one_bit"],
    "skip": 100,
    "n_train": {"first": 100, "last": 200, "step": 100},
    "readouts": ["ridge:10"],
}
TEACHER = {"target": "teacher", "teacher": "normal", "teachers": 1, "noise": 0.0, "readouts": ["ridge:0"]}


def study(config, **changes):
    config["experiments"]["step"] = STEP | changes
    return read_config(config)


def test_the_rate_is_swept_like_any_leaf(config):
    network = {"activation": "relu", "widths": [48], "step": {"rows": 100}}
    cells = study(config, network=network, sweep={"network.step.rate": [0, 1, 16]}).cells_of("step")
    assert [cell.swept for cell in cells] == [{"network.step.rate": rate} for rate in (0.0, 1.0, 16.0)]
    assert [cell.net.has_step for cell in cells] == [False, True, True]
    assert cells[2].network == "step-network,step.rate~16"
    assert len({cell.dataset for cell in cells}) == 1


def test_a_network_without_a_step_is_called_as_it_was(config):
    sweep = {"network": [{"activation": "tanh", "widths": [25]}, STEP["network"]]}
    plain_one, stepped = study(config, sweep=sweep).cells_of("step")
    assert (plain_one.network, plain_one.swept["network"]) == ("step-network~tanh-25", "tanh-25")
    assert stepped.swept["network"] == "relu-4.0-100-48"


def test_a_leaf_that_only_some_cells_sweep_has_its_usual_value_in_the_others(config):
    network = {"activation": "relu", "widths": [48]}
    sweep = [{"network.step.rate": 2, "network.step.rows": 50}, {"network.widths": [24]}]
    cells = study(config, network=network, sweep=sweep).cells_of("step")
    assert [cell.swept["network.step.rate"] for cell in cells] == [2.0, 0.0]


def test_the_theory_is_silent_after_a_step(config):
    teacher = {name: value for name, value in STEP.items() if name not in TEACHER} | TEACHER
    config["experiments"]["drawn"] = {**teacher, "network": {"activation": "relu", "widths": [48]}}
    made = study(config, **TEACHER)
    assert [made.cells_of(name)[0].is_described for name in ("drawn", "step")] == [True, False]


def test_memory_and_time_grow_with_the_step(config):
    cell = study(config).cells_of("step")[0]
    (drawn,) = study(config, network={"activation": "relu", "widths": [48]}).cells_of("step")
    shape = INDEX["n_train"] + INDEX["n_test"]
    found = read_config(config).shapes[cell.dataset]
    assert sizes.all_rows(found) == shape
    for size in (sizes.features_bytes, sizes.features_flops):
        assert size(found, cell.net) > size(found, drawn.net)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skip": 99}, r"\.skip: must be at least 100, the rows that network.step saw, got 99"),
        (
            {"laws": ["gaussian", "ternary"]},
            r"\.laws: ternary rounds no Gaussian draw, which takes the step; leave it out",
        ),
        (
            {"network": {"activation": "sign", "widths": [48], "step": STEP["network"]["step"]}},
            r"\.network\.activation: sign has no `tensor`, which network.step descends; use another",
        ),
        (
            {"dataset": "gaussian_512", **TEACHER},
            r"\.network\.step: data set 'gaussian_512' has no labels to learn; use",
        ),
        ({"test_inputs": {"noise": 0.5}}, r"\.network\.step: its features have no second path; leave out test_inputs"),
        (
            {"network": {"activation": "relu", "widths": [48], "step": {"rate": 1}}},
            r"\.network\.step: rows must be at least 1 where rate is 1, got 0",
        ),
        (
            {"network": {"activation": "relu", "widths": [48], "step": {"rate": -1, "rows": 5}}},
            r"\.network\.step\.rate: must be a number ≥ 0, got -1",
        ),
        (
            {"network": {"activation": "relu", "widths": [48], "step": {"size": 1}}},
            r"\.network\.step: unknown key size; known are rate, rows",
        ),
    ],
)
def test_a_wrong_step_is_one_line(config, changes, message):
    with pytest.raises(OnebitError, match=f"^config: experiments.step{message}") as caught:
        study(config, **changes)
    assert len(str(caught.value).splitlines()) == 1


def test_a_training_takes_no_step(config):
    recipe = {
        "dataset": "digits", "network": STEP["network"], "n_train": 200, "n_valid": 0, "models": ["float"],
        "weight_decays": [0.0], "protocols": ["fixed_epochs"], "epochs": 1, "loss": 0.5, "batch": 32,
        "optimiser": "adam", "learning_rate": 0.001, "schedule": "cosine",
    }  # fmt: skip
    config["trainings"]["nets"] = recipe
    with pytest.raises(OnebitError, match=r"^config: trainings\.nets\.network\.step: is a frozen network's"):
        read_config(config)


def test_the_usual_step_is_none(config):
    config["networks"]["with_rows"] = {"activation": "relu", "widths": [8], "step": {"rows": 7}}
    networks = read_config(config).networks
    assert plain(networks["relu_512"])["step"] == {"rate": 0.0, "rows": 0}
    assert not networks["with_rows"].has_step

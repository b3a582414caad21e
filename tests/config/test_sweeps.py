"""Sweeps: the cells laid out, the files they share, what they are called, and what a wrong one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import load_yaml
from onebit_rf.config.cells import assignments, file_text, unique
from onebit_rf.config.checks import read_config
from onebit_rf.errors import OnebitError
from onebit_rf.model.values import column_value, spelled

STUDY = {
    "dataset": "gaussian_512",
    "network": "tanh_512",
    "target": "teacher",
    "teacher": "normal",
    "teachers": 1,
    "n_train": {"first": 20, "last": 40, "step": 20},
    "noise": 0.0,
    "readouts": ["ridge:0"],
}


def study(config, **changes):
    """The default config with one more experiment, `study`."""
    config["experiments"]["study"] = STUDY | changes
    return read_config(config)


def test_a_product_is_laid_out_in_order(config):
    sweep = {"network.widths": [[64], [128, 128]], "dataset.spectrum": ["identity", "power:.5"], "noise": [0, 0.3]}
    cells = study(config, sweep=sweep).cells_of("study")
    assert [tuple(cell.swept.values()) for cell in cells] == [
        (widths, spectrum, noise)
        for widths in ("64", "128x2")
        for spectrum in ("identity", "power:0.5")
        for noise in (0.0, 0.3)
    ]
    last = cells[-1]
    assert last.name == "study/network.widths~128x2/dataset.spectrum~power_0.5/noise~0.3"
    assert (last.net.widths, last.data.spectrum, last.task.noise) == ([128, 128], "power:0.5", 0.3)


def test_a_list_of_mappings_is_these_cells_only(config):
    sweep = [{"network.widths": [64], "n_train.last": 32, "n_train.first": 8}, {"network.widths": [128]}]
    cells = study(config, sweep=sweep).cells_of("study")
    assert [cell.swept for cell in cells] == [
        {"network.widths": "64", "n_train.last": 32, "n_train.first": 8},
        {"network.widths": "128", "n_train.last": 40, "n_train.first": 20},
    ]


def test_cells_share_what_they_have_in_common(config):
    sweep = {"dataset.spectrum": ["identity", "power:0.5"], "network.widths": [[512, 512, 512], [64]], "noise": [0, 1]}
    cells = study(config, sweep=sweep).cells_of("study")
    assert {cell.dataset for cell in cells} == {"gaussian_512", "gaussian_512,spectrum~power_0.5"}
    assert {cell.network for cell in cells} == {"tanh_512", "tanh_512,widths~64"}  # the default by its own name


def test_records_stand_where_names_do(config):
    inline = {"kind": "gaussian", "dim": 64, "spectrum": "identity", "n_train": 50, "n_test": 9}
    made = study(config, dataset=inline, network={"activation": "tanh", "widths": [64]})
    (cell,) = made.cells_of("study")
    assert (cell.name, cell.dataset, cell.network) == ("study", "study-dataset", "study-network")
    assert made.dims("study") == [64, 64]


def test_what_the_theory_is_silent_on_says_why(config):
    """A cell by its inputs or its target; a law in the cells that it is not covered in."""
    inputs = {"kind": "student", "dim": 256, "degrees": 5.0, "radial": False, "n_train": 50, "n_test": 9}
    sweep = {"dataset.radial": [False, True], "dataset.degrees": [5, float("inf")], "network.widths": [[512], [60, 60]]}
    made = study(config, dataset=inputs, laws=["gaussian", "sparse:0.4", "unscaled"], sweep=sweep)
    cells = made.cells_of("study")
    length = "$|x_0|^2/d_0$ differs from sample to sample"
    assert [cell.silence for cell in cells] == [""] * 4 + [length] * 2 + [""] * 2
    assert [cell.is_described for cell in cells] == [not cell.silence for cell in cells]
    assert cells[2].swept == {"dataset.radial": "false", "dataset.degrees": float("inf"), "network.widths": "512"}
    few, unscaled = "fewer than 100 of a neuron are not 0", "their variance is 1, not 1/d"
    assert made.silent_laws(cells[0]) == {"unscaled": unscaled}  # 102 of 256
    assert made.silent_laws(cells[1]) == {"sparse:0.4": few, "unscaled": unscaled}  # 24 of 60 in the second layer
    (drawn,) = study(config, dataset="digits", n_train={"first": 9, "last": 9, "step": 1}).cells_of("study")
    assert drawn.silence == "the spectrum of data is not known"
    kinds = {name: {"kind": "learning_curve", "experiments": [name]} for name in ("study", "digits")}
    (slow,) = study(config, dataset=inputs | {"degrees": 4}).cells_of("study")
    assert slow.silence == "no fourth moment: $|x_0|^2/d_0$ settles slowly"
    few = study(config, sweep={"dataset.spectrum": ["power:0.5", "power:1"]}).cells_of("study")
    assert [cell.silence for cell in few] == ["", "effective rank 28.3 of 512, so $|x_0|^2$ scatters"]
    made = study(config | {"figures": kinds}, laws=["unscaled"])
    (taught,), (labelled,) = made.facts("study"), made.facts("digits")
    assert (taught.silence, taught.silent_laws, taught.described) == ("", {"unscaled": unscaled}, True)
    assert (labelled.silence, labelled.described) == ("the labels are the data's own", False)


def test_a_record_that_has_a_name_already_keeps_it(config):
    (cell,) = study(config, dataset=dict(config["datasets"]["gaussian_512"])).cells_of("study")
    assert cell.dataset == "gaussian_512"


def test_names_of_records_are_leaves_too(config):
    cells = study(config, sweep={"network": ["tanh_512", "relu_512"], "dataset.dim": [64, 128]}).cells_of("study")
    assert [cell.swept["network"] for cell in cells] == ["tanh_512", "tanh_512", "relu_512", "relu_512"]
    assert [cell.data.dim for cell in cells] == [64, 128, 64, 128]


def test_readouts_may_be_swept(config):
    cells = study(config, sweep={"readouts": [["ridge:0"], ["ridge:0", "ridge:1"]]}).cells_of("study")
    assert [cell.swept["readouts"] for cell in cells] == ["ridge:0", "ridge:0-ridge:1"]


@pytest.mark.parametrize("sweep", [None, {}])
def test_an_experiment_without_a_sweep_is_one_cell(config, sweep):
    (cell,) = study(config, sweep=sweep).cells_of("study")
    assert (cell.name, cell.swept) == ("study", {})


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (
            {"network.width": [[64]]},
            r"\.sweep: no such leaf 'network.width'; known are dataset, .*labels, n_train.first.*network.widths",
        ),
        ({"n_train": [{"first": 1, "last": 2, "step": 1}]}, r"\.sweep: no such leaf 'n_train'.*n_train.first"),
        ({"noise": []}, r"\.sweep\.noise: must be a list of values, got \[\]"),
        ({"noise": 0.3}, r"\.sweep\.noise: must be a list of values, got 0.3"),
        ([0.3], r"\.sweep: must be a mapping leaf → list of values, or a list of mappings"),
        ("noise", r"\.sweep: must be a mapping leaf"),
        ({1: [1]}, r"\.sweep: leaves are text, got 1"),
        ({"target": ["teacher", "labels"]}, r"\.sweep: no such leaf 'target'"),
        ({"sweep": [1]}, r"\.sweep: no such leaf 'sweep'"),
        ({"noise": [0.0, -1.0]}, r"\.noise: must be a number ≥ 0, got -1.0 \(at noise -1.0\)"),
        ({"noise": [0.3, "0.30"]}, r"\.sweep: the cell noise 0.3 stands twice"),
        ({"dataset": ["gaussian_512", "nosuch"]}, r"\.dataset: no such dataset 'nosuch'; known are"),
        ({"n_train.last": [40, 4000]}, r"\.n_train\.last: must be at most 1280.*\(at n_train.last 4000\)"),
        ({"network.activation": ["tanh", "sine"]}, r"\.network\.activation: must be .*got 'sine' \(at"),
    ],
)
def test_a_wrong_sweep_is_one_line(config, sweep, message):
    with pytest.raises(OnebitError, match=f"^config: experiments.study{message}") as caught:
        study(config, sweep=sweep)
    assert len(str(caught.value).splitlines()) == 1


def test_fifty_cells_are_read_quickly(config):
    """A count of what is parsed rather than a time: every cell reads three records once."""
    sweep = {"noise": [i / 10 for i in range(10)], "network.widths": [[8 * i] for i in range(6, 11)]}
    assert len(study(config, sweep=sweep).cells_of("study")) == 50


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=6))
def test_widths_have_a_name_each(widths):
    """Different lists have different names, and each can be read back."""
    runs = [part.partition("x") for part in column_value(widths).split("-")]
    assert [int(width) for width, _, length in runs for _ in range(int(length or 1))] == widths


@given(st.text(max_size=100) | st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_values_make_names_of_files(value):
    text = file_text(value)
    assert "/" not in text
    assert len(text) <= 60


def test_names_are_unique():
    assert unique("a", {}) == "a"
    assert unique("a", {"a": 0, "a-2": 0}) == "a-3"


def test_a_product_has_every_combination():
    assert assignments({"a": [1, 2], "b": [3]}) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]
    assert load_yaml("config/config.yaml")["experiments"]["ridge"].get("sweep") is None


def test_a_name_that_is_written_stands_whatever_else_is_equal(config):
    """Two networks alike: each experiment's files are called as it says, in any order of the networks."""
    config["networks"]["another"] = dict(config["networks"]["tanh_512"])
    (cell,) = study(config).cells_of("study")
    assert cell.network == "tanh_512"


INLINE = [{"activation": "tanh", "widths": [25]}, {"activation": "relu", "widths": [60]}]


@pytest.mark.parametrize(
    "sweep", [{"network": INLINE}, [{"network": INLINE[0], "noise": 0.1}, {"network": INLINE[1], "noise": 0.2}]]
)
def test_every_record_of_a_sweep_has_files_of_its_own(config, sweep):
    one, other = study(config, sweep=sweep).cells_of("study")
    assert (one.net.widths, other.net.activation) == ([25], "relu")
    assert (one.network, other.network) == ("study-network~tanh-25", "study-network~relu-60")
    assert (one.swept["network"], other.swept["network"]) == ("tanh-25", "relu-60")


def test_records_of_data_are_told_apart_too(config):
    data = [{"kind": "gaussian", "dim": dim, "spectrum": "identity", "n_train": 50, "n_test": 9} for dim in (20, 30)]
    made = study(config, sweep={"dataset": data})
    assert [made.dims(cell.name)[0] for cell in made.cells_of("study")] == [20, 30]
    assert len({cell.dataset for cell in made.cells_of("study")}) == 2


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_compared_as_numbers(number):
    assert spelled(number) == spelled(repr(number)) == spelled(float(repr(number)))
    assert spelled([48, 48]) == spelled("48x2")
    assert spelled(True) != spelled(1)


def test_a_kind_that_other_leaves_do_not_fit_is_named(config):
    with pytest.raises(OnebitError, match=r"experiments.study.dataset: unknown key dim.* \(at dataset.kind images\)"):
        study(config, sweep={"dataset.kind": ["gaussian", "images"]})


def test_long_records_that_begin_alike_have_files_of_their_own(config):
    records = [{"activation": "tanh", "widths": [7, 8] * 16 + [end]} for end in range(10, 14)]
    cells = study(config, sweep={"network": records}).cells_of("study")
    assert len({cell.network for cell in cells}) == len({cell.name for cell in cells}) == 4
    assert [cell.net.widths[-1] for cell in cells] == [10, 11, 12, 13]


def test_an_experiment_has_the_laws_and_seeds_of_all_or_its_own(config):
    (usual,), (own,) = (
        study(config, **changes).cells_of("study") for changes in ({}, {"laws": ["ternary"], "seeds": [7, 9]})
    )
    assert (usual.laws, usual.seeds) == (config["laws"], config["seeds"])
    assert (own.laws, own.seeds) == (["ternary"], [7, 9])


@pytest.mark.parametrize("seeds", [[], [-1], [1, 1], [0.5], 3])
def test_seeds_of_its_own_are_checked_as_those_of_all(config, seeds):
    with pytest.raises(OnebitError, match=r"^config: experiments\.study\.seeds"):
        study(config, seeds=seeds)

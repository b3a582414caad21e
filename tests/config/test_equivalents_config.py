"""The leaf `equivalents` and figures of data sets: what is taken, and what is refused with the remedy."""

import copy

import pytest

from onebit_rf.config.checks import read_config
from onebit_rf.errors import OnebitError

FIGURE = {"kind": "universality", "experiments": ["ridge"], "readout": "ridge:1"}


def changed(config, figures=None, **leaves):
    new = copy.deepcopy(config)
    new["experiments"]["ridge"].update(equivalents=True, **leaves)
    new["figures"] = figures or {}
    return new


def test_it_is_a_cell_s_and_no_part_of_its_task(config):
    study, before = read_config(changed(config)), read_config(config)
    assert study.cells["ridge"].equivalents
    assert not before.cells["ridge"].equivalents
    assert study.cells["ridge"].task == before.cells["ridge"].task  # so that no read-out is trained again


def test_figures_of_it_are_taken(config):
    study = read_config(changed(config, {"u": FIGURE, "c": {"kind": "conditions", "datasets": ["digits"]}}))
    assert study.facts("u")[0].equivalents
    assert study.facts("c") == []


def test_data_sets_that_only_figures_name_are_looked_at(config):
    only = changed(config, {"c": {"kind": "conditions", "datasets": ["gaussian_8192"]}})
    only["experiments"] = {"ridge": only["experiments"]["ridge"]}
    assert set(read_config(only).shapes) == {"gaussian_512", "gaussian_8192"}
    lost = {"kind": "table", "source": "nowhere.csv", "target": "y", "task": "regression", "n_train": 5, "n_test": 5}
    only["datasets"]["lost"] = {**lost, "centre": True, "scale": True}
    only["figures"]["c"]["datasets"] = ["lost"]
    with pytest.raises(OnebitError, match=r"config: datasets\.lost: .*nowhere\.csv: no such file"):
        read_config(only)


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        ({"teacher": "uniform:0.1,1.9"}, r"\.equivalents: averages over teachers of mean 0 and variance 1"),
        ({"labels": "sign", "readouts": ["ridge:1"]}, r"\.equivalents: averages over teachers of mean 0"),
        ({"readouts": ["logistic:1"], "noise": 0.0}, r"\.equivalents: needs a read-out ridge:λ; add one"),
        ({"dataset": "digits", "n_train": {"first": 9, "last": 90, "step": 9}}, r"data set 'digits' has no known spec"),
        ({"network": {"activation": "tanh", "widths": [1792]}}, r"needs more rows than features, 1792, there are 1792"),
        ({"equivalents": "maybe"}, r"\.equivalents: must be true or false"),
    ],
)
def test_what_cannot_be_is_refused(config, leaves, message):
    new = changed(config)
    new["experiments"]["ridge"].update(leaves)
    with pytest.raises(OnebitError, match=message):
        read_config(new)


def test_unknown_data_sets_of_a_figure_are_named(config):
    with pytest.raises(OnebitError, match=r"figures\.c: no such data set 'digit'; known are .*digits.*switched off by"):
        read_config(changed(config, {"c": {"kind": "conditions", "datasets": ["digit"]}}))


def test_labels_have_no_equivalents(config):
    config["experiments"]["digits"]["equivalents"] = True
    with pytest.raises(OnebitError, match=r"experiments\.digits: unknown key equivalents"):
        read_config(config)

"""The config: every file of config/ is valid, and every kind of mistake is one line that names key and remedy."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, load_yaml
from onebit_rf.config.checks import check_machine, merge, validate
from onebit_rf.errors import OnebitError

OVERLAYS = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))


def put(path, value):
    """A change that sets config[a][b]… for path "a.b…"; value Ellipsis deletes."""

    def change(config):
        *parents, last = path.split(".")
        for key in parents:
            config = config[key]
        if value is ...:
            del config[last]
        else:
            config[last] = value

    return change


MISTAKES = [
    (put("sedes", [1]), "top level: unknown key sedes; known are seeds, laws"),
    (put("seeds", ...), "top level: missing key seeds"),
    (put("seeds", [1, 2, 1]), r"seeds: must not repeat an item, got \[1, 2, 1\]"),
    (put("seeds", []), "seeds: must have at least 1 item"),
    (put("seeds", [-1]), "seeds.0: must be at least 0, got -1"),
    (put("seeds", 3), "seeds: must be of type array, got 3"),
    (put("laws", ["ternary"]), r"laws.0: must be one of \['gaussian', 'one_bit'\], got 'ternary'"),
    (put("datasets.gaussian_8192.dim", 0), "datasets.gaussian_8192.dim: must be at least 1, got 0"),
    (put("datasets.gaussian_8192.dim", -5), "datasets.gaussian_8192.dim: must be at least 1, got -5"),
    (put("datasets.gaussian_8192.dim", "big"), "datasets.gaussian_8192.dim: must be of type integer, got 'big'"),
    (put("datasets.gaussian_8192.dim", ...), "datasets.gaussian_8192: missing key dim"),
    (put("datasets.gaussian_8192.colour", 1), "datasets.gaussian_8192: unknown key colour; known are kind, dim"),
    (put("datasets.gaussian_8192.kind", "images"), "datasets.gaussian_8192.kind: must be one of"),
    (put("datasets.gaussian_8192.spectrum", "power:-1"), "spectrum: must be identity, or power:ALPHA"),
    (put("datasets.digits.n_train", 1000), "datasets.digits: n_train \\+ n_test must be at most 1797"),
    (put("datasets.Big", {}), "Big"),
    (put("networks.tanh_512.activation", "sine"), "networks.tanh_512.activation: must be one of .*'tanh'.*got 'sine'"),
    (put("networks.tanh_512.widths", [512, 0]), "networks.tanh_512.widths.1: must be at least 1, got 0"),
    (put("networks.tanh_512.widths", []), "networks.tanh_512.widths: must have at least 1 item"),
    (put("experiments.digits.dataset", "cifar"), "experiments.digits.dataset: no such dataset 'cifar'; known are"),
    (put("experiments.digits.network", "vgg"), "experiments.digits.network: no such network 'vgg'; known are"),
    (put("experiments.ridge.readouts", ["ridge:-0.1"]), "experiments.ridge: ridge: must be finite and ≥ 0, got -0.1"),
    (
        put("experiments.ridge.readouts", ["lasso:1"]),
        "experiments.ridge: readout: must be ridge:λ, mirror:NAME.*'lasso:1'",
    ),
    (put("experiments.mirrors.readouts", ["mirror:cosh"]), "experiments.mirrors: mirror: .*cosh"),
    (
        put("experiments.ridge.readouts", ["mirror:l2"]),
        "experiments.ridge.readouts: mirror:l2 interpolates: n_train.last must be below",
    ),
    (put("experiments.digits.readouts", ["logistic:1"]), "experiments.digits.readouts: logistic:1 cannot learn labels"),
    (put("experiments.ridge.readouts", ["logistic:1"]), "experiments.ridge.readouts: logistic:1 .* noise must be 0"),
    (put("experiments.relu.readouts", ["logistic:1"]), "experiments.relu.*odd"),
    (put("experiments.ridge.teacher", "cauchy"), "experiments.ridge.*teacher: must be normal"),
    (put("experiments.ridge.teachers", 0), "experiments.ridge.teachers: must be at least 1"),
    (put("experiments.ridge.noise", math.nan), "experiments.ridge.noise: must be finite, got nan"),
    (put("experiments.ridge.noise", math.inf), "experiments.ridge.noise: must be finite, got inf"),
    (put("experiments.digits.noise", 0.1), "experiments.digits: unknown key noise"),
    (put("experiments.digits.dataset", "gaussian_512"), "Gaussian inputs have no labels"),
    (put("experiments.digits.n_train.last", 501), "experiments.digits.n_train.last: must be at most 500"),
    (put("experiments.ridge.n_train.first", 1281), "first must be at most last, got 1281 > 1280"),
    (put("experiments.ridge.n_train.step", 0), "experiments.ridge.n_train.step: must be at least 1"),
    (put("figures.depth.experiments", ["nothing"]), "figures.depth: no such experiment 'nothing'"),
    (put("figures.depth.n_train", 1001), "figures.depth.n_train: 1001 is not among the sample sizes"),
    (put("figures.depth.experiments", ["digits"]), "figures.depth: experiment 'digits' must have target teacher"),
    (
        put("figures.images.experiments", ["ridge"]),
        "figures.images: experiment 'ridge' must have target labels",
    ),
    (put("figures.ridge.experiments", ["ridge", "tanh"]), "figures.ridge.experiments: must have at most 1 item"),
    (put("figures.mirrors.experiments", ["entropy"]), "figures.mirrors: experiment 'entropy' must have .* mirror:l2"),
    (put("figures.activations.experiments", ["mirrors"]), "experiment 'mirrors' must have the read-out ridge:0"),
    (put("figures.learning_curve.experiments", ["tanh", "mirrors"]), "'mirrors' must have the read-out ridge:0"),
    (put("experiments.tanh.teacher", "uniform:-1,1"), "'tanh' must have a normal teacher"),
    (put("networks.tanh_4096.widths", [10**6]), "experiments.tanh_8192: weights .* the most a table takes"),
]


def check(config, schema):
    validate(config, schema)
    check_machine(config)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_config_file_is_valid(name, config, schema):
    validate(merge(config, load_yaml(f"config/{name}")), schema)


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[message[:40] for _, message in MISTAKES])
def test_mistake_is_one_line_with_key_and_remedy(config, schema, change, message):
    change(config)
    with pytest.raises(OnebitError, match=message) as caught:
        check(config, schema)
    assert "\n" not in str(caught.value)


def test_job_larger_than_the_machine_is_refused(config, monkeypatch):
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**16}.get)  # a quarter of a GiB
    with pytest.raises(OnebitError, match=r"networks\.tanh_4096\.widths: experiment 'tanh_8192' needs about 1 GiB"):
        check_machine(config)


def leaves(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


@given(st.data())
def test_any_leaf_of_a_wrong_type_is_refused_with_its_path(data):
    config, schema = load_yaml("config/config.yaml"), load_yaml("workflow/schemas/config.schema.yaml")
    path = data.draw(st.sampled_from(sorted(leaves(config))))
    put(".".join(path), data.draw(st.sampled_from([None, {"a": 1}, -1.5, ""])))(config)
    with pytest.raises(OnebitError) as caught:
        validate(config, schema)
    assert path[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_overlay_merges_mappings_and_replaces_lists():
    base = {"seeds": [1, 2], "networks": {"a": {"widths": [1]}}}
    merged = merge(copy.deepcopy(base), {"seeds": [3], "networks": {"b": {}, "a": {"activation": "tanh"}}})
    assert merged == {"seeds": [3], "networks": {"a": {"widths": [1], "activation": "tanh"}, "b": {}}}

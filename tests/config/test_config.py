"""The config: every file of config/ is valid, and every kind of mistake is one line that names key and remedy."""

import copy
import json
import math
import subprocess
import sys
from functools import reduce
from operator import getitem

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, load_yaml
from onebit_rf.config.checks import merge, read_config
from onebit_rf.config.schema import config_schema
from onebit_rf.errors import OnebitError
from onebit_rf.model.record import plain

OVERLAYS = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))
LAID_OVER = {"studies_paper.yaml": "studies.yaml"}  # overlays that hold only what differs from another


def change_all(*changes):
    """Several changes, one after the other."""

    def change(config):
        for each in changes:
            each(config)

    return change


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


# A teacher's labels on images, which the theory does not describe.
ON_IMAGES = {
    "dataset": "digits",
    "network": "relu_1024",
    "target": "teacher",
    "teacher": "normal",
    "teachers": 1,
    "noise": 0.0,
    "n_train": {"first": 500, "last": 500, "step": 1},
    "readouts": ["ridge:0"],
}

HEAVY = {"kind": "student", "dim": 8192, "degrees": 3.0, "radial": False, "n_train": 3000, "n_test": 9}

MISTAKES = [
    (put("sedes", [1]), "top level: unknown key sedes; known are seeds, laws"),
    (put("seeds", ...), "top level: missing key seeds"),
    (put("seeds", [1, 2, 1]), r"seeds: must not repeat an item, got \[1, 2, 1\]"),
    (put("seeds", []), "seeds: must be a list with at least 1 item"),
    (put("seeds", [-1]), "seeds.0: must be a whole number ≥ 0, got -1"),
    (put("seeds", 3), "seeds: must be a list, got 3"),
    (
        put("laws", ["binary"]),
        "laws.0: must be asymmetric:BITS, gaussian, .*, sparse:SHARE, .* or unscaled, got 'binary'",
    ),
    (put("datasets.gaussian_8192.dim", 0), "datasets.gaussian_8192.dim: must be a whole number ≥ 1, got 0"),
    (put("datasets.gaussian_8192.dim", -5), "datasets.gaussian_8192.dim: must be a whole number ≥ 1, got -5"),
    (put("datasets.gaussian_8192.dim", "big"), "datasets.gaussian_8192.dim: must be a whole number, got 'big'"),
    (put("datasets.gaussian_8192.dim", ...), "datasets.gaussian_8192: missing key dim"),
    (put("datasets.gaussian_8192.colour", 1), "datasets.gaussian_8192: unknown key colour; known are kind, dim"),
    (put("datasets.gaussian_8192.kind", "pictures"), "datasets.gaussian_8192.kind: must be one of gaussian, images"),
    (put("datasets.digits.source", "faces"), "datasets.digits.source: must be digits, folder:"),
    (put("datasets.digits.source", "torchvision:ImageNet"), "datasets.digits.source: .*MNIST"),
    (put("datasets.digits.n_train_per_class", 5), "datasets.digits: .*n_train.*n_train_per_class"),
    (put("datasets.digits.source", "folder:nosuch"), "datasets.digits: .*nosuch"),
    (put("datasets.gaussian_8192.spectrum", "power:-1"), "spectrum: power:ALPHA needs a finite ALPHA ≥ 0, got -1"),
    (put("datasets.gaussian_8192.spectrum", "condition:0.5"), "spectrum: condition:NUMBER needs a NUMBER from 1 to"),
    (put("datasets.gaussian_8192", HEAVY | {"degrees": 2}), "datasets.gaussian_8192.degrees: must be a number > 2"),
    (put("datasets.gaussian_8192", HEAVY | {"radial": 2}), "datasets.gaussian_8192.radial: must be true or false"),
    (put("datasets.digits.n_train", 1000), "datasets.digits: .*1797"),
    (put("datasets.Big", {}), "Big"),
    (put("networks.tanh_512.activation", "sine"), "networks.tanh_512.activation: must be erf, .* or tanh, got 'sine'"),
    (put("networks.tanh_512.widths", [512, 0]), "networks.tanh_512.widths.1: must be a whole number ≥ 1, got 0"),
    (put("networks.tanh_512.widths", []), "networks.tanh_512.widths: must be a list with at least 1 item"),
    (put("experiments.digits.dataset", "cifar"), "experiments.digits.dataset: no such dataset 'cifar'; known are"),
    (put("experiments.digits.network", "vgg"), "experiments.digits.network: no such network 'vgg'; known are"),
    (
        put("experiments.ridge.readouts", ["ridge:-0.1"]),
        "experiments.ridge.readouts.0: ridge:λ needs a finite λ ≥ 0, got -0.1",
    ),
    (
        put("experiments.ridge.readouts", ["lasso:1"]),
        "experiments.ridge.readouts.0: must be descent:MIRROR, .*'lasso:1'",
    ),
    (
        put("experiments.mirrors.readouts", ["mirror:cosh"]),
        "experiments.mirrors.readouts.0: mirror: must be entropy, .*cosh",
    ),
    (
        put("experiments.ridge.readouts", ["mirror:l2"]),
        "experiments.ridge.readouts: mirror:l2 interpolates: n_train.last must be below",
    ),
    (put("experiments.digits.readouts", ["logistic:1"]), "experiments.digits.readouts: logistic:1 cannot learn labels"),
    (put("experiments.ridge.readouts", ["logistic:1"]), "experiments.ridge.readouts: logistic:1 .* noise must be 0"),
    (
        change_all(
            put("experiments.relu.readouts", ["logistic:1"]), put("experiments.relu.test_inputs", {"noise": 0.5})
        ),
        "experiments.relu.readouts: logistic:1: activation: a second path of logistic is solved for odd",
    ),
    (
        put("experiments.mirrors.test_inputs", {"noise": 0.5}),
        "experiments.mirrors.readouts: mirror:l2 has no second path; leave out test_inputs, test_weights",
    ),
    (put("experiments.mirrors.labels", "sign"), "experiments.mirrors.readouts: mirror:l2 learns no signs; use ridge"),
    (put("experiments.tanh.labels", "odd"), "experiments.tanh.labels: must be one of linear, sign, got 'odd'"),
    (put("experiments.tanh.test_inputs", {"noise": -1}), "experiments.tanh.test_inputs.noise: must be a number ≥ 0"),
    (put("experiments.tanh.test_inputs", {"tau": 1}), "experiments.tanh.test_inputs: unknown key tau; known are noise"),
    (
        put("experiments.tanh.test_weights", {"bits": 0}),
        "experiments.tanh.test_weights.bits: must be a whole number ≥ 1",
    ),
    (
        put("experiments.tanh.test_weights", {"bits": 1, "correlation": 0.5}),
        "experiments.tanh.test_weights: bits or correlation, not both",
    ),
    (
        change_all(put("experiments.tanh.test_weights", {"bits": 1}), put("laws", ["one_bit"])),
        "experiments.tanh.test_weights.bits: rounds normal weights, which no law here has; add gaussian to laws",
    ),
    (
        change_all(
            put("experiments.tanh.readouts", ["logistic:1"]), put("experiments.tanh.test_readout", {"noise": 0.5})
        ),
        "experiments.tanh.test_readout.noise: is for ridge:λ and what follows from it, not for logistic:1",
    ),
    (
        put("experiments.tanh.readouts", ["rounded:0"]),
        "experiments.tanh.readouts.0: bits: must be a whole number from 1 to 12, got 0",
    ),
    (put("figures.gap.metric", "shifted_mse"), "figures.gap.metric: shifted_mse is not measured of ridge:0 in ridge"),
    (
        put("experiments.ridge.teacher", "cauchy"),
        "experiments.ridge.teacher: must be normal or uniform:LOW,HIGH, got 'cauchy'",
    ),
    (put("experiments.ridge.teachers", 0), "experiments.ridge.teachers: must be a whole number ≥ 1"),
    (put("experiments.ridge.noise", math.nan), "experiments.ridge.noise: must be a number ≥ 0, got nan"),
    (put("experiments.ridge.noise", math.inf), "experiments.ridge.noise: must be finite, got inf"),
    (put("experiments.digits.noise", 0.1), "experiments.digits: unknown key noise"),
    (
        put("experiments.digits.dataset", "gaussian_512"),
        "experiments.digits.target: data set 'gaussian_512' has no labels",
    ),
    (put("experiments.digits.n_train.last", 501), "experiments.digits.n_train.last: must be at most 500"),
    (put("experiments.ridge.n_train.first", 1281), "first must be at most last, got 1281 > 1280"),
    (put("experiments.ridge.n_train.step", 0), "experiments.ridge.n_train.step: must be a whole number ≥ 1"),
    (put("experiments.digits.readouts", ["ridge:-5"]), "experiments.digits.readouts.0: ridge:λ needs a finite λ ≥ 0"),
    (put("experiments.digits.readouts", ["ridge:nan"]), "experiments.digits.readouts.0: ridge:λ needs a finite λ"),
    (put("experiments.digits.readouts", ["ridge:inf"]), "experiments.digits.readouts.0: ridge:λ needs a finite λ"),
    (put("experiments.digits", ON_IMAGES | {"readouts": ["mirror:foo"]}), "digits.readouts.0: mirror: must be entropy"),
    (put("experiments.digits", ON_IMAGES | {"readouts": ["logistic:0"]}), "digits.readouts.0: logistic:λ needs .* > 0"),
    (put("experiments.digits", ON_IMAGES | {"teacher": "foo"}), "experiments.digits.teacher: must be normal"),
    (put("experiments.ridge.readouts", ["ridge:1", "ridge:1.0"]), "experiments.ridge.readouts: must not repeat"),
    (put("latency.devices", ["tpu"]), "latency.devices.0: must be one of cpu, cuda, got 'tpu'"),
    (put("figures.depth.experiments", ["nothing"]), "figures.depth: no such experiment 'nothing'; known are tanh"),
    (put("figures.mine", {"kind": "pie"}), "figures.mine.kind: must be one of bearing, bits, "),
    (put("figures.ridge.color", "depth"), "figures.ridge: unknown key color; known are kind, experiments, at, colour"),
    (put("figures.ridge.colour", "hue"), "figures.ridge.colour: must be one of depth, readout, experiment, got 'hue'"),
    (put("figures.mirrors.kind", "sweep"), "figures.mirrors: missing key x"),
    (
        put("figures.activations", {"kind": "learning_curve", "experiments": ["mirrors"], "metric": "gap"}),
        "figures.activations.metric: gap is not measured of mirror:l2 in mirrors; choose by `at`",
    ),
    (
        put("figures.gap.metric", "test"),
        "figures.gap.metric: must be one of mse, train_mse, gap, shifted_mse, .*got 'test'",
    ),
    (put("figures.ridge.at", {"readout": "ridge:7"}), "figures.ridge.at.readout: 'ridge:7' is not drawn"),
    (put("experiments.ridge", None), "figures.learning_curve: no such experiment 'ridge'; .*learning_curve: null}"),
    (put("latency", None), "figures.latency: draws latency, which is switched off; switch the figure off, too"),
    (
        lambda config: config.update(latency=None, figures={"mine": {"kind": "cost", "experiments": ["digits"]}}),
        "figures.mine: draws latency, which is switched off; switch the figure off, too",
    ),
    (
        put("figures.mine", {"kind": "cost", "experiments": ["ridge"]}),
        "figures.mine.experiments: experiment 'ridge' must",
    ),
    (put("experiments.ridge.dataset", 7), "experiments.ridge.dataset: must be a name or a mapping, got 7"),
    (put("figures.ridge.facets", ["depth", "depth"]), "figures.ridge.facets: must not repeat an item"),
    (put("experiments.ridge.network", {"widths": [4]}), "experiments.ridge.network: missing key activation"),
    (put("figures.depth.n_train", 1001), "figures.depth.n_train: 1001 is not among the sample sizes"),
    (put("figures.depth.experiments", ["digits"]), "figures.depth: experiment 'digits' must have target teacher"),
    (
        put("figures.images.experiments", ["ridge"]),
        "figures.images: experiment 'ridge' must have target labels",
    ),
    (
        put("figures.depth.experiments", ["tanh_8192", "tanh"]),
        "figures.depth.experiments: must be a list with at most 1 item",
    ),
    (put("figures.mirrors.experiments", ["descent"]), "figures.mirrors: .*'descent' has descent: but no experiment"),
    (put("figures.learning_curve.experiments", ["mirrors"]), "at.readout: 'ridge:0' is not drawn by any experiment"),
    (put("figures.ridge.experiments", ["ridge", "classification"]), "figures.ridge: read-outs are measured diff"),
    (put("networks.tanh_4096.widths", [10**6]), "experiments.tanh_8192: weights .* the most a table takes"),
    (put("datasets.gaussian_512.dim", 10**13), "experiments.ridge: weights .* the most a table takes"),
    (
        change_all(put("datasets.gaussian_512.dim", 10**13), put("datasets.gaussian_512.spectrum", "power:1")),
        "experiments.ridge: weights .* the most a table takes",
    ),
]


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_config_file_is_valid(name, config, pictures, monkeypatch):
    monkeypatch.setenv("ONEBIT_RF_DATA", str(pictures))
    below = merge(config, load_yaml(f"config/{LAID_OVER[name]}")) if name in LAID_OVER else config
    read_config(merge(below, load_yaml(f"config/{name}")))


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[message[:40] for _, message in MISTAKES])
def test_mistake_is_one_line_with_key_and_remedy(config, change, message):
    change(config)
    with pytest.raises(OnebitError, match=message) as caught:
        read_config(config)
    assert all(line.startswith("config: ") for line in str(caught.value).splitlines())


def test_all_mistakes_of_a_file_are_told_at_once(config):
    mistakes = {
        "datasets.gaussian_512.dim": 0,
        "networks.tanh_512.activation": "sine",
        "networks.tanh_512.widths": [8, "wide"],
        "experiments.ridge.noise": -1,
        "latency.threads": 1.5,
    }
    for path, value in mistakes.items():
        put(path, value)(config)
    with pytest.raises(OnebitError) as caught:
        read_config(config)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1].removesuffix(".1") for line in lines] == list(mistakes)


@pytest.mark.parametrize(
    ("path", "written", "read"),
    [
        ("seeds", ["0", "1"], [0, 1]),
        ("latency.threads", "2", 2),
        ("datasets.gaussian_512.dim", 512.0, 512),
        ("experiments.ridge.noise", "0.3", 0.3),
        ("experiments.ridge.noise", 0, 0.0),
        ("datasets.gaussian_512.spectrum", "power:1e-3", "power:0.001"),
        ("datasets.gaussian_512.spectrum", "power:0.50", "power:0.5"),
        (
            "experiments.ridge.readouts",
            ["ridge:0.0", "ridge:1e1", "mirror:q:3.0"],
            ["ridge:0", "ridge:10", "mirror:q:3"],
        ),
        ("experiments.mirrors.teacher", "uniform:0.10,1.90", "uniform:0.1,1.9"),
    ],
)
def test_a_number_has_one_spelling_whatever_it_was_written_as(config, path, written, read):
    put(path, written)(config)
    config["experiments"]["ridge"]["n_train"]["last"] = 500  # below the width, for the mirror
    config["figures"] = {}
    record = read_config(config).config
    for key in path.split("."):
        record = record[key] if isinstance(record, dict) else getattr(record, key)
    assert record == read
    assert type(record) is type(read)


def test_the_order_of_keys_changes_nothing(config):
    def backwards(node):
        return {key: backwards(node[key]) for key in reversed(node)} if isinstance(node, dict) else node

    one, other = read_config(config).config, read_config(backwards(config)).config
    assert one == other
    assert json.dumps(plain(one)) == json.dumps(plain(other))


def test_more_than_a_hundred_readouts_are_valid(config):
    config["experiments"]["ridge"]["readouts"] = [f"ridge:{i}" for i in range(500)]
    config["figures"] = {"ridge": {**config["figures"]["ridge"], "at": {"readout": ["ridge:0", "ridge:100"]}}}
    read_config(config)


@pytest.mark.parametrize("section", ["datasets", "networks", "experiments", "figures"])
def test_any_entry_may_be_switched_off(config, section):
    """With the figures that draw it, and for data sets and networks the experiments that use them."""
    for name in load_yaml("config/config.yaml")[section]:
        left = merge(config, {section: {name: None}, "figures": dict.fromkeys(config["figures"])})
        if section in ("datasets", "networks"):
            left = merge(left, {"experiments": dict.fromkeys(config["experiments"])})
        assert name not in getattr(read_config(left).config, section)


def test_what_was_never_there_is_not_switched_off(config):
    overlay = {"figures": {"rigde": None}, "experiments": {"nosuch": None}}
    with pytest.raises(OnebitError, match=r"experiments.nosuch: there is none to switch off; known are tanh") as caught:
        read_config(merge(config, overlay), config)
    assert "figures.rigde: there is none to switch off; known are depth" in str(caught.value)


def test_all_may_be_switched_off(config):
    empty = {section: {} for section in ("datasets", "networks", "experiments", "figures")}
    study = read_config({**config, **empty, "latency": None})
    assert (study.cells, study.config.figures, study.config.latency) == ({}, {}, None)
    assert read_config({**config, "figures": {}}).config.figures == {}


def test_any_number_of_figures_of_one_kind(config):
    for i in range(40):
        config["figures"][f"more_{i}"] = {"kind": "learning_curve", "experiments": ["ridge"], "colour": "readout"}
    assert len(read_config(config).config.figures) == len(load_yaml("config/config.yaml")["figures"]) + 40


def leaves(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


@given(st.data())
def test_any_leaf_of_a_wrong_type_is_refused_with_its_path(data):
    config = load_yaml("config/config.yaml")
    *parents, last = path = data.draw(st.sampled_from(sorted(leaves(config))))
    wrong = [{"a": 1}, -1.5, ""] + ([] if last == "metric" else [None])  # a metric may be none
    reduce(getitem, parents, config)[last] = data.draw(st.sampled_from(wrong))
    with pytest.raises(OnebitError) as caught:
        read_config(config)
    assert ".".join(path[:2]) in str(caught.value)


def test_overlay_merges_mappings_and_replaces_lists():
    base = {"seeds": [1, 2], "networks": {"a": {"widths": [1]}}}
    merged = merge(copy.deepcopy(base), {"seeds": [3], "networks": {"b": {}, "a": {"activation": "tanh"}}})
    assert merged == {"seeds": [3], "networks": {"a": {"widths": [1], "activation": "tanh"}, "b": {}}}


def test_the_committed_schema_is_that_of_the_records():
    committed = json.loads((ROOT / "config/config.schema.json").read_text(encoding="utf-8"))
    assert committed == config_schema(), "python -m onebit_rf.config --schema > config/config.schema.json"


def test_the_schema_knows_members_and_meanings():
    definitions = config_schema()["$defs"]
    activation = definitions["Mlp"]["properties"]["activation"]
    assert "tanh" in activation["enum"]
    assert definitions["Gaussian"]["properties"]["dim"]["description"] == "d_0"
    assert all(not definition.get("additionalProperties", True) for definition in definitions.values())


def test_the_command_checks_files_and_prints_the_schema(tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "onebit_rf.config", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    good = run("config/config.yaml", "config/paper.yaml")
    assert (good.returncode, good.stdout.count("valid")) == (0, 2)
    (tmp_path / "bad.yaml").write_text("seeds: []\nlaws: [binary]\n")
    bad = run("config/config.yaml", str(tmp_path / "bad.yaml"))
    assert bad.returncode == 1
    assert len(bad.stderr.splitlines()) == 2
    assert json.loads(run("--schema").stdout) == config_schema()


def test_reading_the_records_costs_a_job_little():
    """msgspec itself; what a stage imports of the records comes on top of NumPy and Arrow, which it needs anyway."""
    program = (
        "import sys; before = set(sys.modules); import onebit_rf.model.record; print(*(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pydantic", "jsonschema", "numpy", "pyarrow", "yaml"} & set(run.stdout.split())

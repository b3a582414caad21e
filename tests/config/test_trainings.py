"""Trainings in the config: their cells, what laws they give, and every kind of mistake in one line."""

import copy
import sys

import pytest

from conftest import load_yaml
from onebit_rf.config.checks import merge, read_config
from onebit_rf.errors import OnebitError
from onebit_rf.model.record import plain

TRAINING = {
    "dataset": "digits",
    "network": "relu_64",
    "n_train": 200,
    "n_valid": 100,
    "models": ["float", "lsq:1"],
    "weight_decays": [0.0],
    "protocols": ["fixed_epochs", "early_stopping"],
    "epochs": 3,
    "loss": 0.5,
    "batch": 32,
    "optimiser": "adam",
    "learning_rate": 0.001,
    "schedule": "cosine",
}
LEARNED = {
    "dataset": "digits",
    "network": "relu_64",
    "target": "labels",
    "laws": ["gaussian", "learned:nets,lsq:1"],
    "skip": 300,
    "n_train": {"first": 100, "last": 200, "step": 100},
    "readouts": ["ridge:1"],
}


def study(experiment=None, **changes):
    """The default config with a training, `nets`, and an experiment on its weights, `learned`."""
    config = load_yaml("config/config.yaml")
    config["networks"] |= {
        "relu_64": {"activation": "relu", "widths": [64]},
        "tanh_64": {"activation": "tanh", "widths": [64]},
        "cnn": {"kind": "cnn", "channels": 4},
    }
    config["trainings"]["nets"] = {**TRAINING, **changes}
    if experiment is not None:
        config["experiments"]["learned"] = {**LEARNED, **experiment}
    return read_config(config)


def test_a_training_is_laid_out_like_an_experiment():
    cells = study(sweep={"network.widths": [[16], [32]], "label_noise": [0.0, 0.2]}).trainings_of("nets")
    assert [cell.swept for cell in cells] == [
        {"network.widths": width, "label_noise": noise} for width in ("16", "32") for noise in (0.0, 0.2)
    ]
    assert cells[1].name == "nets/network.widths~16/label_noise~0.2"
    assert cells[1].recipe.label_noise == 0.2
    assert cells[3].net.widths == [32]


def test_learned_weights_are_a_law():
    found = study(experiment={})
    assert found.laws == ["gaussian", "one_bit", "learned:nets,lsq:1"]
    assert found.learned_from("learned:nets,lsq:1").name == "nets"
    assert found.learned_from("gaussian") is None
    assert found.cells["learned"].laws == ["gaussian", "learned:nets,lsq:1"]


def test_networks_need_no_kind():
    network = plain(study().networks["relu_64"])
    assert network == {"activation": "relu", "kind": "mlp", "step": {"rate": 0.0, "rows": 0}, "widths": [64]}


def test_reading_trainings_imports_no_torch():
    """The workflow's own process, and every job without a network, saves more than a second."""
    import subprocess

    code = "import sys, yaml; from onebit_rf.config.checks import merge, read_config; "
    code += "a, b = (yaml.safe_load(open(f'config/{n}.yaml')) for n in ('config', 'qgen_small')); "
    code += (
        "read_config({**merge(a, b), 'datasets': a['datasets'], 'experiments': {}, 'trainings': {}, 'figures': {}}); "
    )
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


MISTAKES = [
    ({"models": ["lsq:9"]}, "models.0: bits: must be 1 to 8, or the quantizer float with 32, got 9"),
    ({"models": ["lsq:0"]}, "models.0: bits: must be 1 to 8"),
    ({"models": ["qat:2"]}, r"models.0: must be asymmetric:BITS, float, lsq:BITS, noise:BITS or ptq:BITS, got 'qat:2'"),
    ({"models": ["float", "float"]}, "models: must not repeat an item"),
    ({"models": ["ptq:2"]}, ".models: ptq:2 rounds the model float, which is not there; add it"),
    ({"network": "resnet"}, ".network: no such network 'resnet'; known are"),
    ({"network": {"kind": "resnet"}}, "network.kind: must be one of cnn, mlp, vit, got 'resnet'"),
    ({"network": {"kind": "vit", "patch": 3, "dim": 8, "blocks": 1, "heads": 1}}, r".network: .*patch"),
    (
        {"dataset": "gaussian_512"},
        ".dataset: 'gaussian_512' has no classes to learn; use images, or a table of classes",
    ),
    ({"n_train": 450}, ".n_train: n_train \\+ n_valid must be at most 500, the train rows of the data, got 550"),
    ({"n_valid": 0}, ".n_valid: early_stopping needs rows that are held out, got 0"),
    ({"epochs": 0}, "epochs: must be a whole number ≥ 1, got 0"),
    ({"loss": 0}, "loss: must be a number > 0, got 0"),
    ({"learning_rate": -1}, "learning_rate: must be a number > 0, got -1"),
    ({"float_epochs": 3}, ".float_epochs: must be below epochs, 3, got 3"),
    ({"label_noise": 1.0}, "label_noise: must be a number < 1, got 1.0"),
    ({"weight_decays": []}, "weight_decays: must be a list with at least 1 item"),
    ({"protocols": ["best"]}, "protocols.0: must be one of fixed_epochs, matched_loss, early_stopping, got 'best'"),
    ({"augment": ["rotate"]}, "augment.0: must be one of flip, shift, got 'rotate'"),
    ({"activation_bits": 9}, "activation_bits: must be a whole number ≤ 8, got 9"),
    (
        {"activation_bits": 2, "network": "tanh_64"},
        ".activation_bits: rounds the outputs of ReLUs, which 'tanh_64' has not",
    ),
    ({"source": "frozen", "float_epochs": 1}, ".float_epochs: must be 0 where weights are frozen, got 1"),
    ({"optimiser": "lbfgs"}, "optimiser: must be one of adam, sgd, got 'lbfgs'"),
    (
        {"sharpness": {"examples": 300, "draws": 2, "drop": 0.1, "rho": 0.1}},
        r".sharpness.examples: must be at most n_train",
    ),
    ({"sharpness": {"examples": 9, "draws": 2, "drop": 1.5, "rho": 0.1}}, "sharpness.drop: must be a number < 1"),
    ({"sweep": {"widths": [1]}}, ".sweep: no such leaf 'widths'; known are activation_bits"),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_one_line(changes, message):
    with pytest.raises(OnebitError, match=message) as caught:
        study(**changes)
    assert all(line.startswith("config: trainings.nets") for line in str(caught.value).splitlines())


WRONG_LAWS = [
    ({"laws": ["learned:none,lsq:1"]}, ".laws: learned:none,lsq:1: no such training without a sweep; known are nets"),
    (
        {"laws": ["learned:nets,lsq:4"]},
        ".laws: learned:nets,lsq:4: the training has no such model; it has float, lsq:1",
    ),
    ({"laws": ["learned:nets"]}, "laws.0: must be learned:TRAINING,MODEL, got 'learned:nets'"),
    ({"laws": ["grid:9"]}, "laws.0: "),
    ({"network": "tanh_64"}, ".laws: learned:nets,lsq:1: was learned on digits by relu_64; take the same ones"),
    ({"skip": 299}, ".skip: must be at least 300, the rows that nets saw, got 299"),
    ({"skip": 301}, ".n_train.last: must be at most 199, the train rows of data set 'digits' after those skipped"),
    ({"network": "cnn", "laws": None}, ".network: 'cnn' has no layers that can be frozen; use one of kind mlp"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG_LAWS, ids=lambda value: str(value)[:40])
def test_learned_laws_that_do_not_fit_are_one_line(changes, message):
    with pytest.raises(OnebitError, match=message) as caught:
        study(experiment=changes)
    assert all(line.startswith("config: experiments.learned") for line in str(caught.value).splitlines())


def test_data_that_is_not_there_is_told_with_where_it_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("ONEBIT_RF_DATA", str(tmp_path))
    config = merge(load_yaml("config/config.yaml"), load_yaml("config/qgen_small.yaml"))
    with pytest.raises(OnebitError) as caught:
        read_config(copy.deepcopy(config), load_yaml("config/config.yaml"))
    (line,) = [line for line in str(caught.value).splitlines() if "cifar10" in line][:1]
    assert f"{tmp_path}/cifar10: no such file or folder; put it below the data root" in line

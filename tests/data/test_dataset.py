"""Data sets: the law of Gaussian inputs, standardisation, where files are looked for, and the written table."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from onebit_rf.data.dataset import Dataset, Shape, Standardiser, data_root, locate, write_dataset
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.data.sources import SOURCES
from onebit_rf.errors import OnebitError
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.tables.data import DATA
from onebit_rf.tables.files import read_matrix, read_table


@pytest.mark.parametrize("spectrum", ["identity", "power:0.7"])
def test_gaussian_inputs_have_the_spectrum_as_covariance(spectrum):
    n, dim = 20_000, 12
    x = sample_gaussian(dim, spectrum, n, 0, seed=0).x.astype(np.float64)
    wanted = SPECTRA.get(spectrum).eigenvalues(dim)
    scale = np.sqrt(np.outer(wanted, wanted))
    # An entry of the sample covariance has standard error scale/√n, √2 times that on the diagonal.
    assert np.abs((x.T @ x / n - np.diag(wanted)) / scale).max() < 5 * np.sqrt(2 / n)
    assert wanted.mean() == pytest.approx(1)


def test_more_train_rows_keep_the_first_and_the_test_rows():
    few, many = (sample_gaussian(9, "identity", n, 5, seed=1).x for n in (10, 30))
    assert np.array_equal(few[:10], many[:10])
    assert np.array_equal(few[10:], many[30:])


def test_a_gaussian_record_tells_its_shape(tmp_path):
    node = {"kind": "gaussian", "dim": 9, "n_train": 5, "n_test": 7, "spectrum": "power:0.5"}
    record = msgspec.convert(node, DATASETS.get("gaussian"))
    made = record.make(0, tmp_path)
    assert record.shape(tmp_path) == Shape(9, 5, 7, outputs=0)
    assert (made.x.shape, made.n_train, made.label) == ((12, 9), 5, None)
    assert record.members() == ["onebit_rf.model.spectra.power"]
    assert record.files(tmp_path) == []
    assert record.spectrum == "power:0.5"


def test_images_are_centred_and_scaled_by_the_train_rows_alone():
    raw = np.random.default_rng(0).integers(0, 256, (50, 12), dtype=np.uint8)
    x = Standardiser.fit(raw[:30], centre=True, scale=True).apply(raw).astype(np.float64)
    assert np.abs(x[:30].mean(axis=0)).max() < 1e-6  # rounding of float32
    assert np.mean(x[:30] ** 2) == pytest.approx(1, abs=1e-6)
    ratio = (raw - raw[:30].mean(axis=0)) / x
    assert np.std(ratio) < 1e-3 * np.mean(ratio)  # one number for all pixels and rows
    assert np.array_equal(Standardiser.fit(raw[:30], centre=False, scale=False).apply(raw), raw)
    with pytest.raises(OnebitError, match="scale: the train images are all alike"):
        Standardiser.fit(np.full((5, 3), 7), centre=True, scale=True)


def test_the_environment_names_the_data_root(monkeypatch, tmp_path):
    monkeypatch.delenv("ONEBIT_RF_DATA", raising=False)
    assert data_root("data").name == "data"
    monkeypatch.setenv("ONEBIT_RF_DATA", str(tmp_path))
    assert data_root("data") == tmp_path
    monkeypatch.setenv("ONEBIT_RF_DATA", "~/images")
    assert data_root("data") == Path.home() / "images"


def test_a_users_path_is_relative_to_the_data_root(monkeypatch, tmp_path):
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    for source in ("mine", str(tmp_path / "mine"), "~/mine"):
        assert locate(tmp_path, source) == tmp_path / "mine"
    with pytest.raises(
        OnebitError, match=r"other: no such file or folder; put it below the data root .* ONEBIT_RF_DATA"
    ):
        locate(tmp_path, "other")


@pytest.mark.parametrize("label", [None, np.array([0.0, 2, 1]), np.array([0.25, -1e300, 3])])
def test_written_table_has_train_rows_first(tmp_path, label):
    dataset = Dataset(np.arange(12, dtype=np.float32).reshape(3, 4), 2, label)
    write_dataset(tmp_path / "data.parquet", dataset, {"seed": 0})
    table = read_table(tmp_path / "data.parquet", DATA)
    assert table["split"].to_pylist() == ["train", "train", "test"]
    assert table["label"].to_pylist() == ([None] * 3 if label is None else label.tolist())
    assert np.array_equal(read_matrix(tmp_path / "data.parquet", DATA, "x", 0), dataset.x)


def test_kinds_and_sources_are_light_to_import():
    """They are imported whenever a config is read."""
    modules = [registry.module(name) for registry in (DATASETS, SOURCES) for name in registry.names()]
    heavy = ("torch", "torchvision", "PIL", "sklearn", "pandas", "pyarrow.csv")
    told = f"import sys, {', '.join(modules)}; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True).stdout == "[]\n"

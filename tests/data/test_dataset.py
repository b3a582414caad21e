"""Data sets: the law of the inputs, disjoint splits, standardisation, and what a missing or broken MNIST says."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from onebit_rf.config.parse import parse
from onebit_rf.data.dataset import data_root, write_dataset
from onebit_rf.data.idx import read_idx
from onebit_rf.data.kinds import DATASETS
from onebit_rf.data.kinds.digits import load_digits
from onebit_rf.data.kinds.gaussian import sample_gaussian
from onebit_rf.data.kinds.mnist import download_mnist, load_mnist
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


def test_digits_are_split_without_overlap():
    whole = load_digits(1000, 797, centre=False, scale=False, seed=0)
    assert whole.x.shape == (1797, 64)
    assert (
        len(np.unique(np.column_stack([whole.x, whole.label]), axis=0)) == 1797
    )  # all images differ: none is repeated
    again, other = (load_digits(100, 50, centre=False, scale=False, seed=seed) for seed in (0, 1))
    assert np.array_equal(again.x[:100], whole.x[:100])
    assert not np.array_equal(other.x, again.x)


def test_images_are_centred_and_scaled_by_the_train_rows_alone():
    digits = load_digits(300, 200, centre=True, scale=True, seed=2)
    train = digits.x[:300].astype(np.float64)
    assert np.abs(train.mean(axis=0)).max() < 1e-6  # rounding of float32
    assert np.mean(train**2) == pytest.approx(1, abs=1e-6)
    raw = load_digits(300, 200, centre=False, scale=False, seed=2).x
    ratio = (raw - raw[:300].mean(axis=0))[300:] / np.where(digits.x[300:] == 0, np.nan, digits.x[300:])
    assert np.nanstd(ratio) < 1e-3 * np.nanmean(ratio)  # one number for all pixels and rows


def write_idx(path, array, compressed=False):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    opener = gzip.open if compressed else open
    with opener(f"{path}.gz" if compressed else path, "wb") as file:
        file.write(header + array.tobytes())


@pytest.fixture
def small_mnist(tmp_path):
    """A root with a set in MNIST's format: 30 train images a class and 40 test images of 28 × 28 random pixels."""
    rng = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, n in (("train", 300), ("t10k", 40)):
        write_idx(raw / f"{name}-images-idx3-ubyte", rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        write_idx(raw / f"{name}-labels-idx1-ubyte", (np.arange(n) % 10).astype(np.uint8))
    return tmp_path


def test_mnist_takes_the_same_number_of_every_class(small_mnist):
    mnist = load_mnist(small_mnist, n_train_per_class=20, n_test=15, centre=True, scale=True, seed=0)
    assert mnist.x.shape == (215, 784)
    assert np.bincount(mnist.label[:200]).tolist() == [20] * 10
    assert mnist.label[200:].tolist() == [i % 10 for i in range(15)]
    assert set(mnist.label[:60]) == set(range(10))  # shuffled: a leading part has every class


def test_compressed_files_are_read_as_they_are(small_mnist):
    plain = load_mnist(small_mnist, 20, 15, centre=True, scale=True, seed=0)
    for path in (small_mnist / "MNIST/raw").iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))  # not the official file
        path.unlink()
    assert np.array_equal(load_mnist(small_mnist, 20, 15, centre=True, scale=True, seed=0).x, plain.x)


def test_a_download_that_fails_says_what_to_do(tmp_path, monkeypatch):
    from onebit_rf.data import vision

    class Offline:
        def MNIST(self, *arguments, **options):
            raise RuntimeError("Error downloading train-images-idx3-ubyte.gz\nwith more lines")

    monkeypatch.setattr(vision, "torchvision_datasets", Offline)
    message = r"MNIST is not in .*MNIST/raw and cannot be downloaded \(Error downloading .*gz\); .* ONEBIT_RF_DATA"
    with pytest.raises(OnebitError, match=message) as caught:
        download_mnist(tmp_path)
    assert "\n" not in str(caught.value)


def cut(path):
    path.write_bytes(path.read_bytes()[:1000])


def empty(path):
    path.write_bytes(b"")


def small_images(path):
    write_idx(path, np.zeros((300, 14, 14), np.uint8))


def fewer_labels(path):
    write_idx(path, np.zeros(299, np.uint8))


def eleven_classes(path):
    write_idx(path, (np.arange(300) % 11).astype(np.uint8))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("train-images-idx3-ubyte", cut, "984 bytes where its head promises 235200; replace it"),
        ("train-images-idx3-ubyte", empty, "not an IDX file of bytes in 3 dimension"),
        ("train-labels-idx1-ubyte", empty, "not an IDX file of bytes in 1 dimension"),
        ("train-images-idx3-ubyte", small_images, "holds 300 × 14 × 14 numbers, any × 28 × 28 are needed"),
        ("train-labels-idx1-ubyte", fewer_labels, "holds 299 labels for 300 images"),
        ("train-labels-idx1-ubyte", eleven_classes, "holds the label 10, the classes are 0 to 9"),
        ("t10k-images-idx3-ubyte", lambda path: path.unlink(), "cannot be read"),
    ],
)
def test_a_damaged_file_is_named(small_mnist, name, damage, message):
    damage(small_mnist / "MNIST/raw" / name)
    with pytest.raises(OnebitError, match=f"{name}: {message}"):
        load_mnist(small_mnist, 5, 5, centre=True, scale=True, seed=0)


def test_a_damaged_archive_is_named(tmp_path):
    path = tmp_path / "a.gz"
    for content in (b"not gzip", gzip.compress(b"x" * 999)[:-12]):
        path.write_bytes(content)
        with pytest.raises(OnebitError, match=r"a\.gz: cannot be read .*replace it"):
            read_idx(path, (None,))


def test_more_test_images_than_there_are_is_an_error(small_mnist):
    with pytest.raises(OnebitError, match=r"n_test: must be at most 40, the images in .*t10k-images"):
        load_mnist(small_mnist, 5, 41, centre=True, scale=True, seed=0)


def test_too_few_images_of_a_class_is_an_error(small_mnist):
    with pytest.raises(OnebitError, match="n_train_per_class"):
        load_mnist(small_mnist, 31, 5, centre=True, scale=True, seed=0)


def test_environment_overrides_the_configured_root(monkeypatch, tmp_path):
    monkeypatch.delenv("ONEBIT_RF_DATA", raising=False)
    assert data_root("data").name == "data"
    monkeypatch.setenv("ONEBIT_RF_DATA", str(tmp_path))
    assert data_root("data") == tmp_path
    monkeypatch.setenv("ONEBIT_RF_DATA", "~/images")
    assert data_root("data") == Path.home() / "images"


def test_written_table_has_train_rows_first(tmp_path):
    record = {"kind": "digits", "n_train": 30, "n_test": 10, "centre": True, "scale": True}
    dataset = parse(DATASETS.get("digits"), record).make(0, tmp_path)
    write_dataset(tmp_path / "data.parquet", dataset, {"seed": 0})
    table = read_table(tmp_path / "data.parquet", DATA)
    assert table["split"].to_pylist() == ["train"] * 30 + ["test"] * 10
    assert table["label"].to_pylist() == dataset.label.tolist()
    assert np.array_equal(read_matrix(tmp_path / "data.parquet", DATA, "x", 0), dataset.x)


@pytest.mark.parametrize(
    ("record", "rows", "dim", "labelled"),
    [
        ({"kind": "mnist", "n_train_per_class": 200, "n_test": 9, "centre": True, "scale": True}, 2000, 784, True),
        ({"kind": "digits", "n_train": 7, "n_test": 9, "centre": True, "scale": True}, 7, 64, True),
        ({"kind": "gaussian", "dim": 9, "n_train": 5, "n_test": 9, "spectrum": "identity"}, 5, 9, False),
    ],
)
def test_a_record_tells_its_sizes(record, rows, dim, labelled):
    dataset = parse(DATASETS.get(record["kind"]), record)
    assert (dataset.train_rows, dataset.input_dim, dataset.n_test, dataset.labelled) == (rows, dim, 9, labelled)
    assert (dataset.spectrum is None) == labelled

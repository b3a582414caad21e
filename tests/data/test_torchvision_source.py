"""Images that torchvision knows, and scikit-learn's: rows as the streams say, broken files and downloads that fail.

The rows of MNIST and of the digits are held to selections that are written out here from the streams alone.
"""

import gzip
import struct

import msgspec
import numpy as np
import pytest
from data_builders import images
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from onebit_rf.data import vision
from onebit_rf.data.dataset import Shape, Standardiser
from onebit_rf.data.idx import read_idx
from onebit_rf.data.kinds.images import Images
from onebit_rf.data.pictures import array_pool, resized
from onebit_rf.data.sources import SOURCES
from onebit_rf.data.sources.torchvision import KNOWN
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream


def write_idx(path, array, compressed=False):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    opener = gzip.open if compressed else open
    with opener(f"{path}.gz" if compressed else path, "wb") as file:
        file.write(header + array.tobytes())


def small_set(root, name):
    """A set in MNIST's format: 30 train images a class and 40 test images of 28 × 28 random pixels."""
    rng = np.random.default_rng(0)
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    arrays = []
    for part, n in (("train", 300), ("t10k", 40)):
        arrays += [rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), (np.arange(n) % 10).astype(np.uint8)]
        write_idx(raw / f"{part}-images-idx3-ubyte", arrays[-2])
        write_idx(raw / f"{part}-labels-idx1-ubyte", arrays[-1])
    return arrays


@pytest.fixture
def small_mnist(tmp_path):
    small_set(tmp_path, "MNIST")
    return tmp_path


def per_class_rows(labels, n, rng):
    """`n` of each of ten classes, one after the other from one stream, then mixed by it."""
    rows = np.concatenate([rng.choice(np.flatnonzero(labels == c), n, replace=False) for c in range(10)])
    rng.shuffle(rows)
    return rows


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_the_mnist_family_takes_the_same_number_of_every_class(tmp_path, name):
    x, y, test_x, test_y = small_set(tmp_path, name)
    made = images(f"torchvision:{name}", n_train_per_class=20, n_test=40, centre=True, scale=True).make(3, tmp_path)
    rows = per_class_rows(y, 20, stream(3, "data", name.lower()))
    wanted = np.concatenate([x[rows], test_x]).reshape(240, 784)
    assert np.array_equal(made.x, Standardiser.fit(wanted[:200], centre=True, scale=True).apply(wanted))
    assert np.array_equal(made.label, np.concatenate([y[rows], test_y]))
    assert made.label.dtype == np.float64
    assert np.bincount(made.label[:200].astype(int)).tolist() == [20] * 10
    assert set(made.label[:60]) == set(range(10))  # mixed: a leading part has every class


def test_random_train_images_and_a_sorted_part_of_the_test_images(tmp_path):
    x, _, test_x, _ = small_set(tmp_path, "MNIST")
    few, many, one_class = (
        images("torchvision:MNIST", n_test=15, **asked).make(5, tmp_path)
        for asked in ({"n_train": 50}, {"n_train": 300}, {"n_train_per_class": 5})
    )
    assert np.array_equal(few.x[:50], many.x[:50])
    assert np.array_equal(few.x[50:], many.x[300:])  # whatever the train rows are
    assert np.array_equal(few.x[50:], one_class.x[50:])
    assert len(np.unique(many.x[:300], axis=0)) == 300
    where = [np.flatnonzero((test_x.reshape(40, -1) == row).all(axis=1)).item() for row in few.x[50:]]
    assert where == sorted(set(where))
    assert {tuple(row) for row in many.x[:300, :9]} == {tuple(row) for row in x.reshape(300, -1)[:, :9]}


def test_digits_are_split_by_one_permutation(tmp_path):
    x, y = load_digits(return_X_y=True)
    whole = images("digits", n_train=1000, n_test=797, centre=True, scale=True).make(4, tmp_path)
    rows = stream(4, "data", "digits").permutation(1797)
    standardiser = Standardiser.fit(x[rows[:1000]], centre=True, scale=True)
    assert np.array_equal(whole.x, standardiser.apply(x[rows]))
    assert np.array_equal(whole.label, y[rows])


def test_digits_of_every_class_leave_the_test_rows_out(tmp_path):
    x, y = load_digits(return_X_y=True)
    made = images("digits", n_train_per_class=100, n_test=797).make(0, tmp_path)
    rows = per_class_rows(y, 100, stream(0, "data", "digits"))
    assert np.array_equal(made.x[:1000], x[rows])
    assert len(np.unique(np.column_stack([made.x, made.label]), axis=0)) == 1797  # none is repeated


@pytest.mark.parametrize(
    ("source", "fields", "shape"),
    [
        ("torchvision:MNIST", {"n_train_per_class": 200, "n_test": 9}, Shape(784, 2000, 9, 10, (28, 28, 1))),
        ("torchvision:CIFAR100", {"n_train": 77, "n_test": 9}, Shape(3072, 77, 9, 100, (32, 32, 3))),
        ("torchvision:STL10", {"n_train": 77, "n_test": 9, "resize": 32}, Shape(3072, 77, 9, 10, (32, 32, 3))),
        ("digits", {"n_train": 7, "n_test": 9}, Shape(64, 7, 9, 10, (8, 8, 1))),
        ("digits", {"n_train": 7, "n_test": 9, "resize": 4}, Shape(16, 7, 9, 10, (4, 4, 1))),
    ],
)
def test_the_shape_is_known_without_files(tmp_path, source, fields, shape):
    record = images(source, **fields)
    assert record.shape(tmp_path) == shape
    assert record.members() == [SOURCES.module(source)]
    assert record.spectrum is None


def test_what_is_known_of_the_digits_is_so(tmp_path):
    source = SOURCES.get("digits")
    assert source.facts(tmp_path) == source.open(tmp_path).facts


@pytest.mark.parametrize(
    ("source", "fields", "message"),
    [
        ("digits", {"n_train": 1700, "n_test": 98}, "must be at most 1797, the images of digits, got 1798"),
        ("digits", {"n_train_per_class": 175}, "n_train_per_class: must be at most 174, .* rarest class of digits"),
        ("torchvision:MNIST", {"n_train": 60001}, "must be at most 60000, the train images of torchvision:MNIST"),
        ("torchvision:MNIST", {"n_train_per_class": 5422}, "n_train_per_class: must be at most 5421"),
        ("torchvision:USPS", {"n_train": 5, "n_test": 2008}, "n_test: must be at most 2007, the test images"),
    ],
)
def test_more_images_than_there_are_is_an_error(tmp_path, source, fields, message):
    with pytest.raises(OnebitError, match=message):
        images(source, **fields).shape(tmp_path)


def test_the_files_count_not_the_table(small_mnist):
    for fields, message in (({"n_train_per_class": 31}, "most 30"), ({"n_train": 5, "n_test": 41}, "most 40")):
        record = images("torchvision:MNIST", **fields)
        record.shape(small_mnist)
        with pytest.raises(OnebitError, match=message):
            record.make(0, small_mnist)


def test_one_number_of_train_images_is_given():
    rest = {"source": "digits", "n_test": 1, "centre": True, "scale": True}
    for numbers in ({}, {"n_train": 1, "n_train_per_class": 1}):
        with pytest.raises(OnebitError, match="give one of n_train and n_train_per_class"):
            Images(**rest, **numbers)
    with pytest.raises(msgspec.ValidationError, match="give one of"):
        msgspec.convert({"kind": "images", **rest}, Images)


def test_sources_spell_themselves():
    assert SOURCES.canonical("torchvision:USPS") == "torchvision:USPS"
    assert SOURCES.canonical("parquet:12/3.0") == "parquet:12/3.0"  # a path, not a number
    assert SOURCES.canonical("folder:a//b/") == "folder:a/b"
    assert SOURCES.canonical("digits") == "digits"
    for text in ("folder", "parquet:", "torchvision"):
        with pytest.raises(OnebitError, match=r"^source: "):
            SOURCES.get(text)
    with pytest.raises(OnebitError, match=r"takes MNIST, .*, STL10, got 'Food101'; .* folder:PATH"):
        SOURCES.get("torchvision:Food101")
    assert {
        name for name in ("digits", "parquet:x", "folder:x", "torchvision:MNIST") if SOURCES.get(name).downloadable
    } == {"torchvision:MNIST"}


def test_compressed_files_are_read_as_they_are(small_mnist):
    record = images("torchvision:MNIST", n_train_per_class=20, n_test=15)
    plain = record.make(0, small_mnist)
    for path in (small_mnist / "MNIST/raw").iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))  # not the official file
        path.unlink()
    assert np.array_equal(record.make(0, small_mnist).x, plain.x)
    assert all(path.exists() and path.suffix == ".gz" for path in record.files(small_mnist))


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
        images("torchvision:MNIST", n_train_per_class=5).make(0, small_mnist)


def test_a_damaged_archive_is_named(tmp_path):
    path = tmp_path / "a.gz"
    for content in (b"not gzip", gzip.compress(b"x" * 999)[:-12]):
        path.write_bytes(content)
        with pytest.raises(OnebitError, match=r"a\.gz: cannot be read .*replace it"):
            read_idx(path, (None,))


class Fake:
    """What torchvision makes: images in one of its three layouts, labels in a list or an array."""

    def __init__(self, root, download, train=None, split=None):
        first = train if split is None else split == "train"
        rng, n = np.random.default_rng(0 if first else 1), 100 if first else 30
        self.data = rng.integers(0, 256, (n, *self.layout), dtype=np.uint8)
        self.targets = (np.arange(n) % self.classes).tolist()
        if split is not None:
            self.labels = np.array(self.__dict__.pop("targets"), np.uint8)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("USPS", (16, 16)),
        ("CIFAR10", (32, 32, 3)),
        ("CIFAR100", (32, 32, 3)),
        ("SVHN", (3, 32, 32)),
        ("STL10", (3, 96, 96)),
    ],
)
def test_layouts_of_torchvision_become_rows_columns_channels(tmp_path, monkeypatch, name, layout):
    facts = KNOWN[name].facts
    made_up = type(name, (Fake,), {"layout": layout, "classes": facts.classes})
    monkeypatch.setattr(vision, "torchvision_datasets", lambda: type("datasets", (), {name: made_up}))
    made = images(f"torchvision:{name}", n_train=100, n_test=30).make(0, tmp_path)
    test = np.random.default_rng(1).integers(0, 256, (30, *layout), dtype=np.uint8)
    wanted = test.transpose(0, 2, 3, 1) if layout[0] == 3 else test
    assert np.array_equal(made.x[100:], wanted.reshape(30, -1))
    assert made.x.shape[1] == np.prod(facts.shape)
    assert made.label[100:].tolist() == [i % facts.classes for i in range(30)]


class Offline:
    def __getattr__(self, name):
        def fail(*arguments, **options):
            raise RuntimeError("Error downloading train-images-idx3-ubyte.gz\nwith more lines")

        return fail


@pytest.mark.parametrize(
    ("name", "folder", "files"),
    [("MNIST", "MNIST/raw", r"train-images-idx3-ubyte, .* \(.gz or unpacked\)"), ("USPS", "", r"usps.bz2, usps.t.bz2")],
)
def test_a_download_that_fails_says_what_to_do(tmp_path, monkeypatch, name, folder, files):
    monkeypatch.setattr(vision, "torchvision_datasets", Offline)
    message = (
        rf"{name} is not in .*{folder} and cannot be downloaded \(Error downloading .*gz\); put its files {files} "
    )
    with pytest.raises(OnebitError, match=message + "there or set ONEBIT_RF_DATA") as caught:
        SOURCES.get(f"torchvision:{name}").download(tmp_path)
    assert "\n" not in str(caught.value)


def test_files_that_torchvision_refuses_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(vision, "torchvision_datasets", Offline)
    with pytest.raises(
        OnebitError, match=r"cifar-10-batches-py: CIFAR10 cannot be read \(.*\); replace its files data_b"
    ):
        images("torchvision:CIFAR10", n_train=5).make(0, tmp_path)


def test_torchvision_itself_says_that_files_are_missing(tmp_path):
    with pytest.raises(OnebitError, match=r"CIFAR10 cannot be read \(Dataset not found or corrupted"):
        images("torchvision:CIFAR10", n_train=5).make(0, tmp_path)


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3]), st.integers(1, 12), st.integers(0, 255))
def test_a_flat_image_stays_flat_at_any_size(height, width, channels, side, value):
    small = resized(np.full((2, height, width, channels), value, np.uint8), side)
    assert small.shape == (2, side, side, channels)
    assert (small == value).all()


def test_a_reduction_averages_over_what_it_covers(tmp_path):
    board = np.indices((1, 16, 16)).sum(axis=0) % 2 * 200  # single pixels would give 0 or 200
    pool = array_pool(board.astype(np.uint8), np.zeros(1), (16, 16, 1))
    assert np.abs(pool.read(np.array([0]), 4).astype(int) - 100).max() < 15
    assert np.array_equal(pool.read(np.array([0]), None)[..., 0], board)

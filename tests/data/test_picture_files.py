"""Images in the user's files, folders and Parquet files of the Hugging Face hub: what is read, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest
from data_builders import hub, images, picture
from PIL import Image

from onebit_rf.data.dataset import Shape
from onebit_rf.data.sources import parquet as parquet_source
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream


@pytest.fixture
def folder(tmp_path):
    """Two classes of 6 and 4 images in two formats, each of one value: 0 … 5 cats, 100 … 103 dogs."""
    for name, values in (("dog", range(100, 104)), ("cat", range(6))):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for value in values:
            suffix = "png" if value % 2 else "bmp"
            (tmp_path / "pets" / name / f"{value}.{suffix}").write_bytes(picture(value, kind=suffix))
    (tmp_path / "pets" / "cat" / ".hidden").write_text("no image")
    (tmp_path / "pets" / "README.txt").write_text("pets")
    return tmp_path


def test_folders_are_classes_in_sorted_order(folder):
    record = images("folder:pets", n_train=7)
    made = record.make(2, folder)
    rows = stream(2, "data", "folder").permutation(10)
    values = np.array([0, 1, 2, 3, 4, 5, 100, 101, 102, 103])[rows]
    assert record.shape(folder) == Shape(4 * 6 * 3, 7, 3, 2, (4, 6, 3))
    assert np.array_equal(made.x, np.repeat(values[:, None], 72, axis=1))
    assert made.label.tolist() == (values >= 100).tolist()
    assert record.files(folder) == [folder / "pets/cat", folder / "pets/dog"]


def test_every_class_and_then_the_rest(folder):
    made = images("folder:pets", n_train_per_class=3, n_test=4).make(0, folder)
    assert sorted(made.label[:6]) == [0] * 3 + [1] * 3
    assert len(np.unique(made.x[:, 0])) == 10


def test_folders_of_two_pools(tmp_path):
    for split, values in (("train", {"a": [1, 2, 3], "b": [4, 5, 6], "c": [7]}), ("test", {"a": [11], "c": [12, 13]})):
        for name, of_class in values.items():
            (tmp_path / "set" / split / name).mkdir(parents=True)
            for value in of_class:
                (tmp_path / "set" / split / name / f"{value:02}.png").write_bytes(picture(value, mode="L"))
    record = images(f"folder:{tmp_path / 'set'}", n_train=7)
    made = record.make(0, tmp_path / "elsewhere")
    assert record.shape(tmp_path) == Shape(24, 7, 3, 3, (4, 6, 1))  # grey: one channel
    assert made.x[7:, 0].tolist() == [11, 12, 13]
    assert made.label[7:].tolist() == [0, 2, 2]
    rows = stream(0, "data", "set").permutation(7)
    assert made.x[:7, 0].tolist() == (rows + 1).tolist()
    (tmp_path / "set/test/d").mkdir()
    (tmp_path / "set/test/d/1.png").write_bytes(picture(1))
    with pytest.raises(OnebitError, match="test/d: a class without train images"):
        record.shape(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cat/notes.txt", "notes.txt: not an image, by its ending"),
        ("cat/more/1.png", "cat/more: a folder in the folder of a class"),
        ("fish/.hidden", "fish: holds no images"),
        ("loose.png", "pets: loose.png is in no class; put the images of each class into a folder"),
    ],
)
def test_what_does_not_belong_in_a_folder_is_named(folder, name, message):
    path = folder / "pets" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    with pytest.raises(OnebitError, match=message):
        images("folder:pets", n_train=3).shape(folder)


def test_a_folder_that_holds_no_classes(tmp_path):
    with pytest.raises(OnebitError, match=r"gone: no such file or folder; put it below the data root .*ONEBIT_RF_DATA"):
        images("folder:gone", n_train=3).shape(tmp_path)
    (tmp_path / "bare").mkdir()
    with pytest.raises(OnebitError, match="bare: holds no folders"):
        images("folder:bare", n_train=3).shape(tmp_path)
    (tmp_path / "bare/only").mkdir()
    (tmp_path / "bare/only/1.png").write_bytes(picture(1))
    with pytest.raises(OnebitError, match="folder:bare are all of one class; at least two"):
        images("folder:bare", n_train=3).shape(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OnebitError, match="file: Not a directory; give a folder"):
        images("folder:file", n_train=3).shape(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no image", "1.png: not a readable image; replace or remove it"),
        (b"", "1.png: not a readable image"),
        ("cut", r"1.png: not a readable image \(.*trunc.*\)"),
        ({"size": (5, 6)}, r"1.png: 5 × 6 pixels, the first image has 4 × 6; set resize"),
        ({"mode": "I;16"}, "1.png: pixels of more than 8 bits"),
    ],
)
def test_an_image_that_cannot_be_used_is_named(folder, content, message):
    if content == "cut":
        noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "pets/cat/1.png")
        content = (folder / "pets/cat/1.png").read_bytes()[:-40]
    elif content == {"mode": "I;16"}:
        Image.fromarray(np.zeros((4, 6), np.uint16)).save(folder / "pets/cat/1.png")
        content = (folder / "pets/cat/1.png").read_bytes()
    elif isinstance(content, dict):
        content = picture(1, **content)
    (folder / "pets/cat/1.png").write_bytes(content)
    record = images("folder:pets", n_train=7)
    record.shape(folder)
    with pytest.raises(OnebitError, match=message) as caught:
        record.make(0, folder)
    assert "\n" not in str(caught.value)


def test_mixed_sizes_are_brought_to_one(folder):
    (folder / "pets/cat/1.png").write_bytes(picture(1, size=(50, 7)))
    record = images("folder:pets", n_train=7, resize=5)
    made = record.make(0, folder)
    assert record.shape(folder).input_dim == made.x.shape[1] == 75
    assert (made.x == made.x[:, :1]).all()


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "RGBA", "CMYK"])
def test_all_images_take_the_colours_of_the_first(folder, mode):
    kind = "tiff" if mode == "CMYK" else "png"
    (folder / f"pets/cat/1.{kind}").write_bytes(picture(255, mode=mode, kind=kind))
    assert images("folder:pets", n_train=7).make(0, folder).x.max() == 255


def test_colour_after_grey_is_refused(folder):
    (folder / "pets/cat/0.bmp").write_bytes(picture(0, mode="L", kind="bmp"))
    with pytest.raises(OnebitError, match=r"\d.*: in colour, the first image is grey"):
        images("folder:pets", n_train=7).make(0, folder)


def test_hub_files_of_two_pools(tmp_path):
    hub(tmp_path / "set/data/train-00000-of-00002.parquet", [picture(i) for i in range(6)], [3, 5, 7, 3, 5, 7])
    hub(tmp_path / "set/data/train-00001-of-00002.parquet", [picture(i) for i in range(6, 11)], [3, 3, 3, 3, 3])
    hub(tmp_path / "set/data/validation-0.parquet", [picture(i) for i in (90, 91, 92)], [7, 7, 3])
    record = images("parquet:set", n_train=11)
    rows = stream(1, "data", "set").permutation(11)
    made = record.make(1, tmp_path)
    assert record.shape(tmp_path) == Shape(72, 11, 3, 3, (4, 6, 3))
    assert made.x[:, 0].tolist() == [*rows, 90, 91, 92]
    assert made.label.tolist() == [*np.array([0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0])[rows], 2, 2, 0]
    assert len(record.files(tmp_path)) == 3
    hub(tmp_path / "set/data/test-0.parquet", [picture(80)], [5])
    assert images("parquet:set", n_train=3, n_test=1).make(1, tmp_path).x[3, 0] == 80  # rather than validation


@pytest.mark.parametrize("labels", [["b", "a"] * 5, pa.array(["b", "a"] * 5).dictionary_encode(), [9, -1] * 5])
@pytest.mark.parametrize("source", ["parquet:set", "parquet:set/some.parquet"])
def test_hub_files_of_one_pool(tmp_path, labels, source):
    hub(tmp_path / "set/some.parquet", [picture(i, mode="L", kind="jpeg") for i in range(10)], labels)
    record = images(source, n_train=7)
    made = record.make(0, tmp_path)
    rows = stream(0, "data", "parquet").permutation(10)
    assert record.shape(tmp_path) == Shape(24, 7, 3, 2, (4, 6, 1))
    assert made.x[:, 0].tolist() == rows.tolist()
    assert made.label.tolist() == [1 - row % 2 for row in rows]


def test_only_what_is_asked_for_is_decoded(tmp_path, monkeypatch):
    hub(tmp_path / "some.parquet", [picture(i) for i in range(40)], [0, 1] * 20)
    decoded = []

    def count(pictures, n, shape, side):
        decoded.extend(place for place, _, _ in pictures)
        return np.zeros((n, *shape), np.uint8)

    monkeypatch.setattr(parquet_source, "read_pictures", count)
    images("parquet:some.parquet", n_train=3, n_test=2).make(0, tmp_path)
    assert sorted(decoded) == [0, 0, 1, 1, 2]
    with pytest.raises(OnebitError, match=r"must be at most 40, the images of parquet:some.parquet, got 41"):
        images("parquet:some.parquet", n_train=39, n_test=2).make(0, tmp_path)
    assert len(decoded) == 5


@pytest.mark.parametrize(
    ("names", "columns", "message"),
    [
        (("image", "label"), {"other": [1, 2] * 5}, None),
        (("picture", "digit"), {"weight": [0.5] * 10}, None),
        (("img", "fine_label"), {"coarse_label": [1, 2] * 5}, None),
        (
            ("img", "kind"),
            {"other": [1, 2] * 5},
            r"no column of labels.* img \(struct.*kind \(int64\), other \(int64\)",
        ),
    ],
)
def test_columns_are_found_by_type(tmp_path, names, columns, message):
    hub(tmp_path / "some.parquet", [picture(i) for i in range(10)], [0, 1] * 5, names, **columns)
    record = images("parquet:some.parquet", n_train=7)
    if message is None:
        assert record.shape(tmp_path).outputs == 2
    else:
        with pytest.raises(OnebitError, match=f"some.parquet: {message}"):
            record.shape(tmp_path)


def test_a_table_without_images_is_refused(tmp_path):
    pa.parquet.write_table(pa.table({"label": [0, 1]}), tmp_path / "some.parquet")
    with pytest.raises(OnebitError, match=r"no column of images.* label \(int64\); name it 'image'"):
        images("parquet:some.parquet", n_train=1).shape(tmp_path)


@pytest.mark.parametrize(
    ("picture_of_row_7", "label_of_row_7", "message"),
    [
        ("null", 0, "row 7 has no image in column 'image'"),
        (None, 0, "row 7 has no image in column 'image'"),
        (b"broken", 0, "row 7: not a readable image"),
        ("small", 0, "row 7: 2 × 2 pixels, the first image has 4 × 6; set resize"),
        ("good", None, "row 7 has no label; fill in column 'label'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, picture_of_row_7, label_of_row_7, message):
    named = {"small": picture(0, size=(2, 2)), "good": picture(0)}
    bad = named.get(picture_of_row_7, picture_of_row_7)
    pictures = [picture(i) for i in range(10)]
    hub(tmp_path / "a.parquet", pictures, [0, 1] * 5)
    hub(tmp_path / "b.parquet", [*pictures[:6], bad, *pictures[7:]], [0, 1, 0, 1, 0, 1, label_of_row_7, 1, 0, 1])
    with pytest.raises(OnebitError, match=rf"b\.parquet: {message}"):
        images(f"parquet:{tmp_path}", n_train=17).make(0, tmp_path)


def test_labels_that_do_not_go_together(tmp_path):
    hub(tmp_path / "train-0.parquet", [picture(0)] * 4, [0, 1] * 2)
    hub(tmp_path / "test-0.parquet", [picture(0)] * 4, [0, 1, 2, 1])
    record = images(f"parquet:{tmp_path}", n_train=2)
    with pytest.raises(OnebitError, match=r"test-0.parquet: row 3 has the label 2, which no train row has"):
        record.shape(tmp_path)
    hub(tmp_path / "train-1.parquet", [picture(0)] * 2, ["a", "b"])
    with pytest.raises(OnebitError, match=r"train-1.parquet: labels are string, in .*train-0.parquet int64"):
        record.shape(tmp_path)


def test_parquet_files_that_are_not_there(tmp_path):
    (tmp_path / "set").mkdir()
    for source, message in (("set", "set: holds no Parquet files"), ("gone", "gone: no such file or folder; put it")):
        with pytest.raises(OnebitError, match=message):
            images(f"parquet:{source}", n_train=2).shape(tmp_path)
    for name in ("one", "two"):
        hub(tmp_path / "set" / name / "train-0.parquet", [picture(0)] * 2, [0, 1])
    with pytest.raises(OnebitError, match="set: Parquet files are in its folders one, two; name one of them"):
        images("parquet:set", n_train=2).shape(tmp_path)
    (tmp_path / "set/bad.parquet").write_bytes(b"no Parquet")
    with pytest.raises(OnebitError, match=r"bad.parquet: cannot be read \(.*\); replace it"):
        images("parquet:set", n_train=2).shape(tmp_path)
    hub(tmp_path / "empty.parquet", [], pa.array([], pa.int64()))
    with pytest.raises(OnebitError, match=r"empty.parquet: holds no rows"):
        images("parquet:empty.parquet", n_train=2).shape(tmp_path)


def test_one_class_is_too_few(tmp_path):
    hub(tmp_path / "some.parquet", [picture(0)] * 5, [1] * 5)
    with pytest.raises(OnebitError, match=r"parquet:some.parquet are all of one class"):
        images("parquet:some.parquet", n_train=2).shape(tmp_path)


def test_fewer_images_of_a_class_than_asked_for(folder):
    for fields, message in (
        (
            {"n_train_per_class": 5},
            "n_train_per_class: must be at most 4, the images of the rarest class of folder:pets",
        ),
        ({"n_train_per_class": 4, "n_test": 3}, "must be at most 10, the images of folder:pets, got 11"),
    ):
        record = images("folder:pets", **fields)
        for use in (record.shape, lambda root, record=record: record.make(0, root)):
            with pytest.raises(OnebitError, match=message):
                use(folder)

"""A data set named in one word: which kind it is, how many rows it has, and what is told where there is none."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_builders import hub, picture

from onebit_rf.data.kinds.images import Images
from onebit_rf.data.kinds.table import Table
from onebit_rf.data.own import own_data
from onebit_rf.data.sources.torchvision import Torchvision
from onebit_rf.errors import OnebitError


def write(path, rows=12):
    columns = {"a": np.arange(rows) ** 2.0, "y": np.arange(rows) % 3}
    if path.suffix == ".csv":
        lines = ["a,y", *(f"{a},{y}" for a, y in zip(*columns.values(), strict=True))]
        path.write_text("\n".join(lines) + "\n")
    else:
        pq.write_table(pa.table(columns), path)
    return str(path)


@pytest.mark.parametrize("name", ["own.csv", "own.parquet", "OWN.CSV"])
def test_a_file_is_a_table_of_all_its_rows(tmp_path, name):
    file = tmp_path / name
    write(file.with_suffix(file.suffix.lower()))
    if name.isupper():
        file.with_suffix(".csv").rename(file)
    record = own_data(str(file), 100, tmp_path / "elsewhere", target="y", task="classes")
    data = record.make(0, tmp_path / "elsewhere")
    assert isinstance(record, Table)
    assert data.x.shape == (12, 1)
    assert sorted(data.label) == sorted(np.arange(12) % 3)
    assert own_data(str(file), 5, tmp_path, target="y").make(0, tmp_path).x.shape == (5, 1)


def test_a_relative_file_is_looked_for_here(tmp_path, monkeypatch):
    write(tmp_path / "own.csv")
    monkeypatch.chdir(tmp_path)
    assert own_data("own.csv", 100, tmp_path / "elsewhere", target="y").shape(tmp_path / "elsewhere").input_dim == 1


def test_a_folder_is_images(tmp_path, monkeypatch):
    for kind, n in (("cat", 4), ("dog", 3)):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for i in range(n):
            (tmp_path / "pets" / kind / f"{i}.png").write_bytes(picture(20 * i))
    monkeypatch.chdir(tmp_path)
    record = own_data("pets", 100, tmp_path / "elsewhere")
    assert record.make(0, tmp_path / "elsewhere").x.shape == (7, 4 * 6 * 3)


def test_two_parts_give_rows_by_their_sizes(tmp_path):
    for split, rows in (("train", 9), ("test", 3)):
        hub(tmp_path / f"pets/{split}-0.parquet", [picture(20 * i) for i in range(rows)], [i % 2 for i in range(rows)])
    record = own_data("parquet:pets", 8, tmp_path)
    assert (record.n_train, record.n_test) == (6, 2)
    assert (own_data("parquet:pets", 100, tmp_path).n_train, own_data("parquet:pets", 100, tmp_path).n_test) == (9, 3)


def test_a_name_is_a_source(tmp_path):
    record = own_data("digits", 10_000, tmp_path)
    assert isinstance(record, Images)
    assert (record.n_train, record.n_test) == (1796, 1)


def test_what_is_missing_is_downloaded_where_that_can_be(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Torchvision, "download", lambda source, root: asked.append((source.name, root)))
    own_data("torchvision:CIFAR10", 100, tmp_path)
    assert asked == [("torchvision:CIFAR10", tmp_path)]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("none.csv", {"target": "y"}, r"none\.csv: no such file$"),
        ("own.csv", {}, "own.csv: target: give the column to learn, one of a, y"),
        ("one.csv", {"target": "y"}, "one.csv: at least two rows are needed, there are 1"),
        ("nothing", {}, "nothing: no such file or folder, and no source of images, digits, folder:PATH"),
        ("digits", {"target": "y"}, "digits: images have their classes as labels"),
        ("digits", {"task": "classes"}, "digits: images have their classes as labels"),
        ("torchvision:Cats", {}, "torchvision:NAME takes"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(tmp_path, monkeypatch, name, options, message):
    write(tmp_path / "own.csv")
    write(tmp_path / "one.csv", rows=1)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OnebitError, match=message) as caught:
        own_data(name, 100, tmp_path, **options)
    assert "\n" not in str(caught.value)


def test_a_target_that_is_no_column_is_told_by_the_table(tmp_path):
    record = own_data(write(tmp_path / "own.csv"), 100, tmp_path, target="z")
    with pytest.raises(OnebitError, match="no column 'z' for target; its columns are a, y"):
        record.shape(tmp_path)

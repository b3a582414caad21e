"""A user's table of numbers: rows, standardised columns, classes and numbers to learn, and what is refused."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data_builders import table
from hypothesis import given
from hypothesis import strategies as st

from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds.table import Table, standardise_column
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream

FRAME = pd.DataFrame(
    {
        "a": np.arange(9) ** 2,
        "y": np.linspace(-1, 1e300, 9),
        "b": [True, False, True] * 3,
        "c": np.linspace(0, 1, 9) * 1e200,
        "kind": ["red", "blue", "green"] * 3,
    }
)
NUMBERS = FRAME.drop(columns="kind")


def write(path, frame):
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


@pytest.fixture(params=["t.csv", "t.parquet"])
def file(request, tmp_path):
    return tmp_path / request.param


def test_numbers_to_learn(file):
    write(file, NUMBERS)
    record = table(file.name, n_train=6, n_test=3, centre=True, scale=True)
    made = record.make(7, file.parent)
    rows = stream(7, "data", "table").permutation(9)
    x = NUMBERS[["a", "b", "c"]].to_numpy(float)[rows] / [1, 1, 1e200]
    wanted = (x - x[:6].mean(axis=0)) / x[:6].std(axis=0)
    assert record.shape(file.parent) == Shape(3, 6, 3, outputs=1)
    assert np.abs(made.x - wanted).max() < 1e-6
    assert made.x.dtype == np.float32
    assert np.allclose(made.label, NUMBERS["y"].to_numpy()[rows], rtol=1e-15)
    assert made.n_train == 6
    assert record.files(file.parent) == [file]
    assert record.members() == []


@pytest.mark.parametrize("values", [[2, 5, 3] * 3, ["no", "yes", "maybe"] * 3, [False, True, True] * 3])
def test_classes_are_sorted_values(file, values):
    write(file, NUMBERS.assign(y=values, c=0))
    record = table(str(file), task="classes")
    made = record.make(0, file.parent / "elsewhere")
    rows = stream(0, "data", "table").permutation(9)[:6]
    classes = sorted(set(values))
    assert record.shape(file.parent).outputs == len(classes)
    assert made.label.tolist() == [classes.index(values[row]) for row in rows]
    assert made.label.dtype == np.float64


def test_quoted_na_is_a_class(tmp_path):
    (tmp_path / "t.csv").write_text('\ufeffa,y\n1,"NA"\n2,DE\n3,DE\n')
    assert table("t.csv", task="classes", n_train=2, n_test=1).shape(tmp_path) == Shape(1, 2, 1, 2)
    (tmp_path / "t.csv").write_text("a,y\n1,NA\n2,DE\n3,FR\n")
    with pytest.raises(OnebitError, match="column 'y' has no value in row 1"):
        table("t.csv", task="classes", n_train=2, n_test=1).shape(tmp_path)


def test_columns_of_every_type_of_number(tmp_path):
    n = 6
    columns = {
        "half": pa.array(np.arange(n, dtype=np.float16)),
        "small": pa.array(np.arange(n, dtype=np.uint8)),
        "exact": pa.array([decimal.Decimal(i) for i in range(n)]),
        "coded": pa.array(range(n)).dictionary_encode(),
        "y": pa.array(range(n)),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    made = table("t.parquet").make(0, tmp_path)
    assert np.array_equal(made.x, np.repeat(made.label[:, None], 4, axis=1))


@given(
    st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), min_size=3, max_size=9),
    st.booleans(),
    st.booleans(),
)
def test_a_column_is_standardised_by_its_train_rows(values, centre, scale):
    values = np.array(values)
    x = standardise_column(values, len(values), centre, scale)
    largest = np.abs(x).max()
    if scale and values.min() == values.max():
        assert (x == 0).all()
    elif scale:
        unit = x / max(largest, 1)
        assert unit.std() * max(largest, 1) == pytest.approx(1, rel=1e-6)
    if centre:
        assert abs((x / max(largest, 1)).mean()) < 1e-12
    elif not scale:
        assert np.allclose(x, values, rtol=1e-15)


def test_a_column_that_is_constant_over_the_train_rows_stays_zero():
    values = np.array([0.1] * 5 + [7.0])
    assert standardise_column(values, 5, centre=True, scale=True).tolist() == [0] * 6
    assert standardise_column(values, 5, centre=True, scale=False).tolist() == [0] * 5 + [7 - 0.1]
    assert standardise_column(values, 5, centre=False, scale=False).tolist() == values.tolist()


def test_numbers_beyond_single_precision_need_scaling(file):
    write(file, NUMBERS)
    with pytest.raises(OnebitError, match=r"column 'c' holds numbers beyond 3e38.*set scale: true"):
        table(file.name, centre=True).make(0, file.parent)


@pytest.mark.parametrize(
    ("change", "fields", "message"),
    [
        ({"kind": FRAME["kind"]}, {}, "column 'kind' holds text, not numbers; remove it or write it as numbers"),
        ({"a": [1.0, 2, None, 4, 5, 6, 7, 8, 9]}, {}, "column 'a' has no value in row 3"),
        ({"a": [1.0, 2, 3, np.inf, 5, 6, 7, 8, 9]}, {}, "column 'a' is inf in row 4; put a finite number there"),
        ({"y": [1.0, 2, 3, -np.inf, 5, 6, 7, 8, 9]}, {}, "column 'y' is -inf in row 4"),
        ({"y": [1.0, None, 3, 4, 5, 6, 7, 8, 9]}, {}, "column 'y' has no value in row 2"),
        ({"y": FRAME["kind"]}, {}, "column 'y' holds text, not numbers; set task: classes"),
        ({"y": ["a", None] + ["b"] * 7}, {"task": "classes"}, "column 'y' has no value in row 2"),
        ({"y": [1] * 9}, {"task": "classes"}, "column 'y' holds one class only; at least two"),
        ({}, {"task": "classes"}, "column 'y' holds double, classes are .* set task: regression"),
        ({"a": [datetime.date(2020, 1, 1)] * 9}, {}, r"column 'a' holds date32\[day\], not numbers"),
        ({}, {"target": "z"}, "no column 'z' for target; its columns are a, y, b, c"),
        ({}, {"n_train": 8}, "n_train \\+ n_test: must be at most 9, the rows of .*, got 10"),
    ],
)
def test_what_cannot_be_learned_from_is_named(file, change, fields, message):
    write(file, NUMBERS.assign(**change))
    with pytest.raises(OnebitError, match=message) as caught:
        table(file.name, **fields).make(0, file.parent)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nan_in_parquet_is_named(tmp_path):
    pq.write_table(pa.table({"a": [0.0, 1, float("nan"), 3], "y": [0, 1, 2, 3]}), tmp_path / "t.parquet")
    with pytest.raises(OnebitError, match="column 'a' is nan in row 3"):
        table("t.parquet", n_train=2).make(0, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t.csv: cannot be read \(.*mpty.*\); replace it"),
        ("a,y\n1,2\n1,2,3\n", r"t.csv: cannot be read \(.*Row #3.*\)"),
        ("a,a,y\n1,2,3\n", "two columns are called 'a'; rename one"),
        ("y\n1\n2\n", "no column but the target 'y'"),
        ("a;y\n1;2\n", "no column 'y' for target; its columns are a;y"),
        ("a,y\n", "must be at most 0, the rows of"),
    ],
)
def test_a_file_of_another_form_is_named(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(OnebitError, match=message):
        table("t.csv").shape(tmp_path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(
        OnebitError, match=r"t.csv: no such file or folder; put it below the data root .*ONEBIT_RF_DATA"
    ):
        table("t.csv").shape(tmp_path)
    for name in ("t.parquet", "latin.csv"):
        (tmp_path / name).write_bytes(b"\xe9,y\n1,2\n")
        with pytest.raises(OnebitError, match=rf"{name}: cannot be read \(.*\); replace it"):
            table(name).shape(tmp_path)
    with pytest.raises(OnebitError, match=r"source: must end in .parquet or .csv, got 't.xlsx'"):
        Table(source="t.xlsx", target="y", task="classes", n_train=1, n_test=1, centre=True, scale=True)


def test_a_late_change_of_type_is_named(tmp_path):
    rows = [f"{i},{i}" for i in range(700_000)]  # beyond the first block, which alone tells the types at first
    (tmp_path / "t.csv").write_text("\n".join(["a,y", *rows, "x,1"]))
    record = table("t.csv")
    assert record.shape(tmp_path).outputs == 1
    with pytest.raises(OnebitError, match="column 'a' holds text"):
        record.make(0, tmp_path)

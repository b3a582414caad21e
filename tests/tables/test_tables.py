"""Tables: what is written is read back bit for bit; nothing half-written appears; damage is named."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from onebit_rf.errors import OnebitError
from onebit_rf.tables.agreement import AGREEMENT
from onebit_rf.tables.bearing import BEARING
from onebit_rf.tables.columns import Table, field
from onebit_rf.tables.conditions import CONDITIONS
from onebit_rf.tables.data import DATA
from onebit_rf.tables.deployment import DEPLOYMENT, PACKED
from onebit_rf.tables.distorted import DISTORTED
from onebit_rf.tables.equivalents import EQUIVALENTS
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import (
    TableWriter,
    check_key,
    read_frame,
    read_matrix,
    read_provenance,
    read_table,
    write_table,
)
from onebit_rf.tables.latency import LATENCY
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.sharpness import SHARPNESS
from onebit_rf.tables.theory import THEORY
from onebit_rf.tables.training import HISTORY, LEARNED, TRAINING
from onebit_rf.tables.weights import WEIGHTS

TABLES = [DATA, *WEIGHTS.values(), FEATURES, READOUT, THEORY, AGREEMENT, LATENCY, EQUIVALENTS, CONDITIONS]
TABLES += [DISTORTED, TRAINING, HISTORY, LEARNED, BEARING, SHARPNESS, MODELS, RANKING, PACKED, DEPLOYMENT]
POINT = {"experiment": "a", "cell": "a", "depth": 1, "n_train": np.array([3]), "readout": "ridge:0", "metric": "mse"}
POINT |= {"kappa": 1.0, "df": 1.0, "converged": True, "reason": "", "residual": 0.0, "iterations": 1, "value": 1.0}
ROW = {"split": ["train", "test"], "label": None}

matrices = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.floats(width=32, allow_nan=False)
)


@given(st.lists(matrices, min_size=1, max_size=3))
def test_matrices_of_any_shapes_survive_bit_for_bit(tmp_path_factory, layers):
    path = tmp_path_factory.mktemp("tables") / "features.parquet"
    with TableWriter(path, FEATURES, {}) as writer:
        for depth, matrix in enumerate(layers, start=1):
            writer.write(depth=depth, split="train", label=None, x=matrix)
    for depth, matrix in enumerate(layers):
        assert np.array_equal(read_matrix(path, FEATURES, "x", depth).view(np.uint32), matrix.view(np.uint32))


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_bits_survive(tmp_path_factory, bits):
    path = tmp_path_factory.mktemp("tables") / "weights.parquet"
    write_table(path, WEIGHTS["signs"], {}, layer=1, fan_in=8 * bits.shape[1], bits=bits)
    assert np.array_equal(read_matrix(path, WEIGHTS["signs"], "bits", 0), bits)


def write_theory(path, rows=3):
    n = np.arange(1, rows + 1)
    write_table(path, THEORY, {"ridge": 0.5}, **POINT | {"n_train": n, "value": 1 / n})


def test_columns_and_scalars_become_rows(tmp_path):
    write_theory(tmp_path / "one.parquet")
    write_theory(tmp_path / "two.parquet", rows=2)
    frame = read_frame([tmp_path / "one.parquet", tmp_path / "two.parquet"], THEORY)
    assert list(frame.columns) == THEORY.schema.names
    assert frame["n_train"].tolist() == [1, 2, 3, 1, 2]
    assert (frame["depth"] == 1).all()


def test_provenance_is_inside_the_file(tmp_path):
    write_theory(tmp_path / "theory.parquet")
    record = read_provenance(tmp_path / "theory.parquet", THEORY)
    assert record["schema"] == "theory"
    assert record["params"] == {"ridge": 0.5}
    assert record["machine"]["cores"] >= 1
    assert record["libraries"]["numpy"] == np.__version__
    assert set(record) == {"schema", "params", "version", "commit", "libraries", "machine"}


def test_every_column_says_what_it_means():
    assert all(field.metadata[b"meaning"] for table in TABLES for field in table.fields)


def test_keys_are_columns():
    assert all(set(table.key) <= set(table.schema.names) for table in TABLES)


def test_failed_write_leaves_nothing(tmp_path):
    def fail():
        with TableWriter(tmp_path / "features.parquet", FEATURES, {}) as writer:
            writer.write(depth=1, **ROW, x=np.ones((2, 3)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_failed_write_keeps_the_old_table(tmp_path):
    path = tmp_path / "theory.parquet"
    write_theory(path)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        write_table(path, THEORY, {}, depth=np.ones(2))
    assert path.read_bytes() == before


@given(st.data())
def test_damaged_file_is_named_with_the_remedy(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("tables") / "theory.parquet"
    write_theory(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(OnebitError, match=r"theory\.parquet: .*delete it and run snakemake again"):
        read_table(path, THEORY)


def test_foreign_tables_are_refused(tmp_path):
    foreign, other = tmp_path / "foreign.parquet", tmp_path / "theory.parquet"
    pd.DataFrame({"depth": [1]}).to_parquet(foreign)
    write_theory(other)
    with pytest.raises(OnebitError, match=r"foreign\.parquet: damaged, or not a table that onebit_rf wrote; delete it"):
        read_table(foreign, THEORY)
    with pytest.raises(OnebitError, match=r"theory\.parquet: not a table of schema 'readout'"):
        read_table(other, READOUT)


def test_missing_table_and_missing_row_group_are_named(tmp_path):
    with pytest.raises(OnebitError, match=r"absent\.parquet: no such table"):
        read_table(tmp_path / "absent.parquet", THEORY)
    path = tmp_path / "features.parquet"
    write_table(path, FEATURES, {}, depth=1, **ROW, x=np.ones((2, 3)))
    with pytest.raises(OnebitError, match="holds 1 row groups, number 2 is needed"):
        read_matrix(path, FEATURES, "x", 1)


def test_swept_leaves_are_columns_of_their_own(tmp_path):
    """Each file has the leaves of its experiment; stacked, a file lacks those of the others."""
    leaves = {"a": {"noise": 0.5, "network.widths": "8x2", "teachers": 3}, "b": {}}
    for name, swept in leaves.items():
        write_table(tmp_path / name, THEORY.sweeping(swept), {}, **POINT | {"cell": name}, **swept)
    a, b = read_frame([tmp_path / "a", tmp_path / "b"], THEORY).to_dict("records")
    assert {leaf: a[leaf] for leaf in leaves["a"]} == leaves["a"]
    assert all(pd.isna(b[leaf]) for leaf in leaves["a"])


def test_a_column_that_is_no_swept_leaf_is_foreign(tmp_path):
    added = Table("theory", [*THEORY.fields, field("other", pa.float64(), "something")])
    write_table(tmp_path / "a", added, {}, **POINT, other=1.0)
    with pytest.raises(OnebitError, match="not a table of schema 'theory'"):
        read_frame([tmp_path / "a"], THEORY)


def test_rows_that_their_key_does_not_tell_apart_are_refused():
    frame = pd.DataFrame({"law": ["gaussian"] * 3, "seed": [0, 0, 1], "metric": ["mse", "accuracy", "mse"]})
    check_key(frame, ["seed", "metric"], "readout")
    with pytest.raises(OnebitError, match=r"readout: 2 rows share law, seed .*; they differ in metric"):
        check_key(frame, ["law", "seed"], "readout")


def test_more_words_than_a_byte_counts(tmp_path):
    names = [f"ridge:{i}" for i in range(1000)]
    path, n = tmp_path / "theory.parquet", len(names)
    write_table(path, THEORY, {}, **POINT | {"n_train": np.full(n, 3), "readout": names})
    assert read_frame([path], THEORY)["readout"].tolist() == names

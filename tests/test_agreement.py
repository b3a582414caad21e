"""Agreement: mean, standard error and deviation against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from onebit_rf.agreement import compare, write_agreement
from onebit_rf.errors import OnebitError
from onebit_rf.tables.agreement import AGREEMENT
from onebit_rf.tables.files import read_frame


def tables(values=(1.0, 1.2, 1.4)):
    rows = {
        "experiment": "a",
        "cell": "a",
        "converged": True,
        "law": "one_bit",
        "depth": 1,
        "n_train": 5,
        "readout": "ridge:0",
        "metric": "mse",
        "train_residual": [0.0, 3e-15, 1e-15],
    }
    readout = pd.DataFrame({**rows, "estimator": "sampled_teacher", "seed": [0, 1, 2], "value": values})
    theory = pd.DataFrame(
        {
            "experiment": "a",
            "cell": "a",
            "depth": 1,
            "n_train": [5, 6],
            "readout": "ridge:0",
            "metric": "mse",
            "value": [1.5, 9.0],
        }
    )
    return readout, theory


def test_one_group_by_hand(tmp_path):
    row = compare(*tables()).iloc[0]
    assert row["seeds"] == 3
    assert row["simulation"] == pytest.approx(1.2)
    assert row["standard_error"] == pytest.approx(0.2 / np.sqrt(3))
    assert row["deviation"] == pytest.approx(-0.2)
    assert row["max_train_residual"] == 3e-15
    write_agreement(tmp_path / "agreement", compare(*tables()), {}, {})
    assert read_frame([tmp_path / "agreement"], AGREEMENT)["theory"].tolist() == [1.5]


@pytest.mark.parametrize("predicted", [0.0, np.nan])
def test_no_deviation_from_a_theory_without_a_number(predicted):
    readout, theory = tables()
    assert np.isnan(compare(readout, theory.assign(value=predicted))["deviation"]).all()


def test_infinite_error_is_refused():
    with pytest.raises(OnebitError, match="not finite"):
        compare(*tables(values=[1.0, np.inf, 1.0]))


def test_what_was_not_found_is_left_out_and_counted():
    readout, theory = tables(values=[1.0, 1.2, np.nan])
    row = compare(readout.assign(converged=[True, True, False]), theory).iloc[0]
    assert (row["seeds"], row["unconverged"]) == (2, 1)
    assert row["simulation"] == pytest.approx(1.1)


def test_a_point_that_no_seed_found_stays_as_a_row_without_a_number():
    readout, theory = tables()
    row = compare(readout.assign(converged=False), theory).iloc[0]
    assert (row["seeds"], row["unconverged"]) == (0, 3)
    assert np.isnan(row["simulation"])
    assert np.isnan(row["deviation"])


def test_metrics_are_not_averaged_together():
    readout, theory = tables()
    both = pd.concat([readout, readout.assign(metric="error_rate", value=0.5)])
    assert compare(both, theory)["simulation"].tolist() == pytest.approx([0.5, 1.2])
    with pytest.raises(OnebitError, match="readout: 6 rows share cell, law"):
        compare(pd.concat([readout, readout.assign(value=0.5)]), theory)


def test_cells_of_a_sweep_are_compared_each_with_its_own_theory(tmp_path):
    """The swept leaf is a column; cells may be fitted at different n."""
    readout, theory = tables()
    other = readout.assign(cell="a/noise~0.3", noise=0.3, value=readout["value"] * 2, n_train=6)
    both = pd.concat([readout.assign(noise=0.0), other])
    known = pd.concat([theory.assign(noise=0.0), theory.assign(cell="a/noise~0.3", noise=0.3, value=2.0)])
    table = compare(both, known)
    assert table[["noise", "n_train", "theory"]].to_numpy().tolist() == [[0.0, 5, 1.5], [0.3, 6, 2.0]]
    assert table["deviation"].tolist() == pytest.approx([-0.2, 0.2])
    write_agreement(tmp_path / "agreement", table, {}, {"noise": 0.0})
    assert read_frame([tmp_path / "agreement"], AGREEMENT)["noise"].tolist() == [0.0, 0.3]


def test_laws_of_which_the_theory_is_silent_have_no_number_in_that_cell():
    readout, theory = tables()
    readout = pd.concat([part.assign(law=law) for law in ("one_bit", "unscaled") for part in [readout]])
    everywhere = pd.concat([readout, readout.assign(cell="b")]), pd.concat([theory, theory.assign(cell="b")])
    table = compare(*everywhere, {"a": ["unscaled"], "b": []}).set_index(["cell", "law"])
    assert table["theory"].isna().to_dict() == {
        ("a", "one_bit"): False, ("a", "unscaled"): True, ("b", "one_bit"): False, ("b", "unscaled"): False,
    }  # fmt: skip
    assert table["deviation"].isna().equals(table["theory"].isna())
    assert table["simulation"].tolist() == pytest.approx([1.2] * 4)


def test_a_cell_without_a_theory_stays_without_a_number():
    readout, theory = tables()
    silent = readout.assign(cell="a/dataset~digits")
    table = compare(pd.concat([readout, silent]), theory)
    assert np.isnan(table.set_index("cell").loc["a/dataset~digits", "deviation"])

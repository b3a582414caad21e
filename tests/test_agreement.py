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
    write_agreement(tmp_path / "agreement", compare(*tables()), {})
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
    with pytest.raises(OnebitError, match="readout: 6 rows share experiment, law"):
        compare(pd.concat([readout, readout.assign(value=0.5)]), theory)

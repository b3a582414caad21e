"""Simulation against theory: mean over seeds, standard error and relative deviation at every depth and n."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from onebit_rf.errors import OnebitError
from onebit_rf.tables.agreement import AGREEMENT
from onebit_rf.tables.files import check_key, write_table
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY


def compare(
    readout: pd.DataFrame, theory: pd.DataFrame, silent: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Join simulated and predicted test errors; a row for each key of the table `agreement`, at the fitted n.

    Read-outs that were not found are left out of the mean over seeds and counted. deviation = mean/theory − 1, NaN
    where the theory says 0, did not converge or is silent; standard_error of the mean is NaN for a single seed.

    Args:
        readout, theory: their tables.
        silent: cell → the laws of which the theory says nothing: theory and deviation are NaN.

    Raises:
        OnebitError: where a simulated error is not a finite number, or rows cannot be told apart by their key.
    """
    check_key(readout, READOUT.key, "readout")
    check_key(theory, THEORY.key, "theory")
    if not np.isfinite(readout.loc[readout["converged"], "value"]).all():
        raise OnebitError("readout: a test error is not finite; look for features that are constant or overflow")
    fitted = readout.loc[readout["estimator"] == "sampled_teacher", ["cell", "n_train"]].drop_duplicates()
    rows, key = readout.merge(fitted), ["experiment", *AGREEMENT.key, *swept_columns(readout)]
    replicates = rows.groupby(key, observed=True)["converged"].agg(["size", "sum"])
    table = pd.DataFrame({"unconverged": replicates["size"] - replicates["sum"]})
    found = rows[rows["converged"]].groupby(key, observed=True)
    averages = found.agg(
        seeds=("value", "size"),
        simulation=("value", "mean"),
        standard_error=("value", "sem"),
        max_train_residual=("train_residual", "max"),
    )
    table = table.join(averages).reset_index().fillna({"seeds": 0})
    predicted = theory[[*THEORY.key, "value"]].rename(columns={"value": "theory"})
    words = dict.fromkeys(("cell", "readout", "metric"), str)
    table = table.astype(words).merge(predicted.astype(words), how="left")
    unsaid = [law in (silent or {}).get(cell, ()) for cell, law in zip(table["cell"], table["law"], strict=True)]
    table["theory"] = table["theory"].mask(unsaid)
    return table.assign(deviation=table["simulation"] / table["theory"].where(table["theory"] > 0) - 1)


def swept_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns of swept leaves."""
    return [name for name in frame if name not in READOUT.schema.names]


def write_agreement(path: str | Path, table: pd.DataFrame, params: dict[str, Any], names: Mapping[str, Any]) -> None:
    """Write a table `agreement`, with a column for each leaf among `names`, which holds a value of it."""
    columns = {name: column.to_numpy() for name, column in table.items()}
    write_table(path, AGREEMENT.sweeping(names), params, **columns)

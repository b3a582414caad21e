"""Simulation against theory: mean over seeds, standard error and relative deviation at every depth and n."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from onebit_rf.errors import OnebitError
from onebit_rf.tables.files import write_table


def compare(readout: pd.DataFrame, theory: pd.DataFrame) -> pd.DataFrame:
    """Join simulated and predicted test errors; a row per (law, depth, n, readout, estimator) at the fitted n.

    deviation = mean over seeds / theory − 1, NaN where the theory says 0 or did not converge; standard_error of
    the mean is NaN for a single seed.

    Raises:
        OnebitError: where a simulated error is not a finite number.
    """
    if not np.isfinite(readout["value"]).all():
        raise OnebitError("readout: a test error is not finite; look for features that are constant or overflow")
    fitted = readout.loc[readout["estimator"] == "sampled_teacher", "n_train"].unique()
    rows = readout[readout["n_train"].isin(fitted)]
    seeds = rows.groupby(["law", "depth", "n_train", "readout", "estimator"], observed=True)
    table = seeds.agg(
        seeds=("value", "size"),
        simulation=("value", "mean"),
        standard_error=("value", "sem"),
        max_train_residual=("train_residual", "max"),
    ).reset_index()
    predicted = theory[["depth", "n_train", "readout", "value"]].rename(columns={"value": "theory"})
    table = table.astype({"readout": str}).merge(predicted.astype({"readout": str}), how="left")
    return table.assign(deviation=table["simulation"] / table["theory"].where(table["theory"] > 0) - 1)


def write_agreement(path: str | Path, table: pd.DataFrame, params: dict[str, Any]) -> None:
    """Write a table of schema `agreement`."""
    write_table(path, "agreement", params, **{name: column.to_numpy() for name, column in table.items()})

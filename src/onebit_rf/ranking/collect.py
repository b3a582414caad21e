"""The table of models: what the training stage, the sharpness stage and the distorted images say of each, in a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from onebit_rf.tables.models import MODELS

KEY = ["cell", "model", "weight_decay", "protocol", "seed"]
_SHARPNESS = ("lambda_max", "trace", "sigma", "sigma_magnitude", "adaptive_sharpness", "adaptive_sharpness_average")
_FOUND = ("lambda_max", "sigma", "sigma_magnitude")  # measures that are searched for, and may not be found


def collect(
    trained: pd.DataFrame,
    sharpness: pd.DataFrame | None,
    bearing: pd.DataFrame | None,
    facts: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Return the rows of the table `models`.

    Args:
        trained: rows of the table `training`.
        sharpness: rows of the table `sharpness`; None where it was not measured.
        bearing: rows of the table `bearing`; None where no distorted images were tested.
        facts: of every cell: cell, dataset, network, width, depth, n_train, source, label_noise and learning_rate.
    """
    words = dict.fromkeys(("cell", "model", "protocol"), str)
    known = pd.DataFrame(facts)
    swept = [name for name in trained if name in known and name != "cell"]  # the facts have them, too
    rows = trained.drop(columns=swept).astype(words).merge(known, on="cell", validate="many_to_one")
    rows = rows.assign(
        quantizer=rows["model"].str.partition(":")[0],
        bits=pd.to_numeric(rows["model"].str.partition(":")[2]).fillna(32).astype(int),
        gap_loss=rows["test_loss"] - rows["train_loss"],
        gap_error=rows["test_error"] - rows["train_error"],
    )
    if sharpness is not None:
        rows = rows.merge(_sharpness(sharpness.astype(words)), on=KEY, how="left", validate="one_to_one")
    if bearing is not None:
        means = bearing.astype(words).groupby(KEY)[["distorted_error", "distorted_loss"]].mean()
        rows = rows.merge(means.reset_index(), on=KEY, how="left", validate="one_to_one")
    missing = {name: np.nan for name in MODELS.schema.names if name not in rows}
    rows = rows.assign(**missing)
    rows["lambda_max_converged"] = rows["lambda_max_converged"].eq(True)
    return rows


def _sharpness(sharpness: pd.DataFrame) -> pd.DataFrame:
    """Return a row a model: the measures at the de-quantized weights, and those at the latent ones as NAME_latent."""
    for name in _FOUND:
        sharpness = sharpness.assign(**{name: sharpness[name].where(sharpness[f"{name}_converged"])})
    both = []
    for weights, suffix in (("dequantised", ""), ("latent", "_latent")):
        found = sharpness[sharpness["weights"] == weights].set_index(KEY)[[*_SHARPNESS]].add_suffix(suffix)
        both.append(found)
    own = sharpness[sharpness["weights"] == "dequantised"].set_index(KEY)["lambda_max_converged"]
    return pd.concat([*both, own], axis=1).reset_index()

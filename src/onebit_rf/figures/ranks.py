"""Measures of trained models as figures call them, and how well they order the gaps: looking up a table `ranking`."""

from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.figures.findings import interval
from onebit_rf.figures.trained import Difference

if TYPE_CHECKING:
    import pandas as pd

RANDOM = "random"
LATENT = "_latent"
MEASURES = {  # as a title and a sentence call them; those of two weights without their suffix
    "lambda_max": "λ_max",
    "trace": "trace of the Hessian",
    "inverse_sigma_squared": "1/σ²",
    "inverse_sigma_magnitude_squared": "1/σ'²",
    "adaptive_sharpness": "worst adaptive sharpness",
    "adaptive_sharpness_average": "average adaptive sharpness",
    "quantization_noise": "quantization noise",
    "relative_noise": "relative quantization noise",
    "train_loss": "train loss",
    "distorted_error": "error on distorted images",
    RANDOM: "random numbers",
}
SHARPNESS = tuple(MEASURES)[:6]
SQUARES = {f"inverse_{name}_squared{of}": name + of for name in ("sigma", "sigma_magnitude") for of in ("", LATENT)}
NAMES = (*(name for name in MEASURES if name != RANDOM), *(name + LATENT for name in SHARPNESS))
LABELLED = "distorted_error"  # measured with the labels of the test rows: no forecast, and never the best


def statistic(table: "pd.DataFrame", measure: str, name: str) -> Difference:
    """Return a statistic of a measure with its interval, of a table `ranking`; NaN where it was not ranked."""
    row = table[(table["measure"] == measure) & (table["statistic"] == name)]
    if row.empty:
        return Difference(np.nan, np.nan, np.nan, 0)
    value, low, high = row[["value", "low", "high"]].to_numpy(dtype=float)[0]
    return Difference(float(value), float(low), float(high), int(row["n_seeds"].iloc[0]))


def measured(models: "pd.DataFrame", name: str) -> "pd.Series":
    """Return a measure of every model, or 1/σ² of one; NaN where it was not found."""
    if name in SQUARES:
        values = models[SQUARES[name]].astype(float)
        return 1 / values.where(values > 0) ** 2
    return models[name].astype(float)


def within_seeds(models: "pd.DataFrame", values: "pd.Series", column: str) -> Difference:
    """Return τ over the pairs of a seed, mean over seeds with Student's interval, which is cut at ±1."""
    pairs = models.assign(x=values, y=models[column].astype(float)).dropna(subset=["x", "y"])
    taus = [kendall(rows["x"].to_numpy(), rows["y"].to_numpy()) for _, rows in pairs.groupby("seed") if len(rows) > 1]
    if not taus:
        return Difference(np.nan, np.nan, np.nan, 0)
    value, low, high = interval(taus)
    return Difference(value, float(np.clip(low, -1, 1)), float(np.clip(high, -1, 1)), len(taus))


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's τ, mean sgn(Δx) sgn(Δy) over all pairs; equal ones count as 0."""
    signs = np.sign(np.subtract.outer(x, x)) * np.sign(np.subtract.outer(y, y))
    return float(signs.sum() / (len(x) * (len(x) - 1)))


def unlabelled(table: "pd.DataFrame") -> list[str]:
    """Return the measures of a table that look at no label of a test row; random numbers are none of them."""
    return [name for name in table["measure"].astype(str).unique() if name not in (RANDOM, LABELLED)]


def best_of(table: "pd.DataFrame") -> str | None:
    """Return the measure of the largest Ψ among the unlabelled; None where there is no Ψ."""
    psi = {name: statistic(table, name, "granulated").value for name in unlabelled(table)}
    known = {name: value for name, value in psi.items() if np.isfinite(value)}
    return max(known, key=known.__getitem__, default=None)


def words(found: Difference) -> str:
    """Spell a statistic: `+0.31 [+0.10, +0.52]`."""
    if not np.isfinite(found.value):
        return "unknown: no pair"
    ends = f" [{found.low:+.2f}, {found.high:+.2f}]" if np.isfinite(found.low) else ""
    return f"{found.value:+.2f}{ends}".replace("-", "−")


def measure_name(measure: str) -> str:
    """A measure as an axis and a sentence call it."""
    base = measure.removesuffix(LATENT)
    name = MEASURES.get(base, base.replace("_", " "))
    return f"{name} at the latent weights" if base != measure else name


def lines_of(table: "pd.DataFrame") -> list[str]:
    """Return the measures without their weights, those of the largest Ψ at either first, random numbers last."""
    rows = table[table["statistic"] == "granulated"]
    psi = rows["value"].groupby(rows["measure"].astype(str).str.removesuffix(LATENT)).max()
    ordered = [name for name in psi.sort_values(ascending=False, na_position="last").index if name != RANDOM]
    return [*ordered, RANDOM]

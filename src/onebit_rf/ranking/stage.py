"""The ranking stage: how well each measure orders the generalization gap, with intervals over seeds."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.ranking.pairs import resolved_pairs
from onebit_rf.ranking.statistics import (
    conditional_mutual_information,
    environments,
    granulated_kendall,
    kendall,
    neighbours,
    settings,
    sign_error,
)
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING

GAPS = ("gap_loss", "gap_error")
RANDOM = "random"  # the control: what a measure reaches that knows nothing of a model
# 1/σ² of PAC-Bayes bounds: higher is sharper, as with the other measures.
INVERSE_SQUARES = {
    f"inverse_{name}_squared{weights}": name + weights
    for name in ("sigma", "sigma_magnitude")
    for weights in ("", "_latent")
}
GROUP = ["dataset", "network"]
CHOSEN = MODELS.schema.names[: MODELS.schema.names.index("epochs")]  # what is known of a model before its training
ENDS = (2.5, 97.5)  # per cent: of a 95 % interval
ALL_MEASURES = (
    *(name + weights for weights in ("", "_latent") for name in ("lambda_max", "trace", "adaptive_sharpness")),
    *(f"adaptive_sharpness_average{weights}" for weights in ("", "_latent")),
    *INVERSE_SQUARES,
    "quantization_noise",
    "relative_noise",
    "train_loss",
    "distorted_error",
    RANDOM,
)
AXES = ("model", "weight_decay", "dataset", "network", "n_train", "source", "label_noise", "learning_rate")
DRAWS = 100
MOST_SEEDS = 64  # every pair of seeds has sums of its own


def rank_measures(
    models: pd.DataFrame, measures: Sequence[str], axes: Sequence[str], gap: str, draws: int, seed: int
) -> pd.DataFrame:
    """Rank measures by how well they order the gap: for each protocol, over all models and over each DATASET/NETWORK.

    Models that did not converge or lack the measure are left out and counted. So are pairs whose gaps differ by less
    than test noise: see `resolved_pairs`. Two models that differ in one axis alone are of one data set and network too,
    unless that is the axis. Intervals are of 95 %, percentiles of a bootstrap over seeds: a draw holds a seed with all
    its models; measures and gaps share the draws. S seeds are few for that: such intervals cover with a probability of
    about P(|t_{S−1}| < 1.96 √(1 − 1/S)), 85 % for five seeds, and those of cmi and sign_error_worst, which chance moves
    one way, less often.

    Args:
        models: rows of the table `models`.
        measures: numbers among its columns, `inverse_sigma_squared` and its like, or `random`.
        axes: the hyperparameters: columns that, with data set and network, tell the models of a seed apart.
        gap: gap_loss or gap_error.
        draws: of the bootstrap; 0 for no intervals.
        seed: root seed of the control and of the bootstrap.

    Returns:
        rows of the table `ranking`.

    Raises:
        OnebitError: an unknown measure, axis or gap; axes that do not tell models apart; no model or too many seeds.
    """
    models = models.reset_index(drop=True)
    for mistake in _mistakes(models, measures, axes, gap, draws):
        raise OnebitError(mistake)
    values = pd.DataFrame({name: _measured(models, name, seed) for name in measures})
    sound = _sound(models, gap)
    rows = []
    for protocol, group, subset in _subsets(models):
        found = subset[sound[subset.index]]
        generator = stream(seed, "ranking", "bootstrap", protocol, group)
        copies = _copies(max(found["seed"].nunique(), 1), draws, generator)
        for row in _rank(found, values.loc[found.index], axes, gap, copies):
            row |= {"gap": gap, "protocol": protocol, "group": group, "n_left_out": len(subset) - row["n_models"]}
            rows.append(row)
    return pd.DataFrame(rows, columns=RANKING.schema.names)


def _sound(models: pd.DataFrame, gap: str) -> pd.Series:
    return models["converged"].astype(bool) & np.isfinite(models[[gap, "gap_error"]].astype(float)).all(axis=1)


def _subsets(models: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """What is ranked together: protocol, group and models."""
    for protocol, rows in models.groupby("protocol", observed=True):
        yield protocol, "all", rows
        for names, group in rows.groupby(GROUP, observed=True):
            yield protocol, "/".join(names), group


def _measured(models: pd.DataFrame, name: str, seed: int) -> np.ndarray:
    """A measure of each model; NaN where it was not taken or not found."""
    if name == RANDOM:
        return stream(seed, "ranking", RANDOM).random(len(models))
    values = models[INVERSE_SQUARES.get(name, name)].to_numpy(dtype=float, na_value=np.nan, copy=True)
    if name in INVERSE_SQUARES:
        values = np.divide(1.0, values**2, out=np.full_like(values, np.nan), where=values != 0)
    if f"{name}_converged" in models:
        values[~models[f"{name}_converged"].to_numpy(dtype=bool)] = np.nan
    return values


def _copies(n_seeds: int, draws: int, generator: np.random.Generator) -> np.ndarray:
    """How often each seed is drawn, (1 + draws, S): once each in the first row, the models themselves."""
    drawn = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=draws)
    return np.vstack([np.ones(n_seeds, dtype=int), drawn])


def _rank(
    models: pd.DataFrame, values: pd.DataFrame, axes: Sequence[str], gap: str, copies: np.ndarray
) -> Iterator[dict[str, Any]]:
    """A row for each measure and statistic, but for the columns that name the subset."""
    number = np.unique(models["seed"], return_inverse=True)[1]
    for known, names in _alike(values):
        ranked, n_seeds = models[known], len(np.unique(number[known]))
        statistics, n_pairs = _statistics(ranked, values.loc[known, names], axes, gap, number[known], copies)
        counts = {"n_models": len(ranked), "n_pairs": n_pairs, "n_seeds": n_seeds}
        for measure, of_measure in zip(names, statistics, strict=True):
            for statistic, draws in of_measure.items():
                numbers = _with_interval(draws, n_seeds)
                yield {"measure": measure, "statistic": statistic, **numbers, **counts}


def _alike(values: pd.DataFrame) -> list[tuple[np.ndarray, list[str]]]:
    """The measures that are known of the same models, with a mask of those."""
    known = np.isfinite(values)
    names: dict[bytes, list[str]] = {}
    for name in values:
        names.setdefault(known[name].to_numpy().tobytes(), []).append(name)
    return [(known[alike[0]].to_numpy(), alike) for alike in names.values()]


def _statistics(
    models: pd.DataFrame,
    values: pd.DataFrame,
    axes: Sequence[str],
    gap: str,
    seed: np.ndarray,
    copies: np.ndarray,
) -> tuple[list[dict[str, np.ndarray]], int]:
    """The statistics of each measure, a value a draw, and how many pairs are behind them."""
    gaps, measures = models[gap].to_numpy(dtype=float), values.to_numpy().T
    codes, held = _codes(models, axes), settings(_codes(models, [name for name in GROUP if name not in axes]))
    pairs = resolved_pairs(models["gap_error"].to_numpy(dtype=float), models["n_test"].to_numpy()).drawn(seed, copies)
    near = neighbours(codes, pairs.keep(held[pairs.first] == held[pairs.second]))
    labels = environments(codes, near)
    information = conditional_mutual_information(measures, gaps, codes, pairs=pairs)
    found = []
    for measure, cmi in zip(measures, information, strict=True):
        granulated, along = granulated_kendall(measure, gaps, codes, near)
        worst, mean = sign_error(measure, gaps, labels, near)
        overall = {"kendall": kendall(measure, gaps, pairs), "granulated": granulated}
        by_axis = {f"granulated:{axis}": psi for axis, psi in zip(axes, along, strict=True)}
        found.append(overall | by_axis | {"cmi": cmi, "sign_error_worst": worst, "sign_error_mean": mean})
    return found, len(pairs.first)


def _codes(models: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Number the values of each column, (n, columns)."""
    codes = [pd.factorize(models[name])[0] for name in columns]
    return np.array(codes, dtype=int).reshape(len(columns), len(models)).T


def _with_interval(draws: np.ndarray, n_seeds: int) -> dict[str, float]:
    """Value and interval: NaN where no pair was left, and for one seed."""
    known = draws[1:][np.isfinite(draws[1:])]
    low, high = np.percentile(known, ENDS) if n_seeds > 1 and len(known) else (np.nan, np.nan)
    return {"value": draws[0], "low": low, "high": high}


def _mistakes(
    models: pd.DataFrame, measures: Sequence[str], axes: Sequence[str], gap: str, draws: int
) -> Iterator[str]:
    """What keeps the models from being ranked so."""
    if gap not in GAPS:
        yield f"gap: must be {' or '.join(GAPS)}, got {gap!r}"
    if draws < 0:
        yield f"draws: must be 0 or more, got {draws}"
    for name in measures:
        if name not in (RANDOM, *INVERSE_SQUARES, *models.select_dtypes("number")):
            yield f"measures: must be {RANDOM}, {', '.join(INVERSE_SQUARES)} or a number of a model, got {name!r}"
    for name in axes:
        if name not in models or name in ("seed", "protocol"):
            yield f"axes: must be columns of the models other than seed and protocol, got {name!r}"
    if not axes:
        yield "axes: must name a hyperparameter or more, got none"
    yield from _alike_models(models, axes)
    found = models[_sound(models, gap)]
    if found.empty:
        yield f"models: none of {len(models)} converged with a finite {gap}; there is nothing to rank"
    if found["seed"].nunique() > MOST_SEEDS:
        yield f"seed: at most {MOST_SEEDS} can be drawn from, got {found['seed'].nunique()}"


def _alike_models(models: pd.DataFrame, axes: Sequence[str]) -> Iterator[str]:
    """Say so where models of a seed agree in all axes: they would pass for pairs that differ in one alone."""
    told = list(dict.fromkeys([*axes, *GROUP, "protocol", "seed"]))
    twice = models[models.duplicated(told, keep=False)]
    if len(twice):
        first = twice[(twice[told] == twice[told].iloc[0]).all(axis=1)]
        apart = [name for name in CHOSEN if name not in told and first[name].nunique() > 1]
        yield (
            f"axes: {len(twice)} models share {', '.join(told)} with another; "
            f"name what tells them apart{': ' * bool(apart)}{', '.join(apart)}"
        )


def rank_all(models: pd.DataFrame) -> pd.DataFrame:
    """Rank every measure that was taken, by both gaps, along all hyperparameters that vary; rows of `ranking`.

    Of models that agree in all of `AXES`, as where two trainings hold the same, the first is ranked.
    """
    models = models.drop_duplicates([*AXES, "protocol", "seed"])
    axes = [name for name in AXES if models[name].nunique() > 1]
    known = [name for name in ALL_MEASURES if np.isfinite(_measured(models, name, 0)).any()]
    return pd.concat([rank_measures(models, known, axes, gap, DRAWS, seed=0) for gap in GAPS], ignore_index=True)

"""The ranking stage: orders that are known, what is left out and counted, whose pairs count, and its table."""

from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.ranking.stage import rank_all, rank_measures
from onebit_rf.tables.files import check_key, read_frame, write_table
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING

AXES = ["model", "weight_decay", "n_train"]
BITS = {"float": 32, "lsq:4": 4, "lsq:2": 2, "lsq:1": 1}


def made_models(n_seeds=4, networks=("mlp",), protocols=("fixed_epochs",)):
    """A table `models`: gaps fall with n, with the weight decay and with the bits, and a little by chance."""
    columns = ["network", "protocol", *AXES, "seed"]
    chosen = product(networks, protocols, BITS, [0.0, 0.1], [500, 1000, 2000], range(n_seeds))
    models = pd.DataFrame(chosen, columns=columns)
    rng = np.random.default_rng(0)
    words = {
        "training": "t",
        "cell": models["network"] + models["n_train"].astype(str),
        "dataset": "digits",
        "source": "learned",
        "reason": "",
    }
    models = models.assign(**words, quantizer=models["model"].str.split(":").str[0], bits=models["model"].map(BITS))
    error = 0.3 - 0.04 * np.log2(models["n_train"] / 500) - models["weight_decay"] + 0.01 * np.log2(models["bits"])
    models = models.assign(gap_error=error + rng.normal(0, 0.01, len(models)), n_test=10_000, converged=True)
    models = models.assign(gap_loss=3 * models["gap_error"], lambda_max=np.exp(models["gap_error"]))
    models = models.assign(lambda_max_converged=True, sigma=1 / models["gap_error"], trace=-models["gap_error"])
    for name in MODELS.schema.names:
        if name not in models:
            models[name] = 0.5 if MODELS.schema.field(name).type == pa.float64() else 1
    return models[MODELS.schema.names]


def ranked(models, measures=("lambda_max",), axes=AXES, gap="gap_error", draws=50, seed=0):
    return rank_measures(models, measures, axes, gap, draws, seed)


def numbers(ranking, **where):
    """Value, low and high of the statistics of what `where` says, by statistic."""
    rows = ranking[(ranking[list(where)] == list(where.values())).all(axis=1)]
    return rows.set_index("statistic")[["value", "low", "high"]]


def test_measures_that_order_all_or_nothing():
    measures = ["lambda_max", "trace", "inverse_sigma_squared", "test_loss", "random"]
    ranking = ranked(made_models(), measures)
    for measure, order in {"lambda_max": 1, "inverse_sigma_squared": 1, "trace": -1, "test_loss": 0}.items():
        found = numbers(ranking, measure=measure, group="all")
        assert (found.loc[["kendall", "granulated", *(f"granulated:{axis}" for axis in AXES)]] == order).all(axis=None)
        assert (found.loc[["sign_error_worst", "sign_error_mean"]] == (1 - order) / 2).all(axis=None)
        np.testing.assert_allclose(found.loc["cmi"], abs(order), atol=1e-12)
    control = numbers(ranking, measure="random", group="all")
    # √(2(2n + 5)/(9n(n − 1))) = .07 for 96 models; five standard errors, as in test_statistics.
    assert abs(control.loc["kendall", "value"]) < 5 * 0.07
    assert control.loc["sign_error_worst", "value"] > 0.5


def test_rows_are_those_of_the_table(tmp_path):
    models = made_models(networks=("mlp", "wide"), protocols=("fixed_epochs", "matched_loss"))
    write_table(tmp_path / "models", MODELS, {}, **{name: models[name].to_numpy() for name in models})
    models = read_frame([tmp_path / "models"], MODELS)
    check_key(models, MODELS.key, "models")
    ranking = ranked(models, ["lambda_max", "random"])
    check_key(ranking, RANKING.key, "ranking")
    assert len(ranking) == 2 * 3 * 2 * (5 + len(AXES))  # protocols, all and two networks, measures, statistics
    assert set(ranking["group"]) == {"all", "digits/mlp", "digits/wide"}
    write_table(tmp_path / "ranking", RANKING, {}, **{name: ranking[name].to_numpy() for name in ranking})
    again = read_frame([tmp_path / "ranking"], RANKING)
    np.testing.assert_array_equal(again["value"], ranking["value"])


def test_what_is_left_out_is_counted():
    models = made_models()
    models.loc[:2, "converged"] = False
    models.loc[2:9, "sigma"] = np.nan
    models.loc[5:6, "lambda_max_converged"] = False
    ranking = ranked(models, ["trace", "lambda_max", "inverse_sigma_squared", "sigma"])
    counts = ranking[ranking["group"] == "all"].groupby("measure")[["n_models", "n_left_out"]].agg(set)
    left_out = {"trace": 3, "lambda_max": 5, "sigma": 10, "inverse_sigma_squared": 10}
    for measure, count in left_out.items():
        assert counts.loc[measure].tolist() == [{len(models) - count}, {count}]
    assert (numbers(ranking, measure="lambda_max", group="all")["value"].loc["kendall"]) == 1


def test_a_measure_that_was_taken_of_no_model_has_rows_without_a_number():
    ranking = ranked(made_models().assign(sigma=np.nan), ["sigma", "random"])
    none = ranking[ranking["measure"] == "sigma"]
    assert none[["value", "low", "high"]].isna().all(axis=None)
    assert (none[["n_models", "n_pairs", "n_seeds"]] == 0).all(axis=None)
    assert ranking[ranking["measure"] == "random"]["value"].notna().all()


def test_a_protocol_without_models_has_rows_without_a_number():
    models = made_models(protocols=("fixed_epochs", "matched_loss"))
    models["converged"] = models["protocol"] == "fixed_epochs"
    found = ranked(models).groupby("protocol")["value"]
    assert found.count().to_dict() == {"fixed_epochs": 16, "matched_loss": 0}


def test_gaps_within_test_noise_are_not_ordered():
    """A difference of .0196 is the least that counts for 10,000 test rows."""
    models = made_models()
    few = ranked(models.assign(n_test=4))
    assert (few["n_pairs"] == 0).all()
    assert few["value"].isna().all()
    pairs = np.abs(np.subtract.outer(models["gap_error"].to_numpy(), models["gap_error"].to_numpy())) > 0.0196
    assert (ranked(models)["n_pairs"] == np.triu(pairs).sum()).all()


def test_models_of_other_networks_are_no_neighbours():
    """A measure that orders the gap within each network and the other way round between: ψ does not see between."""
    models = made_models(networks=("mlp", "wide"))
    wide = models["network"] == "wide"
    models["gap_error"] += wide * 0.5
    measured = models.assign(trace=models["gap_error"] - 2 * 0.5 * wide)
    found = numbers(ranked(measured, ["trace"]), group="all")["value"]
    assert (found["granulated"], found["sign_error_worst"]) == (1, 0)
    assert found["kendall"] < 0
    between = numbers(ranked(measured, ["trace"], [*AXES, "network"]), group="all")["value"]
    assert between["granulated:network"] == -1
    assert between["granulated"] == pytest.approx((3 - 1) / 4)


def test_order_of_rows_and_root_seed():
    """Rows come in any order, and measures that order alike share the draws; the root seed moves draws and control."""
    models = made_models()
    models["trace"] = models["gap_error"] + np.random.default_rng(1).normal(0, 0.05, len(models))
    models["trace_latent"] = np.exp(models["trace"])
    table = ranked(models, ["trace", "trace_latent"])
    pd.testing.assert_frame_equal(table, ranked(models.sample(frac=1, random_state=0), ["trace", "trace_latent"]))
    one, other = (numbers(table, measure=name) for name in ("trace", "trace_latent"))
    pd.testing.assert_frame_equal(one, other)
    assert (one["low"] < one["high"]).all()
    first, second = (ranked(models, ["trace", "random"], seed=seed) for seed in (0, 1))
    assert (numbers(first, measure="trace")["value"] == numbers(second, measure="trace")["value"]).all()
    assert (
        numbers(first, measure="trace", statistic="kendall")["low"]
        != numbers(second, measure="trace", statistic="kendall")["low"]
    ).all()
    assert (numbers(first, measure="random")["value"] != numbers(second, measure="random")["value"]).any()


@pytest.mark.parametrize(("n_seeds", "draws"), [(1, 50), (4, 0)])
def test_no_interval_from_one_seed_or_without_draws(n_seeds, draws):
    ranking = ranked(made_models(n_seeds), draws=draws)
    assert ranking[["low", "high"]].isna().all(axis=None)
    assert ranking.set_index("statistic").loc["granulated", "value"].eq(1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measures": ["sharpness"]}, "measures: must be random, inverse_sigma_squared, .* got 'sharpness'"),
        ({"measures": ["dataset"]}, "measures: must be .* a number of a model, got 'dataset'"),
        ({"axes": ["size"]}, "axes: must be columns of the models other than seed and protocol, got 'size'"),
        ({"axes": [*AXES, "seed"]}, "axes: must be .* got 'seed'"),
        ({"axes": []}, "axes: must name a hyperparameter or more, got none"),
        ({"axes": ["model", "n_train"]}, "axes: 96 models share .*; name what tells them apart: weight_decay"),
        ({"gap": "gap"}, "gap: must be gap_loss or gap_error, got 'gap'"),
        ({"draws": -1}, "draws: must be 0 or more, got -1"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(OnebitError, match=message) as error:
        ranked(made_models(), **change)
    assert "\n" not in str(error.value)


def test_models_that_cannot_be_ranked_are_refused():
    with pytest.raises(OnebitError, match="models: none of 96 converged with a finite gap_error; there is nothing"):
        ranked(made_models().assign(converged=False))
    with pytest.raises(OnebitError, match="seed: at most 64 can be drawn from, got 65"):
        ranked(made_models(65))


def test_all_measures_are_ranked_and_models_that_two_trainings_hold_once():
    models = pd.concat([made_models(), made_models().assign(training="again")], ignore_index=True)
    rows = rank_all(models)
    assert set(rows["gap"]) == {"gap_loss", "gap_error"}
    assert {"random", "trace", "quantization_noise"} <= set(rows["measure"])
    assert rows["n_models"].max() <= len(made_models())

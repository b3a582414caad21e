"""The table of models from the tables of the stages: every number in its row, and missing measures missing."""

import numpy as np
import pandas as pd

from onebit_rf.ranking.collect import KEY, collect
from onebit_rf.tables.models import MODELS

FACT = {"dataset": "d", "network": "w", "width": 8, "depth": 2, "source": "learned", "label_noise": 0.0}
FACTS = [{**FACT, "cell": f"t/n_train~{n}", "n_train": n, "learning_rate": 0.1} for n in (10, 20)]


def trained():
    """Rows of the table `training` of a sweep over n_train, which is a column of its own there."""
    rows = []
    for fact in FACTS:
        for i, model in enumerate(("float", "lsq:2")):
            named = {"training": "t", "cell": fact["cell"], "n_train": fact["n_train"], "model": model, "seed": 0}
            losses = {"train_loss": 0.1 * i, "test_loss": fact["n_train"] / 10, "train_error": 0.0, "test_error": 0.5}
            rows.append({**named, "weight_decay": 0.0, "protocol": "fixed_epochs", **losses, "converged": True})
    return pd.DataFrame(rows)


def sharpness(found=True):
    rows = []
    for row in trained()[KEY].to_dict("records"):
        for i, weights in enumerate(("dequantised", "latent")):
            measures = {"lambda_max": 1.0 + i, "trace": 2.0, "sigma": 3.0, "sigma_magnitude": 4.0}
            measures |= {"adaptive_sharpness": 5.0, "adaptive_sharpness_average": 6.0 + i}
            measures |= {f"{name}_converged": found for name in ("lambda_max", "sigma", "sigma_magnitude")}
            rows.append({**row, "weights": weights, **measures})
    return pd.DataFrame(rows)


def bearing():
    return pd.DataFrame(
        [
            {**row, "kind": kind, "severity": s, "distorted_error": 0.1 * s, "distorted_loss": 1.0}
            for row in trained()[KEY].to_dict("records")
            for kind in ("jpeg", "contrast")
            for s in (1, 3)
        ]
    )


def test_every_number_is_in_its_row():
    rows = collect(trained(), sharpness(), bearing(), FACTS)
    assert set(MODELS.schema.names) <= set(rows)
    assert list(rows["n_train"]) == [10, 10, 20, 20]
    assert list(rows["bits"]) == [32, 2, 32, 2]
    assert list(rows["quantizer"]) == ["float", "lsq", "float", "lsq"]
    np.testing.assert_allclose(rows["gap_loss"], [1.0, 0.9, 2.0, 1.9])
    assert (rows["gap_error"] == 0.5).all()
    assert (rows["lambda_max"] == 1.0).all()
    assert (rows["lambda_max_latent"] == 2.0).all()
    assert (rows["adaptive_sharpness_average_latent"] == 7.0).all()
    np.testing.assert_allclose(rows["distorted_error"], 0.2)
    assert rows["lambda_max_converged"].all()


def test_measures_that_were_not_found_or_not_taken_are_missing():
    rows = collect(trained(), sharpness(found=False), None, FACTS)
    assert rows[["lambda_max", "sigma", "sigma_magnitude_latent"]].isna().all().all()
    assert (rows["trace"] == 2.0).all()
    assert rows["distorted_error"].isna().all()
    assert not rows["lambda_max_converged"].any()
    alone = collect(trained(), None, None, FACTS)
    assert alone["trace"].isna().all()
    assert not alone["lambda_max_converged"].any()

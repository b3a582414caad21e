"""A data set and a recipe that train in milliseconds."""

import numpy as np

from onebit_rf.data.dataset import Dataset
from onebit_rf.training.networks.mlp import Mlp
from onebit_rf.training.recipe import Recipe

CLASSES, DIM, ROWS = 3, 12, 90
NETWORK = Mlp(activation="relu", widths=[16, 8])


def blobs(seed=0, rows=ROWS, n_test=60):
    """Three Gaussian clouds that overlap."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, rows + n_test)
    x = rng.standard_normal((rows + n_test, DIM)) + 1.5 * np.eye(CLASSES, DIM)[label]
    return Dataset(x.astype(np.float32), rows, label.astype(float))


def recipe(**changes):
    usual = {
        "n_train": 60,
        "n_valid": 30,
        "models": ["float", "lsq:2", "lsq:1", "noise:4", "ptq:2", "asymmetric:2"],
        "weight_decays": [0.0],
        "protocols": ["fixed_epochs", "matched_loss", "early_stopping"],
        "epochs": 12,
        "loss": 0.8,
        "batch": 16,
        "optimiser": "adam",
        "learning_rate": 0.03,
        "schedule": "cosine",
    }
    return Recipe(**{**usual, **changes})

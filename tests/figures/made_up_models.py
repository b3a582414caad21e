"""Tables and facts made up for tests of figures of trained models: numbers that are known in closed form."""

import numpy as np
import pandas as pd

from onebit_rf.figures.facts import TrainingFacts
from onebit_rf.figures.kinds import Tables
from onebit_rf.tables.models import MODELS

NAMES = ("float", "lsq:4", "lsq:2", "lsq:1", "ptq:2")
PROTOCOLS = ("fixed_epochs", "matched_loss", "early_stopping")
SEEDS = (0, 1, 2)


def facts(cell="mlp", **changes):
    """A cell of a training: two layers of 8 on 100 rows, five models, one weight decay, all protocols."""
    known = {
        "cell": cell,
        "training": cell.partition("/")[0],
        "swept": {},
        "dataset": "my_digits",
        "network": "relu",
        "kind": "mlp",
        "width": 8,
        "depth": 2,
        "n_train": 100,
        "models": list(NAMES),
        "weight_decays": [0.0],
        "protocols": list(PROTOCOLS),
        "source": "learned",
        "epochs": 20,
        "loss": 0.1,
        "sharpness": True,
        "distorted": True,
        "seeds": len(SEEDS),
    }
    return TrainingFacts(**{**known, **changes})


def bits(model):
    """Bits of a model's hidden weights."""
    return int(model.partition(":")[2] or 32)


def lost(model):
    """Share of the weights that its bits lose: 0 of float, 1/4 of two bits, 1/2 of one."""
    return 0.0 if model == "float" else 2.0 ** -bits(model)


def numbers(model, protocol, weight_decay, source, seed):
    """Losses and errors of a model: the fewer bits the smaller the gap, and the larger the test loss."""
    place, q = PROTOCOLS.index(protocol), lost(model)
    train = 0.1 + 0.01 * seed + 0.2 * q
    gap = 0.5 - 0.1 * q * (1 + 0.1 * seed) - 0.05 * place - 0.1 * weight_decay + 0.1 * (source == "frozen")
    error = 0.2 + 0.01 * seed + 0.1 * q + 0.05 * (source == "frozen") - 0.01 * place
    return {
        "train_loss": train,
        "valid_loss": train + gap + 0.01,
        "test_loss": train + gap,
        "train_error": 0.02,
        "valid_error": error + 0.01,
        "test_error": error,
        "gap_loss": gap,
        "gap_error": error - 0.02,
        "distorted_error": error + 0.1,
        "distorted_loss": train + gap + 0.3,
    }


def models(*cells, seeds=SEEDS, of=numbers):
    """The table `models` of some cells; `of(model, protocol, weight_decay, source, seed)` gives a row's numbers."""
    rows = [
        {
            "training": cell.training, "cell": cell.cell, "dataset": cell.dataset, "network": cell.network,
            "width": cell.width, "depth": cell.depth, "n_train": cell.n_train, "model": model, "bits": bits(model),
            "quantizer": model.partition(":")[0], "protocol": protocol, "source": cell.source, "seed": seed,
            "label_noise": 0.0, "weight_decay": weight_decay, "learning_rate": 0.001, "epochs": float(cell.epochs),
            "converged": True, "reason": "", "n_test": 1000,
            **of(model, protocol, weight_decay, cell.source, seed), **cell.swept,
        }
        for cell in cells
        for model in cell.models
        for weight_decay in cell.weight_decays
        for protocol in cell.protocols
        for seed in seeds
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame = frame.assign(**{name: np.nan for name in MODELS.schema.names if name not in frame})
    return frame.astype(dict.fromkeys(("training", "cell", "dataset", "network", "model", "protocol"), "category"))


def tables(*cells, change=lambda rows: rows, **options):
    """The tables of some cells, with what `change` makes of the models."""
    return Tables(models=change(models(*cells, **options)), facts=cells)


def marks(axes):
    """Label → (x, mean, half the interval) of every series with error bars, NaN left out."""
    found = {}
    for bars in axes.containers:
        points = list(zip(*(np.asarray(values, dtype=float) for values in bars[0].get_data()), strict=True))
        ends = bars[2][0].get_segments() if bars[2] else [[]] * len(points)
        halves = [np.ptp(end[:, 1]) / 2 if np.ndim(end) == 2 else np.nan for end in ends]
        known = [(x, y, half) for (x, y), half in zip(points, halves, strict=True) if np.isfinite(y)]
        found[bars.get_label()] = known
    return found

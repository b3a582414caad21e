"""Tables and facts made up for tests of figures: errors that are known in closed form."""

import numpy as np
import pandas as pd

from onebit_rf.figures.facts import Facts, mark_silent
from onebit_rf.figures.kinds import Tables

LAWS = ("gaussian", "one_bit")


def facts(cell="net", **changes):
    """A cell of a teacher experiment: two layers of 8, n = 1 … 12."""
    known = {
        "cell": cell,
        "experiment": cell.partition("/")[0],
        "swept": {},
        "target": "teacher",
        "laws": list(LAWS),
        "readouts": ["ridge:0"],
        "n_train": list(range(1, 13)),
        "noise": 0.1,
        "teacher": "normal",
        "labels": None,
        "changed": False,
        "sharpness": False,
        "equivalents": False,
        "dataset": "inputs",
        "network": "layers",
        "dims": [30, 8, 8],
        "activation": "tanh",
        "odd": True,
        "outputs": 0,
        "silence": "" if changes.pop("described", True) else "the spectrum of data is not known",
        "silent_laws": {},
    }
    return Facts(**{**known, **changes})


def expected(depth, n):
    """The error that the made-up theory says."""
    return 1 / (n * depth)


def theory(*cells):
    """The theory of some cells, which did not converge at n = 8."""
    rows = [
        {
            "cell": cell.cell, "experiment": cell.experiment, "depth": depth, "n_train": n, "readout": readout,
            "metric": "mse", "value": expected(depth, n), "converged": n != 8, **cell.swept,
        }
        for cell in cells
        for readout in cell.readouts
        for depth in range(1, len(cell.dims))
        for n in range(1, max(cell.n_train) + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def readout(*cells, laws=LAWS, seeds=(0, 1, 2), estimator="teacher_averaged", metric="mse", gap=0.01):
    """Simulated errors: the theory's, times 1 + seed/100, and times 1 + gap for every law after the first."""
    rows = [
        {
            "cell": cell.cell, "experiment": cell.experiment, "law": law, "seed": seed, "depth": depth, "n_train": n,
            "readout": readout, "estimator": estimator, "metric": metric, "converged": True,
            "value": expected(depth, n) * (1 + seed / 100) * (1 + gap * place), **cell.swept,
        }
        for cell in cells
        for place, law in enumerate(laws)
        for seed in seeds
        for readout in cell.readouts
        for depth in range(1, len(cell.dims))
        for n in cell.n_train
    ]  # fmt: skip
    return pd.DataFrame(rows)


def tables(*cells, **options):
    """Both tables of some cells."""
    described = [cell for cell in cells if cell.described]
    rows = mark_silent(readout(*cells, **options), cells)
    return Tables(rows, theory(*described) if described else None, None, cells)


def lines_of(axes):
    """x and y of every line of some axes, as arrays."""
    return [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata(), dtype=float)) for line in axes.get_lines()]

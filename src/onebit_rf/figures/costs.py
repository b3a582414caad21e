"""Networks of one number format with their test errors and their costs: bytes of hidden weights, time an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.figures import times
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.fronts import Front, front

if TYPE_CHECKING:
    import pandas as pd

FLOAT, ONE_BIT = "gaussian", "one_bit"  # the laws whose weights are kept in float32 and in a bit
BYTES = "bytes"
STATE = "warm"
Column = str | int  # of the costs: BYTES, or a batch


@dataclass(frozen=True)
class Networks:
    """The networks of one law, narrowest first.

    Attributes:
        errors: test error in per cent, shape (seeds, networks).
        costs: BYTES → bytes of the hidden weights, batch → least µs an image; each of shape (networks,). A format that
            does not run here has no times.
        all_bytes: of all weights, the read-out's too; None where no time was measured.
    """

    errors: np.ndarray
    costs: Mapping[Column, np.ndarray]
    all_bytes: np.ndarray | None

    def front(self, column: Column) -> Front:
        """The networks that no other beats in error and in this cost."""
        return front(self.costs[column], self.errors)


def read_networks(readout: "pd.DataFrame", cost: "pd.DataFrame", cells: Sequence[Facts], law: str) -> Networks:
    """Return the networks of a law, at the largest n and the last layer.

    Args:
        readout: rows `accuracy` of the table `readout`.
        cost: rows of the table `latency`, of the networks of `cells`.
        cells: the networks, narrowest first.
        law: FLOAT or ONE_BIT.
    """
    errors = np.stack([at_chosen(_errors(readout, cell, law)) for cell in cells], axis=1)
    costs = {BYTES: np.array([hidden_bytes(cell.dims, law) for cell in cells], dtype=float)}
    full = [name for name in times.backends(cost) if name.startswith(times.FULL)]
    timed = read_times(cost, cells, [times.ONE_BIT] if law == ONE_BIT else full)
    all_bytes = next((rows["weight_bytes"].to_numpy() for rows in timed.values()), None)
    return Networks(errors, costs | {batch: rows["us"].to_numpy() for batch, rows in timed.items()}, all_bytes)


def _errors(readout: "pd.DataFrame", cell: Facts, law: str) -> np.ndarray:
    """Return the test errors of a network in per cent, a row a seed and a column a λ."""
    rows = readout[(readout["cell"] == cell.cell) & (readout["law"] == law) & (readout["estimator"] == "labels")]
    rows = rows[(rows["n_train"] == max(cell.n_train)) & (rows["depth"] == len(cell.widths))]
    return 100 * (1 - rows.astype({"readout": str}).pivot(index="seed", columns="readout", values="value").to_numpy())


def at_chosen(errors: np.ndarray) -> np.ndarray:
    """Return every seed's error at the λ of the least mean error over all other seeds; a seed alone chooses by itself.

    So the rows that a network is measured on have no say in its λ, and neither law gains by the luck of the choice.

    Args:
        errors: shape (seeds, λ's).

    Returns:
        shape (seeds,).
    """
    others = errors.sum(axis=0) - errors if len(errors) > 1 else errors
    chosen = others.round(9).argmin(axis=1)  # rounded: equal sums are ties, whatever the order of their terms
    return errors[np.arange(len(errors)), chosen]


def hidden_bytes(dims: Sequence[int], law: str) -> int:
    """Bytes of W_1, …, W_L: four a weight in float32; at one bit every row of signs in whole bytes.

    The native kernel pads what it holds in memory to 64 rows of whole 32-bit words.
    """
    if law == ONE_BIT:
        return sum(fan_out * -(-fan_in // 8) for fan_in, fan_out in pairwise(dims))
    return sum(4 * fan_in * fan_out for fan_in, fan_out in pairwise(dims))


def read_times(table: "pd.DataFrame", cells: Sequence[Facts], backends: Sequence[str]) -> "dict[int, pd.DataFrame]":
    """Return batch → `us`, the least µs an image of all repetitions, and `weight_bytes`, a row a network.

    What other processes add is left out by the least time.

    Args:
        table: rows of the table `latency`.
        cells: the networks.
        backends: of which each network takes the fastest. The table may hold none: the native kernel, the exact one
            bit, does not run everywhere.
    """
    rows = table[table["state"] == STATE].astype({"widths": str, "backend": str})
    rows = rows[rows["backend"].isin(backends)]
    rows = rows.assign(us=1e6 * rows["seconds"] / rows["batch"])
    least = rows.loc[rows.groupby(["batch", "widths"])["us"].idxmin()].set_index("widths")
    widths = [",".join(map(str, cell.widths)) for cell in cells]
    return {int(batch): of_batch.loc[widths] for batch, of_batch in least.groupby("batch")}

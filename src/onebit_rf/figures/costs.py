"""Networks in float32 and at one bit: their test errors, and their costs in bytes of hidden weights and in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.figures import style, times
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import half_width
from onebit_rf.figures.fronts import Front, front, log_ratios, shared_budgets

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FLOAT, ONE_BIT = "gaussian", "one_bit"  # the laws whose weights are kept in float32 and in a bit
BYTES = "bytes"
STATE = "warm"
HALF = "bf16-torch"  # told beside, since processors with matrix units multiply many rows faster in it
Column = str | int  # of the costs: BYTES, or a batch
WORDS = {FLOAT: "float32 (Gaussian weights)", ONE_BIT: "one bit"}
ASIDE = {FLOAT: {"xytext": (3, 4), "ha": "left"}, ONE_BIT: {"xytext": (-3, -10), "ha": "right"}}  # labels of widths


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


@dataclass(frozen=True)
class Pair:
    """The same networks in both formats.

    Attributes:
        cells: their facts, narrowest first.
        networks: law → the networks.
        half: batch → `us` of the same in bfloat16, for comparison.
    """

    cells: Sequence[Facts]
    networks: Mapping[str, Networks]
    half: "Mapping[int, pd.DataFrame]"

    @property
    def columns(self) -> list[Column]:
        """The costs: bytes, and the batches of which times were measured."""
        return list(self.networks[FLOAT].costs)

    @property
    def compared(self) -> list[Column]:
        """The costs that both formats have."""
        return [column for column in self.columns if column in self.networks[ONE_BIT].costs]

    @property
    def widths(self) -> list[str]:
        """The hidden layers of each network as a label says them: `512`, `512 × 2`, `64 → 32`."""
        return [style.layers_in_words(cell.widths).removesuffix(" × 1") for cell in self.cells]

    @property
    def ends(self) -> list[str]:
        """The narrowest and the widest; one where there is no other."""
        return list(dict.fromkeys([self.widths[0], self.widths[-1]]))

    @property
    def where(self) -> str:
        """Data set, networks and n: `mnist, relu, 784 → 32 … 8192, L = 1, n = 1000`."""
        cell = self.cells[0]
        network = f"{cell.activation.replace('_', ' ')}, {cell.dims[0]} → {' … '.join(self.ends)}"
        return f"{cell.dataset_words}, {network}, L = {len(cell.widths)}, n = {max(cell.n_train)}"

    def ratios(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """Return the costs that both fronts reach, and ln of one bit's error over float32's there, a row a seed."""
        one, full = (self.networks[law].front(column) for law in (ONE_BIT, FLOAT))
        budgets = shared_budgets(one, full)
        return budgets, log_ratios(one, full, budgets)


def read_pair(readout: "pd.DataFrame", cost: "pd.DataFrame", cells: Sequence[Facts]) -> Pair:
    """Return the networks of some cells in both formats; the tables are those of `read_networks`."""
    cells = sorted(cells, key=lambda cell: hidden_bytes(cell.dims, FLOAT))
    networks = {law: read_networks(readout, cost, cells, law) for law in WORDS}
    return Pair(cells, networks, read_times(cost, cells, [HALF]))


def draw_networks(axes: "Axes", networks: Networks, law: str, column: Column, widths: Sequence[str]) -> None:
    """Draw the mean errors with their intervals, joined and labelled by width, and broad below them the front."""
    costs, errors = networks.costs[column], networks.errors
    mean, half = errors.mean(axis=0), half_of(errors)
    look = {**style.law_look(law), "label": None}
    axes.errorbar(costs, mean, half, ls=style.law_line(law), lw=0.8, ms=4.5, elinewidth=0.8, **look)
    front = networks.front(column)
    axes.plot(front.costs, front.errors.mean(axis=0), color=look["color"], lw=4, alpha=0.25, zorder=0.8)
    for x, y, width in zip(costs, mean, widths, strict=True):
        place = {"textcoords": "offset points", "va": "baseline", **ASIDE[law]}
        axes.annotate(width, (x, y), fontsize=6, color=look["color"], **place)


def half_of(values: np.ndarray) -> np.ndarray:
    """Half the width of the 95 % interval of the means over seeds; NaN for one seed."""
    count = len(values)
    sem = values.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.full(values.shape[1], np.nan)
    return half_width(sem, np.full(values.shape[1], count))


def format_keys() -> "list[Line2D]":
    """The entries of a legend that tell the formats."""
    looks = {law: {**style.law_look(law), "ls": style.law_line(law), "lw": 0.8, "ms": 5} for law in WORDS}
    return [style.key(**{**looks[law], "label": words}) for law, words in WORDS.items()]

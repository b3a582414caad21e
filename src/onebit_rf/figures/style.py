"""One look for all figures: theme, the marks of the two laws, colours of the depths, intervals, saving."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # figures are files: no display is needed

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from onebit_rf.tables.files import check_key

# The laws differ in colour, marker and fill, so that they can be told apart in grey and when they coincide.
_LOOKS = {
    "gaussian": {"label": "Gaussian weights", "color": "#0072B2", "marker": "o", "markerfacecolor": "none"},
    "one_bit": {"label": "one-bit weights", "color": "#D55E00", "marker": "x"},
    "rademacher": {"label": "Rademacher weights", "color": "#009E73", "marker": "+"},
    "ternary": {"label": "ternary weights", "color": "#CC79A7", "marker": "s", "markerfacecolor": "none"},
}
_LINES = {"gaussian": "-", "one_bit": ":", "rademacher": "--"}
THEORY = {"label": "theory", "color": "black", "linewidth": 1.2}


def use_theme() -> None:
    """Set the theme of every figure."""
    sns.set_theme(
        context="paper",
        style="ticks",
        rc={
            "figure.dpi": 100,
            "savefig.dpi": 200,
            "axes.grid": True,
            "grid.color": "0.92",
            "legend.frameon": False,
        },
    )


def colours(count: int) -> list[tuple[float, float, float]]:
    """Colours for the curves of a panel, dark to light in grey too."""
    return sns.color_palette("viridis", count + 1)[:count]


def categories(count: int) -> list[tuple[float, float, float]]:
    """Colours without an order, told apart by readers with any colour vision."""
    return sns.color_palette("colorblind", count)


def law_look(law: str) -> dict[str, str]:
    """Label, colour and marker of a law of the weights."""
    return _LOOKS.get(law, {"label": f"{law.replace('_', ' ')} weights", "color": "0.3", "marker": "d"})


def law_line(law: str) -> str:
    """Line style of a law, where its curve is drawn without marks."""
    return _LINES.get(law, "-.")


def side_by_side(laws: Iterable[str], apart: float) -> dict[str, float]:
    """Horizontal offsets around 0 that set the marks of several laws apart."""
    names = list(laws)
    return {law: apart * (i - (len(names) - 1) / 2) for i, law in enumerate(names)}


def mean_over_seeds(readout: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row per group of `by`: mean over seeds and `half`, the half-width of its 95 % confidence interval.

    The interval is Student's t; NaN for a single seed. Read-outs that were not found are left out.

    Raises:
        OnebitError: where a group holds a seed twice, so that something else would be averaged over, too.
    """
    check_key(readout, [*by, "seed"], "figure")
    if "converged" in readout:
        readout = readout[readout["converged"]]
    groups = readout.groupby(by, observed=True)["value"].agg(["mean", "sem", "size"]).reset_index()
    return groups.assign(half=stats.t.ppf(0.975, groups["size"] - 1) * groups["sem"])


def describe(dims: Iterable[int], activation: str) -> str:
    """The network in a line, e.g. `tanh, 8192 → 4096 × 5`."""
    d_0, *widths = dims
    layers = f"{widths[0]} × {len(widths)}" if len(set(widths)) == 1 else " → ".join(map(str, widths))
    return f"{activation.replace('_', ' ')}, {d_0} → {layers}"


def whole_depths(axes: Axes, depths: Iterable[int]) -> None:
    """Put a tick at every depth."""
    axes.set_xticks(list(depths))
    axes.set_xlabel("depth $L$ (hidden layers)")


def count_unconverged(figure: Figure, theories: Iterable[pd.DataFrame], readouts: Iterable[pd.DataFrame]) -> None:
    """Say below the figure how many points of the theory and how many read-outs are not drawn, if any."""
    lines = []
    for what, tables in (("points of the theory diverge (n = p) or were", theories), ("read-outs were", readouts)):
        found = [table["converged"] for table in tables]
        left_out, total = sum(int((~column).sum()) for column in found), sum(map(len, found))
        if left_out:
            lines.append(f"{left_out} of {total} {what} not found: not drawn")
    if lines:
        figure.supxlabel("; ".join(lines), fontsize=6)


def centre_on_zero(axes: Axes) -> None:
    """Make the vertical range symmetric, with the zero line of a deviation in the middle."""
    reach = max(map(abs, axes.get_ylim()))
    axes.set_ylim(-reach, reach)


def save(figure: Figure, paths: Iterable[str | Path]) -> None:
    """Write the figure to every path, without a time stamp so that equal figures are equal files."""
    for path in map(Path, paths):
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
        figure.savefig(path, bbox_inches="tight", metadata=metadata)
    plt.close(figure)

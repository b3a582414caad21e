"""Test MSE against depth: the two laws on the theory line (the paper's Figure 1), and how far off they are."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from onebit_rf.figures import style

READOUT = "ridge:0"
PANELS = {
    "sampled_teacher": "one random teacher per seed\n(as in the paper)",
    "teacher_averaged": "averaged over teachers exactly\n(the sharp test)",
}


def draw(readout: pd.DataFrame, theory: pd.DataFrame, n_train: int, network: str) -> Figure:
    """Draw both estimators at n = `n_train`: MSE above, deviation from theory below.

    Args:
        readout: rows of the readout tables of one experiment.
        theory: rows of its theory table.
        n_train: n.
        network: the network in a line.
    """
    style.use_theme()
    readout, theory = (
        table[(table["n_train"] == n_train) & (table["readout"] == READOUT)] for table in (readout, theory)
    )
    found = theory[theory["converged"]].set_index("depth")["value"]
    points = style.mean_over_seeds(readout, ["estimator", "law", "depth"])
    figure, axes = plt.subplots(2, 2, figsize=(7.4, 5), sharex=True, layout="constrained", height_ratios=[2.4, 1])
    for (estimator, title), (top, bottom) in zip(PANELS.items(), axes.T, strict=True):
        chosen = points[points["estimator"] == estimator]
        _draw_error(top, chosen, found)
        _draw_deviation(bottom, chosen, found)
        top.set_title(title)
        style.whole_depths(bottom, theory["depth"])
        top.set_yscale("log")
        top.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        top.yaxis.set_major_formatter("{x:g}")
        top.minorticks_off()
        style.centre_on_zero(bottom)
    axes[0, 1].sharey(axes[0, 0])
    axes[0, 0].set_ylabel("test MSE")
    axes[0, 0].legend()
    axes[1, 0].set_ylabel("simulation /\ntheory − 1 (%)")
    seeds = readout["seed"].nunique()
    figure.suptitle(f"{network}, n = {n_train}; mean over {seeds} seeds with 95 % confidence intervals", fontsize=9)
    style.count_unconverged(figure, [theory], [readout])
    return figure


def _draw_error(axes: Axes, points: pd.DataFrame, theory: pd.Series) -> None:
    axes.plot(theory.index, theory, **style.THEORY)
    for law, rows in points.groupby("law", observed=True):
        axes.errorbar(rows["depth"], rows["mean"], rows["half"], ls="", capsize=3, ms=7, **style.law_look(law))


def _draw_deviation(axes: Axes, points: pd.DataFrame, theory: pd.Series) -> None:
    """Deviation in per cent; the laws stand side by side so that both intervals can be read."""
    axes.axhline(0, **style.THEORY)
    offsets = style.side_by_side(points["law"].unique(), 0.16)
    for law, rows in points.groupby("law", observed=True):
        expected = theory.reindex(rows["depth"]).to_numpy()
        deviation, half = 100 * (rows["mean"] / expected - 1), 100 * rows["half"] / expected
        axes.errorbar(rows["depth"] + offsets[law], deviation, half, ls="", capsize=3, ms=5, **style.law_look(law))

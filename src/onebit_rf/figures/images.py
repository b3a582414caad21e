"""Test accuracy on images against depth, Gaussian and one-bit weights side by side (the paper's Figure 3)."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from onebit_rf.figures import style

NAMES = {"digits": "digits (8 × 8)", "mnist": "MNIST"}


def draw(panels: dict[str, tuple[pd.DataFrame, dict[str, Any]]]) -> Figure:
    """Draw one panel per experiment at its largest n.

    Args:
        panels: name → (rows of the readout tables, facts: dataset, dims, activation, n_train).
    """
    style.use_theme()
    figure, axes = plt.subplots(
        1, len(panels), figsize=(0.6 + 3.1 * len(panels), 3.3), layout="constrained", squeeze=False
    )
    for panel, (readout, facts) in zip(axes[0], panels.values(), strict=True):
        last = readout[(readout["n_train"] == readout["n_train"].max()) & (readout["metric"] == "accuracy")]
        _draw_panel(panel, style.mean_over_seeds(last, ["law", "depth"]), facts)
    axes[0, 0].set_ylabel("test accuracy (%)")
    axes[0, 0].legend()
    figure.suptitle(f"mean over {last['seed'].nunique()} seeds with 95 % confidence intervals", fontsize=9)
    return figure


def _draw_panel(axes: Axes, points: pd.DataFrame, facts: dict[str, Any]) -> None:
    offsets = style.side_by_side(points["law"].unique(), 0.12)
    for law, rows in points.groupby("law", observed=True):
        axes.errorbar(
            rows["depth"] + offsets[law],
            100 * rows["mean"],
            100 * rows["half"],
            ls="-",
            lw=0.8,
            capsize=3,
            ms=6,
            **style.law_look(law),
        )
    _, *widths = facts["dims"]
    regime = "interpolation" if facts["n_train"] <= min(widths) else "least squares"
    title = f"{NAMES[facts['dataset']]}, n = {facts['n_train']}\n"
    axes.set_title(title + f"{style.describe(facts['dims'], facts['activation'])}: {regime}", fontsize=9)
    style.whole_depths(axes, sorted(points["depth"].unique()))

"""Test MSE against n/d_L at every depth, on both sides of the interpolation threshold, theory through simulation."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from onebit_rf.figures import style

DEVIATION = 3.0  # per cent; the lower panels are cut there
LINES = {"gaussian": "-", "one_bit": ":"}  # line styles of the laws in the lower panels
MARKS = 16  # marks per curve and law: enough to see, few enough to read


def draw(panels: dict[str, tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]]) -> Figure:
    """Draw one column per experiment: MSE above, deviation from theory at every n below.

    Args:
        panels: name → (rows of the readout tables, rows of the theory table, facts: dims, activation, noise).
    """
    style.use_theme()
    figure, axes = plt.subplots(
        2,
        len(panels),
        figsize=(4.4 * len(panels), 5.6),
        layout="constrained",
        height_ratios=[2.6, 1],
        squeeze=False,
        sharex="col",
    )
    for column, (readout, theory, facts) in zip(axes.T, panels.values(), strict=True):
        averaged = readout[readout["estimator"] == "teacher_averaged"]
        points = style.mean_over_seeds(averaged, ["law", "depth", "n_train"])
        _draw_column(*column, points, theory, facts)
    axes[0, 0].set_ylabel("test MSE (averaged over teachers)")
    axes[1, 0].set_ylabel("simulation /\ntheory − 1 (%)")
    axes[1, 0].legend(
        handles=[
            Line2D([], [], color="0.2", lw=0.9, ls=ls, label=style.LAWS[law]["label"]) for law, ls in LINES.items()
        ],
        fontsize=7,
        ncols=2,
    )
    return figure


def _draw_column(top: Axes, bottom: Axes, points: pd.DataFrame, theory: pd.DataFrame, facts: dict[str, Any]) -> None:
    widths = facts["dims"][1:]
    colours = style.depth_colours(len(widths))
    for depth, (width, colour) in enumerate(zip(widths, colours, strict=True), start=1):
        line = theory[(theory["depth"] == depth) & theory["converged"] & (theory["value"] > 0)]
        top.plot(line["n_train"] / width, line["value"], color=colour, lw=1.2, zorder=1)
        expected = line.set_index("n_train")["value"]
        for law, rows in points[points["depth"] == depth].groupby("law", observed=True):
            rows = rows.set_index("n_train")["mean"]
            marks = rows.iloc[np.unique(np.linspace(0.02, 0.999, MARKS) * len(rows)).astype(int)]
            look = {**style.LAWS[law], "color": colour, "label": None}
            top.plot(marks.index / width, marks, ls="", ms=6 if law == "gaussian" else 4.5, **look)
            deviation = 100 * (rows / expected.reindex(rows.index) - 1)
            bottom.plot(rows.index / width, deviation, color=colour, lw=0.9, ls=LINES[law])
    top.set_yscale("log")
    top.grid(which="minor", visible=False)
    bottom.axhline(0, color="black", lw=0.8, zorder=0)
    # At n ≈ d_L the error of a finite network depends on a single singular value and leaves every scale.
    bottom.set_ylim(-DEVIATION, DEVIATION)
    bottom.set_xlabel("samples per feature $n/d_L$")
    noise = f", noise σ = {facts['noise']:g}" if facts["noise"] else ", no noise"
    top.set_title(style.describe(facts["dims"], facts["activation"]) + noise, fontsize=9)
    _legend(top, colours)


def _legend(axes: Axes, colours: list[tuple[float, float, float]]) -> None:
    marks = [Line2D([], [], ls="", ms=6, **{**look, "color": "0.2"}) for look in style.LAWS.values()]
    depths = [Line2D([], [], color=colour, label=f"$L = {i}$") for i, colour in enumerate(colours, start=1)]
    theory = Line2D([], [], color="0.2", lw=1.2, label="theory")
    axes.legend(handles=[*marks, theory, *depths], fontsize=7, ncols=2)

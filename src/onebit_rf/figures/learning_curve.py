"""Test MSE against n/d_L at every depth, on both sides of the interpolation threshold, theory through simulation."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from onebit_rf.figures import curves, style

READOUT = "ridge:0"
DEVIATION = 3.0  # per cent; the lower panels are cut there


def draw(panels: dict[str, tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]]) -> Figure:
    """Draw one column per experiment: MSE above, deviation from theory at every n below.

    Args:
        panels: name → (rows of the readout tables, rows of the theory table, facts: dims, activation, noise).
    """
    style.use_theme()
    figure, axes = plt.subplots(
        2,
        len(panels),
        figsize=(2 + 2.9 * len(panels), 5.6),
        layout="constrained",
        height_ratios=[2.6, 1],
        squeeze=False,
        sharex="col",
    )
    for column, (readout, theory, facts) in zip(axes.T, panels.values(), strict=True):
        averaged = readout[readout["estimator"] == "teacher_averaged"]
        _draw_column(*column, _drawn(averaged), _drawn(theory), facts)
    axes[0, 0].set_ylabel("test MSE (averaged over teachers)")
    axes[1, 0].set_ylabel("simulation /\ntheory − 1 (%)")
    laws = next(iter(panels.values()))[0]["law"].unique()
    lines = [
        Line2D([], [], color="0.2", lw=0.9, ls=style.law_line(law), label=style.law_look(law)["label"]) for law in laws
    ]
    axes[1, 0].legend(handles=lines, fontsize=7, ncols=2, loc="upper left")
    readouts, theories = zip(*((readout, theory) for readout, theory, _ in panels.values()), strict=True)
    style.count_unconverged(figure, map(_drawn, theories), map(_drawn, readouts))
    return figure


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["readout"] == READOUT]


def _draw_column(top: Axes, bottom: Axes, readout: pd.DataFrame, theory: pd.DataFrame, facts: dict[str, Any]) -> None:
    widths = facts["dims"][1:]
    colours = style.colours(len(widths))
    for depth, (width, colour) in enumerate(zip(widths, colours, strict=True), start=1):
        simulated, predicted = readout[readout["depth"] == depth], theory[theory["depth"] == depth]
        curves.draw_curve(top, simulated, predicted, width, colour)
        _draw_deviation(bottom, simulated, predicted, width, colour)
    top.set_yscale("log")
    bottom.axhline(0, color="black", lw=0.8, zorder=0)
    # At n ≈ d_L the error of a finite network depends on a single singular value and leaves every scale.
    bottom.set_ylim(-DEVIATION, DEVIATION)
    bottom.set_xlabel("samples per feature $n/d_L$")
    noise = f"noise σ = {facts['noise']:g}" if facts["noise"] else "no noise"
    top.set_title(f"{style.describe(facts['dims'], facts['activation'])}\n{noise}", fontsize=9)
    labels = [f"$L = {depth}$" for depth in range(1, len(widths) + 1)]
    curves.legend(top, readout, labels, colours, ncols=2)


def _draw_deviation(axes: Axes, readout: pd.DataFrame, theory: pd.DataFrame, width: int, colour: tuple) -> None:
    expected = theory[theory["converged"] & (theory["value"] > 0)].set_index("n_train")["value"]
    for law, rows in readout.groupby("law", observed=True):
        mean = rows.groupby("n_train")["value"].mean()
        deviation = 100 * (mean / expected.reindex(mean.index) - 1)
        axes.plot(mean.index / width, deviation, color=colour, lw=0.9, ls=style.law_line(law))

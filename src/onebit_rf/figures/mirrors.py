"""Mirror descent: test MSE against n/d_L by mirror, and the factorisation of architecture and mirror.

Without noise E_ψ/E_ℓ2 depends on n/d_L, the mirror and the law of the teacher only: neither depth nor activation nor
data enter, so that the ratios of all depths lie on one curve.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from onebit_rf.figures import curves, style

BASELINE = "mirror:l2"
DEPTH_MARKS = "osD^v<>"
LINES = ("-", "--", "-.", ":")  # so that the mirrors can be told apart in grey


def draw(tables: Sequence[tuple[pd.DataFrame, pd.DataFrame]], facts: dict[str, Any]) -> Figure:
    """Draw MSE at depth 1 on the left, ratios to the ℓ2 mirror of the same teachers at all depths on the right.

    Args:
        tables: per experiment, the rows of its readout tables and of its theory table. All share data set and network;
            the first one has the ℓ2 mirror, and the ratios are drawn of it.
        facts: dims, activation.
    """
    style.use_theme()
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4), layout="constrained")
    readout, theory = (pd.concat(frames).query("depth == 1") for frames in zip(*tables, strict=True))
    mirrors = [name for name in theory["readout"].unique() if name.startswith("mirror:")]
    palette = dict(zip(mirrors, style.categories(len(mirrors)), strict=True))
    _draw_errors(left, readout, theory, facts["dims"][1], palette)
    _draw_ratios(right, *tables[0], facts["dims"][1:], palette)
    figure.suptitle(f"{style.describe(facts['dims'], facts['activation'])}, no noise", fontsize=9)
    readouts, theories = zip(*tables, strict=True)
    style.count_unconverged(figure, theories, readouts)
    return figure


def mirror_name(readout: str) -> str:
    """The mirror in words."""
    name, _, parameter = readout.partition(":")[2].partition(":")
    return {"l2": "ℓ2", "q": f"q = {parameter}", "hypentropy": f"hypentropy, β = {parameter}"}.get(name, name)


def _draw_errors(axes: Axes, readout: pd.DataFrame, theory: pd.DataFrame, width: int, palette: dict) -> None:
    for name, colour in palette.items():
        simulated, predicted = (table[table["readout"] == name] for table in (readout, theory))
        curves.draw_curve(axes, simulated, predicted, width, colour)
        descent = readout[readout["readout"] == name.replace("mirror", "descent")]
        points = style.mean_over_seeds(descent, ["law", "n_train"])
        axes.plot(
            points["n_train"] / width, points["mean"], ls="", marker="*", ms=12, mfc="none", color=colour, zorder=5
        )
    axes.set(yscale="log", xlabel="samples per feature $n/d_L$", ylabel="test MSE, $L = 1$")
    curves.legend(axes, readout, [mirror_name(name) for name in palette], palette.values())
    star = Line2D([], [], ls="", marker="*", ms=9, mfc="none", color="0.2", label="mirror descent itself")
    legend = axes.get_legend()
    axes.legend(handles=[*legend.legend_handles, star], fontsize=7)


def _draw_ratios(axes: Axes, readout: pd.DataFrame, theory: pd.DataFrame, widths: list[int], palette: dict) -> None:
    keys = ["law", "seed", "depth", "n_train"]
    readout = readout[readout["converged"]]
    base = readout[readout["readout"] == BASELINE].set_index(keys)["value"]
    base_theory = theory[theory["readout"] == BASELINE].set_index(["depth", "n_train"])["value"]
    compared = [name for name in theory["readout"].unique() if name != BASELINE]
    for name, dashes in zip(compared, cycle(LINES), strict=False):
        line = theory[(theory["readout"] == name) & (theory["depth"] == 1)].set_index(["depth", "n_train"])["value"]
        ratio = (line / base_theory).dropna()
        x = ratio.index.get_level_values("n_train") / widths[0]
        axes.plot(x, ratio, color=palette[name], ls=dashes, label=mirror_name(name))
        ratios = readout[readout["readout"] == name].set_index(keys)["value"] / base
        points = style.mean_over_seeds(ratios.dropna().reset_index(), ["law", "depth", "n_train"])
        for (law, depth), rows in points.groupby(["law", "depth"], observed=True):
            # Side by side, so that intervals can be read; the depths by their marks, the laws by their fill.
            x = (rows["n_train"] + 6 * (depth - 2) + (2 if law == "gaussian" else -2)) / widths[depth - 1]
            look = {"ls": "", "marker": DEPTH_MARKS[(depth - 1) % len(DEPTH_MARKS)], "ms": 5, "capsize": 2}
            look["mfc"] = "none" if law == "gaussian" else palette[name]
            axes.errorbar(x, rows["mean"], rows["half"], color=palette[name], elinewidth=0.8, **look)
    handles, _ = axes.get_legend_handles_labels()
    depths = [
        Line2D([], [], ls="", marker=DEPTH_MARKS[i % len(DEPTH_MARKS)], mfc="none", color="0.2", label=f"$L = {i + 1}$")
        for i in range(len(widths))
    ]
    depths.append(Line2D([], [], ls="", label="hollow: Gaussian, filled: other weights"))
    axes.axhline(1, color="0.5", lw=0.8)
    axes.set(xlabel="samples per feature $n/d_L$", ylabel=r"$E_\psi\,/\,E_{\ell_2}$")
    axes.legend(handles=[*handles, *depths], fontsize=7)

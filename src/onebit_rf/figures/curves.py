"""Test error against n/d_L: the theory's lines with the marks of both laws on them, one curve per depth or read-out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from onebit_rf.figures import style

MARKS = 16  # marks per curve and law: enough to see, few enough to read


def draw_curve(axes: Axes, readout: pd.DataFrame, theory: pd.DataFrame, width: int, colour: tuple) -> None:
    """Draw one curve: the converged theory as a line, the mean over seeds of either law as marks.

    Args:
        axes: where to.
        readout: rows of one depth, read-out and estimator.
        theory: the theory's rows of the same depth and read-out.
        width: d_L.
        colour: of the curve.
    """
    line = theory[theory["converged"] & (theory["value"] > 0)]
    axes.plot(line["n_train"] / width, line["value"], color=colour, lw=1.2, zorder=1)
    for law, rows in style.mean_over_seeds(readout, ["law", "n_train"]).groupby("law", observed=True):
        chosen = rows.iloc[np.unique(np.linspace(0.02, 0.999, MARKS) * len(rows)).astype(int)]
        look = {**style.law_look(law), "color": colour, "label": None}
        size = 6 if law == "gaussian" else 4.5
        axes.errorbar(
            chosen["n_train"] / width, chosen["mean"], chosen["half"], ls="", ms=size, capsize=2, elinewidth=0.8, **look
        )


def legend(
    axes: Axes, readout: pd.DataFrame, labels: Sequence[str], colours: Sequence[tuple], **options: object
) -> None:
    """Explain marks, line and colours: the laws of `readout` and the theory in grey, then every curve's label."""
    marks = [
        Line2D([], [], ls="", ms=6, **{**look, "color": "0.2"}) for look in map(style.law_look, readout["law"].unique())
    ]
    theory = Line2D([], [], color="0.2", lw=1.2, label="theory")
    curves = [Line2D([], [], color=colour, label=label) for label, colour in zip(labels, colours, strict=True)]
    axes.legend(handles=[*marks, theory, *curves], fontsize=7, **options)

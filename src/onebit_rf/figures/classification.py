"""Classification of the teacher's signs: error rate against n/d_L at every depth, a panel per loss and penalty."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from onebit_rf.figures import curves, style


def draw(readout: pd.DataFrame, theory: pd.DataFrame, facts: dict[str, Any]) -> Figure:
    """Draw a panel per read-out and a curve per depth, with 95 % confidence intervals over seeds.

    Args:
        readout: rows of the readout tables of one experiment.
        theory: rows of its theory table.
        facts: dims, activation.
    """
    style.use_theme()
    widths, readouts = facts["dims"][1:], list(theory["readout"].unique())
    colours = style.colours(len(widths))
    figure, axes = plt.subplots(
        1, len(readouts), figsize=(0.8 + 2.9 * len(readouts), 3.6), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, name in zip(axes[0], readouts, strict=True):
        for depth, (width, colour) in enumerate(zip(widths, colours, strict=True), start=1):
            simulated, predicted = (
                table[(table["depth"] == depth) & (table["readout"] == name)] for table in (readout, theory)
            )
            curves.draw_curve(panel, simulated, predicted, width, colour)
        loss, _, penalty = name.partition(":")
        panel.set(title=f"{loss.replace('-', ' ')} loss, λ = {penalty}", xlabel="samples per feature $n/d_L$")
    axes[0, 0].set_ylabel("test error rate")
    curves.legend(axes[0, -1], readout, [f"$L = {depth}$" for depth in range(1, len(widths) + 1)], colours)
    figure.suptitle(style.describe(facts["dims"], facts["activation"]), fontsize=9)
    style.count_unconverged(figure, [theory], [readout])
    return figure

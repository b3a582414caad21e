"""Double descent and its cure: test MSE against n/d_L for several ridge penalties, a panel per depth."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from onebit_rf.figures import curves, style


def draw(readout: pd.DataFrame, theory: pd.DataFrame, facts: dict[str, Any]) -> Figure:
    """Draw a panel per depth and a curve per λ, from the teacher-averaged error.

    Args:
        readout: rows of the readout tables of one experiment.
        theory: rows of its theory table.
        facts: dims, activation, noise.
    """
    style.use_theme()
    widths, readouts = facts["dims"][1:], list(theory["readout"].unique())
    colours = style.colours(len(readouts))
    averaged = readout[readout["estimator"] == "teacher_averaged"]
    figure, axes = plt.subplots(
        1, len(widths), figsize=(0.8 + 2.9 * len(widths), 3.6), sharey=True, squeeze=False, layout="constrained"
    )
    for depth, (panel, width) in enumerate(zip(axes[0], widths, strict=True), start=1):
        for name, colour in zip(readouts, colours, strict=True):
            simulated, predicted = (
                table[(table["depth"] == depth) & (table["readout"] == name)] for table in (averaged, theory)
            )
            curves.draw_curve(panel, simulated, predicted, width, colour)
        panel.set(yscale="log", title=f"$L = {depth}$", xlabel="samples per feature $n/d_L$")
    # The peak of λ = 0 has no upper end; its flanks tell the story.
    axes[0, 0].set_ylim(theory["value"].min() / 2, 5)
    axes[0, 0].set_ylabel("test MSE (averaged over teachers)")
    labels = [f"λ = {name.removeprefix('ridge:')}" for name in readouts]
    curves.legend(axes[0, -1], averaged, labels, colours, loc="upper right")
    figure.suptitle(f"{style.describe(facts['dims'], facts['activation'])}, noise σ = {facts['noise']:g}", fontsize=9)
    style.count_unconverged(figure, [theory], [averaged])
    return figure

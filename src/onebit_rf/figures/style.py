"""One look for all figures: theme, the marks of the laws, colours, intervals over seeds, notes, saving.

Matplotlib is imported where it is used, since kinds of figure are read with the configuration.
"""

import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf.figures.findings import half_width, law_words
from onebit_rf.tables.files import check_key
from onebit_rf.tables.whole import whole

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# The laws differ in colour, marker and fill, so that they can be told apart in grey and when they coincide.
_LOOKS = {
    "gaussian": {"label": "Gaussian weights", "color": "#0072B2", "marker": "o", "markerfacecolor": "none"},
    "one_bit": {"label": "one-bit weights", "color": "#D55E00", "marker": "x"},
    "rademacher": {"label": "Rademacher weights", "color": "#009E73", "marker": "+"},
    "ternary": {"label": "ternary weights", "color": "#CC79A7", "marker": "s", "markerfacecolor": "none"},
}
_OTHERS = ("d", "^", "v", "<", ">", "p", "h", "*", "P", "X", "D", "8")
_LINES = {"gaussian": "-", "one_bit": (0, (1, 1.2)), "rademacher": "--"}
THEORY = {"label": "theory", "color": "black", "linewidth": 1.2}
NOTE_LETTERS = 22  # of a note, to an inch
DECADES = 200  # a logarithmic axis of this ratio has two decades to mark; below it, 2 and 5 are marked, too
_THEME = {
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": "0.92",
    "errorbar.capsize": 2,
    "figure.constrained_layout.w_pad": 0.07,  # inches: a legend beside the panels keeps off them
}


@cache
def pyplot() -> Any:
    """Return matplotlib.pyplot with the project's theme; figures are files, no display is needed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update(_THEME)
    return plt


def grid(rows: int, columns: int, width: float, height: float, **options: Any) -> tuple["Figure", np.ndarray]:
    """Return a figure of width × height inches and its axes, an array (rows, columns)."""
    size = {"figsize": (width, height), "squeeze": False, "layout": "constrained"}
    return pyplot().subplots(rows, columns, **{**size, **options})


def colours(count: int) -> list[tuple[float, ...]]:
    """Colours for the curves of a panel, dark to light in grey too."""
    return [tuple(colour) for colour in pyplot().get_cmap("viridis")(np.linspace(0, 0.85, count))]


def categories(count: int) -> list[str]:
    """Colours without an order, told apart by readers with any colour vision."""
    palette = ["#0173B2", "#DE8F05", "#029E73", "#D55E00", "#CC78BC", "#CA9161", "#FBAFE4", "#949494", "#56B4E9"]
    return [palette[i % len(palette)] for i in range(count)]


def law_look(law: str, laws: Sequence[str] = ()) -> dict[str, Any]:
    """Label, colour and marker of a law of the weights; its place among `laws` tells one without a look of its own."""
    if law in _LOOKS:
        return _LOOKS[law]
    others = [name for name in laws if name not in _LOOKS]
    place = others.index(law) if law in others else 0
    looks = {"color": f"{0.25 + 0.15 * (place % 4):g}", "marker": _OTHERS[place % len(_OTHERS)]}
    name = law_words(law) if ":" in law else law.replace("_", " ")
    return {"label": f"{name} weights", **looks}


def law_line(law: str) -> Any:
    """Line style of a law, where its curve is drawn without marks."""
    return _LINES.get(law, "-.")


def key(label: str, **look: Any) -> "Line2D":
    """Return an entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **{"ls": "", **look, "label": label})


def law_keys(laws: Sequence[str], colour: str | None = None) -> list["Line2D"]:
    """Return the legend's entries of the laws' marks and lines, in `colour` where colours tell something else."""
    looks = [{**law_look(law, laws), "ls": law_line(law), "lw": 0.9} for law in laws]
    return [key(**{**look, "ms": 5, **({"color": colour} if colour else {})}) for look in looks]


def side_by_side(names: Iterable[str], apart: float) -> dict[str, float]:
    """Horizontal offsets around 0 that set the marks of several laws apart."""
    names = list(names)
    return {name: apart * (i - (len(names) - 1) / 2) for i, name in enumerate(names)}


def mean_over_seeds(frame: "pd.DataFrame", by: list[str]) -> "pd.DataFrame":
    """One row per group of `by`: mean over seeds and `half`, the half-width of its 95 % confidence interval.

    The interval is Student's t; NaN for a single seed. Read-outs that were not found are left out.

    Raises:
        OnebitError: where a group holds a seed twice, so that something else would be averaged over, too.
    """
    check_key(frame, [*by, "seed"], "figure")
    if "converged" in frame:
        frame = frame[frame["converged"]]
    groups = frame.groupby(by, observed=True)["value"].agg(["mean", "sem", "size"]).reset_index()
    return groups.assign(half=half_width(groups["sem"].to_numpy(), groups["size"].to_numpy()))


def seeds_in_words(readout: "pd.DataFrame") -> str:
    """Say how many seeds there are, and that bars and bands are their intervals, for a title."""
    count = readout["seed"].nunique()
    if count == 1:
        return "one seed: no intervals"
    return f"mean over {count} seeds with 95 % confidence intervals"


def describe(dims: Iterable[int], activation: str) -> str:
    """The network in a line, e.g. `tanh, 8192 → 4096 × 5`."""
    d_0, *widths = dims
    return f"{activation.replace('_', ' ')}, {d_0} → {layers_in_words(widths)}"


def layers_in_words(widths: Sequence[int]) -> str:
    """The hidden layers, e.g. `4096 × 5`, `64 → 32`."""
    return f"{widths[0]} × {len(widths)}" if len(set(widths)) == 1 else " → ".join(map(str, widths))


def noise_in_words(noise: float) -> str:
    """The label noise in words."""
    return f"noise σ = {noise:g}" if noise else "no noise"


def whole_depths(axes: "Axes", depths: Iterable[int]) -> None:
    """Put a tick at every depth."""
    axes.set_xticks(list(depths))
    axes.set_xlabel("depth $L$ (hidden layers)")


def log_scale(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, without minor ticks: hundreds of them would take half the time of a job."""
    axes.set_yscale("log")
    axes.yaxis.minorticks_off()


def log_ticks(axes: "Axes") -> None:
    """Make the vertical axis logarithmic, with ticks at 1, 2 and 5 of every decade."""
    log_scale(axes)
    _tick_finely(axes)


def _tick_finely(axes: "Axes") -> None:
    from matplotlib.ticker import LogLocator

    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")


def legend_below(axes: "Axes", handles: "Sequence[Line2D]", columns: int) -> None:
    """Fill axes, those of a line of their own below the panels, with a legend, so that notes have their place below."""
    axes.set_axis_off()
    axes.legend(handles=handles, loc="center", ncols=columns)


def count_not_found(theory: "pd.DataFrame | None", readout: "pd.DataFrame | None") -> list[str]:
    """Return notes that say how many points of the theory and how many read-outs are not drawn, if any."""
    notes = []
    for what, table in (("points of the theory diverge (n = d_L) or were", theory), ("read-outs were", readout)):
        left_out = 0 if table is None else int((~table["converged"]).sum())
        if left_out:
            notes.append(f"{left_out} of {len(table)} {what} not found: not drawn")
    return notes


def note(figure: "Figure", lines: Iterable[str]) -> None:
    """Write notes below the figure, in lines as long as it is wide, broken between notes and within those of words."""
    width, text = int(NOTE_LETTERS * figure.get_figwidth()), [""]
    for part in (f"{line}; " for line in lines):
        pieces = [part] if "$" in part else textwrap.wrap(part, width, drop_whitespace=False)
        for piece in pieces:
            if text[-1] and len(text[-1]) + len(piece) > width + 2:
                text.append("")
            text[-1] += piece
    if text[-1]:
        figure.supxlabel("\n".join(map(str.strip, text)).removesuffix(";"), fontsize=6.5, color="0.3")


def centre_on_zero(axes: "Axes") -> None:
    """Make the vertical range symmetric, with the zero line of a deviation in the middle."""
    reach = max(map(abs, axes.get_ylim()))
    axes.set_ylim(-reach, reach)


def save(figure: "Figure", paths: Iterable[str | Path]) -> None:
    """Write the figure to every path, without a time stamp so that equal figures are equal files.

    It is laid out once: for the first file matplotlib would do so as it draws, and again for every other.
    """
    for axes in figure.axes:
        low, high = axes.get_ylim()
        if axes.get_yscale() == "log" and high < DECADES * low:
            _tick_finely(axes)
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for path in map(Path, paths):
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
        with whole(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], metadata=metadata)
    pyplot().close(figure)

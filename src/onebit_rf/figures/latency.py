"""Time of inference against d_1: one hidden layer, every backend, warm and cold, above the bandwidth floor."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from onebit_rf.figures import style

# Colour by number format, marker and line by what computes it; no two backends share all three.
BACKENDS = {
    "fp32-torch": {"label": "float32, torch", "color": "#000000", "marker": "o"},
    "fp32-onednn": {"label": "float32, torch with oneDNN", "color": "#000000", "marker": "s", "ls": "--"},
    "fp32-numpy": {"label": "float32, NumPy", "color": "#000000", "marker": "^", "ls": ":"},
    "bf16-torch": {"label": "bfloat16, torch", "color": "#0072B2", "marker": "D"},
    "fp16-torch": {"label": "float16, torch", "color": "#0072B2", "marker": "D"},
    "one-bit": {"label": "one bit", "color": "#D55E00", "marker": "x"},
    "one-bit-8bit": {"label": "one bit, 8-bit tables (error ~1 %)", "color": "#D55E00", "marker": "+", "ls": "--"},
}
FLOORS = {"fp32-torch": "floor, float32", "one-bit": "floor, one bit"}  # backends whose bytes the floors show
BATCHES = 3  # panels: the smallest, the middle and the largest batch


def draw(table: pd.DataFrame) -> Figure:
    """Draw median times, a row of panels per device and state, a column per batch size; bars are the quartiles."""
    style.use_theme()
    rows = with_width(table[table["depth"] == 1])
    settings = rows[["device_name", "state"]].drop_duplicates().sort_values(["device_name", "state"])
    batches = _some(sorted(rows["batch"].unique()))
    shape, size = (len(settings), len(batches)), (2.9 * len(batches) + 0.6, 2.5 * len(settings) + 0.9)
    figure, axes = plt.subplots(*shape, figsize=size, sharex=True, squeeze=False, layout="constrained")
    for line, (device, state) in zip(axes, settings.itertuples(index=False), strict=True):
        for panel, batch in zip(line, batches, strict=True):
            here = rows[(rows["device_name"] == device) & (rows["state"] == state) & (rows["batch"] == batch)]
            _draw_panel(panel, here)
            panel.set_title(f"{device}, {state}, batch {batch}")
        line[0].set_ylabel("time of one call (µs)")
    for panel in axes[-1]:
        panel.set_xlabel("width $d_1$")
    handles = {label: handle for panel in axes.flat for handle, label in zip(*panel.get_legend_handles_labels())}  # noqa: B905
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    figure.suptitle(f"$d_0$ = {rows['d_in'].iloc[0]}, one hidden layer; {describe_devices(table)}", fontsize=9)
    return figure


def with_width(table: pd.DataFrame) -> pd.DataFrame:
    """Add the column `width`: d_1."""
    return table.assign(width=[int(widths.split(",")[0]) for widths in table["widths"]])


def _some(batches: list[int]) -> list[int]:
    return sorted({batches[i] for i in np.linspace(0, len(batches) - 1, BATCHES).round().astype(int)})


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    for backend, marks in BACKENDS.items():
        times = rows[rows["backend"] == backend].groupby("width")["seconds"].quantile([0.25, 0.5, 0.75]).unstack() * 1e6
        if times.empty:
            continue
        spread = [times[0.5] - times[0.25], times[0.75] - times[0.5]]
        axes.errorbar(times.index, times[0.5], spread, lw=1, ms=5, **{"markerfacecolor": "none", **marks})
    for backend, label in FLOORS.items():
        chosen = rows[rows["backend"] == backend].groupby("width")
        floor = 1e6 * chosen["weight_bytes"].first() / chosen["bandwidth"].first()
        axes.plot(floor.index, floor, color=BACKENDS[backend]["color"], alpha=0.35, lw=3, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(widths := sorted(rows["width"].unique()), labels=widths, rotation=45)
    axes.xaxis.set_minor_formatter(NullFormatter())


def describe_devices(table: pd.DataFrame) -> str:
    """Name the devices in the table and, where no card was measured, say so."""
    names = [
        f"{name}: {threads} thread{'s' * (threads > 1)}, {bandwidth / 1e9:.0f} GB/s" if device == "cpu" else name
        for device, name, threads, bandwidth in table[["device", "device_name", "threads", "bandwidth"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    return "; ".join(names) + ("" if (table["device"] == "cuda").any() else "; no GPU was measured")

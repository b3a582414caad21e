"""Speed-up over the fastest float32 backend, warm and cold, against the 32× of the bytes; memory of the weights."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from onebit_rf.figures import style
from onebit_rf.figures.latency import BACKENDS, describe_devices, with_width

STATES = {"warm": "-", "cold": "--"}
BYTES = 32  # bits of a float32 weight per bit of a one-bit weight


def speedups(table: pd.DataFrame) -> pd.DataFrame:
    """Median time of the fastest float32 backend over that of every other one.

    One row per (device_name, state, depth, width, batch, backend); width is d_1.
    """
    keys = ["device_name", "state", "depth", "width", "batch"]
    times = with_width(table).groupby([*keys, "backend"], observed=True)["seconds"].median().unstack("backend")
    full = [backend for backend in times if backend.startswith("fp32")]
    ratios = times.drop(columns=full).rdiv(times[full].min(axis=1), axis=0)
    return ratios.stack().rename("speedup").reset_index()


def draw(table: pd.DataFrame) -> Figure:
    """Draw a row of panels per device: against d_1 at the smallest batch, against the batch by depth, and memory."""
    style.use_theme()
    ratios = speedups(table)
    devices = sorted(ratios["device_name"].unique())
    figure, axes = plt.subplots(
        len(devices), 4, figsize=(11.5, 2.9 * len(devices) + 0.8), squeeze=False, layout="constrained"
    )
    for (first, second, third, fourth), device in zip(axes, devices, strict=True):
        here = ratios[ratios["device_name"] == device]
        shallow, deepest = here[here["depth"] == 1], here["depth"].max()
        smallest, widest = here["batch"].min(), shallow["width"].max()
        _draw_ratio(first, shallow[shallow["batch"] == smallest], "width")
        first.set(title=f"batch {smallest}, $L$ = 1", xlabel="width $d_1$", ylabel=f"{device}\nspeed-up over float32")
        _draw_ratio(second, shallow[shallow["width"] == widest], "batch")
        second.set(title=f"$d_1$ = {widest}, $L$ = 1", xlabel="batch")
        deep = here[here["depth"] == deepest]
        _draw_ratio(third, deep[deep["width"] == deep["width"].max()], "batch")
        third.set(title=f"$d_1$ = {deep['width'].max()}, $L$ = {deepest}", xlabel="batch")
        _draw_memory(fourth, table[(table["device_name"] == device) & (table["depth"] == 1)])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle(f"against the fastest float32 backend, medians; {describe_devices(table)}", fontsize=9)
    return figure


def _draw_ratio(axes: Axes, ratios: pd.DataFrame, against: str) -> None:
    for backend, marks in BACKENDS.items():
        for state, line in STATES.items():
            rows = ratios[(ratios["backend"] == backend) & (ratios["state"] == state)].sort_values(against)
            if not rows.empty:
                look = {**marks, "ls": line, "label": f"{marks['label']}, {state}"}
                axes.plot(rows[against], rows["speedup"], lw=1, ms=5, **look)
    axes.axhline(BYTES, color="0.5", lw=1, ls=":", label=f"{BYTES}× fewer bytes")
    axes.axhline(1, color="0.5", lw=1)
    _log_axes(axes, sorted(ratios[against].unique()))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_memory(axes: Axes, table: pd.DataFrame) -> None:
    """Bytes of all weights, the full-precision last layer included."""
    rows = with_width(table)
    for backend, marks in BACKENDS.items():
        size = rows[rows["backend"] == backend].groupby("width")["weight_bytes"].first() / 2**20
        if not size.empty and backend in ("fp32-torch", "bf16-torch", "fp16-torch", "one-bit"):
            axes.plot(size.index, size, lw=1, ms=5, **marks)
    axes.set(title="weights, $L$ = 1", xlabel="width $d_1$", ylabel="MiB")
    _log_axes(axes, sorted(rows["width"].unique()))
    axes.legend()


def _log_axes(axes: Axes, ticks: list[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(ticks, labels=ticks, rotation=45)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())

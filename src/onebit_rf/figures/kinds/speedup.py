"""Speed-up over the fastest float32 backend, warm and cold, against the 32× of the bytes; memory of the weights."""

from typing import TYPE_CHECKING

from onebit_rf.figures import style, times
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

STATES = {"warm": "-", "cold": "--"}
BYTES = 32  # bits of a float32 weight per bit of a one-bit weight
SETTING = ["device_name", "state", "depth", "widths", "batch"]
WIDTH, LINE = 7.2, 2.3  # inches of the figure, and of a line of panels
KEYS = 3  # of the legend, in a line


class Speedup(FigureRecord, tag="speedup"):
    """Speed-up over float32, and memory of the weights."""

    stages = ("latency",)

    def draw(self, tables: Tables) -> Drawing:
        """Draw two lines of panels per device: against d_1 and against the batch by depth, and memory."""
        table = times.with_width(tables.latency)
        ratios, devices = speedups(table), times.devices(table)
        keys = _keys(table)
        heights = [*[LINE] * 2 * len(devices), 0.18 * -(-len(keys) // KEYS)]
        figure = style.pyplot().figure(figsize=(WIDTH, sum(heights) + 0.8), layout="constrained")
        spec = figure.add_gridspec(len(heights), 2, height_ratios=heights)
        for i, device in enumerate(devices):
            panels = [figure.add_subplot(spec[2 * i + j // 2, j % 2]) for j in range(4)]
            name = times.short_name(device) if len(devices) > 1 else ""
            _draw_device(panels, ratios[ratios["device_name"] == device], table, name)
            _draw_memory(panels[3], table[table["device_name"] == device], table)
        style.legend_below(figure.add_subplot(spec[-1, :]), keys, KEYS)
        figure.suptitle(f"{times.measured(table)}\nmedians, {times.inputs(table)}", fontsize=9)
        return Drawing(figure, _caption(table), findings(table))


def speedups(table: "pd.DataFrame") -> "pd.DataFrame":
    """Median time of the fastest float32 backend over that of every other one.

    One row per (device_name, state, depth, widths, batch, backend), with d_1 in `width`.
    """
    medians = table.groupby([*SETTING, "backend"], observed=True)["seconds"].median().unstack("backend")
    full = [backend for backend in medians if backend.startswith(times.FULL)]
    ratios = medians.drop(columns=full).rdiv(medians[full].min(axis=1), axis=0)
    return times.with_width(ratios.stack().rename("speedup").dropna().reset_index())


def _draw_device(panels: "list[Axes]", ratios: "pd.DataFrame", table: "pd.DataFrame", name: str) -> None:
    """Draw the three panels of a device's speed-ups: by d_1, and by batch for the shallow and the deep network."""
    shallow = ratios[ratios["depth"] == ratios["depth"].min()]
    smallest, deepest = ratios["batch"].min(), ratios[ratios["depth"] == ratios["depth"].max()]
    least = shallow["depth"].iloc[0]
    _draw_ratio(panels[0], shallow[shallow["batch"] == smallest], "width", table)
    panels[0].set(title=f"batch {smallest}, $L$ = {least}", xlabel="width $d_1$")
    chosen = (shallow, deepest) if deepest["depth"].iloc[0] > least else (shallow,)
    for axes, rows in zip(panels[1:], chosen, strict=False):
        widest = rows[rows["width"] == rows["width"].max()]
        _draw_ratio(axes, widest, "batch", table)
        axes.set(title=f"$d_1$ = {widest['width'].iloc[0]}, $L$ = {widest['depth'].iloc[0]}", xlabel="batch")
        axes.sharey(panels[0])
    panels[0].autoscale(axis="y")  # over all that share it: sharing takes the range of the first
    for axes in (panels[0], panels[2]):
        axes.set_ylabel("\n".join(filter(None, [name, "speed-up over float32"])))
    if len(chosen) == 1:
        panels[2].remove()


def _draw_ratio(axes: "Axes", ratios: "pd.DataFrame", against: str, table: "pd.DataFrame") -> None:
    for backend in times.backends(ratios):
        for state, dashes in STATES.items():
            rows = ratios[(ratios["backend"] == backend) & (ratios["state"] == state)].sort_values(against)
            if len(rows):
                axes.plot(rows[against], rows["speedup"], **{**times.look(backend, table), "ls": dashes})
    axes.axhline(BYTES, color="0.5", lw=1, ls=":")
    axes.axhline(1, color="0.5", lw=1)
    style.log_ticks(axes)
    times.width_axis(axes, sorted(ratios[against].unique()))


def _draw_memory(axes: "Axes", rows: "pd.DataFrame", table: "pd.DataFrame") -> None:
    """Draw the bytes of all weights, the full-precision last layer included, by number format."""
    rows, drawn = rows[rows["depth"] == rows["depth"].min()], set()
    for backend in times.backends(rows):
        size = rows[rows["backend"] == backend].groupby("width")["weight_bytes"].first() / 2**20
        number = backend.split("-")[0]
        if len(size) and number not in drawn:
            axes.plot(size.index, size, **{**times.look(backend, table), "ls": "-"})
            drawn.add(number)
    axes.set(title=f"memory of the weights, $L$ = {rows['depth'].iloc[0]}", xlabel="width $d_1$", ylabel="MiB")
    style.log_scale(axes)
    axes.yaxis.set_major_formatter("{x:g}")
    times.width_axis(axes, sorted(rows["width"].unique()))


def _keys(table: "pd.DataFrame") -> "list[Line2D]":
    """The legend: the backends by mark, the states by line; float32 stands in the memory panel alone."""
    names = times.backends(table)
    full = [name for name in names if name.startswith(times.FULL)][:1]
    looks = [times.look(name, table) for name in [*full, *(name for name in names if not name.startswith(times.FULL))]]
    if full:
        looks[0]["label"] = "float32"
    states = [style.key(state, ls=STATES[state], color="0.2", lw=1) for state in STATES if state in set(table["state"])]
    bytes_key = style.key(f"{BYTES}× fewer bytes", ls=":", color="0.5", lw=1)
    return [*(style.key(**look) for look in looks), *states, bytes_key]


def _caption(table: "pd.DataFrame") -> str:
    looks = [times.look(name, table)["label"] for name in times.backends(table)]
    pale = [label for label in looks if "error" in label]
    thin = f" Thin and pale, and not to be compared with the others: {', '.join(pale)}." if pale else ""
    return (
        "Speed-up over the fastest float32 backend of the same device, network, batch and state (medians; solid: warm, "
        "dashed: cold), against the width of the hidden layer and against the batch, and the memory of all weights. "
        f"One-bit weights have {BYTES} times fewer bytes than float32 (dotted); warm calls can exceed that where the "
        f"one-bit weights fit a cache and the others do not.{thin}{times.not_measured(table)}"
    )


def findings(table: "pd.DataFrame") -> list[Finding]:
    """The speed-up of one-bit weights of every device and state: a ratio of medians, between ratios of quartiles.

    The low end is the lower quartile of float32 over the upper one of one bit, the high end the other way round.
    """
    found = []
    for device in times.devices(table):
        for state in STATES:
            rows = times.setting(table, device, state)
            quartiles = times.quartiles(rows, "backend") if len(rows) else rows
            full = [name for name in quartiles.index if str(name).startswith(times.FULL)]
            if not full or times.ONE_BIT not in quartiles.index:
                continue
            fastest = quartiles.loc[full, 0.5].idxmin()
            one, other = quartiles.loc[times.ONE_BIT], quartiles.loc[fastest]
            value, low, high = other[0.5] / one[0.5], other[0.25] / one[0.75], other[0.75] / one[0.25]
            where, name = times.setting_in_words(table, rows, device), times.look(fastest, table)["label"]
            said = f"{value:.3g} times as fast as {name}, the fastest float32 (quartiles {low:.3g} to {high:.3g})"
            found.append(Finding(f"{where}: one-bit weights {said}", float(value), float(low), float(high)))
    return found


figure = Speedup

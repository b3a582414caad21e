"""Time of inference against d_1: one hidden layer, every backend, warm and cold, above the time to read the weights."""

from typing import TYPE_CHECKING

from onebit_rf.figures import style, times
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Backends whose weights' bytes the broad lines are of.
READ = {"fp32-torch": "weights / DRAM bandwidth, float32", times.ONE_BIT: "weights / DRAM bandwidth, one bit"}
BATCHES = 3  # panels: the smallest, a middle and the largest batch
WIDTH, LINE = 7.4, 2.1  # inches of the figure, and of a line of panels
KEYS = 3  # of the legend, in a line


class Latency(FigureRecord, tag="latency"):
    """Median time of a call against the width of one hidden layer."""

    stages = ("latency",)

    def draw(self, tables: Tables) -> Drawing:
        """Draw median times with quartiles, a line of panels per device and state, a column per batch size."""
        table = tables.latency
        rows = times.with_width(table[table["depth"] == table["depth"].min()])
        lines = [(device, state) for device in times.devices(rows) for state in _states(rows, device)]
        batches, keys = times.some(rows["batch"], BATCHES), _keys(rows)
        heights = [*[LINE] * len(lines), 0.18 * -(-len(keys) // KEYS)]
        figure = style.pyplot().figure(figsize=(WIDTH, sum(heights) + 1), layout="constrained")
        spec = figure.add_gridspec(len(heights), len(batches), height_ratios=heights)
        first: dict[str, Axes] = {}  # a device's panels have one range
        for i, (device, state) in enumerate(lines):
            for j, batch in enumerate(batches):
                axes = figure.add_subplot(spec[i, j], sharex=first.get(device), sharey=first.get(device))
                first.setdefault(device, axes)
                chosen = (rows["device_name"] == device) & (rows["state"] == state) & (rows["batch"] == batch)
                _draw_panel(axes, rows[chosen], rows)
                axes.set_title(f"{state}, batch {batch}")
                axes.tick_params(labelleft=j == 0, labelbottom=i == len(lines) - 1)
                axes.set_ylabel(_beside(lines, device) if j == 0 else "")
                axes.set_xlabel("width $d_1$" if i == len(lines) - 1 else "")
        style.legend_below(figure.add_subplot(spec[-1, :]), keys, KEYS)
        figure.suptitle(f"{times.measured(rows)}\n{times.inputs(rows)}, $L$ = {rows['depth'].iloc[0]}", fontsize=9)
        return Drawing(figure, _caption(table), findings(table))


def _states(rows: "pd.DataFrame", device: str) -> list[str]:
    """The states that a device was measured in, warm first."""
    return sorted(rows.loc[rows["device_name"] == device, "state"].unique(), reverse=True)


def _beside(lines: list[tuple[str, str]], device: str) -> str:
    several = len({name for name, _ in lines}) > 1
    return (f"{times.short_name(device)}\n" if several else "") + "time of a call (µs)"


def _keys(rows: "pd.DataFrame") -> "list[Line2D]":
    marks = [style.key(**times.look(backend, rows)) for backend in times.backends(rows)]
    there = set(rows["backend"])
    broad = [(times.look(name, rows)["color"], label) for name, label in READ.items() if name in there]
    return [*marks, *(style.key(label, color=colour, ls="-", lw=3, alpha=0.35) for colour, label in broad)]


def _draw_panel(axes: "Axes", rows: "pd.DataFrame", table: "pd.DataFrame") -> None:
    """Draw the medians in µs with their quartiles by width, and the time to read the weights once from memory."""
    for backend in times.backends(rows):
        found = 1e6 * times.quartiles(rows[rows["backend"] == backend], "width")
        spread = [found[0.5] - found[0.25], found[0.75] - found[0.5]]
        axes.errorbar(found.index, found[0.5], spread, elinewidth=0.8, **times.look(backend, table))
    for backend in (name for name in READ if name in set(rows["backend"])):
        weights = rows[rows["backend"] == backend].groupby("width")
        least = 1e6 * weights["weight_bytes"].first() / weights["bandwidth"].first()
        axes.plot(least.index, least, color=times.look(backend, table)["color"], alpha=0.35, lw=3, zorder=0.8)
    style.log_scale(axes)
    times.width_axis(axes, sorted(table["width"].unique()))


def _caption(table: "pd.DataFrame") -> str:
    return (
        "Time of one inference call, x through the hidden layer and the full-precision last layer, against the width "
        "of the hidden layer. Marks are medians of repetitions and bars their quartiles, backends interleaved; warm: "
        "straight after other calls, cold: caches emptied before the call. Broad lines are the bytes of the weights "
        f"over the memory bandwidth measured in the same run: below them caches serve.{times.not_measured(table)}"
    )


def findings(table: "pd.DataFrame") -> list[Finding]:
    """The median time of one-bit weights of every device and state, in seconds, between its quartiles."""
    found = []
    for device in times.devices(table):
        for state in _states(table, device):
            rows = times.setting(table, device, state)
            rows = rows[rows["backend"] == times.ONE_BIT]
            if rows.empty:
                continue
            low, value, high = (float(end) for end in rows["seconds"].quantile([0.25, 0.5, 0.75]))
            said = f"{times.microseconds(value)} µs"
            said += f" (quartiles {times.microseconds(low)} to {times.microseconds(high)} µs)"
            where = times.setting_in_words(table, rows, device)
            found.append(Finding(f"{where}: median time of a call with one-bit weights {said}", value, low, high))
    return found


figure = Latency

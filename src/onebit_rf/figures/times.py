"""What the figures of times of inference share: the looks of the backends, names of devices, medians and quartiles."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ONE_BIT = "one-bit"
FULL = "fp32"  # how the names of float32 backends begin
# Colour by number format, marker and line by what computes it; no two backends share all three.
_LOOKS = {
    "fp32-torch": {"label": "float32, torch", "color": "#000000", "marker": "o"},
    "fp32-onednn": {"label": "float32, torch with oneDNN", "color": "#000000", "marker": "s", "ls": "--"},
    "fp32-numpy": {"label": "float32, NumPy", "color": "#000000", "marker": "^", "ls": ":"},
    "bf16-torch": {"label": "bfloat16, torch", "color": "#0072B2", "marker": "D"},
    "fp16-torch": {"label": "float16, torch", "color": "#0072B2", "marker": "v"},
    ONE_BIT: {"label": "one bit", "color": "#D55E00", "marker": "x"},
    # Less accurate than the others by orders of magnitude, so no rival of theirs: thin, pale and behind.
    "one-bit-8bit": {"label": "one bit, 8-bit tables", "color": "#E8B48F", "marker": "+", "lw": 0.7, "zorder": 1},
}
_OTHERS = ("p", "h", "*", "<", ">")
COARSE = 5e-3  # relative error above which a backend's is told: more than the half-precision formats'


def backends(table: "pd.DataFrame") -> list[str]:
    """Return the backends of a table, in the order of the legend."""
    there = list(table["backend"].unique())
    return [*(name for name in _LOOKS if name in there), *(name for name in there if name not in _LOOKS)]


def look(backend: str, table: "pd.DataFrame") -> dict[str, Any]:
    """Label, colour, marker and line of a backend; the label tells the error of one that is far less accurate."""
    others = [name for name in backends(table) if name not in _LOOKS]
    place = others.index(backend) if backend in others else 0
    own = _LOOKS.get(backend, {"label": backend, "color": "0.5", "marker": _OTHERS[place % len(_OTHERS)], "ls": "-."})
    error = table.loc[table["backend"] == backend, "relative_error"].median()
    about = f" (error ~{100 * error:.1g} %)" if error > COARSE else ""
    return {"lw": 1.0, "ms": 4.5, "mfc": "none", "ls": "-", "zorder": 2, **own, "label": own["label"] + about}


def with_width(table: "pd.DataFrame") -> "pd.DataFrame":
    """Add the column `width`: d_1."""
    return table.assign(width=[int(str(widths).split(",")[0]) for widths in table["widths"]])


def short_name(device: str) -> str:
    """Return the name of a device without what every one of its maker has: `Intel Xeon`."""
    bare = re.sub(r"\((?:R|TM|r|tm)\)|\bCPU\b|\bProcessor\b|@.*", " ", str(device))
    return " ".join(bare.split()) or str(device)


def devices(table: "pd.DataFrame") -> list[str]:
    """Return the names of the devices, processors first, each in alphabetical order."""
    pairs = table[["device", "device_name"]].drop_duplicates().itertuples(index=False)
    return list(dict.fromkeys(name for _, name in sorted((str(kind), str(name)) for kind, name in pairs)))


def describe_device(table: "pd.DataFrame", device: str) -> str:
    """Name a device with its threads and bandwidth: `Intel Xeon, 1 thread, DRAM 18 GB/s`."""
    row = table[table["device_name"] == device].iloc[0]
    count = int(row["threads"])
    threads = [f"{count} thread{'s' * (count > 1)}"] if row["device"] == "cpu" else []
    return ", ".join([short_name(device), *threads, f"DRAM {row['bandwidth'] / 1e9:.0f} GB/s"])


def inputs(table: "pd.DataFrame") -> str:
    """Spell d_0: one number, or one for each device where they were not measured alike."""
    sizes = {name: int(table.loc[table["device_name"] == name, "d_in"].iloc[0]) for name in devices(table)}
    if len(set(sizes.values())) > 1:
        return "$d_0$ = " + ", ".join(f"{size} on {short_name(name)}" for name, size in sizes.items())
    return f"$d_0$ = {next(iter(sizes.values()))}"


def without_one_bit(table: "pd.DataFrame") -> list[str]:
    """Return the devices that no one-bit kernel ran on."""
    return [name for name in devices(table) if ONE_BIT not in set(table.loc[table["device_name"] == name, "backend"])]


def measured(table: "pd.DataFrame") -> str:
    """Name all devices, with what did not run, for the heading of a figure."""
    lacking = without_one_bit(table)
    said = (describe_device(table, name) + ", no one-bit kernel" * (name in lacking) for name in devices(table))
    return "; ".join(said)


def not_measured(table: "pd.DataFrame") -> str:
    """Say in sentences what was not measured, for a caption; each begins with a space."""
    gpu = "" if (table["device"] == "cuda").any() else " No GPU was measured."
    names = ", ".join(map(short_name, without_one_bit(table)))
    return gpu + (f" No one-bit kernel ran on {names}: `onebit-rf bench` says why." if names else "")


def some(values: Iterable[int], count: int) -> list[int]:
    """Return up to `count` of some numbers, in order: the smallest, the largest and others at equal steps."""
    values = sorted(set(values))
    last, steps = len(values) - 1, max(count - 1, 1)
    return sorted({values[round(i * last / steps)] for i in range(count)})


def microseconds(seconds: float) -> str:
    """Spell a time in µs, without its unit: `495`, `1,381`, `16.5`."""
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.3g}"


def quartiles(times: "pd.DataFrame", by: str | list[str]) -> "pd.DataFrame":
    """Return the seconds' quartiles, columns 0.25, 0.5 and 0.75, of every group of `by`."""
    return times.groupby(by, observed=True)["seconds"].quantile([0.25, 0.5, 0.75]).unstack()


def setting(table: "pd.DataFrame", device: str, state: str) -> "pd.DataFrame":
    """Return a device's times in one state at the largest d_1 of one hidden layer, the smallest batch; may be empty."""
    rows = with_width(table[(table["device_name"] == device) & (table["depth"] == 1) & (table["state"] == state)])
    rows = rows[rows["width"] == rows["width"].max()]
    return rows[rows["batch"] == rows["batch"].min()]


def setting_in_words(table: "pd.DataFrame", rows: "pd.DataFrame", device: str) -> str:
    """Spell the setting of some times: device, sizes, batch and state."""
    row = rows.iloc[0]
    sizes = f"d_0 = {row['d_in']}, d_1 = {row['width']}, L = 1"
    return f"{describe_device(table, device)}; {sizes}, batch {row['batch']}, {row['state']}"


def width_axis(axes: "Axes", ticks: Sequence[int]) -> None:
    """Make the horizontal axis one of powers of two, with a tick at every width or batch measured."""
    from matplotlib.ticker import NullFormatter, NullLocator

    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, labels=list(map(str, ticks)), rotation=45)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    if len(ticks) == 1:
        axes.set_xlim(ticks[0] / 2, ticks[0] * 2)

"""What one bit buys: test error against bytes of hidden weights and against measured time, in float32 and at one bit.

Above, the networks of every width in both formats with their fronts; below, the error at equal cost, one bit's over
float32's.

ASSUME: λ of a network is, for each seed, the one of the least mean error over the other seeds. Times are of the whole
network at 10 outputs, its float32 read-out included, in warm caches.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.figures import style, times
from onebit_rf.figures.costs import (
    BYTES,
    FLOAT,
    ONE_BIT,
    WORDS,
    Column,
    Pair,
    draw_networks,
    format_keys,
    half_of,
    read_pair,
)
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import Finding, interval, per_cent
from onebit_rf.figures.kinds import Drawing, FigureRecord, Tables
from onebit_rf.model.activations import ACTIVATIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE, TOP, BOTTOM = 2.6, 2.7, 1.3  # inches of a panel's width, and of the heights of errors and of their ratio


class Cost(FigureRecord, tag="cost"):
    """Test error against bytes of hidden weights and time an image, in float32 and at one bit."""

    experiments: Annotated[list[str], Meta(min_length=1, max_length=1, description="name of one experiment")]

    stages = ("readout", "cost")
    metrics = ("accuracy",)

    def check(self, facts: Sequence[Facts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells."""
        first, name = facts[0], f"experiment {facts[0].experiment!r}"
        shared = {"data set": {cell.dataset for cell in facts}, "activation": {cell.activation for cell in facts}}
        shared |= {"depth": {len(cell.dims) for cell in facts}, "largest n": {max(cell.n_train) for cell in facts}}
        if first.target != "labels" or first.outputs < 2:
            yield f".experiments: {name} must have target labels, and classes for labels; choose one that does"
        elif missing := [law for law in WORDS if law not in first.laws]:
            yield f".experiments: {name} must have the laws {' and '.join(WORDS)}; add {missing[0]}"
        elif several := [what for what, values in shared.items() if len(values) > 1]:
            yield f".experiments: all cells of {name} must have one {several[0]}; sweep network.widths alone"
        elif len({tuple(cell.dims) for cell in facts}) < len(facts):
            yield f".experiments: cells of {name} have the same widths; sweep network.widths alone"
        elif ACTIVATIONS.get(first.activation).tensor is None:
            yield f".experiments: {name}: {first.activation} has no `tensor`, which float32 is timed with; add it"

    def draw(self, tables: Tables) -> Drawing:
        """Draw the errors above and their ratio at equal cost below, a column for the bytes and for every batch."""
        pair = read_pair(tables.readout, tables.cost, tables.facts)
        networks = pair.networks
        count, ratios = len(pair.columns), (TOP, BOTTOM)
        figure, axes = style.grid(2, count, 1 + SIDE * count, 1.3 + sum(ratios), height_ratios=ratios, sharex="col")
        for column, (top, bottom) in zip(pair.columns, axes.T, strict=True):
            for law in (law for law in WORDS if column in networks[law].costs):
                draw_networks(top, networks[law], law, column, pair.widths)
            _draw_ratio(bottom, pair, column)
            top.set_title("memory" if column == BYTES else f"time at batch {column}")
            bottom.set_xlabel("bytes of hidden weights" if column == BYTES else "time an image (µs)")
        _share(axes)
        front = style.key("front: no cheaper network beats it", color="0.4", ls="-", lw=4, alpha=0.35)
        figure.legend(handles=[*format_keys(), front], loc="outside lower center", ncols=len(WORDS) + 1)
        device = times.describe_device(tables.cost, times.devices(tables.cost)[0])
        figure.suptitle(f"{pair.where}\n{device}; {style.seeds_in_words(tables.readout)}", fontsize=9)
        if networks[ONE_BIT].all_bytes is None:
            style.note(figure, ["one bit: not timed, since the native kernel does not run here"])
        return Drawing(figure, _caption(pair), list(_findings(pair)))


def _draw_ratio(axes: "Axes", pair: Pair, column: Column) -> None:
    """Draw one bit's error over float32's at equal cost, with a band of its interval."""
    axes.axhline(1, color="0.3", lw=0.8, zorder=1)
    budgets, ratios = pair.ratios(column) if column in pair.compared else (np.array([]), None)
    if not len(budgets):
        axes.text(0.5, 0.5, "no cost in common", transform=axes.transAxes, ha="center", va="center", color="0.4")
        return
    mean, half = ratios.mean(axis=0), half_of(ratios)
    colour = style.law_look(ONE_BIT)["color"]
    axes.plot(budgets, np.exp(mean), color=colour, lw=1.2, marker=".", ms=4)
    axes.fill_between(budgets, np.exp(mean - half), np.exp(mean + half), color=colour, alpha=0.2, lw=0)


def _share(axes: np.ndarray) -> None:
    """Label the axes; a line of panels has one range, the ratios from 0 on."""
    for line in axes:
        for other in line[1:]:
            other.sharey(line[0])
            other.tick_params(labelleft=False)
    for top, bottom in axes.T:
        top.set(xscale="log", yscale="log")
        for panel in (top, bottom):
            panel.margins(x=0.16, y=0.1)  # room for the labels
    for line in axes:
        line[0].autoscale(axis="y")  # over all that share it
    axes[0, 0].set_ylabel("test error (%)")
    axes[1, 0].set_ylabel("error at equal cost,\none bit / float32")
    axes[1, 0].set_ylim(0, max(1.1, axes[1, 0].get_ylim()[1]))
    style.log_ticks(axes[0, 0])


def _caption(pair: Pair) -> str:
    several = len(pair.networks[FLOAT].errors) > 1
    spread = "means over seeds with 95 % confidence intervals" if several else "of one seed"
    chosen = "with the least mean error over the other seeds" if several else "with the least error"
    return (
        "Test error of a ridge read-out on the features of hidden layers in float32 and at one bit, each mark a width, "
        f"{spread}, against the bytes of the hidden weights and the time of a network in warm caches, its float32 "
        "read-out included: the least of calls of one row and of many, float32 by its fastest backend. The broad "
        "lines are the fronts, networks that no cheaper one beats. Below, the error of one bit over that of float32 at "
        f"equal cost, read between the networks of a front on logarithmic scales, seed by seed. λ is that {chosen}."
    )


def _findings(pair: Pair) -> Iterator[Finding]:
    """Yield the errors at equal cost, the difference at equal width, and what the bit saves there."""
    for column in pair.compared:
        yield from _at_equal_cost(pair, column)
    yield _at_equal_width(pair)
    yield from _bytes_at_equal_width(pair)
    for batch in pair.compared[1:]:
        yield _times_at_equal_width(pair, batch)


def _at_equal_cost(pair: Pair, column: Column) -> Iterator[Finding]:
    """Yield one bit's error over float32's at both ends of the costs they share and where it is least: the number."""
    budgets, ratios = pair.ratios(column)
    if not len(budgets):
        return
    best = int(ratios.mean(axis=0).argmin())
    told = {i: tuple(map(float, np.exp(interval(ratios[:, i])))) for i in sorted({0, best, len(budgets) - 1})}
    parts = [f"{_ratio(*told[i])} at {_spelled(budgets[i], column)}" for i in told]
    what = "bytes of hidden weights" if column == BYTES else f"time an image at batch {column}"
    said = f"test error of one bit over that of float32 at equal {what}: {', '.join(parts)}"
    yield Finding(f"{pair.where}: {said} ({_seeds(len(ratios))})", *told[best], len(ratios))


def _ratio(value: float, low: float, high: float) -> str:
    return f"{value:.3g}" + (f" (95 % interval {low:.3g} to {high:.3g})" if np.isfinite(low) else "")


def _seeds(count: int) -> str:
    return f"{count} seeds" if count > 1 else "one seed, no interval"


def _spelled(budget: float, column: Column) -> str:
    """A cost with its unit: `100 kB`, `5.6 µs`."""
    if column != BYTES:
        return f"{budget:.3g} µs"
    return f"{budget / 1e6:.3g} MB" if budget >= 1e6 else f"{budget / 1e3:.3g} kB"


def _at_equal_width(pair: Pair) -> Finding:
    """Return one bit's error minus float32's, the mean over all widths, and that of the widest."""
    gaps = (pair.networks[ONE_BIT].errors - pair.networks[FLOAT].errors) / 100
    mean, widest = (interval(values) for values in (gaps.mean(axis=1), gaps[:, -1]))
    said = f"mean over widths {_points(*mean)}, width {pair.widths[-1]} {_points(*widest)}"
    text = f"{pair.where}: test error of one bit minus that of float32 at equal width: {said} ({_seeds(len(gaps))})"
    return Finding(text, *mean, len(gaps))


def _points(value: float, low: float, high: float) -> str:
    """A difference of errors with its interval: `+0.12 points (95 % interval −0.10 to +0.34)`."""
    number, *ends = (per_cent(end).removesuffix(" %") for end in (value, low, high))
    return f"{number} points" + (f" (95 % interval {' to '.join(ends)})" if np.isfinite(low) else "")


def _bytes_at_equal_width(pair: Pair) -> Iterator[Finding]:
    """Yield how many times fewer bytes the widest network has, and with the read-out, which stays in float32."""
    full, one = pair.networks[FLOAT], pair.networks[ONE_BIT]
    if one.all_bytes is None:
        return
    hidden, whole = (full.costs[BYTES] / one.costs[BYTES])[-1], (full.all_bytes / one.all_bytes)[-1]
    said = f"hidden weights of {pair.widths[-1]} neurons take {hidden:.3g} times fewer bytes at one bit"
    yield Finding(f"{pair.where}: {said}, {whole:.3g} times with the float32 read-out", float(hidden))


def _times_at_equal_width(pair: Pair, batch: int) -> Finding:
    """Return one bit's speed-up over float32 on the widest network, the number, and where it is none."""
    full, one = (pair.networks[law].costs[batch] for law in (FLOAT, ONE_BIT))
    faster = dict(zip(pair.widths, map(float, full / one), strict=True))
    slow = [width for width, ratio in faster.items() if ratio < 1]
    parts = ", ".join(f"{_two_digits(faster[width])} at width {width}" for width in dict.fromkeys([*slow, *pair.ends]))
    pays = f"it does not pay at width {', '.join(slow)}" if slow else "it pays at every width"
    said = f"batch {batch}: speed-up of one bit over float32 {parts}; {pays}"
    if batch in pair.half:
        half = full[-1] / pair.half[batch]["us"].iloc[-1]
        said += f"; that of bfloat16 {_two_digits(half)} at width {pair.widths[-1]}"
    return Finding(f"{pair.where}: {said}", faster[pair.widths[-1]])


def _two_digits(number: float) -> str:
    """Spell a ratio: `0.46`, `1.0`, `21`."""
    return f"{number:#.2g}".rstrip(".")


figure = Cost

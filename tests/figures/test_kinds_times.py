"""The figures `latency` and `speedup`: medians, quartiles, what is drawn of each device, and what is found."""

import pandas as pd
import pytest

from onebit_rf.figures import times
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.latency import Latency
from onebit_rf.figures.kinds.speedup import Speedup, speedups

NAME = "Intel(R) Xeon(R) Processor"
SPEED = {"fp32-torch": 32.0, "fp32-numpy": 40.0, "bf16-torch": 16.0, "one-bit": 2.0, "one-bit-8bit": 1.0}
ERROR = {"bf16-torch": 2e-3, "one-bit-8bit": 1e-2}


def table(device="cpu", name=NAME, states=("cold", "warm"), speed=SPEED, networks=("32", "64", "64,64")):
    rows = [
        {"device": device, "device_name": name, "threads": 1, "backend": backend, "d_in": 128, "widths": widths}
        | {"depth": len(widths.split(",")), "batch": batch, "state": state, "repetition": i}
        | {"seconds": 1e-6 * factor * batch * int(widths[:2]) * (1 + (state == "cold")) * (1 + 0.1 * i)}
        | {"weight_bytes": 1000 * int(widths[:2]), "bandwidth": 2e9, "relative_error": ERROR.get(backend, 1e-7)}
        for backend, factor in speed.items()
        for widths in networks
        for batch in (1, 4, 16, 64)
        for state in states
        for i in range(5)
    ]
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(["device", "device_name", "backend", "widths", "state"], "category"))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


@pytest.fixture(autouse=True)
def _close():
    yield
    from onebit_rf.figures import style

    style.pyplot().close("all")


def test_latency_draws_medians_and_the_time_to_read_the_weights():
    drawing = Latency().draw(Tables(latency=table()))
    first, *others = panels(drawing)
    assert [axes.get_title() for axes in (first, *others)][:4] == [
        "warm, batch 1",
        "warm, batch 16",
        "warm, batch 64",
        "cold, batch 1",
    ]
    assert len(others) == 5
    assert first.containers[0][0].get_ydata() == pytest.approx([1.2 * 32 * 32, 1.2 * 32 * 64])
    broad = [line for line in first.get_lines() if line.get_linewidth() == 3]
    assert all(line.get_ydata() == pytest.approx([16, 32]) for line in broad)
    assert len(broad) == 2
    labels = [text.get_text() for text in drawing.figure.axes[-1].get_legend().get_texts()]
    assert "weights / DRAM bandwidth, float32" in labels
    assert "one bit, 8-bit tables (error ~1 %)" in labels


def test_latency_finds_the_median_of_one_bit_in_seconds():
    warm, cold = Latency().draw(Tables(latency=table())).findings
    assert (warm.value, warm.low, warm.high) == pytest.approx((1.2 * 128e-6, 1.1 * 128e-6, 1.3 * 128e-6))
    assert cold.value == pytest.approx(2 * warm.value)
    assert warm.n_seeds == 0
    assert warm.sentence == (
        "Intel Xeon, 1 thread, DRAM 2 GB/s; d_0 = 128, d_1 = 64, L = 1, batch 1, warm: "
        "median time of a call with one-bit weights 154 µs (quartiles 141 to 166 µs)"
    )


def test_speedup_is_over_the_fastest_float32():
    ratios = speedups(times.with_width(table()))
    found = ratios.groupby("backend", observed=True)["speedup"].agg(["min", "max"])
    assert set(found.index) == {"bf16-torch", "one-bit", "one-bit-8bit"}
    assert found.loc["one-bit"].tolist() == pytest.approx([16, 16])


def test_speedup_finds_medians_between_quartiles():
    warm, cold = Speedup().draw(Tables(latency=table())).findings
    assert (warm.value, warm.low, warm.high) == pytest.approx((16, 16 * 1.1 / 1.3, 16 * 1.3 / 1.1))
    assert cold.value == pytest.approx(16)
    assert "batch 1, warm: one-bit weights 16 times as fast as float32, torch, the fastest float32" in warm.sentence
    assert "(quartiles 13.5 to 18.9)" in warm.sentence


def test_the_8_bit_backend_is_thin_and_behind():
    axes = panels(Speedup().draw(Tables(latency=table())))[0]
    drawn = {line.get_label(): line for line in axes.get_lines()}
    coarse, exact = drawn["one bit, 8-bit tables (error ~1 %)"], drawn["one bit"]
    assert coarse.get_linewidth() < exact.get_linewidth()
    assert coarse.get_zorder() < exact.get_zorder()


def test_every_device_has_its_panels_and_findings():
    card = {"fp32-torch": 3.0, "one-bit": 1.0}
    both = pd.concat([table(), table("cuda", "NVIDIA H100", ("warm",), card, ("32", "64"))], ignore_index=True)
    latency, speedup = (kind.draw(Tables(latency=both)) for kind in (Latency(), Speedup()))
    assert len(panels(latency)) == 9
    assert len(panels(speedup)) == 4 + 3
    assert len(latency.findings) == len(speedup.findings) == 3
    assert "NVIDIA H100, DRAM 2 GB/s" in speedup.findings[2].sentence
    assert "No GPU" not in latency.caption
    assert times.inputs(both) == "$d_0$ = 128"


def test_devices_that_were_measured_at_other_sizes_say_so():
    card = table("cuda", "NVIDIA H100", ("warm",), {"fp32-torch": 3.0, "one-bit": 1.0}, ("32", "64")).assign(d_in=8192)
    both = pd.concat([table(), card], ignore_index=True)
    assert times.inputs(both) == "$d_0$ = 128 on Intel Xeon, 8192 on NVIDIA H100"


def test_a_backend_without_a_look_of_its_own_is_drawn():
    rows = table(speed={"fp32-torch": 4.0, "int4-new": 2.0})
    drawing = Speedup().draw(Tables(latency=rows))
    assert "int4-new" in [line.get_label() for line in panels(drawing)[0].get_lines()]
    assert drawing.findings == []


@pytest.mark.parametrize(
    ("values", "count", "chosen"), [([1, 4, 16, 64, 256], 3, [1, 16, 256]), ([1, 4], 3, [1, 4]), ([7], 3, [7])]
)
def test_some(values, count, chosen):
    assert times.some(values, count) == chosen


@pytest.mark.parametrize(
    ("name", "short"),
    [(NAME, "Intel Xeon"), ("Intel(R) Core(TM) i7 CPU @ 2.8GHz", "Intel Core i7"), ("NVIDIA H100", "NVIDIA H100")],
)
def test_short_name(name, short):
    assert times.short_name(name) == short


@pytest.mark.parametrize(("seconds", "text"), [(1.381e-3, "1,381"), (4.95e-4, "495"), (1.65e-5, "16.5")])
def test_microseconds(seconds, text):
    assert times.microseconds(seconds) == text


def test_all_speedups_lie_within_their_panels():
    """The panels share a range: that of all of them, not of the first."""
    made = table()
    slow = (made["batch"] == 64) & (made["backend"] == "one-bit")
    made = made.assign(seconds=made["seconds"].where(~slow, made["seconds"] * 1000))
    drawing = Speedup().draw(Tables(latency=made))
    for axes in panels(drawing)[:3]:
        low, high = axes.get_ylim()
        values = [value for line in axes.get_lines() for value in line.get_ydata()]
        assert low <= min(values) <= max(values) <= high


@pytest.mark.parametrize("kind", [Latency, Speedup])
def test_a_device_without_a_one_bit_kernel_says_so(kind):
    full = {name: seconds for name, seconds in SPEED.items() if "one-bit" not in name}
    drawing = kind().draw(Tables(latency=table(speed=full)))
    assert "DRAM 2 GB/s, no one-bit kernel" in drawing.figure.get_suptitle()
    assert "No one-bit kernel ran on Intel Xeon: `onebit-rf bench` says why." in drawing.caption
    assert drawing.findings == []
    whole = kind().draw(Tables(latency=table()))
    assert "no one-bit" not in (whole.figure.get_suptitle() + whole.caption).lower()

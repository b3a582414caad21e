"""`onebit-rf bench`: one-bit products on this machine against its float32, as a table or as JSON."""

import argparse
import math
import sys
import time
from typing import TYPE_CHECKING, Any

from onebit_rf.cli.parser import aligned, samples, to_json, widths

if TYPE_CHECKING:
    from onebit_rf.latency.bench import Bench

SIZES = ((1024, 1024), (4096, 4096), (8192, 4096))
BATCHES = (1, 16, 256)
SECONDS = 22.0  # less than half a minute with what starting and the last round take on a slow machine
MOST = 1 << 24  # inputs that the kernels take

DESCRIPTION = """
Times of one-bit products x Wᵀ, of rows x of D_IN numbers and D_OUT rows of signs W, on this machine: which engine and
backend run, and how fast against the fastest float32 at hand, NumPy's or, where it is installed, torch's. Results are
checked against float64 before they are timed.
"""
JSON_KEYS = """
--json: machine, threads, bandwidth (bytes/s read from memory), products, left_out (d_in, d_out, batch of products for
which there was no time). Of a product: d_in, d_out, batch; state, warm (straight after other calls) or cold (after the
caches were emptied); backend; seconds, the least of a call in so many rounds; float32, the fastest, with
float32_seconds; speedup; weight_bytes that a call reads, bytes_per_second, and bandwidth_fraction, above 1 where caches
serve; relative_error, Frobenius, against float64.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bench`."""
    option = parser.add_argument
    sizes = " ".join(f"{d_in},{d_out}" for d_in, d_out in SIZES)
    option("--sizes", type=_size, nargs="+", default=SIZES, metavar="D_IN,D_OUT", help=f"(default: {sizes})")
    batches = " ".join(map(str, BATCHES))
    option("--batch", type=samples, nargs="+", default=BATCHES, metavar="ROWS", help=f"of x (default: {batches})")
    option("--threads", type=samples, default=1, metavar="N", help="of the processor (default: %(default)s)")
    option("--seconds", type=_seconds, default=SECONDS, metavar="S", help="in all (default: %(default)g)")
    option("--json", action="store_true", help="print an object instead of a table")
    parser.set_defaults(run=run)


def _size(text: str) -> tuple[int, int]:
    """Parse `8192,4096`."""
    numbers = widths(text)
    if len(numbers) != 2 or not all(1 <= number <= MOST for number in numbers):
        raise argparse.ArgumentTypeError(f"must be D_IN,D_OUT, whole numbers from 1 to {MOST}, got {text!r}")
    return numbers


def _seconds(text: str) -> float:
    """Parse a time."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number > 0, got {text!r}")
    return seconds


def run(arguments: argparse.Namespace) -> None:
    """Print what runs here, then a row or record for each product and state."""
    until = time.perf_counter() + arguments.seconds
    from onebit_rf.latency.bench import describe_machine, measure_products, refuse_beyond_machine

    threads = arguments.threads
    refuse_beyond_machine(arguments.sizes, max(arguments.batch), threads)
    machine = describe_machine()
    if not arguments.json:
        print(_header(machine), flush=True)
    if sys.stderr.isatty():
        print(f"measuring for {arguments.seconds:g} s …", file=sys.stderr)
    measured = measure_products(arguments.sizes, arguments.batch, threads, until)
    if arguments.json:
        print(to_json({"machine": machine, "threads": threads, **vars(measured)}))
    else:
        print("", _table(measured.products, machine["backend"]), "", _legend(measured, threads), sep="\n")


def _header(machine: dict[str, Any]) -> str:
    """Say what runs here, a line each."""
    versions, engine, reason = machine["versions"], machine["engine"], machine["why_no_engine"]
    native = f"native runs on {engine}" if engine else f"native does not run: {reason}"
    slow = ", since this engine is slower than a BLAS for many rows" if engine and machine["backend"] == "dense" else ""
    torch = f"torch {versions['torch']}" if versions["torch"] else "torch is not installed"
    lines = {
        "processor": f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 1e9:.1f} GB",
        "engines": f"{', '.join(machine['engines']) or 'none'}; {native}",
        "backend": f"auto takes {machine['backend']}{slow}",
        "float32": f"NumPy {versions['numpy']} with {versions['blas'] or 'an unknown BLAS'}; {torch}",
        "version": f"onebit-rf {versions['onebit-rf'] or 'not installed'}, Python {versions['python']}",
    }
    return "\n".join(f"{name:<9}  {text}" for name, text in lines.items())


def _table(records: list[dict[str, Any]], backend: str) -> str:
    """Return a row for each product and state, of `backend`, with a column for the speed-up of each other backend."""
    products: dict[tuple, dict[str, dict]] = {}
    for record in records:
        key = tuple(record[name] for name in ("d_in", "d_out", "batch", "state"))
        products.setdefault(key, {})[record["backend"]] = record
    others = [name for name in dict.fromkeys(record["backend"] for record in records) if name != backend]
    head = ["product", "batch", "state", f"{backend} µs", "float32 µs", "by", "speed-up", *others]
    rows = [[*head, "GB/s", "of memory", "error"]]
    for (d_in, d_out, batch, state), by in products.items():
        of = by[backend]
        times = [_short(1e6 * of["seconds"]), _short(1e6 * of["float32_seconds"]), of["float32"].removeprefix("fp32-")]
        speedups = [f"{_short(by[name]['speedup'])}×" for name in (backend, *others)]
        rates = [_short(of["bytes_per_second"] / 1e9), f"{_short(100 * of['bandwidth_fraction'])} %"]
        rows.append([f"{d_in}→{d_out}", str(batch), state, *times, *speedups, *rates, f"{of['relative_error']:.1e}"])
    return aligned(rows)


def _short(number: float) -> str:
    """Three digits, more before the point where it has them."""
    return f"{number:#.3g}".rstrip(".") if number < 999.5 else f"{number:.0f}"


def _legend(measured: "Bench", threads: int) -> str:
    """Explain the columns, and say for what there was no time."""
    lines = [
        "Least times of calls in turn. warm: straight after other calls; cold: after the caches were emptied.",
        "speed-up: over the fastest float32. error: relative to float64, Frobenius.",
        f"GB/s: at which weights are read. of memory: of {measured.bandwidth / 1e9:.1f} GB/s, which {threads} "
        f"thread{'s read' if threads > 1 else ' reads'} from it; above 100 % caches serve.",
    ]
    left_out = ", ".join(f"{d_in}→{d_out} batch {batch}" for d_in, d_out, batch in measured.left_out)
    return "\n".join(lines + ([f"No time for {left_out}: give more --seconds."] if left_out else []))

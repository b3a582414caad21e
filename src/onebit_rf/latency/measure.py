"""The measurement: correctness first, then all backends in turn, one row per repetition."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.machine import processor
from onebit_rf.kernels import gemlite
from onebit_rf.latency.clock import Clock
from onebit_rf.latency.models import Model, Network, cpu_models, is_right, relative_error
from onebit_rf.tables.files import write_table
from onebit_rf.tables.latency import LATENCY

LEAST_REPETITIONS = 3
Row = dict[str, Any]


def measure_latency(
    path: str | Path,
    device: str,
    d_in: int,
    networks: list[list[int]],
    batches: list[int],
    threads: int,
    repetitions: int,
    seconds: float,
    params: dict[str, Any],
    activation: str = "tanh",
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Measure every network at every batch size and write a table `latency`.

    Args:
        path: the table.
        device: cpu or cuda.
        d_in: d_0 of every network.
        networks: the widths d_1, …, d_L of each.
        batches: numbers of rows of x.
        threads: of the CPU.
        repetitions: rows per backend and state, fewer (≥ 3) where they would take longer than `seconds` in all.
        seconds: per network and batch size.
        params: what the table's provenance records.
        activation: φ of every network.
        progress: wraps the iteration over networks.

    Raises:
        OnebitError: cuda is asked for and not here, or a one-bit model is wrong.
    """
    if device == "cuda":
        if reason := gemlite.why_unavailable():
            raise OnebitError(f"latency.devices: cuda cannot be measured here: {reason}")
        from onebit_rf.latency.cuda import Cuda as Device
    else:
        Device = Cpu
    rows: list[Row] = []
    with threadpool_limits(threads):
        machine = Device(threads)
        for widths in progress(networks):
            network = Network((d_in, *widths), activation)
            for batch, model, row in _measure_network(machine, network, batches, repetitions, seconds):
                shape = {"widths": ",".join(map(str, widths)), "depth": len(widths), "batch": batch}
                rows.append({**shape, "backend": model.backend, "version": model.version, **row})
    bandwidth = machine.bandwidth()
    rates = np.array([row["weight_bytes"] / row["seconds"] for row in rows])
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= {"bytes_per_second": rates, "bandwidth": bandwidth, "bandwidth_fraction": rates / bandwidth}
    columns |= {"device": device, "device_name": machine.name, "threads": threads, "d_in": d_in}
    write_table(path, LATENCY, params, **columns)


def _measure_network(machine: Any, network: Network, batches: list[int], repetitions: int, seconds: float):
    """Yield (batch, model, row); checks each model against float64 on the rows it is timed on, before timing."""
    models = machine.models(network)
    x = network.inputs(max(batches))
    exact = network.exact(x)
    for batch in batches:
        runs = [(model, *machine.prepare(model, x[:batch])) for model in models]
        errors = {model.backend: relative_error(output(), exact[:batch]) for model, _, output in runs}
        runs = [(model, run) for model, run, _ in runs if is_right(model, errors[model.backend])]
        end = time.perf_counter() + seconds
        for repetition in range(repetitions):
            if repetition >= LEAST_REPETITIONS and time.perf_counter() > end:
                break
            for model, run in runs:
                for state, elapsed in machine.time(run).items():
                    row = {"state": state, "repetition": repetition, "seconds": elapsed}
                    yield (
                        batch,
                        model,
                        {**row, "weight_bytes": model.weight_bytes, "relative_error": errors[model.backend]},
                    )


class Cpu(Clock):
    """The CPU."""

    def __init__(self, threads: int) -> None:
        """`threads` is how many a model may use."""
        import torch

        super().__init__()
        self.threads, self.name = threads, processor()
        torch.set_num_threads(threads)

    def models(self, network: Network) -> list[Model]:
        """Return the backends of the CPU."""
        return cpu_models(network, self.threads)

    def prepare(self, model: Model, x: np.ndarray) -> tuple[Callable[[], Any], Callable[[], np.ndarray]]:
        """Return what is timed and what gives the output as an array; here the same."""
        run = partial(model.forward, x)
        return run, run

"""Print the time of one product, x Wᵀ, against float32's: `python -m onebit_rf.latency`, one thread, ~30 s.

Best of several calls, the backends in turn; warm: after other calls, cold: after the caches were emptied.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from onebit_rf.kernels import backends, load
from onebit_rf.latency.measure import Cpu
from onebit_rf.latency.models import Network, torch_forward

PRODUCTS = ((512, 512, 1), (1024, 1024, 1), (4096, 4096, 1), (8192, 4096, 1), (8192, 4096, 16), (8192, 4096, 512))
ONE_BIT = [name for name, backend in backends().items() if name.startswith("native") and not backend.why_unavailable()]


def compare(d_in: int, d_out: int, batch: int, repetitions: int = 15) -> dict[tuple[str, str], float]:
    """Return the least seconds by (backend, state) of one product of `batch` rows."""
    import torch

    cpu, network = Cpu(threads=1), Network((d_in, d_out))
    x, weights = network.inputs(batch), network.weights[0]
    layers = [torch.from_numpy(weights)]
    models = {"torch": torch_forward(layers, "highest"), "oneDNN": torch_forward(layers, "medium")}
    models["NumPy"] = lambda x: x @ weights.T
    models |= {name: load(network.signs[0], name).apply for name in ONE_BIT}
    times: dict[tuple[str, str], float] = {}
    for _ in range(repetitions if batch < 100 else 3):
        for name, model in models.items():
            for state, seconds in cpu.time(partial(model, x)).items():
                times[name, state] = min(seconds, times.get((name, state), np.inf))
    return times


def main(products: Iterable[tuple[int, int, int]] = PRODUCTS) -> None:
    """Print a line per product and state: µs, and in brackets how many times torch's default takes."""
    for d_in, d_out, batch in products:
        times = compare(d_in, d_out, batch)
        for state in ("warm", "cold"):
            cells = [
                f"{name} {t * 1e6:.1f} ({times['torch', state] / t:.1f}×)"
                for (name, s), t in times.items()
                if s == state
            ]
            print(f"{d_in}→{d_out}, batch {batch}, {state}:", ", ".join(cells))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()

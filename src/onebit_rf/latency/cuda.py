"""A CUDA device: the network in float32, float16 and one bit, each replayed as a CUDA graph."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gemlite as gemlite_package
import numpy as np
import torch

from onebit_rf import kernels
from onebit_rf.latency.models import Model, Network
from onebit_rf.model.activations import ACTIVATIONS

Forward = Callable[[torch.Tensor], torch.Tensor]
COPY_BYTES = 1 << 30
WARM_UP = 3  # calls before a graph is captured: gemlite tunes its kernels in the first


class Cuda:
    """The current device. A graph's replay has no launch overhead per layer.

    Times are the device's own: a large copy is queued before what is timed, so that the host is ahead of the device,
    and how long a launch takes plays no part. The copy empties the caches, too.
    """

    def __init__(self, threads: int) -> None:
        """`threads`, of the CPU, play no part."""
        self.name = torch.cuda.get_device_name()
        torch.set_float32_matmul_precision("highest")
        self._copied = [torch.zeros(COPY_BYTES, dtype=torch.uint8, device="cuda") for _ in range(2)]
        self._copy()  # the first is slower
        self._copy_seconds = [self._clock(self._copy) for _ in range(10)]

    def models(self, network: Network) -> list[Model]:
        """Return float32, float16 and one-bit models; the last layer is float32 in all."""
        size = sum(weights.size for weights in network.weights)
        last = torch.from_numpy(network.last).cuda()
        layers = [torch.from_numpy(weights).cuda() for weights in network.weights]
        products = [kernels.load(signs, "gemlite") for signs in network.signs]
        packed = sum(signs.bits.size for signs in network.signs)
        version = f"torch {torch.__version__}"
        triton = f"{version} gemlite {gemlite_package.__version__}"
        rest, phi = 4 * network.last.size, partial(ACTIVATIONS.get(network.activation).tensor, torch)
        return [
            Model("fp32-torch", _dense(layers, last, phi), 4 * size + rest, 1e-5, version),
            Model("fp16-torch", _dense([layer.half() for layer in layers], last, phi), 2 * size + rest, 1e-2, version),
            Model("one-bit", _one_bit(products, last, phi), packed + rest, 1e-2, triton),
        ]

    def prepare(self, model: Model, x: np.ndarray) -> tuple[Callable[[], Any], Callable[[], np.ndarray]]:
        """Capture the model at this batch size; return the replay, and one after another that fetches the output."""
        rows = torch.from_numpy(x.copy()).cuda()
        with torch.inference_mode():
            for _ in range(WARM_UP):
                model.forward(rows)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                y = model.forward(rows)
        return graph.replay, lambda: (graph.replay(), graph.replay(), y.cpu().numpy())[-1]

    def time(self, run: Callable[[], Any]) -> dict[str, float]:
        """Seconds of a cold replay, straight after the copy, and of a warm one, straight after another."""
        self._copy()
        cold = self._clock(run)
        self._copy()
        run()
        return {"cold": cold, "warm": self._clock(run)}

    def bandwidth(self) -> float:
        """Bytes/s of a large copy, read and written."""
        return 2 * COPY_BYTES / min(self._copy_seconds)

    def _copy(self) -> None:
        self._copied[0].copy_(self._copied[1])

    def _clock(self, run: Callable[[], Any]) -> float:
        """Seconds between an event before and one after, by the device's clock."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1000


def _dense(layers: list[torch.Tensor], last: torch.Tensor, phi: Forward) -> Forward:
    def forward(x: torch.Tensor) -> torch.Tensor:
        for weights in layers:
            x = phi(x.to(weights.dtype) @ weights.T)
        return x.float() @ last.T

    return forward


def _one_bit(products: list[Any], last: torch.Tensor, phi: Forward) -> Forward:
    """x W/√d with 1/√d applied to x in float32, so that rounding it to float16 costs nothing."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        for product in products:
            rows = torch.empty_like(x, dtype=torch.float16)  # times and rounded in one pass over x
            x = phi(product.half_product(torch.mul(x, 2 * product.shape[1] ** -0.5, out=rows)))
        return x @ last.T

    return forward

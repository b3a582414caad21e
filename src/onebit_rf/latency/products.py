"""Single products x Wᵀ, W = S/√d_in with signs S: one bit and float32, checked and timed in turn."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from onebit_rf import kernels
from onebit_rf.kernels import native
from onebit_rf.latency.clock import Clock
from onebit_rf.latency.models import Model, Network, is_right, relative_error, torch_forward

CHECKED_ROWS = 16  # of an output are held against float64
FLOAT32 = "fp32-"  # begins the names of the baselines, those of the table `latency`
SLACK = 10  # times the error to expect of a native backend is still right


@dataclass(eq=False)
class Case:
    """One product by every model, and what was measured of it.

    Attributes:
        x: the rows, float32 (batch, d_in).
        exact: of the first CHECKED_ROWS rows, the output in float64, (rows, d_out).
        models: of these backends: float32 baselines, then one bit, first of it what `auto` takes.
        errors: relative error against `exact` by backend.
        least: least seconds of a call by (backend, state).
        rounds: how many were run.
        seconds: that they took.
    """

    x: np.ndarray
    exact: np.ndarray
    models: list[Model]
    errors: dict[str, float] = field(default_factory=dict)
    least: dict[tuple[str, str], float] = field(default_factory=dict)
    rounds: int = 0
    seconds: float = 0.0

    @property
    def size(self) -> tuple[int, int, int]:
        """(d_in, d_out, batch)."""
        return self.x.shape[1], self.exact.shape[1], len(self.x)

    def run_round(self, clock: Clock) -> None:
        """Time a cold and a warm call of each model in turn; before the first time check them, and drop or raise."""
        start = time.perf_counter()
        if not self.rounds:
            self._check()
        for model in self.models:
            for state, seconds in clock.time(partial(model.forward, self.x)).items():
                key = model.backend, state
                self.least[key] = min(seconds, self.least.get(key, np.inf))
        self.rounds += 1
        self.seconds += time.perf_counter() - start

    def _check(self) -> None:
        for model in self.models:
            self.errors[model.backend] = relative_error(model.forward(self.x)[:CHECKED_ROWS], self.exact)
        # Outputs have variance 1: where a few happen to be small, an error is held against 1 and not against them.
        small = min(1.0, float(np.linalg.norm(self.exact)) / self.exact.size**0.5)
        self.models = [model for model in self.models if is_right(model, small * self.errors[model.backend])]

    def records(self, bandwidth: float) -> Iterator[dict[str, Any]]:
        """Yield a record for each state and one-bit backend, in SI units."""
        for state in ("warm", "cold"):
            times = {model.backend: self.least[model.backend, state] for model in self.models}
            float32 = min((name for name in times if name.startswith(FLOAT32)), key=times.__getitem__)
            for model in self.models:
                if model.backend.startswith(FLOAT32):
                    continue
                seconds, rate = times[model.backend], model.weight_bytes / times[model.backend]
                yield {
                    **dict(zip(("d_in", "d_out", "batch"), self.size, strict=True)),
                    "state": state,
                    "backend": model.backend,
                    "seconds": seconds,
                    "float32": float32,
                    "float32_seconds": times[float32],
                    "speedup": times[float32] / seconds,
                    "weight_bytes": model.weight_bytes,
                    "bytes_per_second": rate,
                    "bandwidth_fraction": rate / bandwidth,
                    "relative_error": self.errors[model.backend],
                    "rounds": self.rounds,
                }


def make_cases(d_in: int, d_out: int, batches: Sequence[int], threads: int) -> list[Case]:
    """Draw one W, and rows of which a smaller batch takes the first."""
    network = Network((d_in, d_out))
    x, signs = network.inputs(max(batches)), network.signs[0]
    exact = x[:CHECKED_ROWS].astype(np.float64) @ kernels.unpack_signs(signs).astype(np.float64).T * d_in**-0.5
    models = [*_float32_models(network), *_one_bit_models(signs, threads)]
    return [Case(x[:batch], exact[:batch], models) for batch in batches]


def _float32_models(network: Network) -> Iterator[Model]:
    """NumPy's BLAS; where torch is, its default and oneDNN."""
    weights, limit = network.weights[0], _float32_limit(network.dims[0])
    yield Model("fp32-numpy", lambda x: x @ weights.T, weights.nbytes, limit, f"numpy {np.__version__}")
    if torch := find_torch():
        layers, version = [torch.from_numpy(weights)], f"torch {torch.__version__}"
        yield Model("fp32-torch", torch_forward(layers, "highest"), weights.nbytes, limit, version)
        yield Model("fp32-onednn", torch_forward(layers, "medium"), weights.nbytes, limit, version)


def _float32_limit(d_in: int) -> float:
    """Relative error of a sum of d_in terms one after the other, a walk of random roundings; far below bfloat16's."""
    return max(1e-5, float(np.finfo(np.float32).eps) * d_in**0.5)


def find_torch() -> Any:
    """Return the module torch, or None where it cannot be imported."""
    try:
        import torch
    except ImportError:
        return None
    return torch


def _one_bit_models(signs: kernels.SignMatrix, threads: int) -> Iterator[Model]:
    """What `auto` takes, then the native backends that run here besides."""
    known = kernels.backends()
    natives = [name for name in ("native", "native-16bit", "native-8bit") if known[name].why_unavailable() is None]
    for name in dict.fromkeys([kernels.preferred(), *natives]):
        apply = partial(kernels.load(signs, name, scale=signs.d_in**-0.5).apply, threads=threads)
        if name in natives:
            yield Model(name, apply, signs.bits.nbytes, SLACK * known[name].relative_error, native.engine())
        else:
            yield Model(name, apply, 4 * math.prod(signs.shape), _float32_limit(signs.d_in), f"numpy {np.__version__}")

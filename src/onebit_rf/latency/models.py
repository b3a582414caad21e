"""One random-feature network, and its inference in each of the CPU's backends."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.kernels import native
from onebit_rf.model.activations import ACTIVATIONS

if TYPE_CHECKING:
    import torch

OUTPUTS = 10  # of the last layer; as many as the classes of a small image set
Forward = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Network:
    """W_ℓ = S_ℓ/√d_{ℓ−1} with signs S_ℓ, an activation φ, and a float32 last layer A of OUTPUTS rows.

    A is drawn, not trained: its values do not change the time.

    Attributes:
        dims: (d_0, d_1, …, d_L).
        activation: φ, of those with a `tensor`.
        seed: of the weights and inputs.
    """

    dims: tuple[int, ...]
    activation: str = "tanh"
    seed: int = 0

    @cached_property
    def signs(self) -> list[kernels.SignMatrix]:
        """S_1, …, S_L."""
        rng = stream(self.seed, "latency", "weights")
        drawn = []
        for d_in, d_out in pairwise(self.dims):
            bits = rng.integers(0, 256, (d_out, (d_in + 7) // 8), dtype=np.uint8)
            bits[:, -1] &= 255 >> (-d_in % 8)
            drawn.append(kernels.SignMatrix(bits, d_in))
        return drawn

    @cached_property
    def weights(self) -> list[np.ndarray]:
        """W_1, …, W_L in float32."""
        return [kernels.unpack_signs(signs) * np.float32(signs.d_in**-0.5) for signs in self.signs]

    @cached_property
    def last(self) -> np.ndarray:
        """A, float32 (OUTPUTS, d_L), entries N(0, 1/d_L)."""
        draw = stream(self.seed, "latency", "last").standard_normal((OUTPUTS, self.dims[-1]), dtype=np.float32)
        return draw * np.float32(self.dims[-1] ** -0.5)

    def inputs(self, rows: int) -> np.ndarray:
        """Return x_0 ~ N(0, 1), float32 (rows, d_0); fewer rows are the first of more."""
        return stream(self.seed, "latency", "x").standard_normal((rows, self.dims[0]), dtype=np.float32)

    def exact(self, x: np.ndarray) -> np.ndarray:
        """Return y in float64, (rows, OUTPUTS)."""
        x, phi = x.astype(np.float64), ACTIVATIONS.get(self.activation).function
        for signs in self.signs:
            x = phi(x @ kernels.unpack_signs(signs).astype(np.float64).T * signs.d_in**-0.5)
        return x @ self.last.astype(np.float64).T


@dataclass(frozen=True)
class Model:
    """A network in one backend.

    Attributes:
        backend: name in the table.
        forward: x → y, float32 NumPy arrays on the CPU, tensors on a GPU.
        weight_bytes: bytes of the weights that one forward pass reads.
        limit: relative error above which the backend does not compute what it is timed for.
        version: what computes.
    """

    backend: str
    forward: Callable[[Any], Any]
    weight_bytes: int
    limit: float
    version: str


def relative_error(y: np.ndarray, exact: np.ndarray) -> float:
    """Return the Frobenius error of y."""
    return float(np.linalg.norm(y - exact) / np.linalg.norm(exact))


def is_right(model: Model, error: float) -> bool:
    """Say whether a model computes what it is timed for, by its error.

    Some processors shorten the float32 of `medium`: that baseline may be wrong, and is then left out.

    Raises:
        OnebitError: any other model is wrong.
    """
    if error <= model.limit:
        return True
    if model.backend == "fp32-onednn":
        return False
    raise OnebitError(f"{model.backend} is off by {error:.1e} relative to float64, more than {model.limit:.0e}")


def cpu_models(network: Network, threads: int) -> list[Model]:
    """Return the network in every backend of this CPU: the full-precision baselines first, then one bit."""
    return [*_dense_models(network), *_one_bit_models(network, threads)]


def _dense_models(network: Network) -> Iterable[Model]:
    """float32 by torch's default, by oneDNN and by NumPy's BLAS; bfloat16 by torch."""
    import torch

    size = sum(weights.size for weights in network.weights) + network.last.size
    layers = [torch.from_numpy(weights) for weights in [*network.weights, network.last]]
    short = [layer.bfloat16() for layer in layers[:-1]] + layers[-1:]
    phi, version = network.activation, f"torch {torch.__version__}"
    yield Model("fp32-torch", torch_forward(layers, "highest", phi), 4 * size, 1e-5, version)
    yield Model("fp32-onednn", torch_forward(layers, "medium", phi), 4 * size, 1e-5, version)
    yield Model("fp32-numpy", _numpy_forward(network), 4 * size, 1e-5, f"numpy {np.__version__}")
    yield Model("bf16-torch", torch_forward(short, "highest", phi), 2 * size + 2 * network.last.size, 3e-2, version)


def torch_forward(layers: list["torch.Tensor"], precision: str, activation: str = "tanh") -> Forward:
    """Return x ↦ A φ(W_L … φ(W_1 x)); `medium` precision lets torch take oneDNN's float32 product."""
    import torch

    phi = ACTIVATIONS.get(activation).tensor

    @torch.inference_mode()
    def forward(x: np.ndarray) -> np.ndarray:
        torch.set_float32_matmul_precision(precision)
        y = torch.from_numpy(x)
        for weights in layers[:-1]:
            y = phi(torch, torch.nn.functional.linear(y.to(weights.dtype), weights))
        return torch.nn.functional.linear(y.float(), layers[-1]).numpy()

    return forward


def _numpy_forward(network: Network) -> Forward:
    phi = ACTIVATIONS.get(network.activation).function

    def forward(x: np.ndarray) -> np.ndarray:
        for weights in network.weights:
            x = phi(x @ weights.T)
        return x @ network.last.T

    return forward


def _one_bit_models(network: Network, threads: int) -> Iterable[Model]:
    """The exact native look-up and the 8-bit one (relative error ~1e-2 a layer); neither where no engine runs."""
    if native.why_unavailable() is not None:
        return
    size = sum(signs.bits.size for signs in network.signs) + 4 * network.last.size
    for backend, kernel, limit in (("one-bit", "native", 1e-5), ("one-bit-8bit", "native-8bit", 0.1)):
        layers = [kernels.load(signs, kernel, scale=signs.d_in**-0.5) for signs in network.signs]
        made_by = f"onebit_rf {version('onebit-rf')} {native.engine()}"
        yield Model(backend, _one_bit_forward(layers, network, threads), size, limit, made_by)


def _one_bit_forward(layers: list[kernels.Product], network: Network, threads: int) -> Forward:
    def forward(x: np.ndarray) -> np.ndarray:
        for layer in layers:
            x = layer.apply(x, threads=threads, activation=network.activation)
        return x @ network.last.T

    return forward

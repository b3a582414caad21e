"""One-bit networks as they are deployed: packed in a file of their own, run by the one-bit kernels without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.features.layers import Layer
from onebit_rf.tables.deployment import PACKED
from onebit_rf.tables.files import TableWriter, read_group, read_matrix
from onebit_rf.training.learned import Learned

NO_ACTIVATION = "none"


@dataclass(frozen=True)
class PackedNetwork:
    """A trained network with hidden weights of one bit.

    Attributes:
        layers: x ↦ φ(α ⊙ (x Sᵀ)) for each hidden layer.
        activation: φ.
        weights, bias: of the read-out, float32 (K, d_L) and (K,).
    """

    layers: Sequence[Layer]
    activation: str
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the logits (rows, K) of inputs x (rows, d_0), float32."""
        for layer in self.layers:
            x = layer(x, self.activation)
        return x @ self.weights.T + self.bias


def write_packed(path: str | Path, one: Learned, activation: str) -> None:
    """Write a trained one-bit network, a bit a hidden weight; a table `packed`.

    Raises:
        OnebitError: its hidden weights are not ±α.
    """
    if one.quantizer.bits != 1:
        raise OnebitError(f"model: must be of one bit to be packed, got {one.model}")
    with TableWriter(path, PACKED, {"model": one.model, "protocol": one.protocol}) as writer:
        for layer, name in enumerate(one.hidden, start=1):
            signs = kernels.pack_signs(one.weights[name])
            alpha = np.broadcast_to(np.exp(one.log_steps[name]) / 2, (len(signs.bits), 1))[:, 0]
            fan_in = one.weights[name].shape[1]
            writer.write(
                layer=layer, activation=activation, fan_in=fan_in, scale=alpha, bias=np.float32(0), data=signs.bits
            )
        numbers = np.ascontiguousarray(one.weights["a"], "<f4")
        writer.write(
            layer=len(one.hidden) + 1,
            activation=NO_ACTIVATION,
            fan_in=numbers.shape[1],
            scale=np.float32(1),
            bias=one.weights["b"],
            data=numbers.view(np.uint8),
        )


def load_packed(path: str | Path, backend: str = "auto") -> PackedNetwork:
    """Load a network that `write_packed` wrote onto the kernels of `backend`.

    Raises:
        OnebitError: the file is missing, damaged or foreign.
    """
    groups = _groups(path)
    hidden = [_hidden_layer(path, group, backend) for group in range(groups - 1)]
    head = read_group(path, PACKED, 0, ["activation"])
    bias = read_group(path, PACKED, groups - 1, ["bias"])["bias"].to_numpy()
    weights = read_matrix(path, PACKED, "data", groups - 1).view("<f4")
    return PackedNetwork(hidden, head["activation"][0].as_py(), weights, bias)


def _groups(path: str | Path) -> int:
    read_group(path, PACKED, 0, ["layer"])  # says in one line what is wrong with the file
    return pq.ParquetFile(path).num_row_groups


def _hidden_layer(path: str | Path, group: int, backend: str) -> Layer:
    columns = read_group(path, PACKED, group, ["fan_in", "scale"])
    signs = kernels.SignMatrix(read_matrix(path, PACKED, "data", group), columns["fan_in"][0].as_py())
    return signs_layer(signs, columns["scale"].to_numpy(), backend)


def signs_layer(signs: kernels.SignMatrix, alpha: np.ndarray, backend: str = "auto") -> Layer:
    """Return x ↦ φ(α ⊙ (x Sᵀ)) of signs S with α for each neuron."""
    product = kernels.load(signs, backend, scale=alpha)
    return lambda x, activation=None: product.apply(x, activation=activation)

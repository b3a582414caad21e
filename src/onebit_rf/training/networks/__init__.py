"""The networks that can be trained, a file each: their records, and what they compute as functions of their weights.

A kind is a class with the fields of its record, `tag="NAME"` as its file is called, and the members of NetworkRecord.
It is read with the configuration: torch is imported where a network is built.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onebit_rf.model.record import Record
from onebit_rf.model.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    Weights = Mapping[str, Tensor]

READ_OUT = "a"  # the name of the read-out's matrix in every network
Observe = Callable[[str, "Tensor"], "Tensor"]  # the outputs of a named layer → the same, at few bits


@dataclass(frozen=True)
class Net:
    """A network as functions of the weights of a stack of M models of its shape.

    Attributes:
        initial: seed → name → the weights of one model, float32, as training starts.
        quantised: names of the weights that a quantizer rounds, their first axis the output channels.
        activations: names of the outputs that are at few bits where activations are.
        state: name → what is averaged over batches, of one model, as training starts.
        forward: (weights, state, x, training, observe) → logits (M, B, K) of the inputs x (B, d_0). Every tensor of
            weights and state has a leading axis M; while training the state is updated in place. `observe` is called
            on the outputs of every name in `activations`.
        stacks: whether M models together are faster than one by one.
    """

    initial: "Callable[[int], dict[str, Tensor]]"
    quantised: Sequence[str]
    activations: Sequence[str]
    forward: "Callable[[Weights, Weights, Tensor, bool, Observe], Tensor]"
    state: "Mapping[str, Tensor]" = field(default_factory=dict)
    stacks: bool = True


class NetworkRecord(Record, tag_field="kind"):
    """A network of the configuration.

    `usual_kind` is that of a record that names none. `has_relu` tells whether its activations are outputs of ReLUs,
    which can be at few bits, and `has_features` whether its hidden layers can be frozen
    ones, x_ℓ = φ(W_ℓ x_{ℓ−1}), and `has_step` whether the first of these takes a step of gradient descent.
    """

    usual_kind = "mlp"
    has_features = False
    has_relu = False
    has_step = False

    @property
    def width(self) -> int:
        """The largest number of units or channels in a hidden layer."""
        raise NotImplementedError

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        raise NotImplementedError

    def members(self) -> list[str]:
        """Return the modules of the registries' members that the network names."""
        return []

    def size(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> tuple[int, int]:
        """Return the number of weights, and of products that an input takes."""
        raise NotImplementedError

    def check(self, image: tuple[int, int, int] | None) -> None:
        """Raise OnebitError where the network does not take inputs of such an image; None: they are none."""

    def build(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> Net:
        """Return the network for inputs of d_0 = `input_dim` numbers, those of an `image` (height, width, channels).

        Raises:
            OnebitError: the network does not take such inputs.
        """
        raise NotImplementedError


NETWORKS: Registry[type[NetworkRecord]] = Registry("training/networks", "network")

"""Fully connected layers x_ℓ = φ(W_ℓ x_{ℓ−1}) and a linear read-out: hidden layers that may be frozen or learned."""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.record import Count, NonNegative, Record, member_of
from onebit_rf.training.networks import Net, NetworkRecord, Observe
from onebit_rf.weights.laws import LAWS

if TYPE_CHECKING:
    from torch import Tensor

    from onebit_rf.training.networks import Weights

Widths = Annotated[list[Count], Meta(min_length=1, max_length=64)]


class Step(Record):
    """One step of gradient descent on W_1, before it is quantized; `onebit_rf.features.step` has the formula."""

    rate: Annotated[NonNegative, Meta(description="η; 0: none. O(1) is a small step, O(√d_1) a large one")] = 0.0
    rows: Annotated[int, Meta(ge=0, description="n_0: the first train rows, which the read-outs skip")] = 0

    def __post_init__(self) -> None:
        """Raise OnebitError for a step on no rows."""
        if self.rate > 0 and self.rows == 0:
            raise OnebitError(f"rows must be at least 1 where rate is {self.rate:g}, got 0")


class Mlp(NetworkRecord, tag="mlp"):
    """Hidden layers x_ℓ = φ(W_ℓ x_{ℓ−1})."""

    activation: Annotated[str, member_of(ACTIVATIONS, "φ")]
    widths: Annotated[Widths, Meta(description="d_1 … d_L; all depths 1 … L are computed in one pass")]
    step: Step = msgspec.field(default_factory=Step)
    has_features = True

    @property
    def has_step(self) -> bool:
        """Whether η > 0."""
        return self.step.rate > 0

    @property
    def has_relu(self) -> bool:
        """Whether φ is ReLU."""
        return self.activation == "relu"

    @property
    def width(self) -> int:
        """The widest layer."""
        return max(self.widths)

    @property
    def depth(self) -> int:
        """L."""
        return len(self.widths)

    def members(self) -> list[str]:
        """Return the modules of φ and of the law that training starts from."""
        return [ACTIVATIONS.module(self.activation), LAWS.module("gaussian")]

    def size(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> tuple[int, int]:
        """Return the number of weights; each is one product."""
        products = sum(before * after for before, after in pairwise([input_dim, *self.widths, classes]))
        return products + classes, products

    def build(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> Net:
        """Return the network; it has no biases but the read-out's, as the random features have none.

        Training starts from the very weights that the law `gaussian` draws with the same seed, so that a frozen layer
        and a learned one differ by the training alone.
        """
        import torch

        hidden = [f"W{layer}" for layer in range(1, self.depth + 1)]
        phi = ACTIVATIONS.get(self.activation).tensor
        if phi is None:
            raise OnebitError(f"activation: {self.activation} has no `tensor`, which training differentiates; add it")

        def initial(seed: int) -> "dict[str, Tensor]":
            weights = {}
            for layer, (fan_in, fan_out) in enumerate(pairwise([input_dim, *self.widths]), start=1):
                drawn = LAWS.get("gaussian").draw(fan_out, fan_in, seed, layer)
                weights[f"W{layer}"] = torch.from_numpy(drawn) * fan_in**-0.5
            fan_in = self.widths[-1]
            drawn = stream(seed, "training", "readout").standard_normal((classes, fan_in), dtype="float32")
            return weights | {"a": torch.from_numpy(drawn) * fan_in**-0.5, "b": torch.zeros(classes)}

        def forward(weights: "Weights", state: "Weights", x: "Tensor", training: bool, observe: Observe) -> "Tensor":
            for layer, name in enumerate(hidden):
                matrix = weights[name]
                if layer == 0:  # the stack shares its inputs: one product
                    x = (x @ matrix.flatten(0, 1).T).unflatten(1, matrix.shape[:2]).movedim(1, 0)
                else:
                    x = torch.bmm(x, matrix.mT)
                x = observe(name, phi(torch, x))
            return torch.baddbmm(weights["b"][:, None], x, weights["a"].mT)

        return Net(initial, hidden, hidden, forward)


network = Mlp

"""A small vision transformer (arXiv 2010.11929), norms before attention and hidden layer (arXiv 2002.04745).

An image is cut into T patches of p × p pixels; each becomes a token of D numbers by one linear map, to which a learned
position is added. A block adds to every token first softmax(qkᵀ/√(D/h)) v of h heads, then what a GELU layer of 2D
units makes of it. The mean over tokens is normed and read out.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import Count
from onebit_rf.training.networks import Net, NetworkRecord, Observe

if TYPE_CHECKING:
    from torch import Tensor

    from onebit_rf.training.networks import Weights

EXPANSION = 2  # units of a block's hidden layer for each number of a token: four cost a half more
POSITION = 0.02  # standard deviation of the positions as training starts, as of all vision transformers


class Linear(NamedTuple):
    """A matrix of shape (outputs, inputs), its name, and how many tokens of an image it takes."""

    name: str
    outputs: int
    inputs: int
    tokens: int


class Vit(NetworkRecord, tag="vit"):
    """Blocks of attention and of a hidden layer on patches."""

    patch: Annotated[Count, Meta(description="side of a patch in pixels, a divisor of both sides of the image")]
    dim: Annotated[Count, Meta(description="D, numbers of a token")]
    blocks: Annotated[Count, Meta(description="of attention and a hidden layer")]
    heads: Annotated[Count, Meta(description="of the attention, a divisor of dim")]

    @property
    def width(self) -> int:
        """Units of a block's hidden layer."""
        return EXPANSION * self.dim

    @property
    def depth(self) -> int:
        """Attentions and hidden layers."""
        return 2 * self.blocks

    def size(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> tuple[int, int]:
        """Return the number of weights, and of products that an image takes; 0, 0 where inputs are no images."""
        if image is None:
            return 0, 0
        tokens, layers = self._tokens(image), list(self._layers(image))
        weights = sum(one.outputs * (one.inputs + 1) for one in layers) + tokens * self.dim
        weights += (2 * self.depth + 2) * self.dim + (self.dim + 1) * classes
        products = sum(one.outputs * one.inputs * one.tokens for one in layers)
        return weights, products + 2 * self.blocks * tokens**2 * self.dim + self.dim * classes

    def check(self, image: tuple[int, int, int] | None) -> None:
        """Raise OnebitError unless inputs are images that patches tile, and heads divide D."""
        if self.dim % self.heads:
            raise OnebitError(f"heads: must divide dim, {self.dim}, got {self.heads}")
        if image is None:
            raise OnebitError("kind: vit takes images, which the inputs are not; use mlp")
        if image[0] % self.patch or image[1] % self.patch:
            raise OnebitError(f"patch: must divide the image's sides, {image[0]} and {image[1]}, got {self.patch}")

    def _tokens(self, image: tuple[int, int, int]) -> int:
        return (image[0] // self.patch) * (image[1] // self.patch)

    def _layers(self, image: tuple[int, int, int]) -> Iterator[Linear]:
        dim, tokens = self.dim, self._tokens(image)
        yield Linear("embedding", dim, self.patch**2 * image[2], tokens)
        for block in range(1, self.blocks + 1):
            yield Linear(f"qkv{block}", 3 * dim, dim, tokens)
            yield Linear(f"proj{block}", dim, dim, tokens)
            yield Linear(f"up{block}", self.width, dim, tokens)
            yield Linear(f"down{block}", dim, self.width, tokens)

    def build(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> Net:
        """Return the network; none of its outputs is that of a ReLU, so that none is at few bits.

        Matrices start normal with variance 1 over their inputs. The stack is a map of one model's function over its
        weights, and attention the plain product: torch's fused one cannot be differentiated twice.

        Raises:
            OnebitError: the inputs are no images, the patches do not tile them, or the heads do not divide D.
        """
        import torch
        from torch.nn import functional

        self.check(image)
        layers, tokens = list(self._layers(image)), self._tokens(image)
        norms = [f"norm{i}" for i in range(1, self.depth + 2)]

        def initial(seed: int) -> "dict[str, Tensor]":
            def normal(name: str, *shape: int) -> "Tensor":
                return torch.from_numpy(stream(seed, "training", name).standard_normal(shape, dtype="float32"))

            weights = {"positions": POSITION * normal("positions", tokens, self.dim)}
            for layer in layers:
                weights[layer.name] = normal(layer.name, layer.outputs, layer.inputs) * layer.inputs**-0.5
                weights[f"bias of {layer.name}"] = torch.zeros(layer.outputs)
            for name in norms:
                weights[f"gamma of {name}"], weights[f"beta of {name}"] = torch.ones(self.dim), torch.zeros(self.dim)
            return weights | {"a": normal("readout", classes, self.dim) * self.dim**-0.5, "b": torch.zeros(classes)}

        def linear(weights: "Weights", name: str, x: "Tensor") -> "Tensor":
            return functional.linear(x, weights[name], weights[f"bias of {name}"])

        def norm(weights: "Weights", name: str, x: "Tensor") -> "Tensor":
            return functional.layer_norm(x, (self.dim,), weights[f"gamma of {name}"], weights[f"beta of {name}"])

        def attention(qkv: "Tensor") -> "Tensor":
            """From (B, T, 3D), q before k before v and each by heads, to (B, T, D)."""
            q, k, v = qkv.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            scores = q @ k.mT * (self.dim // self.heads) ** -0.5
            return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

        def single(weights: "Weights", patches: "Tensor") -> "Tensor":
            x = linear(weights, "embedding", patches) + weights["positions"]
            for block in range(1, self.blocks + 1):
                qkv = linear(weights, f"qkv{block}", norm(weights, f"norm{2 * block - 1}", x))
                x = x + linear(weights, f"proj{block}", attention(qkv))
                hidden = functional.gelu(linear(weights, f"up{block}", norm(weights, f"norm{2 * block}", x)))
                x = x + linear(weights, f"down{block}", hidden)
            return functional.linear(norm(weights, norms[-1], x.mean(1)), weights["a"], weights["b"])

        def forward(weights: "Weights", state: "Weights", x: "Tensor", training: bool, observe: Observe) -> "Tensor":
            rows = x.reshape(-1, image[0] // self.patch, self.patch, image[1] // self.patch, self.patch * image[2])
            patches = rows.transpose(2, 3).reshape(len(x), tokens, -1)
            return torch.func.vmap(single, (0, None))(dict(weights), patches)

        return Net(initial, [layer.name for layer in layers], [], forward)


network = Vit

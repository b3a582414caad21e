"""A small convolutional network in the manner of Network in Network (arXiv 1312.4400): 3×3 and 1×1 convolutions.

Three blocks of c, 2c and 4c channels, each a 3×3 and a 1×1 convolution, then the mean over pixels and a linear
read-out. Each convolution is followed by batch norm (arXiv 1502.03167) and a ReLU. A 3×3 convolution halves the image
by the maxima of 2×2 pixels, as long as two pixels a side are left. They are taken before the norm: it and a ReLU keep
the order of numbers where γ > 0, and so have a quarter of them to work on.
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

LEAST_SIDE = 2  # pixels that are left: a batch of one image, too, has a variance
MOMENTUM, EPSILON = 0.1, 1e-5  # of batch norm, as torch has them


class Convolution(NamedTuple):
    """A layer: a kernel of shape (outputs, inputs, side, side) on an image of `pixels` pixels, and what follows."""

    name: str
    outputs: int
    inputs: int
    side: int
    pixels: int
    halves: bool

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel."""
        return self.outputs, self.inputs, self.side, self.side


class Cnn(NetworkRecord, tag="cnn"):
    """Blocks of a 3×3 and a 1×1 convolution, each with batch norm and ReLU."""

    channels: Annotated[Count, Meta(description="c of the first block; the next ones have 2c and 4c")]

    has_relu = True

    @property
    def width(self) -> int:
        """Channels of the last block."""
        return 4 * self.channels

    @property
    def depth(self) -> int:
        """Two convolutions in each of three blocks."""
        return 6

    def size(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> tuple[int, int]:
        """Return the number of weights, and of products that an image takes; 0, 0 where inputs are no images."""
        if image is None:
            return 0, 0
        kernels = [(one.inputs * one.side**2 * one.outputs, one) for one in self._layers(image)]
        readout = self.width * classes
        weights = sum(numbers + 2 * one.outputs for numbers, one in kernels) + readout + classes
        return weights, sum(numbers * one.pixels for numbers, one in kernels) + readout

    def check(self, image: tuple[int, int, int] | None) -> None:
        """Raise OnebitError unless inputs are images of at least 2 × 2 pixels."""
        if image is None:
            raise OnebitError("kind: cnn takes images, which the inputs are not; use mlp")
        if min(image[:2]) < LEAST_SIDE:
            raise OnebitError(f"kind: cnn takes images of at least 2 × 2 pixels, got {image[0]} × {image[1]}; use mlp")

    def _layers(self, image: tuple[int, int, int]) -> Iterator[Convolution]:
        height, width, inputs = image
        for block, outputs in enumerate((self.channels, 2 * self.channels, 4 * self.channels)):
            halves = min(height, width) >= 2 * LEAST_SIDE
            yield Convolution(f"W{2 * block + 1}", outputs, inputs, 3, height * width, halves)
            if halves:
                height, width = height // 2, width // 2
            yield Convolution(f"W{2 * block + 2}", outputs, outputs, 1, height * width, False)
            inputs = outputs

    def build(self, input_dim: int, image: tuple[int, int, int] | None, classes: int) -> Net:
        """Return the network; its only bias is the read-out's, the others are batch norm's β.

        Kernels start normal with variance 2 over the numbers that they sum (arXiv 1502.01852). The models of a stack go
        through every layer one by one: as one convolution of groups they are slower.

        Raises:
            OnebitError: the inputs are no images, or smaller than 2 × 2.
        """
        import torch
        from torch.nn import functional

        self.check(image)
        layers = list(self._layers(image))
        names = [layer.name for layer in layers]

        def initial(seed: int) -> "dict[str, Tensor]":
            weights = {}
            for layer in layers:
                drawn = stream(seed, "training", layer.name).standard_normal(layer.shape, dtype="float32")
                weights[layer.name] = torch.from_numpy(drawn) * (2 / (layer.inputs * layer.side**2)) ** 0.5
                weights[f"gamma of {layer.name}"] = torch.ones(layer.outputs)
                weights[f"beta of {layer.name}"] = torch.zeros(layer.outputs)
            drawn = stream(seed, "training", "readout").standard_normal((classes, self.width), dtype="float32")
            return weights | {"a": torch.from_numpy(drawn) * self.width**-0.5, "b": torch.zeros(classes)}

        def apply(layer: Convolution, own: "Weights", x: "Tensor", training: bool) -> "Tensor":
            """Return the outputs of a layer of one model, whose weights and state are its `own`."""
            name = layer.name
            x = functional.conv2d(x, own[name], padding=layer.side // 2)
            if layer.halves:
                x = functional.max_pool2d(x, 2)
            norm = [own[f"{what} of {name}"] for what in ("mean", "variance", "gamma", "beta")]
            return torch.relu(functional.batch_norm(x, *norm, training, MOMENTUM, EPSILON))

        def forward(weights: "Weights", state: "Weights", x: "Tensor", training: bool, observe: Observe) -> "Tensor":
            models = range(len(weights["a"]))
            own = [{name: tensor[at] for name, tensor in {**weights, **state}.items()} for at in models]
            # Channels stay last in memory, which is a fifth faster.
            inputs = [x.reshape(-1, *image).movedim(3, 1) for _ in models]
            for layer in layers:
                outputs = [apply(layer, own[at], inputs[at], training) for at in models]
                x = observe(layer.name, torch.stack(outputs))
                inputs = x.unbind()
            return torch.baddbmm(weights["b"][:, None], x.mean((3, 4)), weights["a"].mT)

        state = {f"mean of {layer.name}": torch.zeros(layer.outputs) for layer in layers}
        state |= {f"variance of {layer.name}": torch.ones(layer.outputs) for layer in layers}
        return Net(initial, names, names, forward, state, stacks=False)


network = Cnn

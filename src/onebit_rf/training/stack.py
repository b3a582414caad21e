"""Training a stack of models of one network: same weights to start from, same batches, one program.

Model k's loss depends on slice k of the weights alone and all optimisers work by element, so the gradient of the sum of
the losses trains every model as if it were alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from onebit_rf.jobs.seeds import stream
from onebit_rf.training.models import Models, Rows, class_losses
from onebit_rf.training.networks import READ_OUT, Net
from onebit_rf.training.quantised import Rounding
from onebit_rf.training.quantizers import QUANTIZERS, Quantizer
from onebit_rf.training.recipe import Recipe


@dataclass(frozen=True)
class Model:
    """A model of a training: its quantizer, KIND:BITS or float, and its weight decay."""

    name: str
    weight_decay: float

    @property
    def quantizer(self) -> Quantizer:
        """The quantizer of its hidden weights."""
        return QUANTIZERS.get(self.name)


class Stack:
    """Models in training, with what their optimiser remembers.

    Args:
        net: the network.
        models: sorted by kind of quantizer.
        recipe: how they are trained.
        seed: root seed.
    """

    def __init__(self, net: Net, models: Sequence[Model], recipe: Recipe, seed: int) -> None:
        self.models, self.recipe, self.seed = models, recipe, seed
        rounding = Rounding([model.quantizer for model in models], net.quantised, recipe.scale == "channel")
        weights, state = ({k: self._repeated(v) for k, v in part.items()} for part in (net.initial(seed), net.state))
        log_steps = rounding.start(weights)
        if recipe.activation_bits:
            log_steps |= {f"step of {name}": torch.full((len(models),), math.nan) for name in net.activations}
        self.at_rest = Models(net, rounding, weights, log_steps, state, recipe.activation_bits)
        self._frozen = rounding.rounded(weights, log_steps) if recipe.source == "frozen" else {}
        self.leaves = [part[name] for part in (weights, log_steps) for name in part if name not in self._frozen]
        self.optimiser = _optimiser(recipe, self.leaves)
        self._decays = torch.tensor([model.weight_decay for model in models])
        self._decayed = [weights[name] for name in (*net.quantised, READ_OUT) if name not in self._frozen]

    def _repeated(self, start: Tensor) -> Tensor:
        return start.expand(len(self.models), *start.shape).clone()

    def quantise(self) -> None:
        """Begin to quantize: the steps start from the weights as they are now."""
        for name, steps in self.at_rest.rounding.start(self.at_rest.weights).items():
            self.at_rest.log_steps[name].copy_(steps)

    def step(self, rows: Rows, rate: float, rng: np.random.Generator, quantised: bool) -> Tensor:
        """Take one step at the learning rate η = `rate` on a batch; return the losses (M,) before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        for leaf in self.leaves:
            leaf.requires_grad_(True)
        weights = self._quantised(rng) if quantised else self.at_rest.weights
        losses = class_losses(self.at_rest.logits(weights, rows.x, training=True), rows.y)
        losses.sum().backward()
        for leaf in self.leaves:
            leaf.requires_grad_(False)
        self._decay(rate)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return losses.detach()

    def _quantised(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """The weights as training sees them."""
        if self._frozen:
            return {**self.at_rest.weights, **self._frozen}
        return self.at_rest.rounding.train(self.at_rest.weights, self.at_rest.log_steps, rng)

    def _decay(self, rate: float) -> None:
        """Shrink what is quantized and the read-out by 1 − ηλ, decoupled from the gradient (arXiv 1711.05101)."""
        if not self._decays.any():
            return
        for weight in self._decayed:
            weight *= (1 - rate * self._decays).view(-1, *(1,) * (weight.ndim - 1))


def _optimiser(recipe: Recipe, leaves: Sequence[Tensor]) -> torch.optim.Optimizer:
    if recipe.optimiser == "adam":
        return torch.optim.Adam(leaves, lr=recipe.learning_rate, fused=True)
    return torch.optim.SGD(leaves, lr=recipe.learning_rate, momentum=0.9, fused=True)


def learning_rate(recipe: Recipe, progress: float) -> float:
    """Return η after a share `progress` of the training."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def batches(n: int, batch: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Return the rows of each batch of an epoch: all rows once, in an order of that epoch; the last may be smaller."""
    order = stream(seed, "training", "order", epoch).permutation(n)
    return np.split(order, range(batch, n, batch))

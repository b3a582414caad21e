"""A stack of models behind their quantizers: which slice of the stack is rounded how."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from onebit_rf.training.quantizers import Quantizer
from onebit_rf.training.rounding import grid_of, round_through, rounded

Weights = Mapping[str, Tensor]  # name → (M, …)


class Rounding:
    """How the quantised weights of M models are rounded.

    Steps are kept as their logarithms, so that none turns negative whatever its gradient is.

    Args:
        quantizers: one a model; those of a kind stand side by side.
        names: the weights that are rounded.
        per_channel: whether every output channel has a step of its own, or all weights of a name share one.
    """

    def __init__(self, quantizers: Sequence[Quantizer], names: Sequence[str], per_channel: bool) -> None:
        self.quantizers, self.names, self.per_channel = quantizers, names, per_channel
        self.bits = torch.tensor([float(quantizer.bits) for quantizer in quantizers])
        kinds = [list(members) for _, members in groupby(quantizers, key=lambda quantizer: quantizer.kind)]
        self.kinds, self.sizes = [members[0] for members in kinds], [len(members) for members in kinds]

    def of(self, places: Sequence[int]) -> "Rounding":
        """Return how the models at some places, increasing, are rounded."""
        return Rounding([self.quantizers[place] for place in places], self.names, self.per_channel)

    def _groups(self, v: Tensor, log_steps: Tensor) -> Iterator[tuple[Quantizer, Tensor, Tensor, Tensor]]:
        """Yield every kind of quantizer with its weights, steps and bits; split, so that gradients join in one copy."""
        parts = (part.split(self.sizes) for part in (v, log_steps, self._bits(v)))
        for quantizer, weights, logs, own_bits in zip(self.kinds, *parts, strict=True):
            if quantizer.learned:
                yield quantizer, weights, logs.exp(), own_bits
            else:
                yield quantizer, weights, quantizer.start(weights, own_bits, self._dims(v)), own_bits

    def _bits(self, v: Tensor) -> Tensor:
        return self.bits.view(-1, *(1,) * (v.ndim - 1))

    def _dims(self, v: Tensor) -> tuple[int, ...]:
        return tuple(range(2 if self.per_channel else 1, v.ndim))

    def start(self, weights: Weights) -> dict[str, Tensor]:
        """Return the log-steps that training begins with; 0 of steps that are not learned."""
        with torch.no_grad():
            return {name: self._start(weights[name]) for name in self.names}

    def _start(self, v: Tensor) -> Tensor:
        logs = v.mean(self._dims(v), keepdim=True).zero_()
        parts = (part.split(self.sizes) for part in (v, logs, self._bits(v)))
        for quantizer, weights, own, bits in zip(self.kinds, *parts, strict=True):
            if quantizer.learned:
                own.copy_(quantizer.start(weights, bits, self._dims(v)).log())
        return logs

    def steps(self, weights: Weights, log_steps: Weights) -> dict[str, Tensor]:
        """Return s of every quantised weight, learned or as the weights have it; (M, 1, …) or one a channel."""
        groups = {name: self._groups(weights[name], log_steps[name]) for name in self.names}
        return {
            name: torch.cat([step.expand_as(log_steps[name][: len(step)]) for _, _, step, _ in groups[name]])
            for name in self.names
        }

    def train(self, weights: Weights, log_steps: Weights, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return v̂ as training sees it; every model of a noisy kind gets the same draws, whatever is beside it."""
        return {**weights, **{name: self._train(weights[name], log_steps[name], rng) for name in self.names}}

    def _train(self, v: Tensor, log_steps: Tensor, rng: np.random.Generator) -> Tensor:
        parts = []
        for quantizer, weights, step, bits in self._groups(v, log_steps):
            uniform = torch.from_numpy(rng.random(v.shape[1:], np.float32)) - 0.5 if quantizer.noisy else None
            parts.append(quantizer.train(weights, step, bits, uniform))
        return torch.cat(parts)

    def round(self, weights: Weights, log_steps: Weights) -> dict[str, Tensor]:
        """Return the weights as they are tested, without gradients."""
        return {**weights, **self.rounded(weights, log_steps)}

    @torch.no_grad()
    def rounded(self, weights: Weights, log_steps: Weights) -> dict[str, Tensor]:
        """Return v̂ of the quantised weights alone."""
        return {name: self._round(weights[name], log_steps[name]) for name in self.names}

    def _round(self, v: Tensor, log_steps: Tensor) -> Tensor:
        groups = self._groups(v, log_steps)
        return torch.cat(
            [
                weights if q.shift is None else rounded(weights, step, *grid_of(bits, q.shift))
                for q, weights, step, bits in groups
            ]
        )


def round_activations(a: Tensor, log_step: Tensor, bits: int) -> Tensor:
    """Return outputs a (M, …) of ReLUs on the grid s · (0, 1, …, 2^b − 1), with the gradients of `round_through`."""
    step = log_step.exp().view(-1, *(1,) * (a.ndim - 1))
    return round_through(a, step, a.new_zeros(()), a.new_tensor(2.0**bits - 1), 0.5)


def start_activations(a: Tensor, bits: int) -> Tensor:
    """Return the log-step that training begins with, of 2⟨a⟩/√(2^b − 1), from a batch's outputs (M, …): shape (M,)."""
    mean = a.detach().abs().flatten(1).mean(1).clamp(min=torch.finfo(a.dtype).tiny)
    return (2 * mean * (2.0**bits - 1) ** -0.5).log()

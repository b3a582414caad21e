"""Models of one network side by side: their latent weights and how these are rounded, and what they predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from onebit_rf.training.networks import Net, Observe
from onebit_rf.training.quantised import Rounding, round_activations, start_activations

EVALUATED = 512  # rows in a batch of an evaluation: what the outputs of a layer need stays in a cache
Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Rows:
    """Inputs x (n, d_0), float32, with classes y (n,), int64."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Models:
    """M models of one network.

    Attributes:
        net: the network.
        rounding: how the hidden weights of each are rounded.
        weights: name → latent weights (M, …).
        log_steps: name → log s of hidden weights, and `step of NAME` of activations (M,).
        state: name → averages of batch norm (M, …).
        activation_bits: of activations; None where they are float.
    """

    net: Net
    rounding: Rounding
    weights: Weights
    log_steps: Weights
    state: Weights
    activation_bits: int | None

    def of(self, places: Sequence[int]) -> "Models":
        """Return the models at some places, increasing."""
        chosen = torch.tensor(list(places))
        parts = ({k: v[chosen] for k, v in part.items()} for part in (self.weights, self.log_steps, self.state))
        return Models(self.net, self.rounding.of(places), *parts, self.activation_bits)

    def rounded(self) -> dict[str, Tensor]:
        """Return v̂ of the hidden weights, as they are tested, with the other weights."""
        return self.rounding.round(self.weights, self.log_steps)

    def logits(self, weights: Weights, x: Tensor, training: bool = False) -> Tensor:
        """Return the logits (M, B, K) of inputs (B, d_0) at some weights."""
        return self.net.forward(weights, self.state, x, training, self._observed())

    def _observed(self) -> Observe:
        """How the outputs of a layer reach the next one; the first batch that is seen gives the step."""
        bits = self.activation_bits

        def observe(name: str, a: Tensor) -> Tensor:
            log_step = self.log_steps[f"step of {name}"]
            if log_step.isnan().all():
                with torch.no_grad():
                    log_step.copy_(start_activations(a, bits))
            return round_activations(a, log_step, bits)

        return observe if bits else lambda name, a: a

    @torch.no_grad()
    def evaluate(self, rows: Rows, weights: Weights | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean cross-entropy and error rate on rows, (M,) each, float64; NaN where there are no rows.

        Batch norm takes its averages. `weights` are those of the test unless others are given.
        """
        weights = self.rounded() if weights is None else weights
        losses = wrong = torch.full(
            (len(self.rounding.quantizers),), 0.0 if len(rows.y) else np.nan, dtype=torch.float64
        )
        for start in range(0, len(rows.y), EVALUATED):
            x, y = rows.x[start : start + EVALUATED], rows.y[start : start + EVALUATED]
            logits = self.logits(weights, x)
            losses = losses + class_losses(logits, y).double() * len(y)
            wrong = wrong + (logits.argmax(2) != y).sum(1)
        return (losses / max(len(rows.y), 1)).numpy(), (wrong / max(len(rows.y), 1)).numpy()


def class_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of logits (M, B, K) on classes (B,): shape (M,)."""
    losses = functional.cross_entropy(logits.flatten(0, 1), y.repeat(len(logits)), reduction="none")
    return losses.view(len(logits), -1).mean(1)

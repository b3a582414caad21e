"""Rounding to a uniform grid, with the gradients of learned step size quantization (arXiv 1902.08153)."""

from typing import Any

import torch
from torch import Tensor


def grid_of(bits: Tensor, shift: float) -> tuple[Tensor, Tensor, float]:
    """Return what the functions below take of the grid of 2^b levels: lowest and highest cell, and the shift."""
    half = 2.0 ** (bits - 1)
    return -half, half - 1, shift


def end_level(bits: Tensor, shift: float) -> Tensor:
    """Return Q_P, the highest level 2^{b−1} − ½ − shift; at one bit 1, since there is none to scale."""
    return torch.clamp(2.0 ** (bits - 1) - 0.5 - shift, min=1.0)


def rounded(v: Tensor, step: Tensor, low: Tensor, high: Tensor, shift: float) -> Tensor:
    """Return s · level(v/s), level(u) = ⌊u + shift⌋ clipped to [low, high], plus ½ − shift; NaN stays NaN."""
    return _level(v / step, low, high, shift) * step


def _level(u: Tensor, low: Tensor, high: Tensor, shift: float) -> Tensor:
    return (u + shift).floor_().clamp_(low, high).add_(0.5 - shift)


def round_through(v: Tensor, step: Tensor, low: Tensor, high: Tensor, shift: float) -> Tensor:
    """Return `rounded`, with the gradients of the source: with u = v/s and Q_P the end level,

        ∂v̂/∂v = 1 where low ≤ u ≤ high + 1 − 2 shift, the clip range, else 0
        ∂v̂/∂s = (level(u) − u, or outside of the clip range level(u)) / √(N Q_P),   N weights that share s

    One bit is α sign(v): there ∂v̂/∂s is level(u) everywhere, the derivative itself.
    """
    return _RoundThrough.apply(v, step, low, high, shift)


class _RoundThrough(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, v: Tensor, step: Tensor, low: Tensor, high: Tensor, shift: float) -> Tensor:
        u = v / step
        level = _level(u, low, high, shift)
        context.save_for_backward(u, level, step, low, high)
        context.shift = shift
        return level * step

    @staticmethod
    def backward(context: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        u, level, step, low, high = context.saved_tensors
        top = high + (1 - 2 * context.shift)
        passed = grad * ((u >= low) & (u <= top))
        end = torch.clamp(high + (0.5 - context.shift), min=1.0)
        sharing = u.numel() // step.numel()
        of_step = _sums(grad, level, step) - _sums(passed, u, step) * (high > 0)
        return passed, of_step * (sharing * end) ** -0.5, None, None, None


def _sums(a: Tensor, b: Tensor, like: Tensor) -> Tensor:
    """Sum a·b over what shares a step, without forming the product: of the shape of the steps."""
    rows = like.numel()
    return torch.bmm(a.reshape(rows, 1, -1), b.reshape(rows, -1, 1)).view_as(like)

"""One-bit layers for torch models."""

from onebit_rf.torch.linear import OneBitLinear

__all__ = ["OneBitLinear"]

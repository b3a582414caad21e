"""What a one-bit layer asks of its arguments, its input and its state; each refusal is an OnebitError of one line."""

import operator
from typing import Any

import torch
from torch import Tensor, nn

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.machine import memory
from onebit_rf.kernels import SignMatrix, pack_signs, preferred
from onebit_rf.kernels.native import MOST_INPUTS
from onebit_rf.kernels.rows import WHOLE, are_groups


def integer(name: str, value: Any, least: int) -> int:
    """Return `value` if it is an integer ≥ `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise OnebitError(f"{name}: must be an integer ≥ {least}, got {value!r}")
    return number


def refuse_beyond_machine(d_in: int, d_out: int) -> None:
    """Refuse more inputs than the kernel takes, and more weights than fit into memory once they are laid out for it."""
    native = preferred() == "native"
    if native and d_in > MOST_INPUTS:
        raise OnebitError(f"in_features: must be at most {MOST_INPUTS}, got {d_in}")
    bits = 2 if native else 1 + 8 + 32  # a weight; the BLAS wants them in float32, by way of bytes
    needed = d_in * d_out * bits / 8
    if needed > memory():
        raise OnebitError(
            f"in_features, out_features: {d_in} → {d_out} need about {needed / 1e9:.1f} GB of memory, this machine has "
            f"{memory() / 1e9:.1f} GB; take a narrower layer"
        )


def packed(signs: SignMatrix | Tensor) -> SignMatrix:
    """Return `signs`, packed if they are a tensor (d_out, d_in) of ±1 or of booleans."""
    if isinstance(signs, SignMatrix):
        return signs
    if not isinstance(signs, Tensor) or signs.ndim != 2 or not signs.numel():
        raise OnebitError(f"signs: need a SignMatrix or a tensor (d_out, d_in), got {described(signs)}")
    positive = signs == 1
    if signs.dtype != torch.bool and not (positive | (signs == -1)).all():
        raise OnebitError("signs: entries must be −1 or +1, or booleans")
    return pack_signs(positive.cpu().numpy())


def groups_of(d_in: int, group_size: Any) -> int:
    """Return how many groups of `group_size` inputs there are."""
    size = integer("group_size", group_size, 1)
    if size % WHOLE or d_in % size:
        raise OnebitError(f"group_size: must be a multiple of {WHOLE} that divides {d_in} inputs, got {size}")
    return d_in // size


def scales(value: Any, bits: Tensor, d_in: int) -> Tensor:
    """Return a copy of α, float32 (d_out,), or (d_out, groups) for several groups of whole words of the inputs."""
    if getattr(value, "ndim", 0) != 2:
        return numbers("scale", value, bits)
    given = torch.as_tensor(value, dtype=torch.float32, device=bits.device).detach()
    groups = given.shape[1] if len(given) == len(bits) and given.isfinite().all() else 0
    if not are_groups(groups, d_in):
        raise OnebitError(
            f"scale: need finite numbers ({len(bits)}, groups), for groups of a multiple of {WHOLE} of {d_in} inputs, "
            f"got {described(value)}"
        )
    return given.clone() if groups > 1 else given[:, 0].clone()


def numbers(name: str, value: Any, bits: Tensor) -> Tensor:
    """Return a copy, float32 (d_out,), of one number or of d_out, on the device of `bits` (d_out, …)."""
    try:
        given = torch.as_tensor(value, dtype=torch.float32, device=bits.device).detach()
    except (TypeError, ValueError, RuntimeError):
        raise OnebitError(f"{name}: need numbers, got {described(value)}") from None
    if given.shape not in ((), bits.shape[:1]) or not given.isfinite().all():
        raise OnebitError(f"{name}: need a finite number or {len(bits)} of them, got {described(value)}")
    return given.expand(len(bits)).clone()


def check_input(x: Any, d_in: int, bits: Tensor) -> None:
    """Refuse all but float32 tensors (..., d_in) on the device of `bits`."""
    fits = isinstance(x, Tensor) and x.dtype == torch.float32 and x.layout == torch.strided
    if not fits or not x.ndim or x.shape[-1] != d_in:
        raise OnebitError(f"input: need a float32 tensor (..., {d_in}), got {described(x)}")
    if x.device != bits.device:
        raise OnebitError(f"input: the layer is on {bits.device}, got a tensor on {x.device}")


def check_state(layer: nn.Module, state: dict[str, Any], prefix: str) -> None:
    """Refuse what `state` has at `prefix` if it is of another layer than `layer`. Keys that miss are left to torch."""
    if f"{prefix}weight" in state:
        raise OnebitError(f"{prefix}weight: of a float layer; load it into one and take OneBitLinear.from_linear")
    sizes = [layer.out_features, layer.in_features]
    given = torch.as_tensor(state.get(f"{prefix}shape", sizes)).tolist()
    if given != sizes:
        raise OnebitError(f"{prefix}shape: (out_features, in_features) are {sizes} here and {given} in the state")
    for name, own in (*layer.named_parameters(), *layer.named_buffers()):
        wanted, found = described(own), described(state.get(prefix + name, own))
        if found != wanted:
            raise OnebitError(f"{prefix}{name}: need {wanted} for {sizes[1]} → {sizes[0]}, got {found}")
    if f"{prefix}bits" in state:
        try:
            SignMatrix(state[f"{prefix}bits"].cpu().numpy(), layer.in_features)
        except OnebitError as error:
            raise OnebitError(f"{prefix}{error}") from None


def described(value: Any) -> str:
    """Say in a few words what a value is: `float32 (3, 4)`, or the name of its type."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    layout = "" if value.layout == torch.strided else f"{value.layout} "
    return f"{layout}{value.dtype} {tuple(value.shape)}".replace("torch.", "")

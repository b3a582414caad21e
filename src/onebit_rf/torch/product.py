"""x ↦ x Sᵀ and z ↦ z S on packed signs, as torch's operator `onebit_rf::product`; with scales, `onebit_rf::grouped`.

torch.compile and torch.export keep an operator as one node. Being linear in x, `product` is its own derivative, and its
gradient is itself with the other side of S. `define` and `impl` cost 5 µs a call less than torch.library.custom_op.
"""

from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels import Product, SignMatrix

NAME = "onebit_rf::product"
SCHEMA = "(Tensor x, Tensor bits, int d_in, bool transposed) -> Tensor"
GROUPED = "onebit_rf::grouped"
GROUPED_SCHEMA = "(Tensor x, Tensor bits, Tensor scale, int d_in) -> Tensor"
BACKENDS = {"cpu": "auto", "cuda": "gemlite"}  # by type of device

# Memory of bits → what any write to it changes, and what was laid out since; an entry goes with the memory. Not by
# tensor: some releases of torch hand a compiled model another tensor of the same memory at each call.
_laid_out = WeakKeyDictionary()


def product(x: Tensor, bits: Tensor, d_in: int, transposed: bool = False) -> Tensor:
    """Return x Sᵀ, float32 (..., d_out), for float32 x (..., d_in) and S packed in `bits` as in SignMatrix.

    With `transposed` x S, (..., d_in), for x (..., d_out). Gradients of any order, backward and forward, reach x.

    Raises:
        OnebitError: there is no kernel for the device, or not here; bits past column d_in that are not 0.
    """
    if torch.compiler.is_compiling():
        return operator(x, bits, d_in, transposed)
    x, tangent = forward_ad.unpack_dual(x)  # torch would drop the tangent at an operator of ours without a word
    z = operator(x, bits, d_in, transposed)
    return z if tangent is None else forward_ad.make_dual(z, operator(tangent, bits, d_in, transposed))


def grouped(x: Tensor, bits: Tensor, scale: Tensor, d_in: int) -> Tensor:
    """Return Σ_g α_g ⊙ (x_g S_gᵀ), float32 (..., d_out), over groups g of the inputs; α = `scale`, (d_out, groups).

    One operator, which the CPU's kernel computes; where a gradient is wanted, or on another device, a product a group.

    Raises:
        OnebitError: as `product`.
    """
    if x.device.type == "cpu" and not (_is_differentiated(x) or _is_differentiated(scale)):
        return grouped_operator(x, bits, scale, d_in)
    size = d_in // scale.shape[1]
    inputs, signs = x.split(size, dim=-1), bits.split(size // 8, dim=1)
    return sum(product(*pair, size) * alpha for *pair, alpha in zip(inputs, signs, scale.unbind(1), strict=True))


def _is_differentiated(x: Tensor) -> bool:
    if torch.is_grad_enabled() and x.requires_grad:
        return True
    return not torch.compiler.is_compiling() and forward_ad.unpack_dual(x).tangent is not None


def _multiply_grouped(x: Tensor, bits: Tensor, scale: Tensor, d_in: int) -> Tensor:
    return _apply(_lay_out_once(bits, d_in, scale=scale.detach()), x, _empty(x, bits, d_in))


def _empty_grouped(x: Tensor, bits: Tensor, scale: Tensor, d_in: int) -> Tensor:
    return _empty(x, bits, d_in)


def _multiply(x: Tensor, bits: Tensor, d_in: int, transposed: bool) -> Tensor:
    z = _empty(x, bits, d_in, transposed)
    if z.is_cuda:
        with torch.cuda.device(z.device):
            rows = x.reshape(-1, x.shape[-1])
            return _lay_out_once(bits, d_in, transposed).multiply(rows).reshape(z.shape)
    return _apply(_lay_out_once(bits, d_in, transposed), x, z)


def _apply(made: Product, x: Tensor, z: Tensor) -> Tensor:
    rows, out = x.detach().numpy().reshape(-1, x.shape[-1]), z.numpy().reshape(-1, z.shape[-1])
    made.apply(rows, out, torch.get_num_threads())
    return z


def _empty(x: Tensor, bits: Tensor, d_in: int, transposed: bool = False) -> Tensor:
    return x.new_empty((*x.shape[:-1], d_in if transposed else bits.shape[0]))


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, int, bool], output: Tensor) -> None:
    _, bits, ctx.d_in, ctx.transposed = inputs
    ctx.save_for_backward(bits)


def _gradient(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    return product(gradient, *ctx.saved_tensors, ctx.d_in, not ctx.transposed), None, None, None


torch.library.define(NAME, SCHEMA, tags=torch.Tag.pt2_compliant_tag)
torch.library.impl(NAME, "default", _multiply)
torch.library.register_fake(NAME, _empty)
torch.library.register_autograd(NAME, _gradient, setup_context=_keep)
operator = torch.ops.onebit_rf.product.default

torch.library.define(GROUPED, GROUPED_SCHEMA, tags=torch.Tag.pt2_compliant_tag)
torch.library.impl(GROUPED, "CPU", _multiply_grouped)
torch.library.register_fake(GROUPED, _empty_grouped)
grouped_operator = torch.ops.onebit_rf.grouped.default


def _lay_out_once(bits: Tensor, d_in: int, transposed: bool = False, scale: Tensor | None = None) -> Product:
    """Return the product laid out for the kernel, that of last time unless `bits` or `scale` were written to since."""
    memory, written = bits.untyped_storage(), _written(bits)
    entry = _laid_out.get(memory)
    if entry is None or entry[0] != written:
        entry = _laid_out[memory] = (written, {})
    view = bits.data_ptr(), bits.shape, bits.stride(), d_in, transposed, scale is None
    scaled = None if scale is None else _state(scale)
    made = entry[1].get(view)
    if made is None or made[0] != scaled:
        made = entry[1][view] = (scaled, _lay_out(bits, d_in, transposed, scale))
    return made[1]


def _state(scale: Tensor) -> tuple:
    """Return what another tensor does not have, not even one at the same address when this one's memory is freed."""
    memory = ref(scale.untyped_storage())
    return memory, scale.storage_offset(), scale.shape, scale.stride(), _written(scale)


def _written(tensor: Tensor) -> int | bytes:
    """Return what any write that torch knows of changes. Inference tensors count no writes: theirs is the content."""
    return tensor.cpu().numpy().tobytes() if tensor.is_inference() else tensor._version


def _lay_out(bits: Tensor, d_in: int, transposed: bool, scale: Tensor | None) -> Product:
    if bits.device.type not in BACKENDS:
        raise OnebitError(f"input: one-bit products run on {' and '.join(BACKENDS)}, got {bits.device.type}")
    signs = SignMatrix(bits.cpu().numpy(), d_in)
    if transposed:
        dense = np.unpackbits(signs.bits, axis=1, count=d_in, bitorder="little")
        signs = SignMatrix(np.packbits(dense.T, axis=1, bitorder="little"), len(dense))
    return kernels.load(signs, BACKENDS[bits.device.type], 1.0 if scale is None else scale.numpy())

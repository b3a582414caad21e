"""x ↦ x Sᵀ and z ↦ z S on packed signs, as torch's operator `onebit_rf::product`.

torch.compile and torch.export keep an operator as one node. Being linear in x, this one is its own derivative, and its
gradient is itself with the other side of S. `define` and `impl` cost 5 µs a call less than torch.library.custom_op.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels import Product, SignMatrix

NAME = "onebit_rf::product"
SCHEMA = "(Tensor x, Tensor bits, int d_in, bool transposed) -> Tensor"
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


def _multiply(x: Tensor, bits: Tensor, d_in: int, transposed: bool) -> Tensor:
    z = _empty(x, bits, d_in, transposed)
    if z.is_cuda:
        with torch.cuda.device(z.device):
            rows = x.reshape(-1, x.shape[-1])
            return _lay_out_once(bits, d_in, transposed).multiply(rows).reshape(z.shape)
    rows, out = x.detach().numpy().reshape(-1, x.shape[-1]), z.numpy().reshape(-1, z.shape[-1])
    _lay_out_once(bits, d_in, transposed).apply(rows, out, torch.get_num_threads())
    return z


def _empty(x: Tensor, bits: Tensor, d_in: int, transposed: bool) -> Tensor:
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


def _lay_out_once(bits: Tensor, d_in: int, transposed: bool) -> Product:
    """Return the product laid out for the kernel, the one of last time unless `bits` were written to since."""
    memory, written = bits.untyped_storage(), _written(bits)
    entry = _laid_out.get(memory)
    if entry is None or entry[0] != written:
        entry = _laid_out[memory] = (written, {})
    view = bits.data_ptr(), bits.shape, bits.stride(), d_in, transposed
    made = entry[1].get(view)
    if made is None:
        made = entry[1][view] = _lay_out(bits, d_in, transposed)
    return made


def _written(bits: Tensor) -> int | bytes:
    """Return what any write that torch knows of changes. Inference tensors count no writes: theirs is the content."""
    return bits.cpu().numpy().tobytes() if bits.is_inference() else bits._version


def _lay_out(bits: Tensor, d_in: int, transposed: bool) -> Product:
    if bits.device.type not in BACKENDS:
        raise OnebitError(f"input: one-bit products run on {' and '.join(BACKENDS)}, got {bits.device.type}")
    signs = SignMatrix(bits.cpu().numpy(), d_in)
    if transposed:
        dense = np.unpackbits(signs.bits, axis=1, count=d_in, bitorder="little")
        signs = SignMatrix(np.packbits(dense.T, axis=1, bitorder="little"), len(dense))
    return kernels.load(signs, BACKENDS[bits.device.type])

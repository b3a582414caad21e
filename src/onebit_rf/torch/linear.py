"""The layer: a Linear whose weights are one bit each."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from onebit_rf.errors import OnebitError
from onebit_rf.kernels import SignMatrix
from onebit_rf.torch import checks
from onebit_rf.torch.product import grouped, product
from onebit_rf.weights.laws import LAWS


class OneBitLinear(nn.Module):
    """y = α ⊙ (x Sᵀ) + b with S ∈ {−1, +1}^{d_out×d_in}: float32 (..., d_in) → float32 (..., d_out).

    With α for groups of inputs, as formats of language models have: y = Σ_g α_g ⊙ (x_g S_gᵀ) + b. Where a gradient is
    wanted, or on CUDA, that is a product a group; else one, so run it under torch.no_grad().

    On the CPU the native kernel computes it, on torch.get_num_threads() threads; on a CUDA device gemlite (extra
    `gpu`), in float16. Gradients reach x, α and b. torch.compile and torch.export keep the product as one operator.

    The first product lays the signs out for the kernel, which takes a second bit of memory a weight, and the first
    gradient with respect to x a third. Later writes to `bits` are noticed if torch knows of them: not those through
    `.data` or NumPy. A copy made in inference mode is right but slower, as each product looks whether they changed.

    Attributes:
        bits: uint8 (d_out, ceil(d_in/8)), S packed as in SignMatrix; a buffer.
        shape: int64, (d_out, d_in); a buffer, by which the state of another width is refused.
        scale: float32 (d_out,) or (d_out, groups), α; a parameter.
        bias: float32 (d_out,), b; a parameter, or None.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, seed: int | None = None) -> None:
        """Draw W = S/√d_in by the law `rademacher`, as of the first layer of a network with that seed; b = 0.

        Without a seed one is drawn from torch's generator.

        Raises:
            OnebitError: a size that is not an integer ≥ 1, more inputs than the kernel takes, more weights than this
                machine has memory for; a seed that is not an integer ≥ 0.
        """
        super().__init__()
        d_in, d_out = checks.integer("in_features", in_features, 1), checks.integer("out_features", out_features, 1)
        checks.refuse_beyond_machine(d_in, d_out)
        if seed is None:
            seed = int(torch.randint(2**63 - 1, (), device="cpu"))
        signs = LAWS.get("rademacher").draw(d_out, d_in, checks.integer("seed", seed, 0), 1)
        self._hold(signs, d_in**-0.5, 0.0 if bias else None)

    @classmethod
    def from_linear(cls, linear: nn.Linear, group_size: int | None = None) -> Self:
        """Return the layer nearest to `linear` in squares: S = sign W, α_i = mean_j |W_ij|, and its bias.

        The mean is over a row, or over each group of `group_size` inputs of it. A Linear with weights ±α_i is
        reproduced; any other gives other outputs. What needed no gradient needs none here.

        Raises:
            OnebitError: not an nn.Linear, or a weight that is NaN or infinite; a group size that is not a multiple of
                32 that divides the inputs.
        """
        if not isinstance(linear, nn.Linear):
            raise OnebitError(f"linear: need a torch.nn.Linear, got {type(linear).__name__}")
        weight, bias = linear.weight.detach(), linear.bias
        if not weight.isfinite().all():
            raise OnebitError("linear: its weights must be finite")
        groups = 1 if group_size is None else checks.groups_of(linear.in_features, group_size)
        sizes = weight.abs().unflatten(1, (groups, -1))
        scale = sizes.mean(dim=2, dtype=torch.float64).squeeze(1)  # exact where the entries of a group are equal
        layer = cls.from_signs(weight >= 0, scale, bias)
        layer.scale.requires_grad_(linear.weight.requires_grad)
        if bias is not None:
            layer.bias.requires_grad_(bias.requires_grad)
        return layer

    @classmethod
    def from_signs(cls, signs: SignMatrix | Tensor, scale: float | Tensor = 1.0, bias: Tensor | None = None) -> Self:
        """Return the layer of S = `signs`: a SignMatrix, or a tensor (d_out, d_in) of ±1 or of booleans, True for +1.

        α and b are copies of `scale` and `bias`, one number or (d_out,); α may be (d_out, groups) for groups of a
        multiple of 32 inputs. It is on the device of the tensor.

        Raises:
            OnebitError: signs that are none of these, or too many; scale or bias of another shape, or not finite.
        """
        matrix = checks.packed(signs)
        checks.refuse_beyond_machine(*reversed(matrix.shape))
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        layer._hold(matrix, scale, bias, signs.device if isinstance(signs, Tensor) else None)
        return layer

    @torch.inference_mode(False)  # a tensor made in inference mode counts no writes, so each product would look at all
    def _hold(self, signs: SignMatrix, scale: Any, bias: Any, device: torch.device | None = None) -> None:
        self.out_features, self.in_features = signs.shape
        bits = torch.tensor(signs.bits, device=device)
        self.register_buffer("bits", bits)
        self.register_buffer("shape", torch.tensor(signs.shape, device=device))
        self.scale = nn.Parameter(checks.scales(scale, bits, self.in_features))
        self.register_parameter("bias", None if bias is None else nn.Parameter(checks.numbers("bias", bias, bits)))

    def forward(self, input: Tensor) -> Tensor:
        """Return y, float32 (..., d_out).

        Raises:
            OnebitError: not a float32 tensor (..., d_in) on the layer's device; no kernel runs there.
        """
        bits, scale, bias = self.bits, self.scale, self.bias
        checks.check_input(input, self.in_features, bits)
        if scale.ndim == 2:
            z = grouped(input, bits, scale, self.in_features)
            return z if bias is None else z + bias
        z = product(input, bits, self.in_features)
        return z * scale if bias is None else torch.addcmul(bias, z, scale)

    def extra_repr(self) -> str:
        """Say the sizes, as nn.Linear does."""
        groups = f", groups={self.scale.shape[1]}" if self.scale.ndim == 2 else ""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}{groups}"

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        checks.check_state(self, state, prefix)
        super()._load_from_state_dict(state, prefix, *rest)

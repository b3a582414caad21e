"""The learning problem as one immutable record, shared by sampler, estimator and theory."""

import operator
from dataclasses import dataclass
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.model.values import LARGEST

LABELS = ("linear", "sign")


@dataclass(frozen=True)
class Problem:
    """A random-feature model and the task its read-out is trained on.

    x_ℓ = φ(W_ℓ x_{ℓ−1}), ℓ = 1…L;  y = x_L·a* + σ ε  with  a* = A*/√p,  E A*² = 1,  p = d_L.

    Attributes:
        dims: (d_0, d_1, …, d_L): input dimension, then the hidden widths; L ≥ 1.
        n_train: number n of training samples.
        activation: φ, a member of `onebit_rf.model.activations`.
        spectrum: eigenvalues of the input covariance Σ_0, a member of `onebit_rf.model.spectra`; None where the
            inputs are data whose spectrum is not given, on which the theory is silent.
        noise: σ, the standard deviation of the label noise.
        ridge: λ in |y − Xa|² + λ|a|², features unscaled; 0 means the minimum-norm least-squares solution.
        mirror: potential ψ of stochastic mirror descent, a member of `onebit_rf.model.mirrors`.
        teacher: law of A*, a member of `onebit_rf.model.teachers`.
        loss: `square`, or a member of `onebit_rf.model.losses`, which learns the labels sign(x_L·a*).
        penalty: λ of Σ ℓ(y_i, f_i) + (λ/2)|w|² (classification only), f = x_L·w/√p.
        labels: `linear`, y as above, or `sign`, y = sign(x_L·a*) fitted by the square loss.
        weight_noise: γ ≥ 0; the read-out is trained under noise of variance γ|a|²/p on its entries, on average over it:
            |y − Xa|² + (λ + γ|X|²/p)|a|².
    """

    dims: tuple[int, ...]
    n_train: int
    activation: str = "tanh"
    spectrum: str | None = "identity"
    noise: float = 0.0
    ridge: float = 0.0
    mirror: str = "l2"
    teacher: str = "normal"
    loss: str = "square"
    penalty: float = 0.0
    labels: str = "linear"
    weight_noise: float = 0.0

    def __post_init__(self) -> None:
        """Raise OnebitError, naming the field, for a value that no problem can have."""
        object.__setattr__(self, "dims", tuple(_whole("dims", dim) for dim in self.dims))
        object.__setattr__(self, "n_train", _whole("n_train", self.n_train))
        if len(self.dims) < 2:
            raise OnebitError(f"dims: need d_0 and at least one width, got {self.dims}")
        for name in ("noise", "ridge", "penalty", "weight_noise"):
            if not 0 <= getattr(self, name) <= LARGEST:
                raise OnebitError(f"{name}: must be ≥ 0 and ≤ {LARGEST:g}, got {getattr(self, name):g}")
        ACTIVATIONS.get(self.activation)
        MIRRORS.get(self.mirror)
        TEACHERS.get(self.teacher)
        if self.spectrum is not None:
            SPECTRA.get(self.spectrum)
        if self.labels not in LABELS:
            raise OnebitError(f"labels: must be {' or '.join(LABELS)}, got {self.labels!r}")
        if self.loss != "square" and self.loss not in LOSSES.names():
            raise OnebitError(f"loss: must be square, {LOSSES.forms()}, got {self.loss!r}")


def _whole(name: str, number: Any) -> int:
    """Return a whole number ≥ 1 as an int; 8.0 is one."""
    try:
        whole = operator.index(int(number) if isinstance(number, float) and number.is_integer() else number)
    except TypeError:
        raise OnebitError(f"{name}: must be whole numbers, got {number!r}") from None
    if whole < 1:
        raise OnebitError(f"{name}: must be ≥ 1, got {whole}")
    return whole


def members(problem: Problem) -> list[str]:
    """Return the modules of the registries' members that a problem names."""
    named = [ACTIVATIONS.module(problem.activation), MIRRORS.module(problem.mirror), TEACHERS.module(problem.teacher)]
    if problem.spectrum is not None:
        named.append(SPECTRA.module(problem.spectrum))
    if problem.loss != "square":
        named.append(LOSSES.module(problem.loss))
    return named

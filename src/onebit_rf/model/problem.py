"""The learning problem as one immutable record, shared by sampler, estimator and theory."""

from dataclasses import dataclass

from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import get_activation
from onebit_rf.model.spectra import power_exponent
from onebit_rf.model.teachers import get_teacher

LOSSES = ("square", "logistic", "squared-hinge")


@dataclass(frozen=True)
class Problem:
    """A random-feature model and the task its read-out is trained on.

    x_ℓ = φ(W_ℓ x_{ℓ−1}), ℓ = 1…L;  y = x_L·a* + σ ε  with  a* = A*/√p,  E A*² = 1,  p = d_L.

    Attributes:
        dims: (d_0, d_1, …, d_L): input dimension, then the hidden widths; L ≥ 1.
        n_train: number n of training samples.
        activation: name of φ in `onebit_rf.model.activations`.
        spectrum: eigenvalues of the input covariance Σ_0: `identity`, or `power:ALPHA` for ∝ i^−ALPHA
            with mean 1.
        noise: σ, the standard deviation of the label noise.
        ridge: λ in |y − Xa|² + λ|a|², features unscaled; 0 means the minimum-norm least-squares solution.
        mirror: potential ψ of stochastic mirror descent: `l2`, `q:Q`, `entropy`, `hypentropy:BETA`.
        teacher: law of A*: `normal`, or `uniform:LOW,HIGH`.
        loss: `square`, `logistic` or `squared-hinge`; the last two learn the labels sign(x_L·a*).
        penalty: λ of Σ ℓ(y_i, f_i) + (λ/2)|w|² (classification only), f = x_L·w/√p.
    """

    dims: tuple[int, ...]
    n_train: int
    activation: str = "tanh"
    spectrum: str = "identity"
    noise: float = 0.0
    ridge: float = 0.0
    mirror: str = "l2"
    teacher: str = "normal"
    loss: str = "square"
    penalty: float = 0.0

    def __post_init__(self) -> None:
        """Raise OnebitError, naming the field, for a value that no problem can have."""
        if len(self.dims) < 2 or min(self.dims) < 1:
            raise OnebitError(f"dims: need d_0 and at least one width, all ≥ 1, got {self.dims}")
        if self.n_train < 1:
            raise OnebitError(f"n_train: must be ≥ 1, got {self.n_train}")
        for name in ("noise", "ridge", "penalty"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise OnebitError(f"{name}: must be finite and ≥ 0, got {getattr(self, name)}")
        get_activation(self.activation)
        power_exponent(self.spectrum)
        get_teacher(self.teacher)
        if self.loss not in LOSSES:
            raise OnebitError(f"loss: must be one of {', '.join(LOSSES)}, got {self.loss!r}")

"""The features φ(W_L … φ(W_1 x)) of a deep network with random frozen weights, as a scikit-learn transformer."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from onebit_rf import kernels
from onebit_rf.errors import OnebitError
from onebit_rf.kernels.dense import one_thread
from onebit_rf.kernels.native import NativeProduct
from onebit_rf.model.activations import ACTIVATIONS, activate
from onebit_rf.weights.laws import LAWS

# Rows that go through all layers at a time, their features in the cache. Products in float32 are always of as many, so
# that the order of their sums, hence every bit, is the same wherever a row stands.
ROWS = 128


class OneBitRandomFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Random features x_L of a deep network whose hidden weights are one bit each: x_ℓ = φ(W_ℓ x_{ℓ−1}), W_ij = ±1/√d.

    In the limit of wide layers a ridge read-out of these features errs as one of Gaussian weights does (arXiv
    2510.16250), and the products are several times faster. Scale the inputs as StandardScaler does: φ is applied to
    numbers whose variance is a row's mean square.

    Features are float32 whatever X is, as accurate as products in float32. A row's features depend on that row alone,
    to the last bit: not on `n_jobs`, nor on the rows beside it. Sparse X is made dense a few rows at a time.

        >>> import numpy as np
        >>> OneBitRandomFeatures(n_components=256, random_state=0).fit_transform(np.eye(3)).shape
        (3, 256)

    Args:
        n_components: features d_L; every layer has as many.
        depth: layers L.
        widths: the width of each layer, in place of `n_components` and `depth`.
        activation: φ, one of `model/activations`: relu, tanh, erf, gelu, sign, ….
        law: of the weights: `one_bit`, the signs of the Gaussian draw; `rademacher`, signs of their own; `gaussian` and
            others in full precision, for comparison. `one_bit` and `gaussian` share a seed's draw.
        backend: what multiplies by one-bit weights, of `onebit_rf.kernels.backends()`; `auto` takes the fastest that is
            as exact as float32, `native-16bit` is faster and off by 3e-5.
        n_jobs: threads, as joblib counts them.
        random_state: seed of the weights. With a number they are those that the project's workflow draws for this seed.

    Attributes:
        weights_: √d_{ℓ−1} W_ℓ of each layer: packed signs, uint8 (d_ℓ, ceil(d_{ℓ−1}/8)), where bit j % 8 of byte j // 8
            is 1 for +1; or float32 (d_ℓ, d_{ℓ−1}).
        n_features_in_: inputs d_0.
        feature_names_in_: their names, where X has such.
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "depth": [Interval(Integral, 1, None, closed="left")],
        "widths": ["array-like", None],
        "activation": [str],
        "law": [str],
        "backend": [str],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components: int = 1024,
        *,
        depth: int = 1,
        widths: Sequence[int] | None = None,
        activation: str = "relu",
        law: str = "one_bit",
        backend: str = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.depth = depth
        self.widths = widths
        self.activation = activation
        self.law = law
        self.backend = backend
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Draw the weights for the columns of X (rows, d_0), whose values do not matter."""
        validate_data(self, X, dtype=[np.float32, np.float64], accept_sparse="csr")
        ACTIVATIONS.get(self.activation)
        law, seed = LAWS.get(self.law), _seed(self.random_state)
        dims = [self.n_features_in_, *_widths(self)]
        try:
            drawn = [
                law.draw(fan_out, fan_in, seed, at) for at, (fan_in, fan_out) in enumerate(pairwise(dims), start=1)
            ]
        except NotImplementedError as error:
            raise OnebitError(f"law: {self.law!r}: {error}") from None
        self.weights_ = [one.bits if isinstance(one, kernels.SignMatrix) else one for one in drawn]
        self._prepare()
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the features of rows X (rows, d_0): float32 (rows, d_L)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, accept_sparse="csr", reset=False)
        return self._transform(X)

    def _transform(self, X: Any) -> np.ndarray:
        """`transform` of what has been validated."""
        out = np.empty((X.shape[0], self._n_features_out), np.float32)
        blocks = [slice(first, first + ROWS) for first in range(0, len(out), ROWS)]
        workers = min(effective_n_jobs(self.n_jobs), len(blocks))
        with one_thread():
            if workers <= 1:
                self._fill(X, out, blocks)
            else:
                shares = (delayed(self._fill)(X, out, blocks[at::workers]) for at in range(workers))
                Parallel(workers, prefer="threads")(shares)
        return out

    def _fill(self, X: Any, out: np.ndarray, blocks: list[slice]) -> None:
        for rows in blocks:
            x = X[rows].toarray() if issparse(X) else X[rows]
            for layer in self._layers:
                x = layer(x, self.activation)
            out[rows] = x

    @property
    def _n_features_out(self) -> int:
        return len(self.weights_[-1])

    def _prepare(self) -> None:
        """Lay the weights out for this machine; of what is fitted only this is not kept in a pickle."""
        fan_in = [self.n_features_in_, *map(len, self.weights_)]
        self._layers = [_layer(one, d_in, self.backend) for one, d_in in zip(self.weights_, fan_in, strict=False)]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle keeps: parameters and arrays."""
        state = {**super().__getstate__()}
        state.pop("_layers", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a pickle's state and lay the weights out for the machine it is read on."""
        super().__setstate__(state)
        if "weights_" in state:
            self._prepare()

    def __sklearn_tags__(self) -> Tags:
        """Say that sparse input is taken and float32 kept."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _widths(estimator: OneBitRandomFeatures) -> list[int]:
    if estimator.widths is None:
        return [estimator.n_components] * estimator.depth
    widths = list(estimator.widths)
    if not widths or not all(isinstance(width, Integral) and width >= 1 for width in widths):
        raise ValueError(f"widths: must be whole numbers ≥ 1, one a layer, got {estimator.widths!r}")
    return [int(width) for width in widths]


def _layer(weights: np.ndarray, d_in: int, backend: str) -> Callable[[np.ndarray, str], np.ndarray]:
    """Return (x, φ) ↦ φ(x Wᵀ/√d) of packed signs or numbers, bit for bit the same however rows are batched."""
    scale = d_in**-0.5
    if weights.dtype != np.uint8:
        transposed = np.multiply(weights.T, np.float32(scale), order="C")  # the BLAS packs rows quicker than columns
        return lambda x, activation: activate(_padded(x) @ transposed, activation)[: len(x)]
    product = kernels.load(kernels.SignMatrix(weights, d_in), backend, scale=scale)
    if isinstance(product, NativeProduct):
        return lambda x, activation: product.apply(x, activation=activation)
    return lambda x, activation: product.apply(_padded(x), activation=activation)[: len(x)]


def _padded(x: np.ndarray) -> np.ndarray:
    """Return ROWS rows in C order, the last of them 0."""
    if len(x) == ROWS:
        return np.ascontiguousarray(x)
    return np.concatenate([x, np.zeros((ROWS - len(x), x.shape[1]), np.float32)])

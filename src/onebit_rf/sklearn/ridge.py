"""Ridge on random features, with λ by leave-one-out: a regressor and a classifier of rows that stream."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from onebit_rf.readout.leave_one_out import fit_leave_one_out
from onebit_rf.sklearn.features import OneBitRandomFeatures

# Rows whose features stand in memory at a time in a prediction.
ROWS = 1024


class _Readout(BaseEstimator):
    """What regressor and classifier share: features, the fit of their read-out, and its outputs."""

    _parameter_constraints: ClassVar[dict] = {
        **OneBitRandomFeatures._parameter_constraints,
        "alphas": ["array-like", Interval(Real, 0, None, closed="neither"), None],
        "fit_intercept": ["boolean"],
    }

    def __init__(
        self,
        n_components: int = 1024,
        *,
        alphas: Sequence[float] | float | None = None,
        fit_intercept: bool = True,
        depth: int = 1,
        widths: Sequence[int] | None = None,
        activation: str = "relu",
        law: str = "one_bit",
        backend: str = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.depth = depth
        self.widths = widths
        self.activation = activation
        self.law = law
        self.backend = backend
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, X: Any, y: np.ndarray) -> Self:
        """Fit to validated rows and targets (rows, K)."""
        shared = {name: getattr(self, name) for name in OneBitRandomFeatures._get_param_names()}
        self.features_ = OneBitRandomFeatures(**shared).fit(X)
        fit = fit_leave_one_out(
            lambda rows: self.features_._transform(X[rows]),
            n=X.shape[0],
            p=self.features_._n_features_out,
            y=y,
            ridges=_grid(self.alphas),
            intercept=self.fit_intercept,
        )
        self.alphas_, self.loo_errors_, self.alpha_ = fit.ridges, fit.errors, fit.ridge
        self.coef_, self.intercept_ = fit.weights.T, fit.intercept
        return self

    def _outputs(self, X: ArrayLike) -> np.ndarray:
        """Return the outputs x_L Aᵀ + b, float64 (rows, K)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, accept_sparse="csr", reset=False)
        coef = np.atleast_2d(self.coef_)
        out = np.empty((X.shape[0], len(coef)))
        for first in range(0, len(out), ROWS):
            rows = slice(first, first + ROWS)
            out[rows] = self.features_._transform(X[rows]) @ coef.T + self.intercept_
        return out

    def __sklearn_tags__(self) -> Tags:
        """Say that sparse input is taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class OneBitRidge(RegressorMixin, _Readout):
    """Ridge regression on one-bit random features, λ by closed-form leave-one-out over a grid.

    |y − x_L a − b|² + λ|a|² with the features x_L of `OneBitRandomFeatures`, which come in blocks of rows and are made
    anew when they are needed again: memory is 8 m² bytes, m the smaller of rows and features, beside X.

    Args:
        n_components: features; this and what is not listed here is described at `OneBitRandomFeatures`.
        alphas: the grid of λ > 0, features unscaled; None is 10⁻⁶ to 10 times the mean eigenvalue of the features' Gram
            matrix, two a decade.
        fit_intercept: whether there is a b, which is not penalised.

    Attributes:
        features_: the fitted `OneBitRandomFeatures`.
        alpha_: the λ of the least error.
        alphas_, loo_errors_: the grid, and the leave-one-out mean square error at each λ, inf where rounding is larger.
        coef_, intercept_: a and b, of shapes (p,) and (), or (K, p) and (K,) where y has K columns.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit to rows X (rows, d_0), of which there are at least two, and targets y (rows,) or (rows, K)."""
        X, y = validate_data(
            self,
            X,
            y,
            dtype=np.float32,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=2,
        )
        self._fit(X, y.reshape(len(y), -1))
        if y.ndim == 1:
            self.coef_, self.intercept_ = self.coef_[0], float(self.intercept_[0])
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the targets of rows X, float64 (rows,) or (rows, K)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if np.ndim(self.coef_) == 1 else outputs

    def __sklearn_tags__(self) -> Tags:
        """Say that y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class OneBitRidgeClassifier(ClassifierMixin, _Readout):
    """Classification by ridge on one-bit random features: targets ±1, one output a class, λ by leave-one-out.

    As `OneBitRidge`, with the class of the largest output; two classes share one output.

    Args:
        n_components: features; this and what is not listed here is described at `OneBitRandomFeatures`.
        alphas: the grid of λ > 0, as in `OneBitRidge`.
        fit_intercept: whether there is a b, which is not penalised.

    Attributes:
        classes_: the labels.
        features_, alpha_, alphas_, loo_errors_: as in `OneBitRidge`; errors are those of the ±1 targets.
        coef_, intercept_: (K, p) and (K,), K = 1 for two classes.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit to rows X (rows, d_0), of which there are at least two, and labels y (rows,) of at least two classes."""
        X, y = validate_data(self, X, y, dtype=np.float32, accept_sparse="csr", ensure_min_samples=2)
        check_classification_targets(y)
        binarizer = LabelBinarizer(neg_label=-1)
        targets = binarizer.fit_transform(column_or_1d(y, warn=True))
        self.classes_ = binarizer.classes_
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, got one class: {self.classes_[0]!r}"
            )
        return self._fit(X, targets)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the outputs (rows, K), or (rows,) of the second of two classes."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the labels of rows X."""
        outputs = self.decision_function(X)
        return self.classes_[(outputs > 0).astype(int) if outputs.ndim == 1 else outputs.argmax(axis=1)]


def _grid(alphas: Sequence[float] | float | None) -> np.ndarray | None:
    if alphas is None:
        return None
    grid = np.atleast_1d(np.asarray(alphas, np.float64))
    if grid.ndim != 1 or not grid.size or not (np.isfinite(grid) & (grid > 0)).all():
        raise ValueError(f"alphas: must be finite numbers > 0, got {alphas!r}")
    return grid

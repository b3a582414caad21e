"""The exact asymptotic theory: one module per step, `predict` over all of them."""

from onebit_rf.theory.prediction import Prediction, predict, predict_curve

__all__ = ["Prediction", "predict", "predict_curve"]

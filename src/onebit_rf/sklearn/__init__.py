"""Random features of one bit as scikit-learn estimators: a transformer, and ridge on its features."""

from onebit_rf.sklearn.features import OneBitRandomFeatures
from onebit_rf.sklearn.ridge import OneBitRidge, OneBitRidgeClassifier

__all__ = ["OneBitRandomFeatures", "OneBitRidge", "OneBitRidgeClassifier"]

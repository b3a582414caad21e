"""Handwritten digits: accuracy of a ridge classifier on random features that take the same time to compute.

A layer of one-bit weights, one of Gaussian weights in float32, and RBFSampler, each with as many features as it can
compute in the time that 4096 one-bit features take, and the λ that leave-one-out finds best.
"""

import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from onebit_rf.sklearn import OneBitRandomFeatures

WIDTH = 4096
x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32")
models = {
    "one bit": OneBitRandomFeatures(WIDTH, random_state=0),
    "float32": OneBitRandomFeatures(WIDTH, law="gaussian", random_state=0),
    "RBFSampler": RBFSampler(n_components=WIDTH, gamma=0.03, random_state=0),
}


def seconds(model):
    """Least time of ten to compute the features of all rows."""
    clocks = [(time.perf_counter(), model.transform(x), time.perf_counter()) for _ in range(10)]
    return min(end - start for start, _, end in clocks)


times = {name: seconds(model.fit(x)) for name, model in models.items()}
for name, model in models.items():
    width = round(WIDTH * times["one bit"] / times[name])
    classifier = make_pipeline(model.set_params(n_components=width), RidgeClassifierCV(10.0 ** np.arange(-4, 4)))
    accuracy = cross_val_score(classifier, x, y, cv=3).mean()
    print(f"{name:10} {width:5} features in {times['one bit'] * 1e3:.0f} ms: accuracy {accuracy:.3f}")

"""How many digits does it take? The test error of one-bit features predicted from their spectrum, then measured.

The prediction trains nothing and says the best λ too. Needs `pip install 'onebit-rf[data]'`.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import label_binarize

from onebit_rf.readout.own_data import predict_data
from onebit_rf.sklearn import OneBitRidge

WIDTH, SAMPLES, DRAWS = 512, [100, 200, 400, 800, 1600], 5
x, label = load_digits(return_X_y=True)
x = ((x - x.mean(axis=0)) / 16).astype("float32")
one_hot = label_binarize(label, classes=range(10))


def measured(n, ridge):
    """Mean square error, over outputs and rows, of fits to n random rows on all others."""
    errors = []
    for draw in range(DRAWS):
        train, test = np.split(np.random.default_rng(draw).permutation(len(x)), [n])
        model = OneBitRidge(WIDTH, alphas=ridge, fit_intercept=False, random_state=draw).fit(x[train], one_hot[train])
        errors.append(np.mean((model.predict(x[test]) - one_hot[test]) ** 2))
    return np.mean(errors)


print("samples  predicted  measured  best λ")
for point in predict_data(x, label, outputs=10, widths=[WIDTH], n_train=SAMPLES):
    print(f"{point.n_train:7}  {point.mse:9.4f}  {measured(point.n_train, point.ridge):8.4f}  {point.ridge:6.2f}")

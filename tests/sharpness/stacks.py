"""Stacks of models whose sharpness is known, and one of small networks where it is not."""

import numpy as np
import torch

torch.set_num_threads(1)  # small products lose by more


def tensor(values):
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)


def quadratic(matrices):
    """Losses ½wᵀHw for symmetric H of shape (M, P, P)."""
    matrices = tensor(matrices)
    return lambda weights: 0.5 * torch.einsum("kp,kpq,kq->k", weights["w"], matrices, weights["w"])


def symmetric(eigenvalues, seed=0):
    """A symmetric matrix with these eigenvalues and random eigenvectors."""
    values = np.asarray(eigenvalues, dtype=float)
    vectors = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    return (vectors * values) @ vectors.T


class LeastSquares:
    """The losses |y − Xa|²/n of M = 3 models on n = 40 rows of features of their own, p = 12, at their best a.

    Attributes:
        grams: XᵀX/n, half the Hessians.
        weights: {"a": (3, 12)}, where the slope is 0: the loss then rises by δᵀ(XᵀX/n)δ.
    """

    def __init__(self):
        rng = np.random.default_rng(5)
        x, y = rng.standard_normal((3, 40, 12)) * np.linspace(0.3, 2, 12), rng.standard_normal((3, 40))
        self.grams = np.einsum("knp,knq->kpq", x, x) / 40
        self.weights = {"a": tensor(np.linalg.solve(self.grams, np.einsum("knp,kn->kp", x, y)[..., None] / 40)[..., 0])}
        self._x, self._y = tensor(x), tensor(y)

    def losses(self, weights):
        return (torch.einsum("knp,kp->kn", self._x, weights["a"]) - self._y).square().mean(1)


class Networks:
    """Three networks 8→6→5→3 (tanh, ReLU) that differ little, on 50 rows with the classes that one like them gives.

    They have 8·6 + 6·5 + 5·3 + 3 = 96 weights each.
    """

    def __init__(self):
        rng = np.random.default_rng(6)
        self.x = tensor(rng.standard_normal((50, 8)))
        shapes = {"w1": (6, 8), "w2": (5, 6), "w3": (3, 5), "b3": (3,)}
        common = {name: tensor(rng.standard_normal((1, *shape))) for name, shape in shapes.items()}
        self.y = self.logits(common)[0].argmax(1)
        self.weights = {name: w + 0.1 * tensor(rng.standard_normal((3, *w.shape[1:]))) for name, w in common.items()}

    def logits(self, weights):
        h = torch.tanh(self.x @ weights["w1"].mT)
        h = torch.relu(h @ weights["w2"].mT)
        return h @ weights["w3"].mT + weights["b3"][:, None]

    def losses(self, weights):
        classes = self.y.expand(len(weights["b3"]), -1)
        return torch.nn.functional.cross_entropy(self.logits(weights).mT, classes, reduction="none").mean(1)

    def errors(self, weights):
        return (self.logits(weights).argmax(2) != self.y).float().mean(1)

    def alone(self, k):
        """The weights of a stack of model k alone."""
        return {name: weight[k : k + 1] for name, weight in self.weights.items()}

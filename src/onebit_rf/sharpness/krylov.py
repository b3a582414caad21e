"""Lanczos iterations on M symmetric matrices at once, known by their products with vectors alone."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

MEMORY = 2**30  # bytes for a basis; it restarts instead of growing past them
KEPT = 4  # vectors that a restart keeps: the largest eigenvalue needs its rivals at hand
SHORTEST = 12  # vectors in a basis, whatever their size: fewer would be mostly restarts


class Krylov:
    """For each of M matrices H an orthonormal basis Q of a Krylov space, and QᵀHQ.

    New vectors are made orthogonal to all earlier ones. A full basis restarts from its largest Ritz vectors and the
    vector that was to come next, and the Krylov space goes on from there (thick restart: Wu & Simon, SIAM J. Matrix
    Anal. 22, 2000).
    """

    def __init__(self, start: Tensor, steps: int) -> None:
        """Start from the rows of shape (M, P), for up to `steps` products."""
        models, width = start.shape
        length = min(steps, width, max(MEMORY // (models * width * start.element_size()), SHORTEST))
        self._basis = start.new_empty(models, length + 1, width)
        self._basis[:, 0] = start / start.norm(dim=1, keepdim=True)
        self._projected = np.zeros((models, length, length))
        self._used = 0
        self._beyond = np.zeros(models)

    def extend(self, product: Callable[[Tensor], Tensor]) -> None:
        """Take the next vector into the basis by one product, and prepare the one after it."""
        if self._used == self._projected.shape[1]:
            self._restart()
        new, self._used = self._used, self._used + 1
        basis, image = self._basis[:, : self._used], product(self._basis[:, new])[:, None]
        row = torch.zeros_like(basis[:, None, :, 0])
        for _ in range(2):  # the first leaves parts as large as rounding, the second none
            part = image @ basis.mT  # vectors as rows: products with columns are twenty times slower here
            image = torch.baddbmm(image, part, basis, alpha=-1)
            row += part
        self._projected[:, new, : self._used] = self._projected[:, : self._used, new] = row[:, 0].numpy()
        length = image.norm(dim=2)
        torch.div(image[:, 0], length.clamp_min(torch.finfo(length.dtype).tiny), out=self._basis[:, self._used])
        self._beyond = length[:, 0].double().numpy()

    def largest(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each matrix's largest Ritz value θ, of unit vector v, and |Hv − θv|; both (M,), NaN where H is."""
        projected = self._projected[:, : self._used, : self._used]
        finite = np.isfinite(projected).all(axis=(1, 2))
        values, vectors = np.linalg.eigh(np.where(finite[:, None, None], projected, 0))
        return np.where(finite, values[:, -1], np.nan), self._beyond * np.abs(vectors[:, -1, -1])

    def _restart(self) -> None:
        """Keep the largest Ritz vectors; the next column of QᵀHQ couples the next vector to them."""
        values, vectors = np.linalg.eigh(np.nan_to_num(self._projected))
        kept = torch.as_tensor(vectors[:, :, -KEPT:], dtype=self._basis.dtype)
        self._basis[:, :KEPT] = kept.mT @ self._basis[:, : self._used]
        self._basis[:, KEPT] = self._basis[:, self._used]
        self._projected[:] = 0
        self._projected[:, range(KEPT), range(KEPT)] = values[:, -KEPT:]
        self._used = KEPT

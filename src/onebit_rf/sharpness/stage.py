"""The sharpness stage: how sharp the minima are that trained models lie in, at tested and at latent weights.

The loss is the mean cross-entropy on the first train rows, of inputs without augmentation, batch norm by its averages.
Weights that are perturbed are not rounded again: a model is taken as the float network that it is at these weights.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from onebit_rf.model.record import plain
from onebit_rf.sharpness.hessian import largest_eigenvalue, trace
from onebit_rf.sharpness.perturbations import adaptive_sharpness_average, adaptive_sharpness_worst, largest_noise
from onebit_rf.sharpness.settings import Sharpness
from onebit_rf.tables.files import TableWriter
from onebit_rf.tables.sharpness import SHARPNESS
from onebit_rf.training.bearing import side_by_side
from onebit_rf.training.learned import named
from onebit_rf.training.memory import keep_memory
from onebit_rf.training.models import Models, Rows, class_losses
from onebit_rf.training.networks import Net
from onebit_rf.training.recipe import Recipe

TRACE_DRAWS = 4  # times the draws of the other measures: one costs little, and they spread more


def measure_sharpness(
    path: str | Path,
    weights: str | Path,
    net: Net,
    recipe: Recipe,
    train: Rows,
    settings: Sharpness,
    names: Mapping[str, Any],
    seed: int,
    progress: Callable[[Iterable], Iterable] = iter,
) -> None:
    """Measure every model in the table `weights`; write a table `sharpness`, two rows a model.

    Args:
        path: the table.
        weights: a table `learned`.
        net, recipe: of its models.
        train: rows that they were trained on.
        settings: on how much of them, and with how many draws.
        names: the columns `training` and `cell`, and the swept leaves with their values.
        seed: root seed, which the draws are of, too.
        progress: wraps the iteration over groups of models.
    """
    keep_memory()
    rows = Rows(train.x[: settings.examples], train.y[: settings.examples])
    sizes = {"examples": len(rows.y), "draws": settings.draws}
    with TableWriter(
        path, SHARPNESS.sweeping(names), {**plain(settings), "names": dict(names), "seed": seed}
    ) as writer:
        for learned, models in progress(list(side_by_side(weights, net, recipe))):
            for kind, at in (("dequantised", models.rounded()), ("latent", dict(models.weights))):
                writer.write(
                    **names,
                    seed=seed,
                    **named(learned),
                    weights=kind,
                    **sizes,
                    **measures(models, at, rows, settings, seed),
                )


def measures(
    models: Models, at: dict[str, Tensor], rows: Rows, settings: Sharpness, seed: int
) -> dict[str, np.ndarray]:
    """Return the measured columns of the table `sharpness` of M models at the weights `at`, (M,) each."""

    def losses(weights: Mapping[str, Tensor]) -> Tensor:
        return class_losses(models.logits(weights, rows.x), rows.y)

    def errors(weights: Mapping[str, Tensor]) -> Tensor:
        return (models.logits(weights, rows.x).argmax(2) != rows.y).float().mean(1)

    draws, rho = settings.draws, settings.rho
    top, sum_of_all = largest_eigenvalue(losses, at, seed=seed), trace(losses, at, TRACE_DRAWS * draws, seed)
    plain_noise = largest_noise(errors, at, settings.drop, draws, relative=False, seed=seed)
    relative_noise = largest_noise(errors, at, settings.drop, draws, relative=True, seed=seed)
    return {
        "lambda_max": top.value,
        "lambda_max_residual": top.residual,
        "lambda_max_converged": top.converged,
        "trace": sum_of_all.value,
        "trace_standard_error": sum_of_all.standard_error,
        "sigma": plain_noise.value,
        "sigma_converged": plain_noise.converged,
        "sigma_magnitude": relative_noise.value,
        "sigma_magnitude_converged": relative_noise.converged,
        "adaptive_sharpness": adaptive_sharpness_worst(losses, at, rho),
        "adaptive_sharpness_average": adaptive_sharpness_average(losses, at, rho, draws, seed),
    }

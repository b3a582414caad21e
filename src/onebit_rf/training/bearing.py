"""How trained models bear distorted test images."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onebit_rf.data.dataset import Standardiser
from onebit_rf.tables.bearing import BEARING
from onebit_rf.tables.files import TableWriter
from onebit_rf.training.learned import Learned, list_learned, named, read_learned
from onebit_rf.training.measures import at_rest
from onebit_rf.training.memory import keep_memory
from onebit_rf.training.models import Models, Rows
from onebit_rf.training.networks import Net
from onebit_rf.training.recipe import Recipe

SIDE_BY_SIDE = 32  # models at a time
Progress = Callable[[Sequence], Iterable]


def side_by_side(path: str | Path, net: Net, recipe: Recipe) -> Iterator[tuple[list[Learned], Models]]:
    """Yield the models in a table `learned`, some at a time, by kind of quantizer."""
    size = SIDE_BY_SIDE if net.stacks else 1
    known = sorted(enumerate(list_learned(path)), key=lambda entry: entry[1][0].partition(":")[0])
    places = [place for place, _ in known]
    for start in range(0, len(places), size):
        learned = list(read_learned(path, places[start : start + size]))
        yield learned, at_rest(net, learned, recipe)


def measure_distorted(
    path: str | Path,
    weights: str | Path,
    net: Net,
    recipe: Recipe,
    distorted: Iterable[tuple[str, int, np.ndarray]],
    standardiser: Standardiser,
    label: np.ndarray,
    names: Mapping[str, Any],
    seed: int,
) -> None:
    """Test every model in the table `weights` on the distorted test images; write a table `bearing`.

    Args:
        path: the table.
        weights: a table `learned`.
        net, recipe: of its models.
        distorted: kind, severity and the test images (rows, h, w, channels), uint8.
        standardiser: of the data set's inputs.
        label: classes of the test rows.
        names: the columns `training` and `cell`, and the swept leaves with their values.
        seed: root seed.
    """
    keep_memory()
    groups = list(side_by_side(weights, net, recipe))
    y = torch.from_numpy(label.astype(np.int64))
    with TableWriter(path, BEARING.sweeping(names), {"names": dict(names), "seed": seed}) as writer:
        for kind, severity, images in distorted:
            rows = Rows(torch.from_numpy(standardiser.apply(images)), y)
            for learned, models in groups:
                losses, errors = models.evaluate(rows)
                writer.write(
                    **names,
                    seed=seed,
                    **named(learned),
                    kind=kind,
                    severity=severity,
                    distorted_loss=losses,
                    distorted_error=errors,
                )

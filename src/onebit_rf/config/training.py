"""The record of a training: a recipe on a data set and a network, and what is measured of its models."""

from typing import Annotated

from msgspec import Meta

from onebit_rf.config.experiment import DatasetChoice, NetworkChoice, Sweep
from onebit_rf.sharpness.settings import Sharpness
from onebit_rf.training.recipe import Recipe


class Training(Recipe, kw_only=True):
    """Models trained on the classes of a data set, all from the same weights and on the same batches."""

    dataset: DatasetChoice
    network: NetworkChoice
    sweep: Sweep = None
    sharpness: Annotated[Sharpness | None, Meta(description="measure it of every model; null does not")] = None
    distorted: Annotated[bool, Meta(description="test every model on distorted images, too")] = False


def recipe_of(training: Training) -> Recipe:
    """Return what determines the models, without what they are trained on and measured by."""
    return Recipe(**{name: getattr(training, name) for name in Recipe.__struct_fields__})

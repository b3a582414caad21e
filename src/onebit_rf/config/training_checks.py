"""What is wrong with a training, from the records alone."""

from collections.abc import Iterator

from onebit_rf.config.cells import TrainingCell
from onebit_rf.data.dataset import Shape
from onebit_rf.errors import OnebitError
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.training.networks.mlp import Mlp


def check_training(cell: TrainingCell, shape: Shape) -> Iterator[str]:
    """Yield what keeps a cell from being trained, from its training's key on."""
    recipe = cell.recipe
    if shape.outputs < 2:
        yield f".dataset: {cell.dataset!r} has no classes to learn; use images, or a table of classes"
        return
    if (rows := recipe.n_train + recipe.n_valid) > shape.train_rows:
        yield f".n_train: n_train + n_valid must be at most {shape.train_rows}, the train rows of the data, got {rows}"
    if recipe.source == "frozen" and recipe.float_epochs:
        yield f".float_epochs: must be 0 where weights are frozen, got {recipe.float_epochs}"
    if recipe.float_epochs >= recipe.epochs:
        yield f".float_epochs: must be below epochs, {recipe.epochs}, got {recipe.float_epochs}"
    if "early_stopping" in recipe.protocols and not recipe.n_valid:
        yield ".n_valid: early_stopping needs rows that are held out, got 0"
    if "float" not in recipe.models and (after := [name for name in recipe.models if name.startswith("ptq")]):
        yield f".models: {after[0]} rounds the model float, which is not there; add it"
    if recipe.augment and shape.image is None:
        yield f".augment: the inputs of {cell.dataset!r} are no images; leave it out"
    if cell.record.distorted and shape.image is None:
        yield f".distorted: the inputs of {cell.dataset!r} are no images; set it false"
    if cell.record.sharpness and cell.record.sharpness.examples > recipe.n_train:
        yield f".sharpness.examples: must be at most n_train, {recipe.n_train}, got {cell.record.sharpness.examples}"
    if recipe.activation_bits and not cell.net.has_relu:
        yield f".activation_bits: rounds the outputs of ReLUs, which {cell.network!r} has not; leave it out"
    if cell.net.has_step:
        yield ".network.step: is a frozen network's, a training steps by itself; leave it out"
    if isinstance(cell.net, Mlp) and ACTIVATIONS.get(cell.net.activation).tensor is None:
        yield f".network.activation: {cell.net.activation} has no `tensor`, which training differentiates; add it"
    try:
        cell.net.check(shape.image)
    except OnebitError as error:
        yield f".network: {error}"

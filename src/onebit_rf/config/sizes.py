"""What the jobs of a cell need: rows, the largest matrix, memory and time, from the records alone."""

from itertools import pairwise

from onebit_rf.config.cells import TrainingCell
from onebit_rf.config.network import Network
from onebit_rf.config.task import Task
from onebit_rf.data.dataset import Shape

PROCESS_BYTES = 300 << 20  # of Python and the libraries that a job imports
SLOWEST = 1e9  # flop/s that any machine reaches; jobs ask for the time that it would need
LEAST_MINUTES = 5


def all_rows(shape: Shape) -> int:
    """Train and test rows."""
    return shape.train_rows + shape.test_rows


def largest_matrix(shape: Shape, network: Network) -> int:
    """Numbers in the largest weight or feature matrix."""
    dims = [shape.input_dim, *network.widths]
    return max(*(before * after for before, after in pairwise(dims)), all_rows(shape) * max(dims))


def data_bytes(shape: Shape) -> int:
    """Memory of making a data set: its rows in float64, what they are made from, and the table's copy."""
    return PROCESS_BYTES + 24 * all_rows(shape) * shape.input_dim


def weights_bytes(dims: list[int]) -> int:
    """Memory of drawing a network's weights: one layer, its scaled copy and the table's copy."""
    return PROCESS_BYTES + max(12 * before * after for before, after in pairwise(dims))


def features_bytes(shape: Shape, network: Network) -> int:
    """Memory of the features: one layer's weights as drawn and as used, its inputs with the rows x_0, and its outputs
    before φ, after it, as the table takes them and as Parquet encodes them, whose memory stays with the process.

    A step adds in float64 four matrices of its rows' outputs, their inputs, and four of W_1's size.
    """
    dims, rows = [shape.input_dim, *network.widths], all_rows(shape)
    layers = max(8 * before * after + rows * (8 * before + 16 * after) for before, after in pairwise(dims))
    seen = network.step.rows if network.has_step else 0
    step = 8 * (seen * (4 * dims[1] + dims[0]) + 4 * dims[0] * dims[1]) if seen else 0
    return PROCESS_BYTES + layers + step


def second_path_bytes(shape: Shape, network: Network) -> int:
    """Memory of the second path: that of the features, and a layer's weights drawn again with the mask that mixes."""
    dims = [shape.input_dim, *network.widths]
    return features_bytes(shape, network) + max(12 * before * after for before, after in pairwise(dims))


def readout_bytes(task: Task, shape: Shape, network: Network) -> int:
    """Memory of the read-outs: a depth's features as read, as chosen and in float64 with a product of their size (28
    bytes a number), their Gram matrix, its factor, and the products with the test rows.
    """
    rows, n, width = all_rows(shape), int(task.n_train.sizes()[-1]), max(network.widths)
    own = 16 * width**2 + 8 * rows * shape.outputs if getattr(task, "own_spectrum", False) else 0
    return PROCESS_BYTES + 28 * rows * width + 8 * (4 * n * n + 2 * n * shape.test_rows) + own


def equivalents_bytes(shape: Shape, network: Network) -> int:
    """Memory of the equivalents: the features in both precisions, normal rows, those of two covariances and what is
    centred, chosen and multiplied of them (64 bytes a number), and a dozen matrices of the largest width.
    """
    widest = max(shape.input_dim, *network.widths)
    return PROCESS_BYTES + 64 * all_rows(shape) * max(network.widths) + 96 * widest**2


def conditions_bytes(shape: Shape) -> int:
    """Memory of a data set's conditions: its rows made and in float64, their squares, and two covariances."""
    return data_bytes(shape) + 16 * all_rows(shape) * shape.input_dim + 32 * shape.input_dim**2


def features_flops(shape: Shape, network: Network) -> float:
    """Operations of the products of all layers; of a step, W_1's twice more on its rows, which are among all rows."""
    first, *others = (before * after for before, after in pairwise([shape.input_dim, *network.widths]))
    return 2.0 * all_rows(shape) * ((3 if network.has_step else 1) * first + sum(others))


def readout_flops(task: Task, shape: Shape, network: Network) -> float:
    """Operations of the learning curves of all depths: Gram matrix, factorisation and products with the test rows.

    Classifiers and mirrors take some ten Newton steps of the same order for each of their sample sizes.
    """
    n, width = int(task.n_train.sizes()[-1]), max(network.widths)
    once = 2.0 * n * n * width + n**3 + 2.0 * n * shape.test_rows * (width + n)
    return once * len(network.widths) * len(task.readouts) * (1 + len(task.n_train.sizes()))


def equivalents_flops(task: Task, shape: Shape, network: Network) -> float:
    """Operations of the equivalents: a dozen products of all rows with a covariance, its eigenvalues a few times, and
    the learning curves of all train sets, of features and of Gaussian vectors.
    """
    n, width, rows = int(task.n_train.sizes()[-1]), max(network.widths), all_rows(shape)
    curves = 2.0 * (shape.train_rows // n) * (2.0 * n * n * width + n**3 + 2.0 * n * width * (width + n))
    once = 24.0 * rows * width**2 + 60.0 * width**3 + curves * len(task.readouts)
    return once * len(network.widths)


def conditions_flops(shape: Shape) -> float:
    """Operations of a data set's conditions: products of its rows with each other, and eigenvalues."""
    least = min(all_rows(shape), shape.input_dim)
    return 4.0 * all_rows(shape) * shape.input_dim * least + 10.0 * least**3


def training_bytes(cell: TrainingCell, shape: Shape) -> int:
    """Memory of a training: torch, the rows, and for each model its weights, gradients, averages and taken copies."""
    weights = cell.net.size(shape.input_dim, shape.image, shape.outputs)[0]
    copies = 6 + len(cell.recipe.protocols)
    return 2 * data_bytes(shape) + 4 * weights * copies * _models(cell)


def training_flops(cell: TrainingCell, shape: Shape) -> float:
    """Operations of a training: three products forward and back, and once more for looking at the losses."""
    products = cell.net.size(shape.input_dim, shape.image, shape.outputs)[1]
    return 8.0 * products * cell.recipe.n_train * cell.recipe.epochs * _models(cell)


def distorted_flops(cell: TrainingCell, shape: Shape) -> float:
    """Operations of testing all models under fifty distortions."""
    products = cell.net.size(shape.input_dim, shape.image, shape.outputs)[1]
    return 2.0 * 50 * products * shape.test_rows * _models(cell) * len(cell.recipe.protocols)


def sharpness_bytes(cell: TrainingCell, shape: Shape) -> int:
    """Memory of the sharpness: that of the training, and the vectors of an eigenvalue's search, at most a gigabyte."""
    return training_bytes(cell, shape) + (1 << 30)


def sharpness_flops(cell: TrainingCell, shape: Shape) -> float:
    """Operations of the sharpness: some thousand products for each example and model."""
    products = cell.net.size(shape.input_dim, shape.image, shape.outputs)[1]
    settings = cell.record.sharpness
    return 4.0 * products * settings.examples * (500 + 30 * settings.draws) * _models(cell) * len(cell.recipe.protocols)


def _models(cell: TrainingCell) -> int:
    return len(cell.recipe.models) * len(cell.recipe.weight_decays)


def minutes(flops: float) -> int:
    """Minutes that the slowest machine would need for `flops`, at least five."""
    return LEAST_MINUTES + int(flops / SLOWEST / 60)

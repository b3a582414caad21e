"""Ridge regression whose read-out is rounded to a grid after training."""

from collections.abc import Iterator

from onebit_rf.model.grids import grid
from onebit_rf.model.problem import Problem
from onebit_rf.readout.learning_curve import LearningCurve
from onebit_rf.readout.ridge import measured
from onebit_rf.readout.sample import Rows, Sample


def learn(problem: Problem, sample: Sample, bits: int) -> Iterator[Rows]:
    """Train ridge regression with λ = `problem.ridge`, round it to `bits`; yield its errors for the K teachers."""
    fits, reason = LearningCurve(sample.train, sample.n_train, problem.ridge).fit(sample.labels)
    yield from measured(grid(bits).round_scaled(fits), problem, sample, reason)

"""The records of the two tasks, a teacher's labels and a data set's own, and the problem that a teacher poses."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from onebit_rf.errors import OnebitError
from onebit_rf.model.grids import MOST_BITS, grid
from onebit_rf.model.problem import LABELS, Problem
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import DISTINCT, Count, NonNegative, Record, member_of, plain
from onebit_rf.model.second_path import SecondPath
from onebit_rf.model.teachers import TEACHERS


class SampleSizes(Record):
    """The n at which labels are fitted: first, first + step, … ≤ last."""

    first: Count
    last: Count
    step: Count

    def __post_init__(self) -> None:
        """Raise OnebitError for an empty range."""
        if self.first > self.last:
            raise OnebitError(f"first must be at most last, got {self.first} > {self.last}")

    def sizes(self) -> np.ndarray:
        """Return the sample sizes."""
        return np.arange(self.first, self.last + 1, self.step)


Readouts = Annotated[list[Annotated[str, member_of(READOUTS)]], Meta(min_length=1), DISTINCT]


class InputsAtTest(Record):
    """x_0' = gain (overlap x_0 + √(1 − overlap²) x̃_0) + noise ξ, x̃_0 the next test row, ξ ~ N(0, I)."""

    noise: Annotated[NonNegative, Meta(description="τ, standard deviation of the noise on the test inputs")] = 0.0
    gain: float = 1.0
    overlap: Annotated[float, Meta(ge=-1, le=1)] = 1.0


Bits = Annotated[int, Meta(ge=1, le=MOST_BITS)]


class WeightsAtTest(Record):
    """W' of the hidden layers at test."""

    bits: Annotated[Bits | None, Meta(description="normal weights are rounded to this grid")] = None
    correlation: Annotated[
        float, Meta(ge=0, le=1, description="c: every weight is drawn anew with probability 1 − c")
    ] = 1.0

    def __post_init__(self) -> None:
        """Raise OnebitError where both are asked for."""
        if self.bits is not None and self.correlation != 1:
            raise OnebitError("bits or correlation, not both")


CHANGED = {"inputs": InputsAtTest, "weights": WeightsAtTest}  # what is changed of the features


class ReadoutAtTest(Record):
    """â' = â + noise η/√d_L, η ~ N(0, I)."""

    noise: Annotated[NonNegative, Meta(description="s")] = 0.0


class Task(Record, tag_field="target", kw_only=True):
    """What is learned from the features of a network, and what the network is when it is tested."""

    n_train: Annotated[SampleSizes, Meta(description="sample sizes n of the fits")]
    readouts: Readouts
    skip: Annotated[int, Meta(ge=0, description="train rows left out: those that learned weights have seen")] = 0
    test_inputs: InputsAtTest = msgspec.field(default_factory=InputsAtTest)
    test_weights: WeightsAtTest = msgspec.field(default_factory=WeightsAtTest)
    test_readout: ReadoutAtTest = msgspec.field(default_factory=ReadoutAtTest)

    @property
    def second_path(self) -> SecondPath | None:
        """What is tested, where it is not what was trained."""
        inputs, weights = self.test_inputs, self.test_weights
        correlation = weights.correlation if weights.bits is None else grid(weights.bits).correlation
        path = SecondPath(inputs.noise, inputs.gain, inputs.overlap, correlation, self.test_readout.noise)
        return path if path != SecondPath() else None


class TeacherTask(Task, tag="teacher", kw_only=True):
    """Labels y = x_L·a* + σε, a* = A*/√d_L a random vector in the student's own features, or their signs."""

    teacher: Annotated[str, member_of(TEACHERS, "law of the entries of A*")]
    teachers: Annotated[Count, Meta(description="random teachers per seed, averaged")]
    noise: Annotated[NonNegative, Meta(description="σ")]
    sharpness: Annotated[bool, Meta(description="measure λ_max and trace of XᵀX/n, half the Hessian of ridge:λ")] = (
        False
    )
    labels: Annotated[Literal[LABELS], Meta(description="what ridge:λ learns: y, or sign(x_L·a*)")] = "linear"


class LabelsTask(Task, tag="labels", kw_only=True):
    """The labels of a data set: one-hot targets of its classes, or the number that a table is to predict."""

    own_spectrum: Annotated[
        bool, Meta(description="predict the error from covariance and label correlations of all rows' features, too")
    ] = False


AnyTask = TeacherTask | LabelsTask


def changed_features(task: Task) -> dict[str, dict]:
    """Return the arguments of `features.second_path`, `inputs` and `weights`; {} where features stay as they are."""
    if task.second_path is None or not task.second_path.moves_features:
        return {}
    return {"inputs": plain(task.test_inputs), "weights": plain(task.test_weights)}


def problem(task: TeacherTask, dims: Sequence[int], activation: str, spectrum: str | None, readout: str) -> Problem:
    """Return the learning problem that one read-out of a task solves, at its largest n."""
    kind = READOUTS.get(readout)
    return Problem(
        dims=tuple(dims),
        n_train=int(task.n_train.sizes()[-1]),
        activation=activation,
        spectrum=spectrum,
        noise=task.noise,
        teacher=task.teacher,
        labels="linear" if kind.classifies else task.labels,
        **kind.fields,
    )

"""The records of the two tasks, a teacher's labels and a data set's own, and the problem that a teacher poses."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from onebit_rf.errors import OnebitError
from onebit_rf.model.problem import Problem
from onebit_rf.model.readouts import READOUTS
from onebit_rf.model.record import DISTINCT, Count, NonNegative, Record, member_of
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


class Task(Record, tag_field="target"):
    """What is learned from the features of a network: labels, sample sizes and read-outs."""

    n_train: Annotated[SampleSizes, Meta(description="sample sizes n of the fits")]
    readouts: Readouts


class TeacherTask(Task, tag="teacher"):
    """Labels y = x_L·a* + σε, a* = A*/√d_L a random vector in the student's own features."""

    teacher: Annotated[str, member_of(TEACHERS, "law of the entries of A*")]
    teachers: Annotated[Count, Meta(description="random teachers per seed, averaged")]
    noise: Annotated[NonNegative, Meta(description="σ")]


class LabelsTask(Task, tag="labels"):
    """The labels of a data set: one-hot targets of its classes, or the number that a table is to predict."""


AnyTask = TeacherTask | LabelsTask


def problem(task: TeacherTask, dims: Sequence[int], activation: str, spectrum: str | None, readout: str) -> Problem:
    """Return the learning problem that one read-out of a task solves, at its largest n."""
    return Problem(
        dims=tuple(dims),
        n_train=int(task.n_train.sizes()[-1]),
        activation=activation,
        spectrum=spectrum,
        noise=task.noise,
        teacher=task.teacher,
        **READOUTS.get(readout).fields,
    )

"""The kinds of read-out, a file each: what is minimised, and which fields of Problem that sets.

A read-out is written KIND:ARGUMENT, e.g. ridge:0.5, mirror:q:3 or logistic:0.1. Its learner, a module of
`onebit_rf.readout`, trains it; the theory sees only the fields of Problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onebit_rf.errors import OnebitError
from onebit_rf.model.registry import Registry, number_text


@dataclass(frozen=True)
class Readout:
    """A way to train the last layer.

    Attributes:
        name: KIND:ARGUMENT, spelled in one way.
        fields: the fields of Problem that it sets.
        learner: name of the module of `onebit_rf.readout` that trains it on a teacher's labels.
        interpolates: whether it needs n < d_L.
        classifies: whether it learns the signs of the labels, free of noise.
        learns_labels: whether it can learn the classes of a data set, too.
        options: what its learner is told beside the problem: `bits` of a rounded read-out.
        predicted: whether there is a theory of it.
    """

    name: str
    fields: Mapping[str, Any]
    learner: str
    interpolates: bool = False
    classifies: bool = False
    learns_labels: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    predicted: bool = True

    @property
    def is_linear(self) -> bool:
        """Whether the square loss is minimised, so that the read-out is linear in the labels but for rounding."""
        return not (self.classifies or self.interpolates)


READOUTS: Registry[Readout] = Registry("model/readouts", "readout", joiner="-")


def spell(kind: str, bits: int, ridge: float) -> str:
    """Return KIND:BITS, or KIND:BITS,λ where λ > 0."""
    return f"{kind}:{bits}" + (f",{number_text(ridge)}" if ridge else "")


def check_penalty(kind: str, penalty: float, positive: bool = False) -> float:
    """Return λ of `kind`; OnebitError unless it is finite and ≥ 0, or > 0 where it must be `positive`."""
    if not 0 <= penalty < float("inf") or (positive and penalty == 0):
        raise OnebitError(f"readout: {kind}:λ needs a finite λ {'>' if positive else '≥'} 0, got {penalty:g}")
    return penalty

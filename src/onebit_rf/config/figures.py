"""The records of the figures: which experiments each draws."""

from typing import Annotated

from msgspec import Meta

from onebit_rf.model.record import DISTINCT, Count, Record

One = Annotated[list[str], Meta(min_length=1, max_length=1)]
Several = Annotated[list[str], Meta(min_length=1, max_length=6), DISTINCT]


class FigureOfOne(Record):
    """A figure of one experiment."""

    experiments: One


class FigureOfSeveral(Record):
    """A figure of several experiments."""

    experiments: Several


class DepthFigure(FigureOfOne):
    """Test MSE against depth."""

    n_train: Annotated[Count, Meta(description="n, one of the experiment's")]


class Figures(Record):
    """Which experiments a figure draws."""

    depth: Annotated[DepthFigure, Meta(description="test MSE against depth at this n")]
    learning_curve: Annotated[FigureOfSeveral, Meta(description="test MSE of ridge:0 against n/d_L at every depth")]
    ridge: Annotated[FigureOfOne, Meta(description="test MSE against n/d_L for every λ")]
    mirrors: Annotated[FigureOfSeveral, Meta(description="test MSE against n/d_L for every mirror")]
    activations: Annotated[FigureOfSeveral, Meta(description="as learning_curve")]
    classification: Annotated[FigureOfOne, Meta(description="error rate against n/d_L")]
    images: Annotated[FigureOfSeveral, Meta(description="accuracy against depth at the largest n")]

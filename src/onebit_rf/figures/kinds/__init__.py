"""The kinds of figure, a file each: the options that the configuration gives, and how tables become a picture.

A kind is a class with its options as fields, `tag="NAME"` as its file is called, and the members of FigureRecord.
It is read with the configuration: what is slow to import (matplotlib, SciPy) is imported where it is used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from onebit_rf.figures.facts import AnyFacts
from onebit_rf.model.record import DISTINCT, Record
from onebit_rf.model.registry import Registry

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from onebit_rf.figures.findings import Finding

TEST_ERRORS = ("mse", "error_rate", "accuracy")
Experiments = Annotated[list[str], Meta(min_length=1, description="names of experiments"), DISTINCT]
Trainings = Annotated[list[str], Meta(min_length=1, description="names of trainings"), DISTINCT]
Datasets = Annotated[list[str], Meta(min_length=1, description="names of data sets"), DISTINCT]


@dataclass(frozen=True)
class Tables:
    """The rows that a figure is drawn from, of the stages that it needs; None for the others.

    Attributes:
        readout, theory: rows of all cells of its experiments, as the tables hold them.
        latency: rows of all devices.
        facts: a record for each cell, in the order of the configuration: experiments', then trainings'.
        models: rows of the trained models of its trainings, a row each with all measures.
        bearing: rows of these on distorted images, by kind and severity.
        ranking: rows of the ranking of all trained models.
        deployment: rows of one-bit models on the native kernels.
        cost: times of the networks of its experiments.
        equivalents: rows of features against their Gaussian equivalents, of all cells of its experiments.
        conditions: rows of its data sets.
    """

    readout: "pd.DataFrame | None" = None
    theory: "pd.DataFrame | None" = None
    latency: "pd.DataFrame | None" = None
    facts: Sequence[AnyFacts] = ()
    models: "pd.DataFrame | None" = None
    bearing: "pd.DataFrame | None" = None
    ranking: "pd.DataFrame | None" = None
    deployment: "pd.DataFrame | None" = None
    cost: "pd.DataFrame | None" = None
    equivalents: "pd.DataFrame | None" = None
    conditions: "pd.DataFrame | None" = None


@dataclass(frozen=True)
class Drawing:
    """A figure with what is said about it.

    Attributes:
        figure: the picture.
        caption: what it shows, in a few sentences without the findings.
        findings: what the tables say, with numbers and intervals.
    """

    figure: "Figure"
    caption: str
    findings: "Sequence[Finding]"


class FigureRecord(Record, tag_field="kind", kw_only=True):
    """A figure of the configuration.

    A kind has the attribute `stages`, the stages whose tables it draws, and the fields `experiments`, `trainings` and
    `datasets` where it draws some. It is given the rows of `metrics`: those of `metric`, where it has that field and
    it is not None.
    """

    study: Annotated[str, Meta(min_length=1, description="heading of the report that the figure stands under")] = (
        "More figures"
    )

    stages = ("readout", "theory")
    experiments = ()
    trainings = ()
    datasets = ()
    metric = None

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics that it draws: the test errors unless the configuration or the kind says others."""
        return (self.metric,) if self.metric else TEST_ERRORS

    @property
    def timed(self) -> Sequence[str]:
        """The experiments whose networks are timed for it: all that it draws, where it draws the stage `cost`."""
        return self.experiments if "cost" in self.stages else ()

    def check(self, facts: Sequence[AnyFacts]) -> Iterator[str]:
        """Yield what keeps it from drawing these cells, from the figure's key on: `.n_train: must be …`."""
        yield from ()

    def draw(self, tables: Tables) -> Drawing:
        """Draw."""
        raise NotImplementedError


FIGURES: Registry[type[FigureRecord]] = Registry("figures/kinds", "figure")

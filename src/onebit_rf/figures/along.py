"""What kinds of figure have in common that draw test errors along an x-axis of the configuration's choice."""

from typing import Annotated

import msgspec
from msgspec import Meta

from onebit_rf.figures.kinds import Experiments, FigureRecord
from onebit_rf.figures.layout import At, Column, Facets, Metric


class Along(FigureRecord, kw_only=True):
    """Which curves are drawn, along what, and what colours and panels tell apart."""

    experiments: Experiments
    x: Annotated[str, Meta(description="a swept leaf, or depth")]
    at: At = msgspec.field(default_factory=dict)
    colour: Column = "depth"
    facets: Facets = None
    metric: Metric = None

    @property
    def told_apart(self) -> str:
        """What the colours tell apart; the read-outs where depth is the x-axis already."""
        return "readout" if self.x == self.colour == "depth" else self.colour

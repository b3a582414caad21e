"""The whole configuration as one record."""

from typing import Annotated, Any, Union

from msgspec import Meta

from onebit_rf.config.experiment import AnyDataset, AnyExperiment, Law, Seeds
from onebit_rf.config.latency import Latency
from onebit_rf.config.network import AnyNetwork
from onebit_rf.config.training import Training
from onebit_rf.figures.kinds import FIGURES
from onebit_rf.model.record import DISTINCT, Name, Record

AnyFigure: Any = Union[tuple(FIGURES.get(kind) for kind in FIGURES.names())]  # noqa: UP007 (made from a list)


class Config(Record):
    """config/config.yaml with its overlays; an entry that is null is switched off."""

    seeds: Seeds
    laws: Annotated[list[Law], Meta(min_length=1), DISTINCT]
    data_root: Annotated[str, Meta(min_length=1, description="folder of data files")]
    datasets: Annotated[dict[Name, AnyDataset], Meta(description="inputs x_0")]
    networks: Annotated[dict[Name, AnyNetwork], Meta(description="hidden layers")]
    experiments: Annotated[dict[Name, AnyExperiment], Meta(description="what is learned")]
    trainings: Annotated[dict[Name, Training], Meta(description="networks whose hidden weights are learned")]
    latency: Annotated[Latency | None, Meta(description="time of inference by backend")]
    figures: Annotated[dict[Name, AnyFigure], Meta(description="what is drawn of it")]

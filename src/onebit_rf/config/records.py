"""The whole configuration as one record."""

from typing import Annotated, Any, Union

from msgspec import Meta

from onebit_rf.config.experiment import LabelsExperiment, TeacherExperiment
from onebit_rf.config.figures import Figures
from onebit_rf.config.latency import Latency
from onebit_rf.config.network import Network
from onebit_rf.data.kinds import DATASETS, DatasetRecord
from onebit_rf.model.record import DISTINCT, Name, Record, member_of
from onebit_rf.weights.laws import LAWS

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
AnyDataset: Any = Union[tuple(DATASETS.get(kind) for kind in DATASETS.names())]  # noqa: UP007 (made from a list)
AnyExperiment = TeacherExperiment | LabelsExperiment


class Config(Record):
    """config/config.yaml with its overlays."""

    seeds: Annotated[list[Seed], Meta(min_length=1, description="replicates"), DISTINCT]
    laws: Annotated[list[Annotated[str, member_of(LAWS, "law of the hidden weights")]], Meta(min_length=1), DISTINCT]
    data_root: Annotated[str, Meta(min_length=1, description="folder of downloaded data")]
    datasets: Annotated[dict[Name, AnyDataset], Meta(min_length=1, description="inputs x_0")]
    networks: Annotated[dict[Name, Network], Meta(min_length=1, description="hidden layers")]
    experiments: Annotated[dict[Name, AnyExperiment], Meta(min_length=1, description="what is learned")]
    latency: Annotated[Latency, Meta(description="time of inference by backend")]
    figures: Annotated[Figures, Meta(description="which experiments a figure draws")]

    def of(self, name: str) -> tuple[AnyExperiment, DatasetRecord, Network]:
        """The records of an experiment, its data set and its network."""
        experiment = self.experiments[name]
        return experiment, self.datasets[experiment.dataset], self.networks[experiment.network]

    def dims(self, name: str) -> list[int]:
        """(d_0, d_1, …, d_L) of an experiment."""
        _, dataset, network = self.of(name)
        return [dataset.input_dim, *network.widths]

    def is_described(self, name: str) -> bool:
        """Whether the theory describes an experiment: a teacher on inputs whose spectrum is given."""
        experiment, dataset, _ = self.of(name)
        return isinstance(experiment, TeacherExperiment) and dataset.spectrum is not None

    def described(self) -> list[str]:
        """The experiments that the theory describes."""
        return list(filter(self.is_described, self.experiments))

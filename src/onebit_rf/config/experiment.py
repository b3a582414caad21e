"""The records of the experiments: a task on a data set and a network, and what is varied of the three."""

from typing import Annotated, Any, Union

from msgspec import Meta

from onebit_rf.config.network import AnyNetwork
from onebit_rf.config.task import AnyTask, LabelsTask, TeacherTask
from onebit_rf.data.kinds import DATASETS
from onebit_rf.model.record import DISTINCT, member_of
from onebit_rf.weights.laws import LAWS

AnyDataset: Any = Union[tuple(DATASETS.get(kind) for kind in DATASETS.names())]  # noqa: UP007 (made from a list)

DatasetChoice = Annotated[str | AnyDataset, Meta(description="name of a data set, or a data set")]
NetworkChoice = Annotated[str | AnyNetwork, Meta(description="name of a network, or a network")]
_LEAVES = {"type": "object", "description": "leaf → values", "additionalProperties": {"type": "array", "minItems": 1}}
_CELLS = {"type": "array", "items": {"type": "object"}, "description": "a mapping leaf → value for each cell"}
Sweep = Annotated[
    Any,
    Meta(
        description="leaves of the experiment, or dataset.LEAF and network.LEAF, each with the values it takes: all "
        "combinations are computed; or a list of mappings leaf → value, one for each cell",
        extra_json_schema={"anyOf": [_LEAVES, _CELLS]},
    ),
]

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seeds = Annotated[list[Seed], Meta(min_length=1, description="replicates"), DISTINCT]
OwnSeeds = Annotated[Seeds | None, Meta(description="replicates of this experiment; null takes those of `seeds`")]
Law = Annotated[str, member_of(LAWS, "law of the hidden weights")]
OwnLaws = Annotated[
    Annotated[list[Law], Meta(min_length=1), DISTINCT] | None,
    Meta(description="laws of the hidden weights in this experiment; null takes those of `laws`"),
]


class TeacherExperiment(TeacherTask, tag="teacher", kw_only=True):
    """A teacher's labels on the features of a data set and a network."""

    dataset: DatasetChoice
    network: NetworkChoice
    laws: OwnLaws = None
    seeds: OwnSeeds = None
    equivalents: Annotated[
        bool, Meta(description="measure how far features are from Gaussian vectors of their equivalent covariance, too")
    ] = False
    sweep: Sweep = None


class LabelsExperiment(LabelsTask, tag="labels", kw_only=True):
    """The labels of a data set, learned from its features by a network."""

    dataset: DatasetChoice
    network: NetworkChoice
    laws: OwnLaws = None
    seeds: OwnSeeds = None
    sweep: Sweep = None


AnyExperiment = TeacherExperiment | LabelsExperiment


def task_of(experiment: AnyExperiment) -> AnyTask:
    """Return what is learned, without what it is learned from."""
    kind = TeacherTask if isinstance(experiment, TeacherTask) else LabelsTask
    return kind(**{name: getattr(experiment, name) for name in kind.__struct_fields__})

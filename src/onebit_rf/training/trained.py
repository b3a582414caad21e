"""What the jobs of a training are told of it: from the parameters of a rule to records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from msgspec import convert

from onebit_rf.data.dataset import Shape
from onebit_rf.data.kinds import DATASETS, DatasetRecord
from onebit_rf.training.networks import NETWORKS, Net, NetworkRecord
from onebit_rf.training.recipe import Recipe


@dataclass(frozen=True)
class Trained:
    """A cell of a training.

    Attributes:
        names: the columns `training` and `cell`, and the swept leaves with their values.
        data, network, recipe: its records.
        shape: of the data set.
    """

    names: Mapping[str, Any]
    data: DatasetRecord
    network: NetworkRecord
    recipe: Recipe
    shape: Shape

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Self:
        """Return the cell that a rule's parameter `trained` tells of."""
        data, network = params["dataset"], params["network"]
        return cls(
            params["names"],
            convert(data, DATASETS.get(data["kind"])),
            convert(network, NETWORKS.get(network["kind"])),
            convert(params["recipe"], Recipe),
            convert(params["shape"], Shape),
        )

    def net(self) -> Net:
        """Return the network for the inputs and classes of the data set."""
        return self.network.build(self.shape.input_dim, self.shape.image, self.shape.outputs)

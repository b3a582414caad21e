"""The records of the networks: those of `onebit_rf.training.networks`, by kind."""

from typing import Any, Union

from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.networks.mlp import Mlp as Network

__all__ = ["AnyNetwork", "Network"]

AnyNetwork: Any = Union[tuple(NETWORKS.get(kind) for kind in NETWORKS.names())]  # noqa: UP007 (made from a list)

"""The record of a network."""

from typing import Annotated

from msgspec import Meta

from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.record import Count, Record, member_of

Widths = Annotated[list[Count], Meta(min_length=1, max_length=64)]


class Network(Record):
    """Hidden layers x_ℓ = φ(W_ℓ x_{ℓ−1})."""

    activation: Annotated[str, member_of(ACTIVATIONS, "φ")]
    widths: Annotated[Widths, Meta(description="d_1 … d_L; all depths 1 … L are computed in one pass")]

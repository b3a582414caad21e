"""The record of the latency stage."""

from typing import Annotated, Literal

from msgspec import Meta

from onebit_rf.model.record import DISTINCT, Count, NonNegative, Record
from onebit_rf.training.networks.mlp import Widths


class Latency(Record):
    """Time of inference by backend."""

    devices: Annotated[list[Literal["cpu", "cuda"]], Meta(min_length=1, description="what to measure"), DISTINCT]
    d_in: Annotated[Count, Meta(description="d_0")]
    networks: Annotated[list[Widths], Meta(min_length=1, description="d_1 … d_L of each")]
    batches: Annotated[list[Count], Meta(min_length=1, description="rows of x in a call"), DISTINCT]
    threads: Annotated[Count, Meta(description="CPU threads of the measurement; the job has all cores to itself")]
    repetitions: Annotated[int, Meta(ge=3, description="rows per backend and state, fewer (≥ 3) where they take long")]
    seconds: Annotated[NonNegative, Meta(description="time for a network and a batch size")]

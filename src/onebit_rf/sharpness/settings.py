"""What is measured of the sharpness of a trained model, and on how much."""

from typing import Annotated

from msgspec import Meta

from onebit_rf.model.record import Count, Record

Positive = Annotated[float, Meta(gt=0)]


class Sharpness(Record):
    """Settings of the stage `sharpness`."""

    examples: Annotated[Count, Meta(description="m, the first train rows that the loss is of")]
    draws: Annotated[
        Count, Meta(description="random draws of σ, σ' and the average sharpness; the trace takes four times as many")
    ]
    drop: Annotated[float, Meta(gt=0, lt=1, description="rise of the train error that σ and σ' are the noise for")]
    rho: Annotated[Positive, Meta(description="ρ of the adaptive sharpness, |δ_i| ≤ ρ|w_i|")]

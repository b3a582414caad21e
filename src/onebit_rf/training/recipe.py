"""How networks are trained: what determines a trained model beside its data, its network and its seed."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebit_rf.model.record import DISTINCT, Count, NonNegative, Record, member_of
from onebit_rf.training.augmentation import AUGMENTATIONS
from onebit_rf.training.quantizers import MOST_BITS, QUANTIZERS

PROTOCOLS = ("fixed_epochs", "matched_loss", "early_stopping")
Positive = Annotated[float, Meta(gt=0)]
Models = Annotated[list[Annotated[str, member_of(QUANTIZERS)]], Meta(min_length=1), DISTINCT]
Protocols = Annotated[list[Literal[PROTOCOLS]], Meta(min_length=1), DISTINCT]


class Recipe(Record, kw_only=True):
    """How the models of a training are trained: all from the same weights, on the same batches."""

    n_train: Annotated[Count, Meta(description="the first n train rows of the data set are trained on")]
    n_valid: Annotated[int, Meta(ge=0, description="the next ones are held out, to choose among models by")]
    source: Annotated[
        Literal["learned", "frozen"],
        Meta(description="of the hidden weights: frozen ones stay as they start, rounded, and the others are trained"),
    ] = "learned"
    models: Annotated[Models, Meta(description="quantizers of the hidden weights; ptq rounds the float models")]
    weight_decays: Annotated[
        list[NonNegative], Meta(min_length=1, description="every model is trained at each; decoupled"), DISTINCT
    ]
    protocols: Annotated[Protocols, Meta(description="when a model is taken from its training")]
    epochs: Annotated[Count, Meta(description="of a training; the most that matched_loss waits")]
    float_epochs: Annotated[int, Meta(ge=0, description="epochs before weights are quantized")] = 0
    loss: Annotated[Positive, Meta(description="cross-entropy on the train rows at which matched_loss stops")]
    batch: Count
    optimiser: Literal["adam", "sgd"]
    learning_rate: Positive
    schedule: Annotated[Literal["cosine", "constant"], Meta(description="of the learning rate, to 0 at the end or not")]
    augment: Annotated[list[Literal[AUGMENTATIONS]], DISTINCT] = msgspec.field(default_factory=list)
    label_noise: Annotated[float, Meta(ge=0, lt=1, description="share of the train labels that are wrong")] = 0.0
    scale: Annotated[Literal["tensor", "channel"], Meta(description="what shares a step")] = "tensor"
    activation_bits: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_BITS)] | None, Meta(description="of ReLU outputs; null leaves them")
    ] = None

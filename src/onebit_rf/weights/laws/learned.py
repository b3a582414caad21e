"""The weights that a training learned, as it tests them: `learned:TRAINING,MODEL`."""

from dataclasses import dataclass

from onebit_rf.errors import OnebitError
from onebit_rf.weights.laws import Law


@dataclass(frozen=True)
class Learned(Law):
    """Hidden weights of a trained model: of its first protocol and its first weight decay.

    Attributes:
        training, model: the name of the training, and the quantizer of the model.
    """

    training: str = ""
    model: str = ""

    @property
    def name(self) -> str:
        """How the configuration spells it."""
        return f"learned:{self.training},{self.model}"


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> None:
    raise NotImplementedError("learned weights are read, not drawn")


def _silence(fan_in: int) -> str:
    return "they were trained, not drawn"


def law(trained: str) -> Learned:
    """Return the weights that `trained`, TRAINING,MODEL, names.

    Raises:
        OnebitError: it does not name both.
    """
    training, _, model = trained.partition(",")
    if not training or not model:
        raise OnebitError(f"law: must be learned:TRAINING,MODEL, got 'learned:{trained}'")
    return Learned("dense", _draw, silence=_silence, training=training, model=model)

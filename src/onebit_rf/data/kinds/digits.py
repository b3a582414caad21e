"""scikit-learn's 1797 images of handwritten digits, 8×8 pixels: nothing to download."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from onebit_rf.data.dataset import Dataset, standardise
from onebit_rf.data.kinds import DatasetRecord
from onebit_rf.errors import OnebitError
from onebit_rf.jobs.seeds import stream
from onebit_rf.model.record import Count

IMAGES = 1797


def load_digits(n_train: int, n_test: int, centre: bool, scale: bool, seed: int) -> Dataset:
    """Split the images at random into train and test rows."""
    from sklearn.datasets import load_digits as load

    images, labels = load(return_X_y=True)
    chosen = stream(seed, "data", "digits").permutation(len(labels))[: n_train + n_test]
    return Dataset(standardise(images[chosen], n_train, centre, scale), n_train, labels[chosen])


class Digits(DatasetRecord, tag="digits"):
    """Random images of scikit-learn's digits."""

    n_train: Annotated[Count, Meta(description=f"random train images; n_train + n_test ≤ {IMAGES}")]
    n_test: Annotated[Count, Meta(description="random test images")]
    centre: Annotated[bool, Meta(description="subtract every pixel's mean over the train rows")]
    scale: Annotated[bool, Meta(description="divide by one number: the mean square of the train inputs becomes 1")]

    labelled = True

    def __post_init__(self) -> None:
        """Raise OnebitError where more images are asked for than there are."""
        if self.n_train + self.n_test > IMAGES:
            raise OnebitError(
                f"n_train + n_test must be at most {IMAGES}, the number of digits, got {self.n_train + self.n_test}"
            )

    @property
    def input_dim(self) -> int:
        """d_0."""
        return 64

    def make(self, seed: int, root: Path) -> Dataset:
        """Draw one replicate."""
        return load_digits(self.n_train, self.n_test, self.centre, self.scale, seed)


dataset = Digits

"""scikit-learn's 1797 images of handwritten digits, 8×8 pixels of 0 to 16: nothing to download."""

from pathlib import Path

from onebit_rf.data.pictures import array_pool
from onebit_rf.data.sources import Facts, Opened, Source

_FACTS = Facts(shape=(8, 8, 1), classes=10, rarest=174, train=1797)


class Digits(Source):
    """One pool."""

    white = 16

    def facts(self, root: Path) -> Facts:
        """Return the known numbers."""
        return _FACTS

    def open(self, root: Path) -> Opened:
        """Load the images."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        pool = array_pool(images.reshape(-1, *_FACTS.shape).astype("uint8"), labels, _FACTS.shape)
        return Opened(_FACTS.shape, _FACTS.classes, [pool])


source = Digits("digits")

"""Ridge read-outs on frozen and on learned features against the bits of the hidden weights, at the largest n.

ASSUME: λ is the best one for each law of the weights, that of the least test MSE in the mean over seeds, among those
found for most seeds. It is chosen on the test rows, for frozen and learned features alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onebit_rf.figures import style, trained
from onebit_rf.figures.facts import Facts
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.trained import FLOAT, FLOAT_BITS, Difference

if TYPE_CHECKING:
    import pandas as pd

FROZEN = {"gaussian": FLOAT_BITS, "one_bit": 1}  # bits of the frozen laws; those of grid:BITS are in its name
WORDS = {"accuracy": "test accuracy", "mse": "test MSE"}
Place = tuple[str, int]  # source of the hidden weights, and their bits


def place_of(law: str, trainings: list[str], quantizer: str) -> Place | None:
    """Return source and bits of a law; None for one that is neither frozen on a grid nor learned through `quantizer`.

    Args:
        law: gaussian, one_bit, grid:BITS, learned:TRAINING,MODEL or another.
        trainings: those whose learned weights count.
        quantizer: of the models that count beside float.
    """
    kind, _, argument = law.partition(":")
    if kind == "learned":
        training, _, model = argument.partition(",")
        counts = training in trainings and trained.quantizer_of(model) in (FLOAT, quantizer)
        return ("learned", trained.bits_of(model)) if counts else None
    if kind == "grid":
        return "frozen", int(argument)
    return ("frozen", FROZEN[law]) if law in FROZEN else None


@dataclass(frozen=True)
class FeatureReadouts:
    """The read-outs of a cell on the features of its last layer.

    Attributes:
        cell: its facts.
        rows: of the table `readout` at the largest n and the best λ, with the columns source and bits.
    """

    cell: Facts
    rows: "pd.DataFrame"

    @property
    def bits(self) -> set[int]:
        """The bits that there are."""
        return set(map(int, self.rows["bits"]))

    @property
    def where(self) -> str:
        """Data set, network, and what is fitted to what."""
        network = style.describe(self.cell.dims, self.cell.activation)
        said = f"ridge read-outs on the last layer, n = {max(self.cell.n_train)}, best λ"
        return f"{self.cell.dataset_words}, {network}, {said}"

    def of(self, metric: str, estimator: str = "labels") -> "pd.DataFrame":
        """Return the rows of a metric that were found: of the fits, or of `own_spectrum`, the theory."""
        rows = self.rows[(self.rows["metric"] == metric) & (self.rows["estimator"] == estimator)]
        return rows[rows["converged"]]

    def findings(self) -> Iterator[Finding]:
        """Yield learned − frozen at each number of bits, and the fewest bits − 32 of either: accuracy, then MSE."""
        for b in sorted(self.bits, reverse=True):
            yield from self._finding(f"learned minus frozen features at {trained.bits_words(b)}", *_sources(b))
        for source in trained.SOURCES:
            there = self.rows.loc[self.rows["source"] == source, "bits"]
            if (fewest := int(there.min())) < FLOAT_BITS:
                words = f"{source} features, {trained.bits_words(fewest)} minus {FLOAT_BITS} bits"
                yield from self._finding(words, (source, fewest), (source, FLOAT_BITS))

    def _finding(self, what: str, one: Place, other: Place) -> Iterator[Finding]:
        gaps = {metric: self._gap(metric, one, other) for metric in WORDS}
        if (gap := gaps["accuracy"]) is not None:
            said = ", ".join(f"{WORDS[metric]} {of.words(metric)}" for metric, of in gaps.items() if of is not None)
            yield Finding(f"{self.where}: {what}: {said}", gap.value, gap.low, gap.high, gap.n_seeds)

    def _gap(self, metric: str, one: Place, other: Place) -> Difference | None:
        rows = self.of(metric)
        parts = [rows[(rows["source"] == source) & (rows["bits"] == b)] for source, b in (one, other)]
        gaps = trained.differences(*parts, "value")
        return trained.difference(gaps) if len(gaps) else None


def _sources(bits: int) -> tuple[Place, Place]:
    return ("learned", bits), ("frozen", bits)


def feature_readouts(readout: "pd.DataFrame", cell: Facts, places: Mapping[str, Place]) -> FeatureReadouts:
    """Return what is drawn of a cell: the rows of the laws in `places`, each at its best λ."""
    rows = readout[(readout["cell"] == cell.cell) & readout["law"].isin(places)]
    rows = rows[(rows["n_train"] == max(cell.n_train)) & (rows["depth"] == len(cell.widths))]
    rows = rows.astype({"law": str, "readout": str})
    chosen = {law: _best(rows[rows["law"] == law]) for law in places}
    rows = rows[[chosen[law] == name for law, name in zip(rows["law"], rows["readout"], strict=True)]]
    of_laws = [places[law] for law in rows["law"]]
    return FeatureReadouts(cell, rows.assign(source=[s for s, _ in of_laws], bits=[b for _, b in of_laws]))


def _best(rows: "pd.DataFrame") -> str | None:
    """Return the read-out of the least test MSE, among those that were found for most seeds; None for none."""
    found = rows[(rows["metric"] == "mse") & (rows["estimator"] == "labels") & rows["converged"]]
    means = found.groupby("readout")["value"].agg(["mean", "size"])
    return None if means.empty else means.loc[means["size"] == means["size"].max(), "mean"].idxmin()

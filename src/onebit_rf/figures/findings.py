"""Findings: a sentence with its number and its interval, computed from the tables that a figure draws.

An interval is Student's of 95 %, over seeds; what is compared shares the seed's draws and is compared seed by seed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """What a figure says.

    Attributes:
        sentence: with the number and the interval in it.
        value, low, high: the number and the ends of its 95 % interval; NaN where there is none, as for one seed.
        n_seeds: replicates behind it; 0 where there are none, as for times.
    """

    sentence: str
    value: float
    low: float = nan
    high: float = nan
    n_seeds: int = 0


def half_width(sem: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return half the width of Student's 95 % interval from standard errors and numbers of values; NaN for one."""
    from scipy.special import stdtrit

    count = np.asarray(count)
    return np.where(count > 1, stdtrit(np.maximum(count - 1, 1), 0.975) * np.asarray(sem), nan)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of one value a seed, and the ends of its 95 % interval."""
    values = np.asarray(values, dtype=float)
    sem = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else nan
    half = float(half_width(sem, len(values)))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def per_cent(value: float, digits: int = 2) -> str:
    """Spell a fraction in per cent with its sign: `+0.12 %`."""
    return f"{round(100 * value, digits) + 0.0:+.{digits}f} %".replace("-", "−")  # + 0.0: no −0.00


def with_interval(value: float, low: float, high: float, n_seeds: int, digits: int = 2) -> str:
    """Spell a fraction, its interval and the number of seeds: `+0.12 % (95 % interval −0.1 to +0.3 %, 5 seeds)`."""
    if n_seeds < 2:
        return f"{per_cent(value, digits)} (one seed, no interval)"
    ends = f"{per_cent(low, digits).removesuffix(' %')} to {per_cent(high, digits)}"
    return f"{per_cent(value, digits)} (95 % interval {ends}, {n_seeds} seeds)"


def baseline_of(laws: Sequence[str]) -> str:
    """The law that the others are held against: gaussian, or the first."""
    return "gaussian" if "gaussian" in list(laws) else next(iter(laws))


_WORDS = {"grid": "{}-bit", "asymmetric": "asymmetric {}-bit", "sparse": "sparse (share {})"}
_WORDS |= {"student": "Student (ν = {})", "learned": "learned ({})"}


def law_words(law: str) -> str:
    """Spell a law within a sentence: `one-bit`, `Gaussian`, `4-bit`, `Student (ν = 5)`, `learned (mlp, lsq:2)`."""
    kind, _, argument = law.partition(":")
    if kind in _WORDS:
        return _WORDS[kind].format(argument.replace(",", ", ", 1))
    return {"gaussian": "Gaussian", "rademacher": "Rademacher"}.get(law, law.replace("_", "-"))


def plain_text(title: str) -> str:
    """Spell what a title says, with its formulas, as plain text: `noise σ = 0.3`, `L = 2`."""
    greek = {"\\sigma": "σ", "\\tau": "τ", "\\nu": "ν", "\\eta": "η"}
    for name, letter in {"$": "", "\n": ", ", **greek}.items():
        title = title.replace(name, letter)
    return title


def paired(readout: "pd.DataFrame", law: str, baseline: str, keys: Sequence[str], ratio: bool = True) -> "pd.Series":
    """Return value(law)/value(baseline) − 1, or the difference, of the same seed and `keys`; found read-outs only.

    Returns:
        a series indexed by seed and `keys`.
    """
    found = readout[readout["converged"]] if "converged" in readout else readout
    index = ["seed", *keys]
    one, other = (found[found["law"] == name].set_index(index)["value"] for name in (law, baseline))
    both = (one / other - 1) if ratio else (one - other)
    return both.dropna()


def law_means(
    readout: "pd.DataFrame", keys: Sequence[str], ratio: bool = True
) -> "Iterator[tuple[str, tuple[float, float, float], int]]":
    """Yield every law but the baseline with the mean over `keys` of `paired`, its interval, and the number of seeds."""
    laws = list(readout["law"].unique())
    baseline = baseline_of(laws) if laws else None
    for law in (law for law in laws if law != baseline):
        gaps = paired(readout, law, baseline, keys, ratio).groupby("seed").mean()
        if len(gaps):
            yield law, interval(gaps), len(gaps)


def law_gaps(readout: "pd.DataFrame", keys: Sequence[str], where: str, metric: str = "test MSE") -> list[Finding]:
    """Return a finding for every law but the baseline: the mean over `keys` of the paired relative difference."""
    findings = []
    for law, gap, n_seeds in law_means(readout, keys):
        words = f"{law_words(law)} against {law_words(baseline_of(readout['law'].unique()))} weights"
        findings.append(Finding(f"{where}: {metric} of {words} {with_interval(*gap, n_seeds)}", *gap, n_seeds))
    return findings


def theory_gap(
    readout: "pd.DataFrame", theory: "pd.DataFrame", where: str, name: str = "theory", of: Sequence[str] = ()
) -> list[Finding]:
    """Return the finding of simulation/theory − 1, the mean over all curves, n and laws; none without a theory line.

    Laws of which the theory says nothing are left out. A theory `of` law and seed is that of the very features: each
    fit is held against its own, whatever the law.
    """
    keys = ["cell", "depth", "n_train", "readout", *of]
    expected = theory[theory["converged"] & (theory["value"] > 0)].set_index(keys)["value"]
    found = readout[readout["converged"]]
    found = found if of else covered(found)
    wanted = expected.reindex(found.set_index(keys).index).to_numpy()
    deviation = (found["value"] / wanted - 1).groupby(found["seed"].to_numpy()).mean().dropna()
    if len(deviation) == 0:
        return []
    gap = interval(deviation)
    text = f"{where}: simulation against {name} {with_interval(*gap, len(deviation))}"
    return [Finding(text, *gap, len(deviation))]


def covered(readout: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of the weights that the theory covers: all unless some are marked `silent`."""
    return readout[~readout["silent"]] if "silent" in readout else readout


def depths_in_words(depths: "pd.Series") -> str:
    """Say which depths a mean is over: `depths 1 to 5`, `depths 1, 3`, `depth 1`."""
    there = sorted(depths.unique())
    if len(there) == 1:
        return f"depth {there[0]}"
    if len(there) == there[-1] - there[0] + 1:
        return f"depths {there[0]} to {there[-1]}"
    return f"depths {', '.join(map(str, there))}"

"""What the paper asks of the inputs, a table: one row a data set, with a mark where it is met."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from onebit_rf.figures import style
from onebit_rf.figures.findings import Finding
from onebit_rf.figures.kinds import Datasets, Drawing, FigureRecord, Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# ASSUME: the paper's conditions are of a limit, in which no single data set lies; these thresholds stand for them. A
# mean of 1 % of the variance shifts what a neuron sees by a tenth of its spread. Beyond a condition number of 100 are
# those that grow with d_0 or come from directions that hardly vary. Squared norms may have twice the variance of those
# of Gaussian vectors. An excess kurtosis of 1/2 is less than half that of a uniform law, −1.2.
MOST_MEAN, MOST_CONDITION, MOST_SCATTER, MOST_KURTOSIS = 0.01, 100, 2, 0.5
MET, MISSED = ("✓", "#009E73"), ("✗", "#D55E00")
LINE, HEAD = 0.27, 0.62  # inches of a row, and of the headings
MARK = 0.12  # inches from a number to its mark


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width in inches, its text, and whether its condition is met, where it is one."""

    head: str
    width: float
    text: "Callable[[pd.Series], str]"
    met: "Callable[[pd.Series], bool] | None" = None


def _number(value: float) -> str:
    """Spell a number with three digits, a large one as a multiple of a power of ten."""
    if value < 10_000:
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    mantissa, power = f"{value:.1e}".split("e")
    return f"${mantissa}·10^{{{int(power)}}}$"


def _ends(row: "pd.Series") -> tuple[float, float, float]:
    """The scatter of the norms and the ends of its 95 % interval over rows."""
    value, half = float(row["norm_scatter"]), 1.96 * float(row["norm_error"])
    return value, value - half, value + half


def _spread(row: "pd.Series") -> str:
    """Standard deviation of the squared norm over its mean, in per cent."""
    return f"{100 * (2 * row['norm_scatter'] / row['effective_dim']) ** 0.5:.0f} %"


def _name(row: "pd.Series") -> str:
    return str(row["dataset"]).replace("_", " ")


def _scatter(row: "pd.Series") -> str:
    value, low, _ = _ends(row)
    return f"{value:.2f} ± {value - low:.2f}"


MEAN = Column("mean\n$|m|^2$/tr$\\,Σ$", 0.95, lambda row: f"{row['mean']:.4f}", lambda row: row["mean"] <= MOST_MEAN)
CONDITION = Column(
    "condition\nnumber of $Σ$",
    1.05,
    lambda row: _number(row["condition"]),
    lambda row: row["condition"] <= MOST_CONDITION,
)
SCATTER = Column("its variance\nover Gaussian", 1.15, _scatter, lambda row: row["norm_scatter"] <= MOST_SCATTER)
KURTOSIS = Column(
    "excess kurtosis\nof projections",
    1.15,
    lambda row: f"{row['kurtosis']:.2f}",
    lambda row: row["kurtosis"] <= MOST_KURTOSIS,
)
COLUMNS = (
    Column("data set", 1.5, _name),
    Column("rows\n$N$", 0.6, lambda row: f"{row['rows']}"),
    Column("inputs\n$d_0$", 0.65, lambda row: f"{row['dim']}"),
    Column("rank\nof $Σ$", 0.65, lambda row: f"{row['rank']}"),
    Column("dimensions\ntr$\\,Σ/λ_{\\max}$", 0.95, lambda row: _number(row["leading_dim"])),
    Column("dimensions\n(tr$\\,Σ)^2$/tr$\\,Σ^2$", 1.1, lambda row: _number(row["effective_dim"])),
    MEAN,
    CONDITION,
    Column("spread of\n$|x_0|^2$", 0.9, _spread),
    SCATTER,
    KURTOSIS,
)


class Conditions(FigureRecord, tag="conditions"):
    """What the paper asks of the inputs, a row a data set."""

    datasets: Datasets
    stages = ("conditions",)

    def draw(self, tables: Tables) -> Drawing:
        """Draw the table."""
        rows = tables.conditions.set_index("dataset").loc[self.datasets].reset_index()
        figure, axes = style.grid(1, 1, sum(column.width for column in COLUMNS) + 0.3, HEAD + LINE * (len(rows) + 0.5))
        _write(axes[0, 0], rows)
        return Drawing(figure, _caption(), [_finding(row) for _, row in rows.iterrows()])


def _write(axes: "Axes", rows: "pd.DataFrame") -> None:
    """Write headings and rows, numbers to the right of their columns, with rules above and below."""
    axes.set_axis_off()
    ends, bottom = np.cumsum([column.width for column in COLUMNS]), -LINE * len(rows)
    axes.set(xlim=(0, ends[-1] + 2 * MARK), ylim=(bottom - 0.05, HEAD))
    for height, width in ((HEAD, 1.2), (0, 0.7), (bottom, 1.2)):
        axes.plot([0, ends[-1] + 2 * MARK], [height, height], color="black", lw=width, clip_on=False)
    for column, end in zip(COLUMNS, ends, strict=True):
        is_first = column is COLUMNS[0]
        place = {"x": 0.05 if is_first else end, "ha": "left" if is_first else "right"}
        axes.text(**place, y=HEAD / 2, s=column.head, va="center", linespacing=1.3)
        for i, (_, row) in enumerate(rows.iterrows()):
            height = -LINE * (i + 0.5)
            axes.text(**place, y=height, s=column.text(row), va="center_baseline")
            if column.met is not None:
                mark, colour = MET if column.met(row) else MISSED
                axes.text(end + MARK, height, mark, color=colour, ha="center", va="center_baseline", weight="bold")


def _caption() -> str:
    return (
        "What the paper asks of the inputs, on all rows x_0 of a data set, centred and scaled as the configuration "
        f"says, with marks that say whether a threshold is met. Mean 0: |m|²/tr Σ ≤ {MOST_MEAN}. Bounded condition "
        f"number: λ_max/λ_min ≤ {MOST_CONDITION}, over the directions in which the rows vary at all; eigenvalues are "
        "those of the given spectrum, or of the rows where there is none. Concentration, of the squared norm |x_0 − m|²"
        f": its variance is at most {MOST_SCATTER} times 2 tr Σ², that of Gaussian vectors of the same Σ (± is a 95 % "
        "interval over rows); and of what a random neuron sees, w·x_0: an excess kurtosis of at most "
        f"{MOST_KURTOSIS} in absolute value, on average over neurons. Dimensions say in how many directions the "
        "variance lies: where these are few even the norms of Gaussian vectors spread, by √(2 tr Σ²)/tr Σ."
    )


def _finding(row: "pd.Series") -> Finding:
    judged = {"mean": MEAN, "condition number": CONDITION, "norms": SCATTER, "projections": KURTOSIS}
    missed = [name for name, column in judged.items() if not column.met(row)]
    value, low, high = _ends(row)
    said = [
        f"{_name(row)}, {row['rows']} rows: |m|²/tr Σ {row['mean']:.4f}",
        f"condition number {row['condition']:.3g} at rank {row['rank']} of {row['dim']}",
        f"(tr Σ)²/tr Σ² {row['effective_dim']:.3g}",
        f"squared norms spread by {_spread(row)}, their variance {value:.2f} times that of Gaussian vectors "
        f"(95 % interval {low:.2f} to {high:.2f} over rows)",
        f"excess kurtosis of projections {row['kurtosis']:.2f}",
    ]
    verdict = f"beyond the threshold: {', '.join(missed)}" if missed else "all within the thresholds"
    return Finding(f"{', '.join(said)}; {verdict}", value, low, high)


figure = Conditions

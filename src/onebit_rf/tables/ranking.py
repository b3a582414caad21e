"""The table of the ranking stage: how well each measure orders the generalization gaps of many models."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, Table, field

RANKING = Table(
    "ranking",
    [
        field("gap", WORD, "the gap that is ordered: gap_loss or gap_error"),
        field("protocol", WORD, "of the models, as in the table models"),
        field("group", WORD, "DATASET/NETWORK of the models, or all"),
        field("measure", WORD, "column of the table models, 1/σ² of one, or random, the control"),
        field(
            "statistic",
            WORD,
            "kendall: τ; granulated: Ψ; granulated:AXIS: ψ along one axis; cmi: normalised conditional mutual "
            "information; sign_error_worst, sign_error_mean: over pairs of settings that differ in one axis",
        ),
        field("value", pa.float64(), "value over all seeds; null where no pair of models is left", nullable=True),
        field("low", pa.float64(), "2.5 % of its bootstrap over seeds; null for one seed", nullable=True),
        field("high", pa.float64(), "97.5 % of it", nullable=True),
        field("n_models", pa.int32(), "models ranked"),
        field("n_left_out", pa.int32(), "models left out: not converged, or without the measure"),
        field("n_pairs", pa.int64(), "pairs of ranked models whose gaps differ by more than test noise"),
        field("n_seeds", pa.int32(), "seeds of the ranked models"),
    ],
    key=["gap", "protocol", "group", "measure", "statistic"],
)

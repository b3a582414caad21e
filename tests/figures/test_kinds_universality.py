"""The figure `universality`: marks, lines and findings are the tables', what cannot be drawn is refused in one line."""

import numpy as np
import pandas as pd
import pytest
from made_up import LAWS, facts, lines_of
from made_up import theory as made_up_theory
from scipy.stats import t as student

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.universality import Universality

FIGURE = Universality(experiments=["net"])
SEEDS, N_TRAIN, WIDTH = (0, 1, 2), [2, 4, 6], 8
RATIO = {
    "gaussian": 1.01,
    "one_bit": 0.98,
}  # features over Gaussian vectors at seed 1, 0.2 % more for every further seed
SQUARED = {("gaussian", "shared"): 0.0025, ("one_bit", "shared"): 0.0009, ("gaussian", "own"): -1e-4}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def cell(name="net", **changes):
    return facts(name, **{"equivalents": True, "n_train": N_TRAIN, **changes})


def ratio_of(law, seed):
    return RATIO[law] + 0.002 * (seed - 1)


def squared_of(law, variance, seed):
    return SQUARED.get((law, variance), 1e-4) + 1e-4 * (seed - 1)


def results(law, seed, depth):
    """Rows, variance, metric, n, rank and value of one network and depth."""
    for n in N_TRAIN:
        for rows, factor in (("features", ratio_of(law, seed)), ("gaussian", 1.0)):
            yield rows, "shared", "mse", n, 0, factor / (n * depth) * (1 + 0.01 * seed)
    for rank in range(1, WIDTH + 1):
        for rows in ("features", "gaussian", "equivalent"):
            yield rows, "shared", "eigenvalue", 0, rank, 2.0**-rank * (1.1 if rows == "features" else 1)
    for variance in ("shared", "own"):
        for rows in ("features", "gaussian"):
            more = 0.03 * (rows == "features")
            yield rows, variance, "frobenius", 500, 0, 0.10 + more
            yield rows, variance, "operator", 500, 0, 0.20 + more
            yield rows, variance, "squared", 500, 0, squared_of(law, variance, seed) if more else 0.0


def equivalents(*cells, laws=LAWS, seeds=SEEDS):
    columns = ["rows", "variance", "metric", "n_train", "rank", "value"]
    found = [
        {
            "cell": own.cell, "experiment": own.experiment, "law": law, "seed": seed, "depth": depth,
            **dict(zip(columns, row, strict=True)), "readout": "ridge:0" if row[2] == "mse" else "none", **own.swept,
        }
        for own in cells for law in laws for seed in seeds for depth in range(1, len(own.dims))
        for row in results(law, seed, depth)
    ]  # fmt: skip
    return pd.DataFrame(found).astype({"law": "category", "rows": "category", "metric": "category"})


def draw(*cells, record=FIGURE, theory=None, **options):
    assert list(record.check(cells)) == []
    expected = made_up_theory(*cells) if theory is None else theory
    return record.draw(Tables(equivalents=equivalents(*cells, **options), theory=expected, facts=cells))


def student_interval(values):
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return pytest.approx((np.mean(values), np.mean(values) - half, np.mean(values) + half))


def numbers(finding):
    return finding.value, finding.low, finding.high


def panels(drawing):
    return np.array(drawing.figure.axes).reshape(3, -1)


def marks(axes):
    return [container[0].get_ydata() for container in axes.containers]


def test_errors_are_lines_of_gaussian_vectors_and_marks_of_features():
    errors = panels(draw(cell()))[0, 1]
    gaussian = np.array([1 / (2 * n) * 1.01 for n in N_TRAIN])
    lines = [y for x, y in lines_of(errors) if len(y) == len(N_TRAIN)]
    assert sum(np.allclose(y, gaussian) for y in lines) == 2  # one a law
    wanted = [np.mean([ratio_of(law, seed) * (1 + 0.01 * seed) for seed in SEEDS]) / 1.01 * gaussian for law in LAWS]
    assert np.array(marks(errors)) == pytest.approx(np.array(wanted))
    assert errors.containers[0][0].get_xdata() == pytest.approx(np.array(N_TRAIN) / WIDTH)


def test_ratios_are_of_the_same_seed():
    wanted = [[100 * (RATIO[law] - 1)] * 3 for law in LAWS]
    assert np.array(marks(panels(draw(cell()))[1, 0])) == pytest.approx(np.array(wanted))


def test_spectra_are_of_all_three():
    heights = [y for _, y in lines_of(panels(draw(cell()))[2, 0])]
    plain = 2.0 ** -np.arange(1, WIDTH + 1)
    assert sum(np.allclose(y, plain) for y in heights) == 4  # equivalent and Gaussian vectors of two laws
    assert sum(np.allclose(y, 1.1 * plain) for y in heights) == 2


def test_distances_stand_beside_those_of_sampling_alone():
    frobenius, free, operator = panels(draw(cell()))[:, -1]
    for axes, floor in ((frobenius, 10), (operator, 20)):
        assert np.array(marks(axes)) == pytest.approx(np.array([[floor] * 2, [floor + 3] * 2] * 2))
    wanted = {
        (law, variance): 100 * max(squared_of(law, variance, 1), 0) ** 0.5
        for law in LAWS
        for variance in ("own", "shared")
    }
    assert [height[0] for height in marks(free)] == pytest.approx(list(wanted.values()))


def test_findings():
    *by_depth, errors, distances = draw(cell(laws=list(LAWS))).findings
    assert len(by_depth) == 2 * 2 * 2
    error, distance = by_depth[:2]
    assert numbers(error) == student_interval([ratio_of("gaussian", seed) - 1 for seed in SEEDS])
    assert "Gaussian weights, L = 1, λ = 0, mean over n: test MSE on features against Gaussian vectors +1.00 %" in (
        error.sentence
    )
    assert error.sentence.startswith("tanh, 30 → 8 × 2, inputs, Gaussian weights")
    assert error.sentence.endswith(", +1.00 % to +1.00 % at single n; 1/d_L is 12.50 %")
    _, low, high = numbers(distance)
    square = student_interval([squared_of("gaussian", "shared", seed) for seed in SEEDS])
    assert (distance.value**2, low**2, high**2) == square
    assert "5.00 %" in distance.sentence
    assert "0.00 % where each neuron has its own variance" in distance.sentence  # an estimate below 0
    assert "in operator norm 23.0 % where sampling alone makes 20.0 %" in distance.sentence
    assert errors.value == pytest.approx(np.mean([ratio_of("one_bit", s) / ratio_of("gaussian", s) - 1 for s in SEEDS]))
    assert distances.value == pytest.approx(0.0009 - 0.0025)
    assert "depths 1 to 2: squared distance" in distances.sentence


def test_n_without_a_theory_are_not_drawn():
    # where the error is exactly 0 or diverges, a ratio says nothing
    rows = made_up_theory(cell())
    lost = rows.assign(value=rows["value"].mask(rows["n_train"] == 6, 0.0))
    assert [len(height) for height in marks(panels(draw(cell(), theory=lost))[1, 0])] == [2, 2]


def test_one_seed_and_one_law_have_neither_intervals_nor_comparisons():
    drawing = draw(cell(laws=["one_bit"]), laws=("one_bit",), seeds=(0,))
    assert len(drawing.findings) == 4
    assert all("one seed, no interval" in finding.sentence for finding in drawing.findings)
    assert "95 %" not in drawing.figure.get_suptitle()


def test_some_depths_and_a_cell_of_a_sweep():
    cells = [cell(f"net/{noise}", swept={"noise": noise}, noise=noise) for noise in (0.1, 0.2)]
    record = Universality(experiments=["net"], at={"noise": 0.2, "depth": [2]})
    drawing = draw(*cells, record=record)
    assert panels(drawing).shape == (3, 2)
    assert "noise σ = 0.2" in drawing.findings[0].sentence
    assert all("L = 2" in finding.sentence for finding in drawing.findings[:4])


def test_it_is_saved(tmp_path):
    style.save(draw(cell()).figure, [tmp_path / "figure.png"])


@pytest.mark.parametrize(
    ("record", "changes", "message"),
    [
        ({}, {}, None),
        ({}, {"equivalents": False}, ".experiments: experiment 'net' does not measure them; add `equivalents: true`"),
        ({"readout": "ridge:5"}, {}, ".readout: experiment 'net' must have the read-out ridge:5, of ridge:λ"),
        ({"readout": "logistic:1"}, {"readouts": ["logistic:1"]}, ".readout: experiment 'net' must have"),
        ({"at": {"depth": 3}}, {}, ".at.depth: 3 is not drawn by any experiment; there are 1, 2"),
        ({}, {"dims": [9] * 8}, ".at: 7 depths are more than 5; choose by `at: {depth: …}`"),
    ],
)
def test_check(record, changes, message):
    mistakes = list(Universality(experiments=["net"], **record).check([cell(**changes)]))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)


def test_several_cells_are_refused():
    cells = [cell(f"net/{noise}", swept={"noise": noise}) for noise in (0.1, 0.2)]
    assert list(FIGURE.check(cells)) == [".at: 2 cells of experiment 'net', one is drawn; choose by `at`"]

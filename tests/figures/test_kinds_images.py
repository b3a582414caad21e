"""The figure `images`: a panel a cell and read-out, accuracies, and differences paired by seed."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from onebit_rf.figures.facts import Facts
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.images import Images

LEVEL = {"ridge:0": 0.9, "ridge:10": 0.7}


def facts(name="a", **changes):
    known = {
        "cell": name,
        "experiment": name,
        "swept": {},
        "laws": ["gaussian", "one_bit"],
        "target": "labels",
        "readouts": ["ridge:0"],
    }
    known |= {
        "n_train": [100, 250, 400],
        "noise": None,
        "teacher": None,
        "labels": None,
        "changed": False,
        "sharpness": False,
        "dataset": "my_digits",
        "network": "relu",
    }
    known |= {"dims": [64, 500, 500], "activation": "relu", "odd": False, "outputs": 10}
    known |= {"silence": "the labels are the data's own", "silent_laws": {}, "equivalents": False}
    return Facts(**{**known, **changes})


def readout(*cells, laws=("gaussian", "one_bit"), seeds=(0, 1, 2)):
    rows = [
        {"cell": cell.cell, "experiment": cell.experiment, "law": law, "seed": seed, "depth": d, "n_train": n}
        | {"readout": name, "estimator": "labels", "metric": metric, "converged": True}
        | {"value": LEVEL[name] - 0.01 * d + n / 10000 + 0.02 * seed + 0.01 * (seed + 1) * (law != "gaussian")}
        for cell in cells
        for law in laws
        for seed in seeds
        for d in range(1, len(cell.dims))
        for n in cell.n_train
        for name in cell.readouts
        for metric in (["mse", "accuracy"] if cell.outputs > 1 else ["mse"])
    ]
    words = ["cell", "experiment", "law", "readout", "metric"]
    return pd.DataFrame(rows).astype(dict.fromkeys(words, "category"))


def draw(*cells, at=None, rows=None, **options):
    figure = Images(experiments=[cell.experiment for cell in cells], at=at or {})
    return figure.draw(Tables(readout=readout(*cells, **options) if rows is None else rows, facts=cells))


def pairs(drawing):
    """The pairs of axes, values above and differences below."""
    axes = drawing.figure.axes
    return list(zip(axes[: len(axes) // 2], axes[len(axes) // 2 :], strict=True))


@pytest.fixture(autouse=True)
def _close():
    yield
    from onebit_rf.figures import style

    style.pyplot().close("all")


def test_draws_per_cent_at_the_largest_n_that_was_fitted():
    ((top, bottom),) = pairs(draw(facts()))
    assert top.get_title() == "my digits, n = 400\nrelu, 64 → 500 × 2\ninterpolation"
    assert top.containers[0][0].get_ydata() == pytest.approx([95, 94])
    assert top.containers[1][0].get_ydata() == pytest.approx([97, 96])
    assert len(bottom.containers) == 1
    assert bottom.containers[0][0].get_ydata() == pytest.approx([2, 2])


def test_the_finding_is_paired_by_seed():
    (finding,) = draw(facts()).findings
    half = student.ppf(0.975, 2) * 0.01 / np.sqrt(3)
    assert (finding.value, finding.low, finding.high) == pytest.approx((0.02, 0.02 - half, 0.02 + half))
    where = "my digits, relu, 64 → 500 × 2, n = 400"
    words = f"{where}: accuracy of one-bit minus Gaussian weights, mean over depths 1 to 2: +2.00 points"
    assert finding.sentence == f"{words} (95 % interval −0.48 to +4.48, 3 seeds)"


def test_two_read_outs_are_two_panels_and_not_averaged():
    drawing = draw(facts(readouts=["ridge:0", "ridge:10"]))
    first, second = (top for top, _ in pairs(drawing))
    assert first.containers[0][0].get_ydata() == pytest.approx([95, 94])
    assert second.containers[0][0].get_ydata() == pytest.approx([75, 74])
    assert second.get_title().endswith("λ = 10")
    assert "λ = 10" in drawing.findings[1].sentence


@pytest.mark.parametrize(
    ("at", "n", "depths"), [({"n_train": 250}, 250, 2), ({"n_train": [100, 250]}, 250, 2), ({"depth": 2}, 400, 1)]
)
def test_at_chooses(at, n, depths):
    ((top, _),) = pairs(draw(facts(), at=at))
    assert f"n = {n}" in top.get_title()
    assert len(top.containers[0][0].get_ydata()) == depths


def test_cells_of_a_sweep_are_panels_of_their_own():
    cells = [facts(cell=f"a/network.widths~{d}", swept={"network.widths": d}, dims=[64, d, d]) for d in (200, 500)]
    drawing = draw(*cells)
    titles = [top.get_title().splitlines()[1:] for top, _ in pairs(drawing)]
    assert titles == [["relu, 64 → 200 × 2", "least squares"], ["relu, 64 → 500 × 2", "interpolation"]]
    assert "width d = 500" in drawing.findings[1].sentence


def test_numbers_for_labels_have_an_mse_and_a_relative_difference():
    drawing = draw(facts(outputs=1))
    ((top, bottom),) = pairs(drawing)
    assert top.get_ylabel() == "test MSE"
    assert top.containers[0][0].get_ydata() == pytest.approx([0.95, 0.94])
    assert bottom.containers[0][0].get_ydata()[0] == pytest.approx(
        100 * np.mean([0.01 / 0.93, 0.02 / 0.95, 0.03 / 0.97])
    )
    assert "test MSE of one-bit against Gaussian weights" in drawing.findings[0].sentence


def test_what_the_features_own_spectrum_predicts_is_no_fit():
    rows = readout(facts(outputs=1))
    both = pd.concat([rows, rows.assign(estimator="own_spectrum", value=99.0)], ignore_index=True)
    ((top, _),) = pairs(draw(facts(outputs=1), rows=both))
    assert top.containers[0][0].get_ydata() == pytest.approx([0.95, 0.94])


@pytest.mark.parametrize("law", ["ternary", "of_my_own"])
def test_a_third_law_is_drawn_and_found(law):
    drawing = draw(facts(), laws=("gaussian", "one_bit", law))
    ((top, bottom),) = pairs(drawing)
    assert len({bars[0].get_marker() for bars in top.containers}) == 3
    assert (len(bottom.containers), len(drawing.findings)) == (2, 2)


def test_one_law_alone_has_no_differences():
    drawing = draw(facts(), laws=("one_bit",))
    assert len(drawing.figure.axes) == 1
    assert drawing.findings == []


def test_one_seed_has_no_interval_in_any_words():
    drawing = draw(facts(), seeds=[0])
    assert "95 %" not in drawing.caption + drawing.figure.get_suptitle()
    assert "(one seed, no interval)" in drawing.findings[0].sentence


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    rows = readout(facts())
    lost = (rows["seed"] == 2) & (rows["depth"] == 1) & (rows["law"] == "gaussian")
    drawing = draw(facts(), rows=rows.assign(converged=~lost, value=rows["value"].mask(lost, -9)))
    ((top, bottom),) = pairs(drawing)
    assert top.containers[0][0].get_ydata()[0] == pytest.approx(94)
    assert bottom.containers[0][0].get_ydata()[0] == pytest.approx(1.5)
    assert "1 of 12 read-outs were not found" in drawing.figure.get_supxlabel()


@pytest.mark.parametrize(
    ("cells", "at", "message"),
    [
        ([facts()], {}, None),
        ([facts(), facts("b", target="teacher")], {}, ": experiment 'b' must have target labels"),
        ([facts()], {"n_train": 300}, ".at.n_train: 300 is not drawn by any experiment; there are 100, 250, 400"),
        ([facts()], {"n_train": [100, 250]}, ".at.n_train: must be one n, got [100, 250]"),
        (
            [facts()],
            {"law": "ternary"},
            ".at.law: 'ternary' is not drawn by any experiment; there are gaussian, one_bit",
        ),
        ([facts()], {"law": []}, ".at.law: must be a value or a list of values, got []"),
        ([facts()], {"depth": 7}, ".at.depth: 7 is not drawn by any experiment"),
        ([facts()], {"width": 7}, ".at: unknown name width"),
        ([facts(str(i)) for i in range(13)], {}, ": 13 panels"),
    ],
)
def test_check(cells, at, message):
    mistakes = list(Images(experiments=[cell.experiment for cell in cells], at=at).check(cells))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)

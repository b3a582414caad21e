"""The figure `mirrors`: which panels there are, what is drawn in them, what is refused and what is found."""

import numpy as np
import pandas as pd
import pytest

from onebit_rf.figures.facts import Facts
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.mirrors import Mirrors, ratios

FACTOR = {"l2": 1.0, "q:3": 1.5, "q:5": 2.0, "entropy": 0.5}
FIGURE = Mirrors(experiments=["a"])


def facts(name="a", **changes):
    known = {"cell": name, "experiment": name, "swept": {}, "laws": ["gaussian", "one_bit"], "target": "teacher"}
    known |= {"readouts": ["mirror:l2", "mirror:q:3"], "n_train": [10, 30], "noise": 0.0, "teacher": "normal"}
    known |= {"dataset": "gaussian_30", "network": "tanh_64", "dims": [30, 64, 64], "activation": "tanh"}
    return Facts(
        **{
            **known,
            "labels": "linear",
            "changed": False,
            "sharpness": False,
            "odd": True,
            "outputs": 1,
            "silence": "",
            "silent_laws": {},
            "equivalents": False,
            **changes,
        }
    )


def readout(cell, laws=("gaussian", "one_bit"), seeds=(0, 1, 2)):
    rows = [
        {"cell": cell.cell, "law": law, "seed": seed, "depth": d, "n_train": n, "readout": name}
        | {"estimator": "sampled_teacher", "metric": "mse", "converged": True}
        | {"value": (1 + 0.1 * seed) * FACTOR[name.partition(":")[2]] / (n * d)}
        for law in laws
        for seed in seeds
        for d in range(1, len(cell.dims))
        for n in cell.n_train
        for name in cell.readouts
    ]
    return pd.DataFrame(rows)


def theory(cell):
    rows = [
        {"cell": cell.cell, "depth": d, "n_train": n, "readout": name, "metric": "mse", "converged": True}
        | {"value": FACTOR[name.partition(":")[2]] / (n * d)}
        for d in range(1, len(cell.dims))
        for n in range(1, 31)
        for name in cell.readouts
    ]
    return pd.DataFrame(rows)


def draw(*cells, change=lambda rows: rows, **options):
    tables = pd.concat([readout(cell, **options) for cell in cells], ignore_index=True), pd.concat(map(theory, cells))
    words = ["cell", "law", "readout", "estimator", "metric"]
    rows = change(tables[0]).astype(dict.fromkeys(words, "category"))
    expected = tables[1].astype({"cell": "category", "readout": "category"})
    return FIGURE.draw(Tables(readout=rows, theory=expected, facts=cells))


def panels(drawing):
    """The titles and axes of the panels, errors before ratios, without the legend's axes."""
    return [(axes.get_title(), axes) for axes in drawing.figure.axes if axes.axison]


def marks(axes):
    return [bars[0] for bars in axes.containers]


@pytest.fixture(autouse=True)
def _close():
    yield
    from onebit_rf.figures import style

    style.pyplot().close("all")


def test_errors_at_depth_1_and_ratios_at_all_depths():
    (title, errors), (mirror, ratio) = panels(draw(facts()))
    assert title == "normal teacher, no noise"
    assert mirror == "q = 3"
    assert errors.get_lines()[0].get_xdata()[:2] == pytest.approx([1 / 64, 2 / 64])
    assert errors.get_lines()[0].get_ydata()[:2] == pytest.approx([1, 1 / 2])
    assert [mark.get_ydata()[0] for mark in marks(errors)] == pytest.approx([0.11, 0.11, 0.165, 0.165])
    assert len(marks(ratio)) == 4  # of each law and depth
    assert all(mark.get_ydata() == pytest.approx([1.5, 1.5]) for mark in marks(ratio))
    assert len({mark.get_fillstyle() for mark in marks(ratio)}) == 2
    assert len({mark.get_marker() for mark in marks(ratio)}) == 2


def test_the_noise_is_that_of_the_experiment():
    (title, _), _ = panels(draw(facts(noise=0.5)))
    assert title == "normal teacher, noise σ = 0.5"


def test_every_experiment_has_a_panel_with_its_teacher_and_ratios_where_it_has_l2():
    entropy = facts("entropy", teacher="uniform:0.1,1.9", readouts=["mirror:entropy"])
    titles = [title for title, _ in panels(draw(facts(), entropy))]
    assert titles == ["normal teacher, no noise", "uniform(0.1, 1.9) teacher, no noise", "q = 3"]
    entropy = facts("entropy", teacher="uniform:0.1,1.9", readouts=["mirror:l2", "mirror:entropy"])
    titles = [title for title, _ in panels(draw(facts(), entropy))]
    assert titles[2:] == ["q = 3\nnormal teacher", "entropy\nuniform(0.1, 1.9) teacher"]


def test_experiments_alike_in_all_but_their_names_are_named():
    titles = [title for title, _ in panels(draw(facts("a"), facts("b_1")))]
    assert titles[:2] == ["a\nnormal teacher, no noise", "b 1\nnormal teacher, no noise"]


def test_cells_of_a_sweep_are_told_apart_by_what_differs():
    cells = [facts(cell=f"a/noise~{noise}", swept={"noise": noise}, noise=noise) for noise in (0.0, 0.3)]
    titles = [title for title, _ in panels(draw(*cells))]
    assert titles == [
        "normal teacher, no noise",
        "normal teacher, noise σ = 0.3",
        "q = 3\nno noise",
        "q = 3\nnoise σ = 0.3",
    ]


def test_mirror_descent_stands_on_the_marks_of_its_mirror():
    descent = facts("descent", readouts=["descent:q:3"], n_train=[10])
    axes = panels(draw(facts(), descent))[0][1]
    stars = [mark for mark in marks(axes) if mark.get_marker() == "*"]
    assert [star.get_ydata()[0] for star in stars] == pytest.approx([0.165, 0.165])
    circles = [mark for mark in marks(axes) if mark.get_marker() == "o"]
    assert [star.get_xdata()[0] for star in stars] == pytest.approx([mark.get_xdata()[0] for mark in circles[2:]])


def test_widths_that_differ_are_each_drawn_at_their_own_ratio():
    narrow, wide = facts("a", dims=[30, 64, 32]), facts("b", dims=[30, 192, 192])
    drawing = panels(draw(narrow, wide))
    assert drawing[0][1].get_lines()[0].get_xdata()[-1] == pytest.approx(30 / 64)
    assert drawing[1][1].get_lines()[0].get_xdata()[-1] == pytest.approx(30 / 192)
    ends = {line.get_xdata()[-1] for line in drawing[2][1].get_lines() if len(line.get_xdata()) == 30}
    assert ends == {30 / 64, 30 / 32}


def test_nine_depths_have_nine_marks():
    _, (_, ratio) = panels(draw(facts(dims=[30, *[64] * 9])))
    assert len({mark.get_marker() for mark in marks(ratio)}) == 9


def test_a_third_law_has_a_fill_and_a_finding():
    drawing = draw(facts(), laws=("gaussian", "one_bit", "of_my_own"))
    assert len({mark.get_fillstyle() for mark in marks(panels(drawing)[1][1])}) == 3
    assert any("of-my-own" in finding.sentence for finding in drawing.findings)


def test_one_seed_has_no_interval_in_any_words():
    drawing = draw(facts(), seeds=[0])
    assert "95 %" not in drawing.caption + drawing.figure.get_suptitle()
    assert all(np.isnan(finding.low) for finding in drawing.findings)


def lose_one(rows):
    lost = (rows["readout"] == "mirror:q:3") & (rows["seed"] == 2) & (rows["law"] == "gaussian") & (rows["depth"] == 1)
    return rows.assign(converged=~lost, value=rows["value"].mask(lost, 1e9))


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    drawing = draw(facts(), change=lose_one)
    assert marks(panels(drawing)[0][1])[2].get_ydata()[0] == pytest.approx(1.05 * 0.15)
    assert marks(panels(drawing)[1][1])[0].get_ydata() == pytest.approx([1.5, 1.5])
    assert "2 of 48 read-outs were not found" in drawing.figure.get_supxlabel()


def grow_with_depth(rows):
    grown = (rows["readout"] == "mirror:q:3") & (rows["depth"] == 2)
    return rows.assign(value=rows["value"] * np.where(grown, 1.1 + 0.1 * rows["seed"], 1.0))


def test_the_finding_is_the_growth_of_the_ratio_with_depth():
    finding = draw(facts(), change=grow_with_depth).findings[0]
    assert finding.value == pytest.approx((1.1 * 1.2 * 1.3) ** (1 / 3) - 1)
    assert finding.low < finding.value < finding.high
    assert finding.n_seeds == 3
    assert "E_ψ/E_ℓ2 at L = 2 against that at L = 1, mean over n, mirror q = 3: +19.7 %" in finding.sentence
    assert finding.sentence.endswith("theory 0")


def test_ratios_pair_the_same_seed_law_depth_and_n():
    rows = ratios(readout(facts()), "a")
    assert len(rows) == 24
    assert rows["value"].to_numpy() == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([facts()], None),
        ([facts(), facts("d", readouts=["descent:q:3"])], None),
        ([facts(), facts("b", dims=[30, 192, 192])], None),
        ([facts(target="labels")], ": experiment 'a' must have target teacher"),
        ([facts(silence="why not")], ": experiment 'a' must use Gaussian inputs"),
        ([facts(), facts("b", readouts=["ridge:0"])], ": experiment 'b' must have read-outs mirror:NAME or descent:"),
        ([facts(readouts=["mirror:q:3"])], ": one of the experiments must have the read-out mirror:l2"),
        ([facts(readouts=["mirror:l2"])], ": one of the experiments must have the read-out mirror:l2"),
        ([facts(), facts("d", readouts=["descent:q:3"], noise=1.0)], ": experiment 'd' has descent: but no experiment"),
        ([facts(str(i)) for i in range(7)], ": 14 panels"),
    ],
)
def test_check(cells, message):
    mistakes = list(FIGURE.check(cells))
    assert len(mistakes) == (message is not None)
    assert message is None or mistakes[0].startswith(message)

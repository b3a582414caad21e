"""The figure `phase`: the plane of theory, the marks of simulation on it, what is found and what is refused.

The errors are made up: rounding raises what is there without noise by a fifth and lowers what σ adds by a tenth, so
that the boundary is known in closed form.
"""

import made_up
import numpy as np
import pandas as pd
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.phase import LEVELS, MARKS, Phase

RIDGES = (0, 1, 3)
NOISES = (0.0, 0.5, 1.0, 2.0)
SIZES = (2, 3, 6, 11)
FIGURE = Phase(experiments=["s"])
WIDTH = 8


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def names(ridges=RIDGES, bits=(1,)):
    rounded = [f"rounded:{b}" + (f",{ridge}" if ridge else "") for b in bits for ridge in ridges]
    return [*(f"ridge:{ridge}" for ridge in ridges), *rounded]


def cells(noises=NOISES, **changes):
    known = {"readouts": names(), "labels": "linear", "n_train": list(SIZES), **changes}
    return [
        made_up.facts(f"s/noise~{noise:g}", **{"swept": {"noise": noise}, "noise": noise, **known}) for noise in noises
    ]


def ridge_of(readout):
    """λ of a read-out."""
    kind, _, argument = readout.partition(":")
    return float(argument if kind == "ridge" else argument.partition(",")[2] or 0)


def bias(n, ridge):
    """What is there without noise."""
    return 1 / n + ridge / 20


def spread(ridge):
    """What σ² adds, by σ²."""
    return 0.5 / (1 + ridge)


def error(readout, n, noise):
    up, down = (1.2, 0.9) if readout.startswith("rounded") else (1, 1)
    return up * bias(n, ridge_of(readout)) + down * spread(ridge_of(readout)) * noise**2


def theory(made):
    rows = [
        {"cell": cell.cell, "experiment": "s", "depth": depth, "n_train": n, "readout": readout, "metric": "mse"}
        | {
            "value": error(readout, n, cell.noise) / depth,
            "converged": n != 8 or ridge_of(readout) > 0,
            **cell.swept,
        }
        for cell in made
        for readout in cell.readouts
        for depth in range(1, len(cell.dims))
        for n in range(1, 13)
    ]
    return pd.DataFrame(rows).astype({"readout": "category", "cell": "category"})


def readout(made, laws=made_up.LAWS, seeds=(0, 1, 2), wiggle=1e-4):
    """The theory's errors times what a seed multiplies, and of the rounded ones times a little that differs by seed."""
    rows = [
        {"cell": cell.cell, "experiment": "s", "law": law, "seed": seed, "depth": depth, "n_train": n}
        | {"readout": name, "estimator": estimator, "metric": "mse", "converged": True, **cell.swept}
        | {"value": error(name, n, cell.noise) / depth * (1 + 0.1 * seed) * factor}
        for cell in made
        for law in laws
        for seed in seeds
        for name in cell.readouts
        for factor in [1 + wiggle * (seed - 1) if name.startswith("rounded") else 1.0]
        for depth in range(1, len(cell.dims))
        for n in cell.n_train
        for estimator in ("sampled_teacher", *(["teacher_averaged"] if name.startswith("ridge") else []))
    ]
    return pd.DataFrame(rows).astype({"readout": "category", "cell": "category"})


def draw(made=None, figure=FIGURE, change=lambda rows: rows, **options):
    made = made or cells()
    assert list(figure.check(made)) == []
    return figure.draw(Tables(change(readout(made, **options)), theory(made), None, made))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.get_yscale() == "asinh"]


def fields(axes):
    """The bands and, where there is one, the boundary of a panel."""
    from matplotlib.contour import ContourSet

    return [artist for artist in axes.collections if isinstance(artist, ContourSet)]


def marks(axes):
    """Mark → its (n, σ), n of whole numbers."""
    found = {}
    for line in axes.get_lines():
        if line.get_linestyle() == "None":
            (kind,) = [
                name
                for name, look in MARKS.items()
                if (line.get_marker(), line.get_markerfacecolor()) == (look["marker"], look["mfc"])
            ]
            found[kind] = {(round(x * WIDTH), y) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}
    return found


def legend(drawing):
    (entries,) = [axes.get_legend() for axes in drawing.figure.axes if axes.get_legend()]
    return [text.get_text() for text in entries.get_texts()]


def gain(n, noise, ridge):
    """E_q/E − 1."""
    return error(f"rounded:1,{ridge}", n, noise) / error(f"ridge:{ridge}", n, noise) - 1


def test_a_panel_is_a_penalty_and_the_last_the_best_of_each():
    made = cells(readouts=names(bits=(1, 2)))
    drawing = draw(made)
    assert [axes.get_title() for axes in panels(drawing)][:4] == ["λ = 0", "λ = 1", "λ = 3", "best λ of each"]
    assert [axes.get_ylabel().split("\n")[0] for axes in panels(drawing)[::4]] == ["1 bit", "2 bits"]
    chosen = draw(made, figure=Phase(experiments=["s"], ridge=[1], bits=[2]))
    assert [axes.get_title() for axes in panels(chosen)] == ["λ = 1", "best λ of each"]
    alone = draw(cells(readouts=names(ridges=(1,))))
    assert [axes.get_title() for axes in panels(alone)] == ["λ = 1"]
    assert "best λ of" not in alone.caption


@pytest.mark.parametrize("noises", [NOISES, (0.0, 2.0)])
def test_the_boundary_is_where_rounding_changes_nothing(noises):
    """0.2 bias = 0.1 spread σ², whatever σ the tables have."""
    drawing = draw(cells(noises))
    for axes, ridge in zip(panels(drawing), RIDGES[:2], strict=False):
        boundary = fields(axes)[1]
        vertices = np.concatenate([path.vertices for path in boundary.get_paths()])
        n, noise = WIDTH * vertices[:, 0], vertices[:, 1]
        at_n = np.abs(n - np.round(n)) < 1e-9  # others lie between two n
        assert at_n.sum() > 5
        assert noise[at_n] ** 2 == pytest.approx(2 * bias(n[at_n], ridge) / spread(ridge), rel=0.01)


def test_bands_are_per_cent_of_the_float_error():
    bands = fields(panels(draw())[0])[0]
    assert bands.levels.tolist() == list(LEVELS)
    assert bands.get_paths()[LEVELS.index(0) + 1].contains_point((2 / WIDTH, 1.5)) == (0 < gain(2, 1.5, 0) < 0.02)
    for n, noise in ((3, 0.3), (3, 1.7), (11, 1.2), (11, 0.1)):
        band = np.searchsorted(LEVELS, 100 * gain(n, noise, 0))
        inside = [path.contains_point((n / WIDTH, noise)) for path in bands.get_paths()]
        assert inside.index(True) == band


def test_the_theory_is_not_drawn_where_it_was_not_found():
    drawing = draw()
    inside = [path.contains_point((1.0, 1.7)) for path in fields(panels(drawing)[0])[0].get_paths()]
    assert not any(inside)
    assert "of the theory diverge (n = d_L) or were not found" in drawing.figure.get_supxlabel().replace("\n", " ")


def test_marks_tell_where_rounding_helps_in_simulation():
    found = marks(panels(draw())[0])
    places = {(n, noise) for n in SIZES for noise in NOISES}
    assert found["better"] == {(n, noise) for n, noise in places if gain(n, noise, 0) < 0}
    assert found["worse"] == places - found["better"]


def test_a_mark_is_unsure_where_the_interval_holds_0():
    """Student's interval over three seeds of log(1 ± wiggle) is about 2.5 wiggle wide on either side."""
    found = marks(panels(draw(wiggle=0.02))[0])
    places = {(n, noise) for n in SIZES for noise in NOISES}
    half = 4.302653 * np.std(np.log([0.98, 1, 1.02]), ddof=1) / 3**0.5
    centre = np.mean(np.log([0.98, 1, 1.02]))
    unsure = {(n, s) for n, s in places if abs(np.log1p(gain(n, s, 0)) + centre) < half}
    assert found["unsure"] == unsure
    assert 0 < len(unsure) < len(places)


def test_the_line_of_the_best_penalty_is_of_normal_teachers():
    drawing = draw()
    (line,) = [line for line in panels(drawing)[1].get_lines() if line.get_linestyle() != "None"]
    assert line.get_ydata()[0] == pytest.approx((1 / WIDTH) ** 0.5)
    assert any("best λ of float" in text for text in legend(drawing))
    assert "posterior mean" in drawing.caption
    other = draw(cells(teacher="uniform:0.1,1.9"))
    assert all(line.get_linestyle() == "None" for line in panels(other)[1].get_lines())
    assert not any("best λ of float" in text for text in legend(other))
    assert "posterior mean" not in other.caption
    assert "σ² d_L" not in other.findings[0].sentence


def least(kind, n, noise, ridges=RIDGES):
    """λ of the least error and that error."""
    return min((error(f"{kind}{ridge}", n, noise), ridge) for ridge in ridges)


def test_the_best_penalty_of_each_is_settled_where_it_is_not_the_largest():
    drawing = draw()
    axes = panels(drawing)[3]
    places = {(n, noise) for n in SIZES for noise in NOISES}
    settled = {
        place for place in places if max(least("ridge:", *place)[1], least("rounded:1,", *place)[1]) < max(RIDGES)
    }
    assert set().union(*marks(axes).values()) == settled
    assert 0 < len(settled) < len(places)
    assert "the best λ may be a larger one" in legend(drawing)
    assert "Grey is where" in drawing.caption
    bands = fields(axes)[0].get_paths()
    assert not any(path.contains_point((11 / WIDTH, 1.99)) for path in bands)
    assert any(path.contains_point((2 / WIDTH, 0.3)) for path in bands)


def test_a_larger_penalty_settles_it():
    drawing = draw(cells(readouts=names(ridges=(*RIDGES, 99))))
    assert "the best λ may be a larger one" not in legend(drawing)
    assert sum(map(len, marks(panels(drawing)[-1]).values())) == 4 * len(NOISES)


def test_findings_count_signs():
    counts = draw(wiggle=0.02).findings[0]
    found = [marks(axes) for axes in panels(draw(wiggle=0.02))[:3]]
    better, worse, unsure = (sum(len(panel.get(mark, ())) for panel in found) for mark in MARKS)
    assert f"at {better} and raises it at {worse} of 48 (n, σ, λ), unsure at {unsure}" in counts.sentence
    assert f"right at {better + worse} of these {better + worse}" in counts.sentence
    below = sum(
        ridge < noise**2 * WIDTH
        for panel, ridge in zip(found, RIDGES, strict=True)
        for _, noise in panel.get("better", ())
    )
    assert counts.sentence.endswith(f"where it lowers it λ is below σ² d_L at {below} of {better}")
    assert counts.value == 1.0


def test_a_wrong_sign_is_counted():
    made = cells()
    known = theory(made)
    wrong = known.assign(value=known["value"].where(~known["readout"].astype(str).str.startswith("rounded:"), 0.001))
    drawing = FIGURE.draw(Tables(readout(made), wrong, None, made))
    better = sum(len(marks(axes).get("better", ())) for axes in panels(draw())[:3])
    assert f"right at {better} of these 48" in drawing.findings[0].sentence
    assert drawing.findings[0].value == pytest.approx(better / 48)


def test_findings_say_where_rounding_helps_most():
    finding = draw().findings[1]
    value, n, noise, ridge = min(
        (gain(n, noise, ridge), n, noise, ridge) for n in SIZES for noise in NOISES for ridge in RIDGES
    )
    assert f"1 bit: helps most at λ = {ridge}, n = {n}, σ = {noise:g}, test MSE against float" in finding.sentence
    logs = np.log1p(value) + np.log([0.9999, 1, 1.0001])
    half = 4.302653 * logs.std(ddof=1) / 3**0.5
    wanted = [logs.mean(), logs.mean() - half, logs.mean() + half]
    assert [finding.value, finding.low, finding.high] == pytest.approx(np.expm1(wanted), abs=1e-6)
    assert finding.n_seeds == 3


def test_findings_say_whether_rounding_beats_the_best_penalty():
    made = cells(readouts=names(ridges=(*RIDGES, 99)))
    best = draw(made).findings[2]
    ridges = (*RIDGES, 99)

    def of(n, noise):
        return least("rounded:1,", n, noise, ridges)[0] / least("ridge:", n, noise, ridges)[0] - 1

    places = {(n, noise): of(n, noise) for n in SIZES for noise in NOISES}
    place, value = min(places.items(), key=lambda item: item[1])
    better = sum(gap < 0 for gap in places.values())
    assert f"each at its best of 4 λ: rounding lowers the test MSE at {better} of 16 (n, σ)" in best.sentence
    assert f"in simulation (n = {place[0]}, σ = {place[1]:g})" in best.sentence
    assert best.value == pytest.approx(np.expm1(np.log1p(value) + np.mean(np.log([0.9999, 1, 1.0001]))))
    grid = [of(n, noise) for n in range(2, 13) if n != 8 for noise in np.linspace(0, 2, 2001)]
    said = float(best.sentence.split("at least ")[1].split(" %")[0].replace("−", "-"))
    assert said == pytest.approx(100 * min(grid), abs=0.05)


def test_laws_and_theory_are_compared_by_the_ratio():
    def change(rows):
        up = (rows["law"] == "one_bit") & rows["readout"].astype(str).str.startswith("rounded")
        return rows.assign(value=rows["value"] * np.where(up, 1.02, 1.0))

    law, from_theory = draw(change=change).findings[-2:]
    assert law.value == pytest.approx(0.02)
    assert "rounded over float test MSE of one-bit against Gaussian weights" in law.sentence
    assert from_theory.value == pytest.approx(0.01)


def test_one_seed_has_marks_by_their_sign_and_no_intervals():
    drawing = draw(seeds=(1,))
    assert "one seed, no intervals" in drawing.figure.get_suptitle()
    assert set(marks(panels(drawing)[0])) == {"better", "worse"}
    assert not any("unsure" in text for text in legend(drawing))
    assert drawing.findings[0].sentence.endswith("(one seed, no intervals)")
    assert all("no interval" in finding.sentence for finding in drawing.findings)
    assert drawing.findings[1].value == pytest.approx(min(gain(n, 2, 0) for n in SIZES))


def test_one_law_has_no_gap_between_laws():
    drawing = draw(cells(laws=["one_bit"]), laws=("one_bit",))
    assert not any("Gaussian" in finding.sentence for finding in drawing.findings)
    assert len(marks(panels(drawing)[0])["better"]) == len(marks(panels(draw())[0])["better"])


def test_a_teacher_that_is_recovered_exactly_is_hurt_without_bound():
    made = cells()
    known, rows = theory(made), readout(made)
    exact = [
        (table["n_train"] >= WIDTH) & (table["noise"] == 0) & (table["readout"] == "ridge:0") for table in (known, rows)
    ]
    known = known.assign(value=known["value"].mask(exact[0], 0.0), converged=known["converged"] | exact[0])
    rows = rows.assign(value=rows["value"].mask(exact[1], 1e-30))
    drawing = FIGURE.draw(Tables(rows, known, None, made))
    assert (11, 0.0) in marks(panels(drawing)[0])["worse"]
    assert "the float read-out is exact" in drawing.figure.get_supxlabel().replace("\n", " ")
    assert abs(drawing.findings[-1].value) < 0.01  # of the finite ratios


def test_read_outs_that_were_not_found_are_left_out_and_counted():
    def change(rows):
        lost = (rows["seed"] == 2) & (rows["readout"] == "rounded:1") & (rows["n_train"] == 3) & (rows["depth"] == 1)
        return rows.assign(converged=~lost, value=rows["value"].mask(lost, 1e9))

    drawing = draw(change=change)
    assert (3, 2.0) in marks(panels(drawing)[0])["better"]
    assert "8 of 576 read-outs were not found" in drawing.figure.get_supxlabel().replace("\n", " ")


def test_the_depth_is_chosen():
    made = cells(dims=[30, 16, 8])
    drawing = draw(made, figure=Phase(experiments=["s"], depth=2))
    assert "$L = 2$" in drawing.figure.get_suptitle()
    assert panels(drawing)[0].get_xlim()[1] == 12 / 8
    assert draw(made).findings[0].sentence.startswith("tanh, 30 → 16 → 8, L = 1, 1 bit")


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"target": "labels"}, {}, ".experiments: experiment 's' must have target teacher and labels linear; choose"),
        ({"labels": "sign"}, {}, ".experiments: experiment 's' must have target teacher and labels linear; choose"),
        ({"described": False}, {}, ".experiments: experiment 's' must use Gaussian inputs"),
        ({"noises": [0.3]}, {}, ".experiments: experiment 's' must sweep noise; add `sweep"),
        (
            {"swept": {"noise": 0.1, "dataset.dim": 3}},
            {},
            ".experiments: experiment 's' must sweep noise alone; take d",
        ),
        ({}, {"depth": 3}, ".depth: experiment 's' has no depth 3; choose from 1 to 2"),
        (
            {"readouts": ["ridge:0", "noise:1"]},
            {},
            ".experiments: experiment 's' must have read-outs ridge:λ and round",
        ),
        ({"readouts": ["rounded:1"]}, {}, ".experiments: experiment 's' must have read-outs ridge:λ and rounded"),
        ({}, {"ridge": [0, 7]}, ".ridge: experiment 's' must have the read-out ridge:7; add it, or choose other λ"),
        ({}, {"bits": [2]}, ".ridge: experiment 's' must have the read-out rounded:2; add it, or choose other λ, or b"),
        ({"readouts": [*names(), "ridge:5"]}, {}, ".ridge: experiment 's' must have the read-out rounded:1,5; add it"),
        (
            {"readouts": names(range(6), (1, 2))},
            {},
            ".ridge: 14 panels, by λ and bits, are more than 12; choose some λ",
        ),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, options, message):
    (mistake,) = Phase(**{"experiments": ["s"], **options}).check(cells(**changes))
    assert mistake.startswith(message)

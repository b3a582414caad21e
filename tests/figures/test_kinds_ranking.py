"""The figure `ranking`: measures against gaps, the statistics of the table, what is found and what is refused."""

from dataclasses import replace

import made_up_models as made_up
import numpy as np
import pandas as pd
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds.ranking import DEFAULT, STATISTICS, Ranking, _tick
from onebit_rf.figures.ranks import NAMES, kendall, measured
from onebit_rf.ranking.stage import ALL_MEASURES
from onebit_rf.ranking.stage import _measured as of_stage
from onebit_rf.ranking.statistics import kendall as of_all_pairs
from onebit_rf.tables.ranking import RANKING

FIGURE = Ranking(trainings=["mlp"])
MEASURED = (
    "lambda_max",
    "lambda_max_latent",
    "inverse_sigma_squared",
    "quantization_noise",
    "distorted_error",
    "random",
)
PSI = dict(zip(MEASURED, (0.3, 0.7, np.nan, -0.6, 0.9, 0.1), strict=True))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def numbers(model, protocol, weight_decay, source, seed):
    """The fewer bits the more noise, the smaller the gap and the larger the test loss; σ falls with the gap."""
    own = made_up.numbers(model, protocol, weight_decay, source, seed)
    noise = made_up.lost(model) ** 2
    return own | {"quantization_noise": noise, "sigma": 0.1 / own["gap_loss"], "lambda_max": own["gap_loss"]}


def ranking(
    psi=PSI, protocols=("fixed_epochs", "matched_loss"), half=0.15, groups=("all", "my_digits/relu"), **changes
):
    """Ψ as given, τ a tenth above it, sign errors ½ − Ψ/2; other groups, gaps and protocols have other numbers."""
    rows = [
        {"gap": gap, "protocol": protocol, "group": group, "measure": measure, "statistic": statistic}
        | {"value": value, "low": value - half, "high": value + half}
        | {"n_models": 12, "n_left_out": 3, "n_pairs": 60, "n_seeds": 3}
        for gap in ("gap_loss", "gap_error")
        for protocol in protocols
        for group in groups
        for measure, known in psi.items()
        for statistic in STATISTICS
        for other in [(gap != "gap_loss") * 0.01 + (protocol != "fixed_epochs") * 0.02 + (group == "all") * 0.04]
        for value in [
            {"kendall": known + 0.1, "granulated": known}.get(statistic, (1 - known) / 2) + other,
        ]
    ]
    words = dict.fromkeys(("gap", "protocol", "group", "measure", "statistic"), "category")
    return pd.DataFrame(rows, columns=RANKING.schema.names).assign(**changes).astype(words)


def draw(*cells, figure=FIGURE, table=None, **options):
    cells = cells or (made_up.facts(),)
    assert list(figure.check(cells)) == []
    made = made_up.tables(*cells, **{"of": numbers, **options})
    return figure.draw(replace(made, ranking=ranking() if table is None else table))


def panels(drawing):
    """Axes of the scatter, and those of the statistics."""
    axes = [axes for axes in drawing.figure.axes if axes.axison]
    return axes[: -len(STATISTICS)], axes[-len(STATISTICS) :]


def points(axes):
    """(x, y) of every mark of a scatter, sorted; vertical lines left out."""
    lines = [line for line in axes.get_lines() if line.get_marker() not in ("None", None)]
    return sorted((x, y) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True))


def statistic(axes):
    """Line → (value, low, high) of every mark of a panel of statistics."""
    found = []
    for bars in axes.containers:
        (segment,) = bars[2][0].get_segments()
        found.append((round(float(bars[0].get_ydata()[0]), 2), float(bars[0].get_xdata()[0]), *segment[:, 0]))
    return sorted(found)


def test_every_model_is_a_mark_of_its_measure_and_gap():
    scatter, _ = panels(draw())
    assert len(scatter) == 1 + len(DEFAULT)
    rows = [numbers(name, "fixed_epochs", 0.0, "learned", s) for name in made_up.NAMES for s in made_up.SEEDS]
    for axes, column in zip(scatter, ("test_loss", "lambda_max"), strict=False):
        assert points(axes) == pytest.approx(np.array(sorted((row[column], row["gap_loss"]) for row in rows)))
    assert points(scatter[2]) == pytest.approx(
        np.array(sorted(((10 * r["gap_loss"]) ** 2, r["gap_loss"]) for r in rows))
    )


def test_a_measure_of_0_stands_at_the_left_end_of_a_logarithmic_axis():
    noise = panels(draw())[0][5]
    assert noise.get_xscale() == "log"
    found = points(noise)
    assert [x for x, _ in found[:3]] == [noise.get_xticks()[0]] * 3
    assert noise.get_xticklabels()[0].get_text() == "0"
    assert found[3][0] == pytest.approx(2.0**-8)
    assert found[0][0] < found[3][0]


def test_a_measure_below_0_has_a_linear_axis_and_one_that_is_not_there_says_so():
    figure = Ranking(trainings=["mlp"], measures=["trace", "adaptive_sharpness"])
    drawing = draw(figure=figure, change=lambda rows: rows.assign(trace=rows["seed"] - 1.0))
    _, trace, sharpness = panels(drawing)[0]
    assert trace.get_xscale() == "linear"
    assert len(points(trace)) == 15
    assert sharpness.texts[0].get_text() == "not measured"


def test_statistics_are_those_of_the_table_with_both_weights_in_a_line():
    """λ_max at the latent weights has the largest Ψ but for distorted images, random numbers stand last."""
    _, dots = panels(draw())
    names = [label.get_text() for label in dots[0].get_yticklabels()]
    assert names == ["error on distorted images", "$λ_\\mathrm{max}$", "quantization noise", "1/σ²", "random numbers"]
    psi = np.array(statistic(dots[1]))
    assert psi[:, 1] == pytest.approx([0.9, 0.3, 0.7, -0.6, 0.1])
    assert psi[:, 0] == pytest.approx([0, 0.87, 1.13, 2, 4])
    assert psi[:, 3] - psi[:, 2] == pytest.approx(0.3)
    assert np.array(statistic(dots[0]))[:, 1] == pytest.approx([1.0, 0.4, 0.8, -0.5, 0.2])
    assert np.array(statistic(dots[2]))[:, 1] == pytest.approx([0.05, 0.35, 0.15, 0.8, 0.45])
    (band,) = dots[1].patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-0.05, 0.25))


def test_panels_are_titled_with_their_statistics():
    scatter, _ = panels(draw())
    assert scatter[1].get_title() == "τ +0.40 [+0.25, +0.55]\nΨ +0.30 [+0.15, +0.45]"
    assert scatter[3].get_title() == "τ unknown: no pair\nΨ unknown: no pair"


def test_findings_are_the_best_measure_what_noise_orders_and_what_the_gap_leaves_out():
    best, noise, test = draw().findings
    assert (best.value, best.low, best.high, best.n_seeds) == pytest.approx((0.7, 0.55, 0.85, 3))
    assert "of 4 measures, λ_max at the latent weights orders it best, Ψ = +0.70 [+0.55, +0.85]" in best.sentence
    assert "random numbers +0.10 [−0.05, +0.25]: it can be told from them" in best.sentence
    assert (noise.value, noise.low, noise.high) == pytest.approx((-0.5, -0.65, -0.35))
    assert "τ = −0.50 [−0.65, −0.35], Ψ = −0.60 [−0.75, −0.45]: more noise, smaller gap, as claimed" in noise.sentence
    # Bits order noise and test loss alike: of ten pairs of a seed one, lsq:2 and ptq:2, is equal.
    assert "with the test loss, within a seed, τ = +0.90" in noise.sentence
    assert (test.value, test.low, test.high, test.n_seeds) == pytest.approx((-0.9, -0.9, -0.9, 3))
    assert test.sentence.endswith("τ = −0.90 [−0.90, −0.90]: a smaller gap goes with a higher test loss")


def test_a_best_measure_that_is_no_better_than_random_numbers_is_said_to_be_so():
    best = draw(table=ranking(half=0.4)).findings[0]
    assert ": it cannot be told from them;" in best.sentence


def test_without_pairs_nothing_is_ranked():
    drawing = draw(table=ranking(dict.fromkeys(MEASURED, np.nan), n_pairs=0))
    none, test = drawing.findings
    assert none.sentence.endswith(
        "no two models differ in the gap by more than test noise, so that no measure is ranked"
    )
    assert np.isnan(none.value)
    assert test.n_seeds == 3
    assert all(axes.texts[0].get_text() == "too few pairs" for axes in panels(drawing)[1])
    assert "of 0 pairs of models" in drawing.figure.get_supxlabel()


def test_without_a_ranking_the_models_are_still_drawn():
    drawing = draw(table=ranking(protocols=("matched_loss",)))
    assert len(points(panels(drawing)[0][1])) == 15
    assert drawing.figure.get_supxlabel() == "there is no ranking of these models"
    assert len(drawing.findings) == 1


def test_the_ranking_is_of_the_data_set_and_network_or_of_all():
    cells = [made_up.facts(), made_up.facts("wide", network="wide")]
    figure = Ranking(trainings=["mlp", "wide"])
    assert draw(*cells, figure=figure).findings[0].value == pytest.approx(0.74)
    assert "2 settings of data set, network and n" in draw(*cells, figure=figure).figure.get_suptitle()


def test_gap_and_protocol_are_chosen():
    drawing = draw(figure=Ranking(trainings=["mlp"], gap="error", protocol="matched_loss"))
    assert drawing.findings[0].value == pytest.approx(0.73)
    scatter, _ = panels(drawing)
    wanted = [
        100 * numbers(name, "matched_loss", 0.0, "learned", s)["gap_error"] for name in made_up.NAMES for s in (0, 1, 2)
    ]
    assert sorted(y for _, y in points(scatter[0])) == pytest.approx(sorted(wanted))
    assert scatter[0].get_xlabel() == "test error (%)"
    assert scatter[0].get_ylabel() == "generalization gap (points)"


def test_models_that_did_not_converge_are_left_out_and_counted_and_others_are_told():
    def change(rows):
        return rows.assign(converged=(rows["model"] != "ptq:2") | (rows["protocol"] != "fixed_epochs"))

    drawing = draw(change=change, table=ranking(n_models=40))
    assert len(points(panels(drawing)[0][0])) == 12
    noted = drawing.figure.get_supxlabel()
    assert "3 of 15 models diverged, not drawn (ptq:2 3×)" in noted.replace("\n", " ")
    assert "ranked together with 28 models that are not drawn" in noted.replace("\n", " ")


def test_one_seed_cannot_tell():
    drawing = draw(seeds=(0,), table=ranking(low=np.nan, high=np.nan, n_seeds=1))
    best, noise, test = drawing.findings
    assert "one seed cannot tell them apart" in best.sentence
    assert "Ψ = −0.60: one seed cannot tell" in noise.sentence
    assert test.sentence.endswith("τ = −0.90: one seed cannot tell")
    assert "15 models" not in drawing.figure.get_suptitle()
    assert "5 models of 1 seed, a mark each; no intervals" in drawing.figure.get_suptitle()


def test_frozen_hidden_weights_are_open_marks():
    cells = [made_up.facts(), made_up.facts("ice", source="frozen")]
    drawing = draw(*cells, figure=Ranking(trainings=["mlp", "ice"]))
    lines = panels(drawing)[0][0].get_lines()
    assert [line.get_markerfacecolor() == "white" for line in lines].count(True) == 5
    assert len(lines) == 10


def test_measures_are_those_of_the_ranking_stage():
    """The figure may not import that stage: this test holds names and values of the measures together."""
    assert {*NAMES, "random"} == set(ALL_MEASURES)
    rows = made_up.models(made_up.facts(), of=numbers)
    rows = rows.assign(sigma_latent=rows["sigma"] - rows["sigma"].min(), trace=-1.0, lambda_max_converged=True)
    for name in NAMES:
        np.testing.assert_array_equal(measured(rows, name), of_stage(rows, name, seed=0))


def test_tau_within_a_seed_is_kendalls_over_all_pairs():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, size=(2, 30)).astype(float)
    assert kendall(x, y) == pytest.approx(float(of_all_pairs(x, y)))


@pytest.mark.parametrize(
    ("value", "text"), [(1000.0, "1000"), (0.05, "0.05"), (1e-6, "$10^{-6}$"), (2e7, "$2 · 10^{7}$")]
)
def test_ticks_are_numbers_or_powers_of_ten(value, text):
    assert _tick(value) == text


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"sharpness": False}, {}, ".measures: lambda_max is not measured of training 'mlp'; give it `sharpness`, or"),
        (
            {"distorted": False},
            {"measures": ["distorted_error"]},
            ".measures: distorted_error is not measured of training 'mlp'; give it `distorted: true`, or leave it out",
        ),
        (
            {"protocols": ["matched_loss"]},
            {},
            ".protocol: training 'mlp' has no fixed_epochs; choose from matched_loss",
        ),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, options, message):
    (mistake,) = Ranking(**{"trainings": ["mlp"], **options}).check([made_up.facts(**changes)])
    assert mistake.startswith(message)

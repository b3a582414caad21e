"""The figure `flatness`: ratios of sharpness to float at both weights, what is found and what is refused."""

import made_up_models as made_up
import numpy as np
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds.flatness import MEASURES, Flatness

FIGURE = Flatness(trainings=["mlp"])
LATENT = {"float": 1.0, "lsq:4": 1.1, "lsq:2": 2.0, "lsq:1": 4.0, "ptq:2": 9.0}  # of λ_max over float's
TESTED = {"float": 1.0, "lsq:4": 0.9, "lsq:2": 1.0, "lsq:1": 0.5, "ptq:2": 9.0}
T_2 = 4.302653  # Student's 97.5 % point for three seeds


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def swing(model, seed):
    """What a seed adds to the logarithm of a ratio: nothing of float; of mean 0, so that geometric means are known."""
    return 0.0 if model == "float" else 0.1 * (seed - 1)


def numbers(model, protocol, weight_decay, source, seed):
    """A sharpness that a seed multiplies by far more than bits do: pairs alone tell the bits apart."""
    own = made_up.numbers(model, protocol, weight_decay, source, seed)
    level = 10.0**seed * (1 + (protocol == "matched_loss"))
    for suffix, ratios in (("", TESTED), ("_latent", LATENT)):
        sharp = level * ratios[model] * np.exp(swing(model, seed))
        own |= {name + suffix: sharp ** (1 / measure.power) for name, measure in MEASURES.items()}
    return own


def draw(*cells, figure=FIGURE, **options):
    cells = cells or (made_up.facts(),)
    assert list(figure.check(cells)) == []
    return figure.draw(made_up.tables(*cells, of=numbers, **options))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


def series(axes):
    """Label → place → ratio of every mark, the place without what sets the weights apart."""
    return {label: {round(x): y for x, y, _ in found} for label, found in made_up.marks(axes).items()}


def logs(model, ratios):
    return np.array([np.log(ratios[model]) + swing(model, seed) for seed in made_up.SEEDS])


def test_a_panel_has_the_geometric_mean_of_the_ratio_to_float_at_both_weights():
    """1/σ² of a σ that has the power −½ of the sharpness is that sharpness: all six panels show one ratio."""
    drawing = draw()
    assert len(panels(drawing)) == len(MEASURES) == 6
    for axes in panels(drawing):
        found = series(axes)
        for label, ratios in (("at the de-quantized weights", TESTED), ("at the latent weights", LATENT)):
            wanted = {place: ratios[name] for place, name in enumerate(("lsq:4", "lsq:2", "lsq:1"), start=1)}
            assert found[label] == pytest.approx(wanted)
        assert [label.get_text() for label in axes.get_xticklabels()] in (["32\n(float)", "4", "2", "1"], [])


def test_titles_say_what_float_has():
    """Geometric mean of 2, 20 and 200: the axes have no units."""
    assert all(axes.get_title().endswith("\nfloat: 20") for axes in panels(draw()))


def test_bars_are_students_on_the_logarithmic_scale():
    bars = panels(draw())[0].containers[0]
    (segment,) = [part for part in bars[2][0].get_segments() if round(part[0, 0]) == 2]
    half = T_2 * logs("lsq:2", TESTED).std(ddof=1) / 3**0.5
    assert segment[:, 1] == pytest.approx(np.exp([-half, half]), rel=1e-6)


def test_findings_are_ratios_of_few_bits_paired_by_seed():
    found = draw().findings
    wanted = [(model, ratios) for _ in range(2) for model in ("lsq:2", "lsq:1") for ratios in (TESTED, LATENT)]
    assert len(found) == len(wanted)
    for finding, (model, ratios) in zip(found, wanted, strict=True):
        values = logs(model, ratios)
        half = T_2 * values.std(ddof=1) / 3**0.5
        ends = np.exp([values.mean(), values.mean() - half, values.mean() + half])
        assert (finding.value, finding.low, finding.high) == pytest.approx(ends, rel=1e-6)
        assert finding.n_seeds == 3
    assert "my digits, relu (mlp, depth 2, width 8), n = 100, matched train loss (0.1), learned" in found[0].sentence
    assert "2 bits (lsq) over float, λ_max at the de-quantized weights ×1 (95 % interval ×0.78" in found[0].sentence
    assert "λ_max at the latent weights ×2 (" in found[1].sentence
    assert "1 bit (lsq) over float, 1/σ'² at the de-quantized weights ×0.5 (" in found[6].sentence
    verdicts = ["cannot be told from float", "sharper, against the claim", "flatter, as claimed"]
    assert [finding.sentence.rpartition(": ")[2] for finding in found[:3]] == verdicts


def test_the_protocol_is_matched_loss_or_the_first_or_the_one_wanted():
    assert "matched train loss (0.1)" in draw().figure.get_suptitle()
    alone = draw(made_up.facts(protocols=["early_stopping"]))
    assert "early stopping" in alone.figure.get_suptitle()
    wanted = draw(figure=Flatness(trainings=["mlp"], protocol="fixed_epochs"))
    assert "fixed epochs (20)" in wanted.figure.get_suptitle()
    assert all(axes.get_title().endswith("\nfloat: 10") for axes in panels(wanted))


def test_another_quantizer_is_chosen():
    drawing = draw(figure=Flatness(trainings=["mlp"], quantizer="ptq"))
    assert series(panels(drawing)[0])["at the latent weights"] == pytest.approx({1: 9.0})
    assert "rounded after training (ptq)" in drawing.figure.get_suptitle()


def test_models_that_did_not_converge_are_left_out_and_counted():
    def change(rows):
        lost = (rows["seed"] == 2) & (rows["model"] == "lsq:1") & (rows["protocol"] == "matched_loss")
        return rows.assign(converged=~lost, lambda_max=rows["lambda_max"].mask(lost, 1e9))

    drawing = draw(change=change)
    assert series(panels(drawing)[0])["at the de-quantized weights"][3] == pytest.approx(0.5 * np.exp(-0.05))
    assert "1 of 12 models did not reach the loss, not drawn (lsq:1 1×)" in drawing.figure.get_supxlabel()
    assert drawing.findings[2].n_seeds == 2


def test_measures_that_were_not_found_or_are_not_above_0_are_left_out_and_counted():
    def change(rows):
        lsq = rows["model"] == "lsq:2"
        trace = rows["trace"].mask(lsq & (rows["seed"] == 0), -1.0)
        return rows.assign(sigma_latent=rows["sigma_latent"].mask(lsq), trace=trace)

    drawing = draw(change=change)
    noted = drawing.figure.get_supxlabel()
    assert "not found, or not above 0, and not drawn: 1/σ² at the latent weights 3×, the Hessian's trace at" in noted
    assert list(series(panels(drawing)[1])["at the latent weights"]) == [1, 3]
    assert series(panels(drawing)[3])["at the de-quantized weights"][2] == pytest.approx(np.exp(0.05))


def test_without_a_float_model_panels_say_so():
    drawing = draw(change=lambda rows: rows.assign(converged=rows["model"] != "float"))
    assert drawing.findings == []
    assert all("no ratio to float" in axes.texts[0].get_text() for axes in panels(drawing))
    assert panels(drawing)[0].get_title().endswith("float: not found")


def test_one_seed_has_no_intervals():
    drawing = draw(seeds=(1,))
    assert "one seed: no intervals" in drawing.figure.get_suptitle()
    assert "interval" not in drawing.caption
    assert all(
        finding.sentence.endswith("(one seed, no interval): one seed cannot tell") for finding in drawing.findings
    )


def test_a_cell_and_a_weight_decay_are_chosen():
    cells = [made_up.facts(), made_up.facts("ice", source="frozen"), made_up.facts("big", n_train=500)]
    figure = Flatness(trainings=["mlp", "ice", "big"], at={"n_train": 100, "source": "frozen"})
    assert "frozen hidden weights" in draw(*cells, figure=figure).figure.get_suptitle()
    cell = made_up.facts(weight_decays=[0.0, 0.5])
    drawing = draw(cell, figure=Flatness(trainings=["mlp"], weight_decay=0.5))
    assert "weight decay 0.5" in drawing.figure.get_suptitle()


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"sharpness": False}, {}, ".trainings: training 'mlp' must measure sharpness; give it `sharpness`"),
        ({"models": ["lsq:2"]}, {}, ".trainings: training 'mlp' must have the model float"),
        ({}, {"quantizer": "noise"}, ".quantizer: training 'mlp' has no model of noise; choose from lsq, ptq"),
        ({"models": ["float"]}, {}, ".quantizer: training 'mlp' has no model of lsq; it has float alone, add others"),
        (
            {"protocols": ["fixed_epochs"]},
            {"protocol": "matched_loss"},
            ".protocol: training 'mlp' has no matched_loss; choose from fixed_epochs",
        ),
        ({}, {"weight_decay": 3.0}, ".weight_decay: 3 is not a weight decay of all trainings"),
        ({}, {"at": {"n_train": 7}}, ".at.n_train: 7 is not in any training; there are 100"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, options, message):
    (mistake,) = Flatness(**{"trainings": ["mlp"], **options}).check([made_up.facts(**changes)])
    assert mistake.startswith(message)
    assert "\n" not in mistake


def test_several_cells_are_refused():
    frozen, large = made_up.facts("ice", source="frozen"), made_up.facts("big", n_train=500)
    (mistake,) = FIGURE.check([made_up.facts(), frozen])
    assert mistake == ".at: learned and frozen hidden weights are no single cell; choose by `at: {source: …}`"
    (mistake,) = FIGURE.check([made_up.facts(), large])
    assert mistake.startswith(".at: 2 settings of data set, network, n and swept leaves are more than 1; choose some")

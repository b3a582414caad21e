"""The figure `bearing`: errors on distorted images by severity and kind, what is found and what is refused."""

from dataclasses import replace

import made_up_models as made_up
import numpy as np
import pandas as pd
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds.bearing import Bearing
from onebit_rf.tables.bearing import BEARING

FIGURE = Bearing(trainings=["mlp"])
KINDS = {"gaussian_noise": 0.01, "jpeg": 0.03}  # what a severity adds to the error of every model
MORE = {"lsq:4": -0.1, "lsq:2": 0.0, "lsq:1": 0.08}  # what distortion adds to the error beyond what it adds to float's
T_2 = 4.302653  # Student's 97.5 % point for three seeds


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def swing(model, seed):
    """What a seed adds to a distorted error, beside what it adds to float's."""
    return 0.0 if model == "float" else 0.001 * (seed - 1)


def clean(model, seed):
    return made_up.numbers(model, "fixed_epochs", 0.0, "learned", seed)["test_error"]


def distorted(model, kind, severity, seed):
    return clean(model, seed) + KINDS[kind] * severity + MORE.get(model, 0.0) + swing(model, seed)


def bearing(*cells):
    rows = [
        {"training": cell.training, "cell": cell.cell, "model": model, "weight_decay": decay, "protocol": protocol}
        | {"seed": seed, "kind": kind, "severity": severity, "distorted_loss": 1.0}
        | {"distorted_error": distorted(model, kind, severity, seed) + (protocol != "fixed_epochs") + decay}
        for cell in cells
        for model in cell.models
        for decay in cell.weight_decays
        for protocol in cell.protocols
        for seed in made_up.SEEDS
        for kind in KINDS
        for severity in range(1, 6)
    ]
    words = dict.fromkeys(("training", "cell", "model", "protocol", "kind"), "category")
    return pd.DataFrame(rows, columns=BEARING.schema.names).astype(words)


def draw(*cells, figure=FIGURE, **options):
    cells = cells or (made_up.facts(weight_decays=[0.0, 0.5]),)
    assert list(figure.check(cells)) == []
    return figure.draw(replace(made_up.tables(*cells, **options), bearing=bearing(*cells)))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


def test_error_against_severity_is_the_mean_over_kinds_and_seeds_and_clean_is_severity_0():
    left, _ = panels(draw())
    floats = left.get_lines()[0]
    wanted = [100 * np.mean([clean("float", s) + 0.02 * severity for s in made_up.SEEDS]) for severity in range(6)]
    assert floats.get_ydata() == pytest.approx(wanted)
    found = made_up.marks(left)
    assert list(found) == ["4 bits", "2 bits", "1 bit"]
    for label, model in (("4 bits", "lsq:4"), ("1 bit", "lsq:1")):
        for severity, (x, y, _) in enumerate(found[label]):
            more = (MORE[model] + 0.02 * severity) * (severity > 0)
            assert round(x) == severity
            assert y == pytest.approx(100 * np.mean([clean(model, s) + more for s in made_up.SEEDS]))
    assert [label.get_text() for label in left.get_xticklabels()] == ["clean", "1", "2", "3", "4", "5"]


def test_bars_are_those_of_the_paired_difference_from_float():
    left, _ = panels(draw())
    _, _, half = made_up.marks(left)["2 bits"][3]
    assert half == pytest.approx(100 * T_2 * 0.001 / 3**0.5, rel=1e-6)


def test_differences_from_float_by_kind_are_means_over_severities():
    """The kinds that all models bear worst stand first; then the mean over kinds, and the clean images."""
    _, right = panels(draw())
    names = [label.get_text() for label in right.get_yticklabels()]
    assert names == ["JPEG", "Gaussian noise", "all kinds", "clean"]
    for bars, model in zip(right.containers, ("lsq:4", "lsq:2", "lsq:1"), strict=True):
        gap = 100 * (made_up.lost(model) * 0.1)
        assert bars[0].get_xdata() == pytest.approx([*[gap + 100 * MORE[model]] * 3, gap])
        assert list(np.round(bars[0].get_ydata())) == [0, 1, 2, 3]


def test_findings_are_paired_by_seed_and_hold_the_clean_error_against_it():
    found = draw().findings
    assert len(found) == 6
    verdicts = [
        ("it bears distortions better, as claimed", "it bears distortions better than its clean error says"),
        ("it bears them worse, against the claim", "no more and no less than its clean error says"),
        ("it bears them worse, against the claim", "it bears distortions worse than its clean error says"),
    ]
    half = T_2 * 0.001 / 3**0.5
    for place, model in enumerate(("lsq:4", "lsq:2", "lsq:1")):
        pair = found[2 * place : 2 * place + 2]
        for finding, base, verdict in zip(pair, (0.1 * made_up.lost(model), 0.0), verdicts[place], strict=True):
            gap = base + MORE[model]
            assert (finding.value, finding.low, finding.high) == pytest.approx((gap, gap - half, gap + half), abs=1e-9)
            assert finding.n_seeds == 3
            assert finding.sentence.endswith(verdict)
    assert "1 bit (lsq) minus float, mean error on distorted test images +13.00 points (95 % i" in found[4].sentence
    assert "less the difference of the clean errors +8.00 points" in found[5].sentence


def test_models_that_did_not_converge_are_left_out_and_counted():
    def change(rows):
        lost = (rows["seed"] == 2) & (rows["model"] == "lsq:1") & (rows["protocol"] == "fixed_epochs")
        return rows.assign(converged=~lost)

    drawing = draw(change=change)
    assert "1 of 12 models diverged, not drawn (lsq:1 1×)" in drawing.figure.get_supxlabel()
    assert [finding.n_seeds for finding in drawing.findings] == [3, 3, 3, 3, 2, 2]


def test_without_a_float_model_nothing_is_held_against_it():
    drawing = draw(change=lambda rows: rows.assign(converged=rows["model"] != "float"))
    assert drawing.findings == []
    assert panels(drawing)[0].texts[0].get_text() == "float is not there"


def test_one_seed_has_no_intervals():
    drawing = draw(seeds=(1,))
    assert "one seed: no intervals" in drawing.figure.get_suptitle()
    assert "interval" not in drawing.caption
    assert all(finding.sentence.endswith("one seed cannot tell") for finding in drawing.findings)


def test_protocol_quantizer_and_weight_decay_are_chosen():
    figure = Bearing(trainings=["mlp"], quantizer="ptq", protocol="matched_loss", weight_decay=0.5)
    drawing = draw(figure=figure)
    said = drawing.figure.get_suptitle()
    assert "matched train loss (0.1); weight decay 0.5; rounded after training (ptq)" in said
    floats = panels(drawing)[0].get_lines()[0]
    assert floats.get_ydata()[1] == pytest.approx(100 * (0.21 + 0.02 + 1.5))


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"distorted": False}, {}, ".trainings: training 'mlp' must test distorted images; give it `distorted: true`"),
        ({"models": ["float", "lsq:8"]}, {}, ".quantizer: training 'mlp' has no lsq of 1 to 4 bits; add one"),
        ({}, {"quantizer": "noise"}, ".quantizer: training 'mlp' has no model of noise; choose from lsq, ptq"),
        (
            {"protocols": ["matched_loss"]},
            {},
            ".protocol: training 'mlp' has no fixed_epochs; choose from matched_loss",
        ),
        ({"models": ["lsq:2"]}, {}, ".trainings: training 'mlp' must have the model float"),
        ({}, {"at": {"colour": 1}}, ".at: unknown name colour; known are training"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, options, message):
    (mistake,) = Bearing(**{"trainings": ["mlp"], **options}).check([made_up.facts(**changes)])
    assert mistake.startswith(message)

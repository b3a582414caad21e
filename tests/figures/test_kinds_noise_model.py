"""The figure `noise_model`: noise over its model, training under noise against rounding, findings, refusals."""

import made_up_models as made_up
import numpy as np
import pytest

from onebit_rf.figures import style
from onebit_rf.figures.kinds.noise_model import NoiseModel
from onebit_rf.model.grids import grid

NAMES = ["float", "lsq:8", "lsq:2", "lsq:1", "noise:8", "noise:2", "ptq:2"]
RATIOS = {"lsq:8": 1.0, "lsq:2": 0.9, "lsq:1": 1.5, "noise:8": 1.1, "noise:2": 1.4, "ptq:2": 1.3}
TEST = {"lsq:8": 0.0, "lsq:2": 0.02, "lsq:1": 0.2, "noise:8": 0.001, "noise:2": 0.05, "ptq:2": 0.3}
FIGURE = NoiseModel(trainings=["mlp"])
T_2 = 4.302653  # Student's 97.5 % point for three seeds


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    style.pyplot().close("all")


def numbers(model, protocol, weight_decay, source, seed):
    """Float's losses differ far more between seeds than models of a seed do; a gap is less as a test loss is more."""
    few, swing = model != "float", 0.01 * (seed - 1)
    test = 1.0 + seed + few * (TEST.get(model, 0.0) + swing * model.startswith("noise"))
    noise = made_up.lost(model) ** 2
    step_noise = noise / (RATIOS[model] + swing) if few else 0.0
    own = {"test_loss": test, "gap_loss": 4.0 - test, "train_loss": 2 * test - 4.0, "relative_noise": 10 * noise}
    return own | {"quantization_noise": noise, "step_noise": step_noise}


def facts(**changes):
    return made_up.facts(**{"models": NAMES, **changes})


def draw(figure=FIGURE, cell=None, **options):
    cell = cell or facts()
    assert list(figure.check([cell])) == []
    return figure.draw(made_up.tables(cell, of=numbers, **options))


def panels(drawing):
    return [axes for axes in drawing.figure.axes if axes.axison]


def series(axes):
    """Quantizer → (bits, mean, half the interval) of its marks."""
    ticks = [int(label.get_text()) for label in axes.get_xticklabels()]
    found = made_up.marks(axes).items()
    return {label.rpartition("(")[2][:-1]: [(ticks[round(x)], *rest) for x, *rest in points] for label, points in found}


def test_measured_noise_is_drawn_over_the_noise_model():
    ratio = panels(draw())[0]
    found = series(ratio)
    assert list(found) == ["lsq", "noise", "ptq"]
    for quantizer, points in found.items():
        for bits, mean, half in points:
            values = RATIOS[f"{quantizer}:{bits}"] + 0.01 * np.array([-1, 0, 1])
            assert (mean, half) == pytest.approx((values.mean(), T_2 * values.std(ddof=1) / 3**0.5))
    assert [bits for bits, *_ in found["lsq"]] == [8, 2, 1]
    assert any(set(line.get_ydata()) == {1} for line in ratio.get_lines())  # the noise model itself


def test_relative_noise_stands_beside_the_best_grid_of_a_normal_law():
    relative = panels(draw())[1]
    assert [(bits, mean) for bits, mean, _ in series(relative)["lsq"]] == [
        (bits, pytest.approx(10 * made_up.lost(f"lsq:{bits}") ** 2)) for bits in (8, 2, 1)
    ]
    best = relative.get_lines()[0]
    # Distortion of the best uniform quantizer of a normal law (Max, 1960): .1188 at two bits, .3634 = 1 − 2/π at one.
    assert best.get_ydata() == pytest.approx([1 - grid(8).gain, 0.1188, 1 - 2 / np.pi], abs=5e-5)


def test_training_under_noise_and_under_rounding_are_held_against_float_by_seed():
    drawing = draw()
    for axes, sign in zip(panels(drawing)[2:], (1, -1), strict=True):
        found = series(axes)
        assert list(found) == ["lsq", "noise"]
        for quantizer, points in found.items():
            for bits, mean, half in points:
                assert mean == pytest.approx(sign * TEST[f"{quantizer}:{bits}"], abs=1e-9)
                assert half == pytest.approx((quantizer == "noise") * T_2 * 0.01 / 3**0.5, rel=1e-6, abs=1e-9)
        assert axes.get_yscale() == "symlog"


def test_findings_are_the_ratio_of_rounding_at_all_bits_and_noise_against_rounding():
    *ratios, compared = draw().findings
    verdicts = ["as the noise model says", "less than the noise model says", "more than the noise model says"]
    half = T_2 * 0.01 / 3**0.5
    for finding, name, verdict in zip(ratios, ("lsq:8", "lsq:2", "lsq:1"), verdicts, strict=True):
        value = RATIOS[name]
        assert (finding.value, finding.low, finding.high) == pytest.approx(
            (value, value - half, value + half), rel=1e-6
        )
        assert finding.n_seeds == 3
        assert finding.sentence.endswith(f"3 seeds): {verdict}")
    assert "1 bit (lsq), measured noise over s²/12 1.5 (95 % interval 1.475 to 1.525, 3 seeds)" in ratios[2].sentence
    wanted = (0.03, 0.03 - half, 0.03 + half)
    assert (compared.value, compared.low, compared.high) == pytest.approx(wanted, rel=1e-6)
    assert "2 bits, trained under noise minus trained under rounding: test loss +0.030" in compared.sentence
    assert "gap −0.030" in compared.sentence
    assert compared.sentence.endswith("noise makes the test loss higher than rounding does")


def test_noise_and_rounding_are_compared_at_the_nearest_bits_that_both_have():
    drawing = draw(cell=facts(models=["float", "lsq:8", "lsq:1", "noise:8"]))
    compared = drawing.findings[-1]
    assert "8 bits, trained under noise minus trained under rounding" in compared.sentence
    assert compared.value == pytest.approx(0.001)
    assert compared.sentence.endswith("noise and rounding cannot be told apart by the test loss")


def test_models_that_did_not_converge_are_left_out_and_counted():
    def change(rows):
        lost = (rows["seed"] == 2) & (rows["model"] == "lsq:1") & (rows["protocol"] == "fixed_epochs")
        return rows.assign(converged=~lost)

    drawing = draw(change=change)
    assert "1 of 21 models diverged, not drawn (lsq:1 1×)" in drawing.figure.get_supxlabel()
    assert drawing.findings[2].n_seeds == 2
    assert drawing.findings[2].value == pytest.approx(1.495)


def test_without_a_float_model_the_noise_is_still_drawn():
    drawing = draw(change=lambda rows: rows.assign(converged=rows["model"] != "float"))
    ratio, _, test, gap = panels(drawing)
    assert len(series(ratio)["lsq"]) == 3
    assert not any(points for axes in (test, gap) for points in made_up.marks(axes).values())


def test_one_seed_has_no_intervals():
    drawing = draw(seeds=(1,))
    assert "one seed: no intervals" in drawing.figure.get_suptitle()
    assert "interval" not in drawing.caption
    assert drawing.findings[0].sentence.endswith("over s²/12 1 (one seed, no interval)")
    assert drawing.findings[-1].sentence.endswith("one seed cannot tell")


def test_a_protocol_is_chosen():
    drawing = draw(NoiseModel(trainings=["mlp"], protocol="early_stopping"))
    assert "early stopping" in drawing.figure.get_suptitle()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"models": ["float", "lsq:2", "noise:4"]},
            ".trainings: training 'mlp' must have the models lsq:2 and noise:2, or both at other bits; add them",
        ),
        ({"models": ["lsq:2", "noise:2"]}, ".trainings: training 'mlp' must have the model float"),
        ({"protocols": ["matched_loss"]}, ".protocol: training 'mlp' has no fixed_epochs; choose from matched_loss"),
    ],
)
def test_what_is_not_drawn_is_refused_in_a_line(changes, message):
    (mistake,) = FIGURE.check([facts(**changes)])
    assert mistake.startswith(message)

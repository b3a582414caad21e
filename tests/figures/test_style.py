"""What all figures share: intervals, looks of the laws, words, and files that are equal when figures are."""

import numpy as np
import pandas as pd
import pytest
from made_up import facts, readout, theory

from onebit_rf.errors import OnebitError
from onebit_rf.figures import style
from onebit_rf.figures.findings import (
    baseline_of,
    half_width,
    interval,
    law_gaps,
    law_words,
    theory_gap,
    with_interval,
)


def test_interval_is_students():
    frame = pd.DataFrame({"law": "gaussian", "seed": [0, 1, 2], "value": [1.0, 2.0, 3.0]})
    row = style.mean_over_seeds(frame, ["law"]).iloc[0]
    assert row["mean"] == 2
    assert row["half"] == pytest.approx(4.302652729696142 / np.sqrt(3))  # t_{0.975, 2}
    assert interval([1.0, 2.0, 3.0])[2] == pytest.approx(2 + row["half"])


def test_half_width_is_that_of_scipy():
    from scipy import stats

    count = np.array([2, 3, 5, 20, 100])
    assert half_width(np.ones(5), count) == pytest.approx(stats.t.ppf(0.975, count - 1))


def test_single_seed_has_no_interval():
    frame = pd.DataFrame({"law": ["gaussian"], "seed": [0], "value": [1.0]})
    assert np.isnan(style.mean_over_seeds(frame, ["law"])["half"]).all()
    assert np.isnan(interval([1.0])[1:]).all()
    assert with_interval(0.01, np.nan, np.nan, 1) == "+1.00 % (one seed, no interval)"
    assert style.seeds_in_words(frame) == "one seed: no intervals"


def test_seeds_that_stand_twice_are_not_averaged():
    frame = pd.DataFrame({"law": "gaussian", "seed": [0, 0], "metric": ["mse", "accuracy"], "value": [1.0, 2.0]})
    with pytest.raises(OnebitError, match=r"figure: 2 rows share law, seed .* they differ in metric"):
        style.mean_over_seeds(frame, ["law"])


@pytest.mark.parametrize(
    ("dims", "text"), [([64, 8, 8], "tanh, 64 → 8 × 2"), ([5, 3, 2], "tanh, 5 → 3 → 2"), ([4, 9], "tanh, 4 → 9 × 1")]
)
def test_network_in_a_line(dims, text):
    assert style.describe(dims, "tanh") == text


def test_every_law_has_a_look_of_its_own():
    laws = ["gaussian", "one_bit", "rademacher", "ternary", *(f"law {i}" for i in range(11)), "yours"]
    looks = [style.law_look(law, laws) for law in laws]
    assert len({(look["marker"], look.get("markerfacecolor")) for look in looks}) == len(laws)
    assert [key.get_label() for key in style.law_keys(laws)][-1] == "yours weights"


def test_equal_figures_are_equal_files(tmp_path):
    def draw(name):
        figure, axes = style.grid(1, 1, 3, 2)
        axes[0, 0].plot([1, 2])
        style.save(figure, [tmp_path / name])
        return (tmp_path / name).read_bytes()

    assert draw("a.pdf") == draw("b.pdf")


def test_gaps_between_laws_are_paired_by_seed():
    """Seeds differ by per cents, laws by exactly 1 %: the interval has no width."""
    rows = readout(facts(), laws=("gaussian", "one_bit", "ternary"))
    one_bit, ternary = law_gaps(rows, ["cell", "depth", "readout", "n_train"], "here")
    assert (one_bit.value, one_bit.low, one_bit.high) == pytest.approx((0.01, 0.01, 0.01))
    assert ternary.value == pytest.approx(0.02)
    assert one_bit.n_seeds == 3
    assert one_bit.sentence.startswith("here: test MSE of one-bit against Gaussian weights +1.00 % (95 % interval")
    assert baseline_of(["ternary", "one_bit"]) == "ternary"


def test_gap_to_the_theory_by_hand():
    """Laws deviate by 0 and 1 %, seeds by 0, 1, 2 %: the mean over laws and seeds is 1.5 % and a little."""
    (finding,) = theory_gap(readout(facts()), theory(facts()), "here")
    seeds = [np.mean([(1 + s / 100) * (1 + g) - 1 for g in (0, 0.01)]) for s in (0, 1, 2)]
    assert (finding.value, finding.low, finding.high) == pytest.approx(interval(seeds))
    assert theory_gap(readout(facts()), theory(facts()).assign(converged=False), "here") == []


def test_laws_with_a_parameter_are_spelled_in_words():
    assert style.law_look("grid:4")["label"] == "4-bit weights"
    assert law_words("learned:mlp,lsq:2") == "learned (mlp, lsq:2)"
    assert law_words("student:2.5") == "Student (ν = 2.5)"
    assert law_words("sparse:0.1") == "sparse (share 0.1)"
    assert law_words("asymmetric:2") == "asymmetric 2-bit"


def test_notes_are_as_wide_as_their_figure_and_formulas_stay_whole():
    figure, _ = style.grid(1, 1, 2, 2)
    said = [" ".join(["words"] * 20), "the formula $n ≥ d_L$ is one", "end"]
    style.note(figure, said)
    lines = figure.get_supxlabel().split("\n")
    assert len(lines) > 2
    assert max(map(len, lines)) <= 2 * style.NOTE_LETTERS
    assert any("$n ≥ d_L$" in line for line in lines)
    assert " ".join(lines) == "; ".join(said)

"""The figure `cost`: errors and times known in closed form, λ chosen on other seeds, bytes, and what is said."""

import numpy as np
import pandas as pd
import pytest
from made_up import facts as known_facts
from scipy.stats import t as student

from onebit_rf.figures import style
from onebit_rf.figures.costs import FLOAT, ONE_BIT, at_chosen, hidden_bytes, read_networks
from onebit_rf.figures.kinds import Tables
from onebit_rf.figures.kinds.cost import Cost

WIDTHS = (32, 128, 512, 2048, 8192)
BIT = 1.02  # the error of one bit over float32's at equal width
SLOW = {FLOAT: 1e-8, ONE_BIT: 1e-9}  # seconds a neuron and row; at batch 256 one bit takes as long as float32
D_0 = 784


def facts(width, **changes):
    known = {
        "target": "labels",
        "outputs": 10,
        "noise": None,
        "teacher": None,
        "described": False,
        "n_train": [50, 100],
    }
    known |= {"dims": [D_0, width], "activation": "relu", "odd": False, "dataset": "my_images", "labels": None}
    swept = {"network.widths": str(width)}
    return known_facts(
        f"c/network.widths~{width}", swept=swept, readouts=["ridge:1", "ridge:10"], **{**known, **changes}
    )


def error(law, width, seed):
    """E = 2 w^(−1/2), a hundredth more for every seed, and BIT times that at one bit."""
    return 2 * width**-0.5 * (1 + seed / 100) * (BIT if law == ONE_BIT else 1)


def readout(widths=WIDTHS, seeds=(0, 1, 2), laws=(FLOAT, ONE_BIT)):
    rows = [
        {"cell": f"c/network.widths~{width}", "experiment": "c", "law": law, "seed": seed, "depth": 1, "n_train": n}
        | {"readout": name, "estimator": "labels", "metric": "accuracy", "converged": True}
        | {"value": 1 - error(law, width, seed) * (1 + (n < 100)) * (1 + (name == "ridge:10"))}
        for width in widths
        for law in laws
        for seed in seeds
        for n in (50, 100)
        for name in ("ridge:1", "ridge:10")
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(["cell", "law", "readout"], "category"))


def cost(widths=WIDTHS, backends=("fp32-torch", "fp32-numpy", "bf16-torch", "one-bit", "one-bit-8bit")):
    """Times of which the fastest float32 is NumPy's, three repetitions of which the least is exact."""
    slower = {"fp32-numpy": 1, "fp32-torch": 2, "bf16-torch": 0.1, "one-bit-8bit": 0.1}
    rows = [
        {"device": "cpu", "device_name": "Intel(R) Xeon(R)", "threads": 1, "backend": backend, "state": state}
        | {"widths": str(width), "depth": 1, "batch": batch, "d_in": D_0, "repetition": i, "bandwidth": 2e9}
        | {"seconds": seconds(backend, width, batch) * slower.get(backend, 1) * (1 + (state == "cold")) * (1 + 0.1 * i)}
        | {"weight_bytes": 40 * width + width * (98 if "one-bit" in backend else 4 * D_0), "relative_error": 1e-7}
        for backend in backends
        for width in widths
        for batch in (1, 256)
        for state in ("cold", "warm")
        for i in range(3)
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(["device_name", "backend", "widths", "state"], "category"))


def seconds(backend, width, batch):
    return batch * width * SLOW[ONE_BIT if backend.startswith("one-bit") and batch == 1 else FLOAT]


def draw(widths=WIDTHS, times=None, **options):
    cells = [facts(width) for width in reversed(widths)]
    tables = Tables(readout=readout(widths, **options), cost=cost(widths) if times is None else times, facts=cells)
    return Cost(experiments=["c"]).draw(tables)


@pytest.fixture(autouse=True)
def _close():
    yield
    style.pyplot().close("all")


def test_errors_are_of_the_largest_n_in_per_cent_and_times_of_the_fastest_float32():
    cells = [facts(width) for width in WIDTHS]
    full, one = (read_networks(readout(), cost(), cells, law) for law in (FLOAT, ONE_BIT))
    widths = np.array(WIDTHS)
    np.testing.assert_allclose(full.errors[2], 100 * error(FLOAT, widths, 2))
    np.testing.assert_allclose(one.errors[0], 100 * error(ONE_BIT, widths, 0))
    np.testing.assert_allclose(full.costs[1], 1e6 * SLOW[FLOAT] * widths)
    np.testing.assert_allclose(one.costs[1], 1e6 * SLOW[ONE_BIT] * widths)
    np.testing.assert_allclose(one.costs[256], full.costs[256])  # an image's, not a call's
    assert one.all_bytes.tolist() == (138 * widths).tolist()


@pytest.mark.parametrize(
    ("dims", "law", "size"),
    [
        ((784, 128), FLOAT, 4 * 784 * 128),
        ((784, 128), ONE_BIT, 98 * 128),
        ((9, 3, 5), FLOAT, 4 * (27 + 15)),
        ((9, 3, 5), ONE_BIT, 3 * 2 + 5 * 1),
    ],
)
def test_bytes_of_hidden_weights(dims, law, size):
    assert hidden_bytes(dims, law) == size


def test_bytes_are_those_that_a_model_reads_less_its_read_out():
    """The latency stage's own count, of the arrays."""
    from onebit_rf.kernels import native
    from onebit_rf.latency.models import Network, cpu_models

    network = Network((100, 64, 33))
    sizes = {model.backend: model.weight_bytes - 4 * network.last.size for model in cpu_models(network, threads=1)}
    assert sizes["fp32-torch"] == hidden_bytes(network.dims, FLOAT)
    if native.why_unavailable() is None:
        assert sizes["one-bit"] == hidden_bytes(network.dims, ONE_BIT)


def test_a_seed_has_no_say_in_its_own_ridge():
    """Seed 0 is best at λ₁, the others at λ₀; each takes what the others would."""
    errors = np.array([[9.0, 1.0, 5.0], [2.0, 4.0, 5.0], [2.0, 4.0, 5.0]])
    assert at_chosen(errors).tolist() == [9.0, 4.0, 4.0]
    assert at_chosen(errors[:1]).tolist() == [1.0]


def test_the_choice_of_ridge_does_not_flatter():
    """Errors that do not depend on λ, with noise: their mean at the chosen λ is unbiased, that of the least is not.

    Of 4000 draws of 5 seeds and 4 λ's the standard error of the mean is 1/√20000 = 0.007.
    """
    errors = np.random.default_rng(0).standard_normal((4000, 5, 4))
    assert abs(np.mean([at_chosen(some) for some in errors])) < 4 * 0.007
    assert np.mean([some.mean(axis=0).min() for some in errors]) < -0.4


def test_a_column_for_the_bytes_and_one_for_each_batch():
    drawing = draw()
    tops, bottoms = drawing.figure.axes[:3], drawing.figure.axes[3:6]
    assert [axes.get_title() for axes in tops] == ["memory", "time at batch 1", "time at batch 256"]
    marks = tops[0].containers[1][0]
    assert marks.get_xdata() == pytest.approx(98 * np.array(WIDTHS))
    assert marks.get_ydata() == pytest.approx([100 * error(ONE_BIT, width, 1) for width in WIDTHS])
    assert {text.get_text() for text in tops[0].texts} == set(map(str, WIDTHS))
    (line,) = [line for line in bottoms[0].get_lines() if line.get_color() == style.law_look(ONE_BIT)["color"]]
    assert line.get_ydata() == pytest.approx(BIT / np.sqrt(32))
    assert bottoms[0].get_ylim()[0] == 0


def test_findings_at_equal_cost_are_those_of_the_power_law():
    """E ∝ w^(−1/2): at equal bytes 32 times the neurons, at equal time 10 times at batch 1, and none at 256."""
    of_bytes, one, many, *_ = draw().findings
    assert of_bytes.value == pytest.approx(BIT / np.sqrt(32))
    assert (one.value, many.value) == pytest.approx((BIT / np.sqrt(10), BIT))
    assert of_bytes.low == pytest.approx(of_bytes.high)  # the seeds' ratios are equal
    assert of_bytes.n_seeds == 3
    where = "my images, relu, 784 → 32 … 8192, L = 1, n = 100"
    first = "0.18 (95 % interval 0.18 to 0.18) at 100 kB"
    said = f"{where}: test error of one bit over that of float32 at equal bytes of hidden weights: {first}, "
    assert of_bytes.sentence.startswith(said)
    assert of_bytes.sentence.endswith("0.18 (95 % interval 0.18 to 0.18) at 803 kB (3 seeds)")
    assert one.sentence.endswith("at 8.19 µs (3 seeds)")


def test_intervals_are_of_ratios_of_the_same_seed():
    table = readout()
    law, seed = table["law"] == ONE_BIT, table["seed"]
    table["value"] = table["value"].where(~law, 1 - (1 - table["value"]) * np.exp(0.1 * seed))
    tables = Tables(readout=table, cost=cost(), facts=[facts(width) for width in WIDTHS])
    finding = Cost(experiments=["c"]).draw(tables).findings[0]
    half = student.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    expected = np.exp(np.log(BIT / np.sqrt(32)) + 0.1 + np.array([0, -half, half]))
    assert (finding.value, finding.low, finding.high) == pytest.approx(tuple(expected))


def test_findings_at_equal_width():
    *_, gap, size, one, many = draw().findings
    gaps = [np.mean([error(ONE_BIT, w, seed) - error(FLOAT, w, seed) for w in WIDTHS]) for seed in range(3)]
    assert gap.value == pytest.approx(np.mean(gaps))
    assert f"mean over widths {100 * np.mean(gaps):+.2f} points (95 %" in gap.sentence
    widest = np.mean([error(ONE_BIT, 8192, seed) - error(FLOAT, 8192, seed) for seed in range(3)])
    assert f"width 8192 {100 * widest:+.2f} points (95 %" in gap.sentence
    assert size.value == 32
    assert "32 times fewer bytes at one bit, 23 times with the float32 read-out" in size.sentence  # 3176/138
    assert one.value == pytest.approx(10)
    said = "batch 1: speed-up of one bit over float32 10 at width 32, 10 at width 8192; it pays at every width"
    assert one.sentence.endswith(f"{said}; that of bfloat16 10 at width 8192")
    assert many.value == pytest.approx(1)


def test_it_is_said_where_a_bit_does_not_pay():
    times = cost()
    slow = (times["backend"] == "one-bit") & (times["batch"] == 256) & times["widths"].isin(["32", "128"])
    times["seconds"] = times["seconds"].where(~slow, 2 * times["seconds"])
    said = "over float32 0.50 at width 32, 0.50 at width 128, 1.0 at width 8192; it does not pay at width 32, 128; "
    assert said in draw(times=times).findings[-1].sentence


def test_one_seed_has_no_intervals():
    drawing = draw(seeds=(0,))
    assert "(one seed, no interval)" in drawing.findings[0].sentence
    assert "95 %" not in drawing.findings[0].sentence
    assert np.isnan(drawing.findings[0].low)
    assert "one seed" in drawing.figure.get_suptitle()


def test_without_a_native_kernel_the_bytes_are_drawn():
    drawing = draw(times=cost(backends=("fp32-torch", "fp32-numpy")))
    assert len(drawing.figure.axes[1].containers) == 1
    assert len(drawing.findings) == 2  # equal bytes, equal width
    assert "native kernel does not run" in drawing.figure.get_supxlabel()
    assert [text.get_text() for text in drawing.figure.axes[4].texts] == ["no cost in common"]


def test_formats_without_a_cost_in_common_have_no_finding_of_it():
    drawing = draw((32, 64))
    assert not [finding for finding in drawing.findings if "equal bytes" in finding.sentence]
    assert [text.get_text() for text in drawing.figure.axes[3].texts] == ["no cost in common"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([facts(32, target="teacher", outputs=0)], "must have target labels, and classes"),
        ([facts(32, outputs=1)], "must have target labels, and classes"),
        ([facts(32, laws=["gaussian", "ternary"])], "must have the laws gaussian and one_bit; add one_bit"),
        ([facts(32), facts(64, dataset="others")], "all cells of experiment 'c' must have one data set; sweep network"),
        ([facts(32), facts(64, activation="tanh")], "must have one activation"),
        ([facts(32), facts(64, dims=[D_0, 64, 64])], "must have one depth"),
        ([facts(32), facts(64, n_train=[50])], "must have one largest n"),
        ([facts(32), facts(64, dims=[D_0, 32])], "have the same widths"),
    ],
)
def test_what_it_cannot_draw_is_told_with_the_remedy(cells, message):
    (mistake,) = Cost(experiments=["c"]).check(cells)
    assert mistake.startswith(".experiments: ")
    assert message in mistake


def test_what_it_can_draw_is_no_mistake():
    assert not list(Cost(experiments=["c"]).check([facts(width) for width in WIDTHS]))

"""`onebit-rf bench` measures what it says: right products, times that fit together, the machine's limits."""

import os
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from onebit_rf.errors import OnebitError
from onebit_rf.jobs import machine
from onebit_rf.kernels import native, preferred
from onebit_rf.latency import bench, products
from onebit_rf.latency.bench import describe_machine, measure_products
from onebit_rf.latency.clock import Clock
from onebit_rf.latency.models import Model

SIZES, BATCHES = [(100, 64), (33, 7)], [5, 1]


def measure(sizes=SIZES, batches=BATCHES, rounds=10):
    """Measure by a clock that is a second later whenever the time that is left is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "time", SimpleNamespace(perf_counter=count().__next__))
        return measure_products(sizes, batches, threads=1, until=rounds)


@pytest.fixture(scope="module")
def measured():
    return measure()


def test_every_product_is_there_in_the_order_asked_for(measured):
    wanted = [(*size, batch, state) for size in SIZES for batch in BATCHES for state in ("warm", "cold")]
    keys = [tuple(record[name] for name in ("d_in", "d_out", "batch", "state")) for record in measured.products]
    assert list(dict.fromkeys(keys)) == wanted
    assert measured.left_out == []
    assert {record["backend"] for record in measured.products} >= {preferred()}


def test_numbers_fit_together(measured):
    for record in measured.products:
        assert record["seconds"] > 0
        assert record["speedup"] == pytest.approx(record["float32_seconds"] / record["seconds"])
        assert record["bytes_per_second"] == pytest.approx(record["weight_bytes"] / record["seconds"])
        assert record["bandwidth_fraction"] == pytest.approx(record["bytes_per_second"] / measured.bandwidth)
        assert record["rounds"] >= 1


def test_bytes_are_a_bit_a_weight_and_errors_those_of_the_backend(measured):
    for record in measured.products:
        if record["backend"].startswith("native"):
            assert record["weight_bytes"] == record["d_out"] * -(-record["d_in"] // 8)
        # Tables round to 2⁻⁸, 2⁻¹⁶ and 2⁻²⁴ of the largest entry, which is some times a usual one.
        limits = {"native-8bit": 0.1, "native-16bit": 1e-3}
        assert 0 < record["relative_error"] < limits.get(record["backend"], 1e-5)


def test_exact_is_the_product_of_the_signs():
    """Against the float32 weights, which every baseline multiplies by."""
    case = products.make_cases(40, 6, [3], threads=1)[0]
    numpy = next(model for model in case.models if model.backend == "fp32-numpy")
    weights = numpy.forward(np.eye(40, dtype=np.float32)).T
    np.testing.assert_allclose(np.abs(weights), 40**-0.5, rtol=1e-6)
    np.testing.assert_allclose(case.exact, case.x.astype(float) @ weights.T, rtol=1e-6, atol=1e-6)


def made_up(*backends, size=(8, 4, 2)):
    """A case of models that are right."""
    x, exact = np.ones((size[2], size[0]), np.float32), np.ones((size[2], size[1]))
    return products.Case(x, exact, [Model(name, lambda x: exact, 64, 1e-5, "") for name in backends])


def test_the_fastest_float32_of_a_state_is_the_one_compared_with():
    case = made_up("fp32-numpy", "fp32-torch", "native")
    case.errors["native"], case.rounds = 0.0, 1
    case.least = {("fp32-numpy", "warm"): 3.0, ("fp32-torch", "warm"): 2.0, ("native", "warm"): 0.5}
    case.least |= {("fp32-numpy", "cold"): 4.0, ("fp32-torch", "cold"): 6.0, ("native", "cold"): 2.0}
    warm, cold = case.records(bandwidth=256.0)
    assert (warm["float32"], warm["speedup"], warm["bandwidth_fraction"]) == ("fp32-torch", 4.0, 0.5)
    assert (cold["float32"], cold["speedup"], cold["bandwidth_fraction"]) == ("fp32-numpy", 2.0, 0.125)


def test_the_least_time_of_all_rounds_is_kept():
    case, seconds = made_up("native"), iter([3.0, 1.0, 2.0])
    clock = SimpleNamespace(time=lambda run: dict.fromkeys(("warm", "cold"), next(seconds)))
    for _ in range(3):
        case.run_round(clock)
    assert case.least == {("native", "warm"): 1.0, ("native", "cold"): 1.0}


@pytest.mark.parametrize("wrong", [2.0, np.nan])
def test_a_wrong_product_is_not_timed(wrong):
    case = made_up("fp32-numpy", "native")
    case.models[1] = Model("native", lambda x: wrong * case.exact, 64, 2e-6, "")
    with pytest.raises(OnebitError, match=r"^native is off by .* relative to float64, more than 2e-06$"):
        case.run_round(SimpleNamespace(time=lambda run: pytest.fail("timed")))


def test_a_float32_that_some_processors_shorten_is_left_out():
    case = made_up("fp32-numpy", "fp32-onednn", "native")
    case.models[1] = Model("fp32-onednn", lambda x: 1.003 * case.exact, 64, 1e-5, "")
    case.run_round(SimpleNamespace(time=lambda run: {"warm": 1.0, "cold": 1.0}))
    assert [model.backend for model in case.models] == ["fp32-numpy", "native"]


def test_an_output_that_happens_to_be_small_is_held_against_its_variance():
    case = made_up("native", size=(8, 1, 1))
    case.exact = np.full((1, 1), 1e-4)
    case.models = [Model("native", lambda x: case.exact + 1e-6, 64, 2e-6, "")]
    case.run_round(SimpleNamespace(time=lambda run: {"warm": 1.0, "cold": 1.0}))
    assert case.errors["native"] == pytest.approx(1e-2)


def ran(case, rounds, seconds, least):
    case.rounds, case.seconds, case.least = rounds, seconds, {("native", "warm"): least}
    return case


def test_rounds_go_to_the_product_that_has_had_least_time():
    small, large = made_up("native"), made_up("native", size=(8, 4, 20))
    assert bench._next([large, small], left=-1.0) is small  # one round at least, however little time there is
    ran(small, rounds=4, seconds=4.0, least=0.1)
    assert bench._next([large, small], left=1.6) is large  # 10 times the work, and half as much again for the check
    assert bench._next([large, small], left=1.4) is small
    ran(large, rounds=1, seconds=3.0, least=1.0)
    assert bench._next([large, small], left=3.5) is large
    assert bench._next([large, small], left=2.5) is small
    assert bench._next([large, small], left=0.9) is None


def test_what_there_is_no_time_for_is_said():
    measured = measure([(64, 64), (512, 512)], [1], rounds=0)
    assert {record["d_in"] for record in measured.products} == {64}
    assert measured.left_out == [(512, 512, 1)]


def test_memory_and_cores_are_looked_at_before_they_are_taken(monkeypatch):
    monkeypatch.setattr(bench, "make_cases", lambda *size: pytest.fail("made"))
    with pytest.raises(OnebitError, match=r"^sizes: these products need more than the .* GB of memory that this"):
        measure([(1 << 20, 1 << 24)], [1])
    with pytest.raises(OnebitError, match=r"^sizes: .* or a smaller batch$"):
        measure(batches=[1, 10**400])
    monkeypatch.setattr(machine.os, "sysconf", lambda name: 1 << 14)  # 256 MiB
    with pytest.raises(OnebitError, match=r"more than the 0\.3 GB"):
        measure()
    with pytest.raises(OnebitError, match=r"^threads: must be at most \d+, the cores of this machine, got 100000$"):
        bench.refuse_beyond_machine(SIZES, 1, threads=100_000)


def test_what_runs_is_what_the_kernels_say(monkeypatch):
    monkeypatch.delenv(native.ENVIRONMENT, raising=False)
    described = describe_machine()
    assert described["engines"] == native.engines()
    assert described["engine"] == (native.engine() if native.engines() else None)
    assert described["versions"]["numpy"] == np.__version__
    monkeypatch.setenv(native.ENVIRONMENT, "dense")
    described = describe_machine()
    assert (described["engine"], described["backend"]) == (None, "dense")
    assert described["why_no_engine"] == f"{native.ENVIRONMENT}=dense"
    monkeypatch.setenv(native.ENVIRONMENT, "abacus")
    with pytest.raises(OnebitError, match="abacus is not one of" if native.engines() else "not built"):
        describe_machine()


def test_without_an_engine_dense_is_measured(monkeypatch):
    monkeypatch.delenv(native.ENVIRONMENT, raising=False)
    monkeypatch.setattr(native, "_signs", None)
    monkeypatch.setattr(native, "_why_missing", native.NOT_BUILT)
    described = describe_machine()
    assert (described["engines"], described["engine"], described["backend"]) == ([], None, "dense")
    assert "not built" in described["why_no_engine"]
    records = measure([(40, 30)], [2], rounds=2).products
    assert {record["backend"] for record in records} == {"dense"}
    assert {record["weight_bytes"] for record in records} == {4 * 40 * 30}


@pytest.mark.skipif((os.cpu_count() or 1) < 2 or not os.path.isdir("/proc/self/task"), reason="needs two cores, Linux")
def test_every_thread_reads_when_the_caches_are_emptied():
    """Else the bandwidth of many threads would be that of one, and their cores' caches stay full."""

    def ticks():
        fields = {file: file.read_text().rpartition(")")[2].split() for file in Path("/proc/self/task").glob("*/stat")}
        return {file: int(field[11]) + int(field[12]) for file, field in fields.items()}  # user and system time

    clock = Clock()
    with threadpool_limits(2):
        before = ticks()
        for _ in range(40):  # a millisecond a thread and more, the ticks are ten
            clock._flush()
        after = ticks()
    busiest, second = sorted((after[task] - before.get(task, 0) for task in after), reverse=True)[:2]
    assert second > busiest / 4, (busiest, second)

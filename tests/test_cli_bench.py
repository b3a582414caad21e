"""`onebit-rf bench` as a user meets it: table, JSON, one-line complaints, the light install, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from types import SimpleNamespace

import pytest

from onebit_rf.cli import bench as cli_bench
from onebit_rf.cli import main
from onebit_rf.kernels import native
from onebit_rf.latency import bench as latency_bench

TINY = ["bench", "--sizes", "64,32", "100,7", "--batch", "3", "--seconds", "6"]


@pytest.fixture
def unhurried(monkeypatch):
    """A clock that is a second later whenever it is asked, so that there are as many rounds as seconds."""
    clock = SimpleNamespace(perf_counter=count().__next__)
    monkeypatch.setattr(cli_bench, "time", clock)
    monkeypatch.setattr(latency_bench, "time", clock)


def run(capsys, *arguments):
    try:
        status = main(list(arguments))
    except SystemExit as stop:  # how argparse ends
        status = stop.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_table_has_a_row_for_each_product_and_state(capsys, unhurried):
    status, out, err = run(capsys, *TINY)
    assert (status, err) == (0, "")
    header, table, legend = out.rstrip("\n").split("\n\n")
    assert [line.split()[0] for line in header.splitlines()] == [
        "processor",
        "engines",
        "backend",
        "float32",
        "version",
    ]
    head, *rows = table.splitlines()
    assert head.split()[:3] == ["product", "batch", "state"]
    assert [row.split()[:3] for row in rows] == [
        [product, "3", state] for product in ("64→32", "100→7") for state in ("warm", "cold")
    ]
    assert all(row.split()[5] in ("numpy", "torch", "onednn") for row in rows)
    assert "GB/s, which 1 thread reads from it" in legend


def test_json_is_one_object(capsys, unhurried):
    status, out, err = run(capsys, *TINY, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert set(found) == {"machine", "threads", "bandwidth", "products", "left_out"}
    assert found["machine"]["engines"] == native.engines()
    assert (found["threads"], found["left_out"]) == (1, [])
    first = found["products"][0]
    assert (first["d_in"], first["d_out"], first["batch"], first["state"]) == (64, 32, 3, "warm")
    assert first["backend"] == found["machine"]["backend"]


def test_help_explains_every_key_of_a_product(capsys, unhurried):
    _, out, _ = run(capsys, *TINY, "--json")
    _, text, _ = run(capsys, "bench", "--help")
    words = set(text.replace(",", " ").replace(";", " ").replace(".", " ").replace(":", " ").split())
    assert {*json.loads(out), *json.loads(out)["products"][0]} <= words


def test_what_was_left_out_is_said(capsys):
    _, out, _ = run(capsys, "bench", "--sizes", "64,32", "512,512", "--batch", "1", "--seconds", "1e-9")
    assert out.endswith("No time for 512→512 batch 1: give more --seconds.\n")
    assert "512→512" not in out.split("\n\n")[1]


def test_an_engine_that_is_asked_for_runs(capsys, unhurried, monkeypatch):
    monkeypatch.setenv(native.ENVIRONMENT, "dense")
    _, out, _ = run(capsys, *TINY)
    assert f"native does not run: {native.ENVIRONMENT}=dense" in out
    assert "auto takes dense" in out
    assert "dense µs" in out
    for engine in native.engines():
        monkeypatch.setenv(native.ENVIRONMENT, engine)
        assert f"native runs on {engine}\n" in run(capsys, *TINY)[1]


BAD = [
    ["--sizes", "64"],
    ["--sizes", "64,32,16"],
    ["--sizes", "64,0"],
    ["--sizes", "64,x"],
    ["--sizes", "16777217,1"],
    ["--sizes", "16777216,16777216"],
    ["--sizes"],
    ["--batch", "0"],
    ["--batch", "1.5"],
    ["--batch", "1" + "0" * 400],
    ["--threads", "0"],
    ["--threads", "100000"],
    ["--seconds", "0"],
    ["--seconds", "nan"],
    ["--seconds", "inf"],
    ["--seconds", "soon"],
    ["--unknown", "1"],
]


@pytest.mark.parametrize("options", BAD, ids=lambda options: " ".join(options)[:30])
def test_bad_values_are_one_line_and_exit_2(capsys, options):
    status, out, err = run(capsys, *TINY, *options)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("onebit-rf")


def test_an_engine_that_is_not_here_is_one_line(capsys, monkeypatch):
    monkeypatch.setenv(native.ENVIRONMENT, "abacus")
    status, out, err = run(capsys, *TINY)
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_it_runs_where_only_numpy_scipy_and_threadpoolctl_are():
    """Every other distribution is taken away: whatever is neither the standard library's nor one of these."""
    program = f"""
import sys
from importlib.abc import MetaPathFinder

class Light(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        room = name.partition(".")[0]
        if room not in {{*sys.stdlib_module_names, "numpy", "scipy", "threadpoolctl", "onebit_rf"}}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Light())
from onebit_rf.cli import main
sys.exit(main({[*TINY[:-1], "1", "--json"]!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["machine"]["versions"]["torch"] is None
    assert {record["float32"] for record in found["products"]} == {"fp32-numpy"}


def test_ctrl_c_ends_it_in_silence():
    program = [sys.executable, "-u", "-m", "onebit_rf", *TINY[:-1], "60"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()  # it measures, or is about to
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")


def test_a_terminal_without_arrows_gets_words():
    program = [sys.executable, "-m", "onebit_rf", *TINY[:-1], "1"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "64->32" in done.stdout  # as a row, or among those for which there was no time
    assert "float32 us" in done.stdout
    assert "\\" not in done.stdout

"""The page's server without a browser: curves are the theory's, spellings agree, what is wrong is refused."""

import argparse
import http.client
import json
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import fields
from functools import partial
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from conftest import load_yaml
from onebit_rf.cli import main, problem
from onebit_rf.config.checks import merge, read_config
from onebit_rf.errors import OnebitError
from onebit_rf.explore.asked import OPTIONS, START, choices, read
from onebit_rf.explore.curve import answer
from onebit_rf.explore.server import FILES, make_server
from onebit_rf.model.activations import ACTIVATIONS
from onebit_rf.model.losses import LOSSES
from onebit_rf.model.mirrors import MIRRORS
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.model.spectra import SPECTRA
from onebit_rf.model.teachers import TEACHERS
from onebit_rf.theory import predict_curve


@pytest.fixture(scope="module")
def server():
    with make_server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server, path, method="GET", **headers):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def curve(server, **options):
    query = urlencode({name.replace("_", "-"): value for name, value in options.items()})
    status, _, body = get(server, f"/curve?{query}")
    return status, json.loads(body)


CASES = [
    {"dims": "1024,1024,1024"},
    {"dims": "60,50,40", "activation": "relu", "noise": "0.3", "ridge": "1e-05", "n-train": "7:90:5"},
    {"dims": "60,50", "spectrum": "power:0.5", "teacher": "uniform:0.1,1.9", "noise": "0.5"},
    {"dims": "60,50", "labels": "sign", "ridge": "3"},
    {"dims": "60,50,40", "input-noise": "0.5", "quantize-after": "2", "round-readout": "3", "noise": "0.1"},
    {"dims": "60,50", "weight-correlation": "0.75", "ridge": "1"},
    {"dims": "60,50", "round-readout": "1", "noise": "1"},
    {"dims": "60,50", "mirror": "q:3", "n-train": "5:100:5"},
    {"dims": "60,50", "loss": "logistic", "penalty": "0.1", "input-noise": "1"},
    START,
]


def by_name(options):
    return " ".join(f"{name}={value}" for name, value in options.items())


@pytest.mark.parametrize("options", CASES, ids=by_name)
def test_the_command_line_prints_the_same_numbers(server, capsys, options):
    """The very command, through argparse and the printed JSON: numbers are those of the same calls, bit for bit."""
    status, found = curve(server, **options)
    assert status == 200
    program, *arguments = shlex.split(found["command"])
    assert (program, main([*arguments, "--json"])) == ("onebit-rf", 0)
    records = json.loads(capsys.readouterr().out)
    for name, column in found["columns"].items():
        field, _, layer = name.partition("_")
        layered = field in ("kappa", "df")
        assert column == [record[field][int(layer) - 1] if layered else record[name] for record in records], name
    assert {name.split("_")[0] if name[0] in "kd" else name for name in found["columns"]} == set(records[0])


@pytest.mark.parametrize("options", CASES, ids=by_name)
def test_the_options_read_back_as_the_same_record(options):
    asked = read(options)
    assert read(asked.options()) == asked
    assert set(options) <= set(asked.options())


def test_a_curve_is_that_of_the_theory(server):
    """By the library, without the command line's words."""
    _, found = curve(server, dims="60,50,40", noise=0.3, ridge=2, input_noise=0.5, quantize_after=1, n_train="3:80:7")
    made = Problem((60, 50, 40), 1, noise=0.3, ridge=2.0)
    path = SecondPath(input_noise=0.5, weight_correlation=(2 / 3.141592653589793) ** 0.5)
    points = predict_curve(made, range(3, 81, 7), path)
    assert found["columns"]["n_train"] == list(range(3, 81, 7))
    assert found["columns"]["error"] == [point.error for point in points]
    # The grid of one bit is found by bisection to 4/2^60, so that its correlation has an error in its last digits.
    assert found["columns"]["shifted_error"] == pytest.approx([point.shifted_error for point in points], rel=1e-12)
    assert found["columns"]["kappa_2"] == [point.kappa[1] for point in points]


def test_a_coarse_curve_has_points_of_the_whole_one(server):
    """A curve of up to 96 n is solved at each, so that the same n have the same numbers to the solver's tolerance."""
    options = {"dims": "60,50", "noise": "0.3", "ridge": "1", "n_train": "1:90:1"}
    whole, coarse = (curve(server, **options, **more)[1]["columns"] for more in ({}, {"every": "16"}))
    assert coarse["n_train"] == whole["n_train"][::16]
    assert coarse["error"] == pytest.approx(whole["error"][::16], rel=1e-8)


def test_what_was_not_found_is_said_and_null(server):
    _, found = curve(server, dims="30,20", noise=0.5, n_train="10:30:10")
    columns = found["columns"]
    assert columns["converged"] == [True, False, True]
    assert columns["error"][1] is None
    assert columns["reason"] == ["", "the error diverges at n_train = p with noise and no ridge", ""]


def predicted(study, metric, readout):
    """The theory of the entry's deepest network, by the records of the configuration."""
    from onebit_rf.config.task import problem as posed
    from onebit_rf.model.readouts import READOUTS
    from onebit_rf.theory.stage import Case, _metrics

    cell = study.cells["explored"]
    case = Case([], READOUTS.get(readout).options.get("bits"), cell.task.second_path)
    made = posed(cell.task, study.dims("explored"), cell.net.activation, cell.data.spectrum, readout)
    return next(values for name, values, _ in _metrics(made, cell.task.n_train.sizes(), case) if name == metric)


COLUMNS = {"mse": "error", "error_rate": "error_rate", "train_mse": "train_error", "gap": "gap"}
COLUMNS |= {"shifted_mse": "shifted_error", "shifted_error_rate": "shifted_error_rate"}


def assert_same(curve, column):
    """To some of the 1e-9 that both are solved to, where finite: by other n curves are interpolated between others."""
    known = [(a, b) for a, b in zip(curve, column, strict=False) if b is not None]
    assert len(known) >= min(len(curve), len(column)) - 1  # all but n = d_L
    assert [a for a, _ in known] == pytest.approx([b for _, b in known], rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("options", CASES, ids=by_name)
def test_the_config_entry_is_valid_and_draws_the_same_curve(options):
    found, base = answer(read(options)), load_yaml("config/config.yaml")
    study = read_config(merge(base, yaml.safe_load(found["config"])), base)
    cell = study.cells["explored"]
    trained, *rounded = cell.task.readouts
    usual = "error_rate" if "loss" in options or "labels" in options else "mse"
    metrics = [study.config.figures[name].metric for name in study.config.figures if name.startswith("explored")]
    assert metrics[0] is None
    for metric in metrics:
        assert_same(predicted(study, metric or usual, trained), found["columns"][COLUMNS[metric or usual]])
    assert bool(rounded) == ("round-readout" in options)
    for readout in rounded:
        column = found["columns"]["rounded_error"]
        assert_same(predicted(study, "shifted_mse" if cell.shift else "mse", readout), column)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dims": "60,50", "weight-correlation": "-0.5"}, "weight_correlation: is simulated from 0 to 1"),
        ({"dims": "60,50", "mirror": "q:3", "n-train": "60:90:10"}, "n_train: a mirror is simulated below every width"),
    ],
)
def test_a_curve_that_no_configuration_has_says_so(options, said):
    found = answer(read(options))
    assert found["config"] == ""
    assert found["no_config"].startswith(said)


BAD = [
    ({}, "dims: must be given"),
    ({"dims": "8"}, "dims: need d_0"),
    ({"dims": "8,x"}, "dims: must be whole numbers"),
    ({"dims": "8,0"}, "dims: must be ≥ 1"),
    ({"dims": "8,10000001"}, "dims: the page takes up to"),
    ({"dims": ",".join(["8"] * 40)}, "dims: the page takes up to"),
    ({"dims": "8,4", "n-train": "1:1000000:1"}, "n-train: the page takes up to 2000 points"),
    ({"dims": "8,4", "n-train": "8:4:1"}, "n_train: must be FIRST:LAST:STEP"),
    ({"dims": "8,4", "n-train": "4"}, "n_train: must be FIRST:LAST:STEP"),
    ({"dims": "8,4", "n-train": "1:" + "9" * 5000 + ":1"}, "n_train: must be FIRST:LAST:STEP"),
    ({"dims": "8," + "9" * 5000}, "dims: must be whole numbers"),
    ({"dims": "8,4", "noise": "-1"}, "noise: must be ≥ 0"),
    ({"dims": "8,4", "noise": "nan"}, "noise: must be ≥ 0"),
    ({"dims": "8,4", "noise": ""}, "noise: must be a number"),
    ({"dims": "8,4", "activation": "sine"}, "activation: must be erf, "),
    ({"dims": "8,4", "activation": "../../cli"}, "activation: must be erf, "),
    ({"dims": "8,4", "spectrum": "power:"}, "spectrum: must be power:ALPHA"),
    ({"dims": "8,4", "mirror": "q:1"}, "mirror: q:Q needs a finite Q > 1"),
    ({"dims": "8,4", "mirror": "q:3", "ridge": "1"}, "ridge: must be 0"),
    ({"dims": "8,4", "loss": "logistic"}, "penalty: must be > 0"),
    ({"dims": "8,4", "quantize-after": "1.5"}, "quantize-after: must be a whole number from 1 to 12"),
    ({"dims": "8,4", "quantize-after": "1", "weight-correlation": "0.5"}, "quantize_after: or weight_correlation"),
    ({"dims": "8,4", "weight-correlation": "2"}, "weight_correlation: must be from -1 to 1"),
    ({"dims": "8,4", "sharpness": "1"}, "sharpness: there is no such option; known are dims, "),
    ({"dims": "8,4", "every": "0"}, "every: must be a whole number"),
]


@pytest.mark.parametrize(("options", "said"), BAD, ids=[said for _, said in BAD])
def test_a_bad_value_is_one_line_and_400(server, options, said):
    status, found = curve(server, **options)
    assert status == 400
    assert found["error"].startswith(said)
    assert "\n" not in found["error"]


@pytest.mark.parametrize("query", ["dims", "dims=8,4&dims=8,4", "dims=8,4&noise", "dims=%ff,4", "=8"])
def test_a_malformed_address_is_400(server, query):
    status, _, body = get(server, f"/curve?{query}")
    assert status == 400
    assert json.loads(body)["error"]


def test_only_this_machines_name_is_answered(server):
    """A name of someone else's that was bound to 127.0.0.1 arrives with that name as Host."""
    port = server.server_address[1]
    for host, status in [
        (f"127.0.0.1:{port}", 200),
        (f"localhost:{port}", 200),
        (f"evil.example:{port}", 421),
        ("127.0.0.1", 421),
        (f"127.0.0.1:{port + 1}", 421),
        ("", 421),
    ]:
        assert get(server, "/curve?dims=8,4", Host=host)[0] == status, host


def test_other_pages_cannot_have_curves_computed(server):
    assert get(server, "/curve?dims=8,4", Sec_Fetch_Site="cross-site")[0] == 403
    assert get(server, "/curve?dims=8,4", Sec_Fetch_Site="same-origin")[0] == 200
    assert get(server, "/?dims=8,4", Sec_Fetch_Site="cross-site")[0] == 200  # a link to the page


def test_nothing_but_the_pages_files_is_served(server):
    for path in ("/../server.py", "/page/index.html", "/uPlot.LICENSE", "/etc/passwd", "/%2e%2e/server.py", "/x"):
        assert get(server, path)[0] == 404, path
    assert get(server, "/", method="POST")[0] == 501
    for path in FILES:
        status, headers, body = get(server, path)
        assert (status, len(body)) == (200, int(headers["Content-Length"])), path
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert not re.search(rb"""(src|href|url\(|import)\s*=?\s*["'(]?(https?:)?//""", body), path


def test_a_page_that_leaves_early_is_no_error(server, capfd):
    """It resets its connection while its curve is computed; every thread but the server's has then ended."""
    before = threading.active_count()
    for _ in range(5):
        with socket.create_connection(server.server_address) as left:
            left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            head = (
                f"GET /curve?dims=900,800,700&noise=0.3 HTTP/1.1\r\nHost: 127.0.0.1:{server.server_address[1]}\r\n\r\n"
            )
            left.sendall(head.encode())
            time.sleep(0.005)
    until = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before
    assert capfd.readouterr().err == ""
    assert curve(server, dims="8,4")[0] == 200


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_every_option_of_predict_is_on_the_page_or_named_here():
    parser = argparse.ArgumentParser()
    problem.add_options(parser)
    flags = {flag.removeprefix("--") for action in parser._actions for flag in action.option_strings}
    assert flags - {"-h", "help", "json", "sharpness"} == set(OPTIONS)
    page = FILES["/"].read_text(encoding="utf-8")
    assert set(re.findall(r' name="([\w-]+)"', page)) - {"viewport", "color-scheme"} == set(OPTIONS)
    assert {each.name for each in fields(Problem)} - {name.replace("-", "_") for name in OPTIONS} == {"weight_noise"}


def test_the_choices_are_the_registries_members(server):
    found = json.loads(get(server, "/choices")[2])
    assert found == choices()
    registries = {"activation": ACTIVATIONS, "spectrum": SPECTRA, "mirror": MIRRORS, "teacher": TEACHERS}
    for name, registry in registries.items():
        assert [form.partition(":")[0] for form in found["members"][name]] == registry.names()
    assert [form.partition(":")[0] for form in found["members"]["loss"]] == ["square", *LOSSES.names()]


def test_a_taken_port_is_one_line(server, capsys):
    port = server.server_address[1]
    assert main(["explore", "--no-browser", "--port", str(port)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"onebit-rf explore: port: {port} cannot be taken: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_cannot_be_is_one_line(capsys, port):
    with pytest.raises(SystemExit):
        main(["explore", "--port", port])
    assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_ends_it_silently():
    command = [sys.executable, "-m", "onebit_rf", "explore", "--port", "0", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # Where the tests run in the background SIGINT is ignored, and what they start would ignore it, too.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, preexec_fn=heed, **pipes) as running:
        try:
            address = running.stdout.readline().split()[0]
            with urlopen(f"{address}curve?dims=8,4", timeout=60) as response:
                assert json.load(response)["width"] == 4
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, out, err) == (130, "", "")


def test_serving_imports_nothing_heavy():
    program = "import onebit_rf.explore, sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "matplotlib", "pandas", "pyarrow", "msgspec", "yaml", "scipy.optimize"} & set(modules)


def test_unknown_options_are_an_error_of_the_package():
    with pytest.raises(OnebitError):
        read({"dims": "8,4", "kind": "x"})

"""`onebit-rf predict` as a user meets it: numbers, table, JSON, one-line complaints, a quick start."""

import json
import math
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from onebit_rf.cli import main

PREDICT = ["predict", "--dims", "8192,4096,4096", "--n-train", "1000"]


def run(capsys, *arguments):
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_json_is_a_list_of_records(capsys):
    status, out, err = run(capsys, *PREDICT, "2000", "--activation", "tanh", "--json")
    records = json.loads(out)
    assert (status, err) == (0, "")
    assert [record["n_train"] for record in records] == [1000, 2000]
    assert [record["error"] for record in records] == pytest.approx([0.1246088, 0.0546789], abs=5.1e-8)
    assert all(record["converged"] for record in records)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            [
                "--dims",
                "1024,1024,1024",
                "--n-train",
                "512",
                "--spectrum",
                "power:0.3",
                "--ridge",
                "20",
                "--noise",
                "0.3",
            ],
            0.1255344,
        ),
        (["--dims", "1536,1024", "--n-train", "300", "--mirror", "entropy", "--teacher", "uniform:0.1,1.9"], 0.0637805),
        (["--dims", "512,512", "--n-train", "1024", "--loss", "logistic", "--penalty", "0.1"], 0.1609295),
    ],
)
def test_options_reach_the_theory(capsys, options, error):
    _, out, _ = run(capsys, "predict", *options, "--json")
    assert json.loads(out)[0]["error"] == pytest.approx(error, abs=6e-8)


AFTER = ["predict", "--dims", "1024,1024", "--n-train", "512", "--json"]


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (["--noise", "0.3", "--input-noise", "0.5"], "shifted_error", 0.3480571),
        (["--noise", "0.3", "--quantize-after", "1"], "shifted_error", 0.3576478),
        (["--noise", "0.3", "--weight-correlation", str((2 / math.pi) ** 0.5)], "shifted_error", 0.3576478),
        (["--labels", "sign", "--input-noise", "0.5"], "error_rate", 0.3143405),
        (["--labels", "sign", "--input-noise", "0.5"], "shifted_error_rate", 0.3387008),
    ],
)
def test_options_of_what_is_tested_reach_the_theory(capsys, options, field, value):
    _, out, _ = run(capsys, *AFTER, *options)
    assert json.loads(out)[0][field] == pytest.approx(value, abs=6e-8)


def test_rounding_and_sharpness_have_fields_of_their_own(capsys):
    options = ["--dims", "600,500", "--n-train", "250", "--noise", "0.5", "--round-readout", "1", "--sharpness"]
    _, out, _ = run(capsys, "predict", *options, "--json")
    record = json.loads(out)[0]
    assert (record["rounded_error"], record["rounded_train_error"]) == pytest.approx((0.44984, 0.21917), abs=5.1e-6)
    assert record["lambda_max"] > record["trace"] / 250
    assert not {"shifted_error", "error_rate", "shifted_error_rate"} & set(record)


def test_a_second_path_that_is_the_first_has_its_error(capsys):
    _, out, _ = run(capsys, *AFTER, "--weight-correlation", "1")
    assert json.loads(out)[0]["shifted_error"] == json.loads(out)[0]["error"]


def test_the_table_is_aligned_and_says_what_did_not_converge(capsys):
    _, out, _ = run(capsys, "predict", "--dims", "30,20", "--n-train", "10", "20", "100", "--noise", "0.5")
    header, *rows = out.rstrip("\n").split("\n")
    assert header.split() == ["n_train", "n/p", "error", "train_error", "gap", "kappa_1", "df_1", "converged"]
    assert len(rows) == 3
    assert rows[0].endswith("yes")
    assert "no: the error diverges at n_train = p" in rows[1]
    assert len({row.index(row.split()[7]) for row in (*rows, header)}) == 1


def test_json_has_no_number_for_what_is_not_finite(capsys):
    _, out, _ = run(capsys, "predict", "--dims", "30,20", "--n-train", "20", "--noise", "0.5", "--json")
    assert json.loads(out)[0]["error"] is None


BAD = [
    ["--dims", "8192"],
    ["--dims", "8192,x"],
    ["--dims", "8192,0"],
    ["--dims", "8192,-3"],
    ["--n-train", "0"],
    ["--n-train", "1.5"],
    ["--n-train", "1:2"],
    ["--n-train", "3:2:1"],
    ["--n-train", "1:9:0"],
    ["--activation", "sine"],
    ["--ridge", "-1"],
    ["--ridge", "nan"],
    ["--noise", "inf"],
    ["--spectrum", "power:"],
    ["--mirror", "q:1"],
    ["--mirror", "hypentropy:-1"],
    ["--teacher", "uniform:2,1"],
    ["--loss", "hinge"],
    ["--loss", "logistic"],
    ["--penalty", "0.1"],
    ["--mirror", "q:3", "--ridge", "1"],
    ["--input-noise", "-1"],
    ["--weight-correlation", "1.1"],
    ["--quantize-after", "0"],
    ["--quantize-after", "1", "--weight-correlation", "0.5"],
    ["--round-readout", "1.5"],
    ["--round-readout", "13"],
    ["--labels", "odd"],
    ["--labels", "sign", "--noise", "0.1"],
    ["--input-noise", "1", "--mirror", "q:3"],
    ["--unknown", "1"],
]


@pytest.mark.parametrize("options", BAD, ids=" ".join)
def test_bad_values_are_one_line_and_exit_2(capsys, options):
    try:
        status = main([*PREDICT, *options])
    except SystemExit as stop:  # how argparse ends
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("onebit-rf")


def test_predicting_imports_nothing_heavy():
    program = f"from onebit_rf.cli import main; main({PREDICT!r}); import sys; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "snakemake", "matplotlib", "pandas", "pyarrow", "scipy.stats", "scipy.optimize"} & set(modules)


def command(*arguments, **environment):
    """The command in a process of its own."""
    program = [sys.executable, "-m", "onebit_rf", *arguments]
    return subprocess.run(program, capture_output=True, env={**os.environ, **environment}, check=False)


def test_the_version_is_that_of_the_distribution():
    assert command("--version").stdout.decode() == f"onebit-rf {version('onebit-rf')}\n"


def test_a_reader_that_leaves_early_hears_nothing():
    program = f"{sys.executable} -m onebit_rf predict --dims 30,20 --n-train {' '.join(map(str, range(1, 3000)))}"
    shell = f"set -o pipefail; {program} | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")
    assert done.stdout.startswith("n_train") or "n/p" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    ("options", "spelled"),
    [(["predict", "--help"], b"lambda"), (["predict", "--dims", "30,20", "--n-train", "20", "--ridge", "-1"], b">=")],
)
def test_a_terminal_without_greek_gets_words(encoding, options, spelled):
    done = command(*options, PYTHONIOENCODING=encoding)
    assert spelled in done.stdout + done.stderr
    assert b"Error:" not in done.stderr


def test_output_that_cannot_be_written_is_one_line():
    with open("/dev/full", "w") as full:
        program = [sys.executable, "-m", "onebit_rf", *PREDICT]
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("onebit-rf: ")
    assert done.stderr.count("\n") == 1


def test_a_range_of_samples_is_its_numbers(capsys):
    """FIRST:LAST:STEP may stand beside numbers; LAST is one of them only if the steps reach it."""
    options = ["predict", "--dims", "60,50", "--noise", "0.3", "--json", "--n-train"]
    _, of_range, _ = run(capsys, *options, "10:45:10", "70")
    _, of_numbers, _ = run(capsys, *options, "10", "20", "30", "40", "70")
    assert of_range == of_numbers


def test_what_does_not_apply_is_no_column_and_no_key(capsys):
    arguments = ["predict", "--dims", "64,64", "--n-train", "32", "--loss", "logistic", "--penalty", "1"]
    _, table, _ = run(capsys, *arguments)
    assert table.splitlines()[0].split() == ["n_train", "n/p", "error", "error_rate", "kappa_1", "df_1", "converged"]
    _, out, _ = run(capsys, *arguments, "--json")
    assert "train_error" not in json.loads(out)[0]


def test_a_missing_extra_is_named():
    """`predict --dims` needs none; `predict --data` reads tables."""
    code = "import sys; sys.modules['pyarrow'] = None; from onebit_rf.cli import main; sys.exit(main(sys.argv[1:]))"
    for options, status in (["--dims", "8,4"], 0), (["--data", "digits", "--widths", "8"], 1):
        command = [sys.executable, "-c", code, "predict", *options, "--n-train", "30"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == status, run.stderr
    assert run.stderr == "onebit-rf predict: needs pyarrow, which is not installed: pip install 'onebit-rf[data]'\n"

"""`onebit-rf predict --data …` as a user meets it: table, JSON, last line, one-line complaints, one help."""

import json

import numpy as np
import pytest

from onebit_rf.cli import main
from onebit_rf.data.own import own_data
from onebit_rf.readout.own_data import predict_data


@pytest.fixture
def houses(tmp_path):
    """A table whose price is linear in its columns, with noise."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((300, 3))
    rows = np.column_stack([x, 5000 + 700 * (x @ [1, 2, 3]) + 500 * generator.standard_normal(300)])
    path = tmp_path / "houses.csv"
    np.savetxt(path, rows, delimiter=",", header="rooms,area,age,price", comments="")
    return path


def run(capsys, *arguments):
    try:
        status = main(["predict", *map(str, arguments)])
    except SystemExit as stop:  # how argparse ends
        status = stop.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_records_are_what_the_function_returns(capsys, houses):
    options = ["--widths", "20", "10,30", "--n-train", "50", "100", "--law", "gaussian", "--activation", "tanh"]
    status, out, err = run(capsys, "--data", houses, "--target", "price", *options, "--seeds", 2, "--json")
    assert (status, err) == (0, "")
    records = json.loads(out)
    data = own_data(str(houses), 1000, houses.parent, target="price").make(0, houses.parent)
    wanted = [
        point
        for widths in ([20], [10, 30])
        for point in predict_data(data.x, data.label, 1, widths, [50, 100], "gaussian", "tanh", networks=2)
    ]
    assert [record["widths"] for record in records] == [[20], [20], [10, 30], [10, 30]]
    for record, point in zip(records, wanted, strict=True):
        assert record["mse"] == pytest.approx(point.mse)
        assert record["ridge"] == pytest.approx(point.ridge)
        assert record["scatter"] == pytest.approx(point.scatter)
        assert not {"measured", "accuracy", "ratio"} & set(record)


def test_the_table_ends_in_a_line_of_limits(capsys, houses):
    _, out, _ = run(capsys, "--data", houses, "--target", "price", "--widths", "20", "--n-train", "50", "150")
    header, *rows, last = out.splitlines()
    assert header.split() == ["widths", "n_train", "λ", "predicted", "±networks"]
    assert [row.split()[:2] for row in rows] == [["20", "50"], ["20", "150"]]
    assert (
        last
        == "Mean square error of a number, in units of its variance, from 300 rows; n below 100 was seen up to 6 % off."
    )


def test_a_check_has_columns_of_its_own(capsys):
    options = ["--data", "digits", "--widths", "60", "--n-train", "200", "--rows", "600", "--seeds", "1", "--check"]
    _, out, _ = run(capsys, *options)
    header, row, last = out.splitlines()
    columns = ["widths", "n_train", "λ", "predicted", "measured", "±95%", "predicted/measured", "accuracy", "±95%"]
    assert header.split() == columns
    found = dict(zip(columns, map(float, row.split()), strict=True))
    # 95 % of the interval is two standard errors; four of them, finite size 4/p and three digits
    assert abs(found["predicted/measured"] - 1) < 4 / 60 + 2 * float(row.split()[5]) / found["measured"] + 0.01
    assert 0.8 < found["accuracy"] < 1
    assert "among those predicted from" in last
    assert "from 600 rows" in last


def test_a_given_ridge_is_taken(capsys, houses):
    options = ["--data", houses, "--target", "price", "--widths", "20", "--n-train", "20", "--ridge", "0", "--json"]
    options += ["--law", "gaussian", "--activation", "tanh"]
    record = json.loads(run(capsys, *options)[1])[0]
    assert record["ridge"] == 0
    assert record["mse"] is None  # inf, at n = p


BAD = [
    ["--target", "cost"],
    ["--target", "price", "--task", "classes"],
    ["--target", "price", "--task", "names"],
    ["--target", "price", "--widths", "300"],
    ["--target", "price", "--widths", "0"],
    ["--target", "price", "--widths", "x"],
    ["--target", "price", "--n-train", "0"],
    ["--target", "price", "--n-train", "301"],
    ["--target", "price", "--n-train", "300", "--check"],
    ["--target", "price", "--ridge", "-1"],
    ["--target", "price", "--law", "cauchy"],
    ["--target", "price", "--law", "learned:mlp,lsq"],
    ["--target", "price", "--activation", "sinh"],
    ["--target", "price", "--seeds", "0"],
    ["--target", "price", "--rows", "1"],
    ["--target", "price", "--noise", "0.1"],
    ["--target", "price", "--dims", "8,8"],
    [],
    ["--data", "none.csv", "--target", "price"],
    ["--data", "none"],
]


@pytest.mark.parametrize("options", BAD, ids=" ".join)
def test_bad_values_are_one_line_and_exit_2(capsys, houses, options):
    status, out, err = run(capsys, "--data", houses, "--widths", "20", "--n-train", "50", *options)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("onebit-rf")


def test_one_help_has_both_ways_to_predict(capsys):
    for arguments in (["--help"], ["--data", "digits", "--help"]):
        status, out, _ = run(capsys, *arguments)
        assert status == 0
        assert "--dims" in out
        assert "--data" in out
        assert "--check" in out


@pytest.mark.parametrize("given", [["--data", "digits"], ["--data=digits"]])
def test_options_of_the_other_way_are_unknown(capsys, given):
    status, _, err = run(capsys, *given, "--widths", "20", "--n-train", "50", "--dims", "8,8")
    assert status == 2
    assert "unrecognized arguments: --dims" in err

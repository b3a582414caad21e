"""`onebit-rf predict --data …`: the learning curve of ridge on random features of the user's own data."""

import argparse
from typing import TYPE_CHECKING

from onebit_rf.cli.parser import aligned, samples, to_json, widths

if TYPE_CHECKING:
    from onebit_rf.readout.own_data import Point

DRAWS = 10  # of train rows for each network: intervals of 2 % at n = 100, about a minute at 10⁴ rows and width 1024
# Attributes of a point in the order of the columns.
COLUMNS = {
    "ridge": "λ",
    "mse": "predicted",
    "scatter": "±networks",
    "measured": "measured",
    "measured_half": "±95%",
    "ratio": "predicted/measured",
    "accuracy": "accuracy",
    "accuracy_half": "±95%",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `predict --data`."""
    from onebit_rf.data.sources import SOURCES
    from onebit_rf.model.activations import ACTIVATIONS
    from onebit_rf.weights.laws import LAWS

    option, absent = parser.add_argument, argparse.SUPPRESS
    named = f"FILE.csv, FILE.parquet, a folder with a folder of images for each class, or {SOURCES.forms()}"
    option("--data", required=True, default=absent, help=named)
    option("--target", default=absent, metavar="COLUMN", help="of a table: the column to learn, all others are inputs")
    option("--task", default="regression", choices=["regression", "classes"], help="of a table")
    option(
        "--widths",
        type=widths,
        required=True,
        nargs="+",
        default=absent,
        metavar="D_1,…",
        help="networks: 1024 512,512",
    )
    option("--n-train", type=samples, required=True, nargs="+", default=absent, metavar="N", help="numbers of samples")
    option("--law", default="one_bit", help=LAWS.forms())
    option("--activation", default="relu", help=ACTIVATIONS.forms())
    option("--ridge", default=absent, type=float, metavar="λ", help="for all n; else the best for each, by the theory")
    option("--rows", default=10_000, type=samples, metavar="MAX", help="random rows that are used where there are more")
    option("--seeds", default=3, type=samples, metavar="K", help="random networks that are averaged")
    option("--check", action="store_true", help=f"fit {DRAWS} random sets of n rows a network, test on all other rows")
    option("--json", action="store_true", help="print a list of records instead of a table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the learning curves, one row or record for each network and number of samples."""
    from onebit_rf.data.dataset import data_root
    from onebit_rf.data.own import own_data
    from onebit_rf.jobs.job import progress
    from onebit_rf.readout.own_data import predict_data, refuse_beyond_memory

    given, root = vars(arguments), data_root("data")
    record = own_data(arguments.data, arguments.rows, root, given.get("target"), arguments.task)
    shape = record.shape(root)
    for net in arguments.widths:
        refuse_beyond_memory(shape.train_rows + shape.test_rows, [shape.input_dim, *net])
    data = record.make(0, root)
    points = [
        point
        for net in arguments.widths
        for point in predict_data(
            data.x,
            data.label,
            shape.outputs,
            net,
            arguments.n_train,
            law=arguments.law,
            activation=arguments.activation,
            networks=arguments.seeds,
            ridge=given.get("ridge"),
            draws=DRAWS if arguments.check else 0,
            progress=lambda seeds, net=net: progress(seeds, ",".join(map(str, net))),
        )
    ]
    if arguments.json:
        print(to_json([_known(point) for point in points]))
    else:
        print(_table(points), _last_line(points, shape.train_rows + shape.test_rows, shape.outputs), sep="\n")


def _known(point: "Point") -> dict:
    """Return what is known of a point, and its ratio."""
    record = {**vars(point), "ratio": point.ratio}
    return {name: value for name, value in record.items() if value is not None}


def _table(points: list["Point"]) -> str:
    """Return aligned columns: those that any point has."""
    names = [name for name in COLUMNS if getattr(points[0], name) is not None]
    rows = [["widths", "n_train", *(COLUMNS[name] for name in names)]]
    for point in points:
        numbers = [f"{getattr(point, name):{'.3f' if name == 'ratio' else '.3g'}}" for name in names]
        rows.append([",".join(map(str, point.widths)), str(point.n_train), *numbers])
    return aligned(rows)


def _last_line(points: list["Point"], rows: int, outputs: int) -> str:
    """Say what is measured, and the limits that apply."""
    unit = f"{outputs} classes, one-hot" if outputs > 1 else "a number, in units of its variance"
    limits = dict.fromkeys(limit for point in points for limit in point.limits)
    return "; ".join([f"Mean square error of {unit}, from {rows} rows", *limits]) + "."

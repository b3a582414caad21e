"""Damage tables of every stage of a small run at random, and see what the job that reads them makes of it.

    python tests/faults/damage.py --tables 30 --seed 0

A damaged table must be refused in one line that names the file and the remedy, or give the values it had. After the
remedy, deleting it and running again, all tables must be what they were. What happened is written to
tests/faults/damage.csv, a row a table.
"""

import argparse
import csv
import random
import shutil
import sys
import tempfile
from pathlib import Path

from kills import TARGETS, different_tables, make_project, tables

from onebit_rf.errors import OnebitError
from onebit_rf.tables.columns import Table
from onebit_rf.tables.files import read_table

OUTCOMES = Path(__file__).with_name("damage.csv")
REMEDY = "delete it and run snakemake again"
PAGE = 4096
ANY = Table("any", [])  # a reader of any table: damage is told before the schema is looked at


def cut(content, rng):
    """Lose the end."""
    return content[: rng.randrange(len(content))]


def flip(content, rng):
    """Turn one bit over."""
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def zero(content, rng):
    """Lose a page of the disk, or of half the file where it is smaller."""
    length = min(PAGE, len(content) // 2)
    place = rng.randrange(0, len(content), length)
    return content[:place] + bytes(len(content[place : place + length])) + content[place + length :]


WAYS = (cut, flip, zero)


def chosen(found, count, rng):
    """As many tables as asked for, from each stage in turn."""
    stages = {}
    for name in rng.sample(sorted(found), len(found)):
        stages.setdefault(Path(name).parts[0], []).append(name)
    names = list(stages.values())
    return [names[i % len(names)][i // len(names) % len(names[i % len(names)])] for i in range(count)]


def hear(project, name, content):
    """Run after a table was damaged, and say what came of it; the last two are what must not be."""
    path = project.path / "results" / name
    done = project.snakemake(*TARGETS)
    told = done.stdout + done.stderr
    if done.returncode:
        refused = any(f"results/{name}: " in line and REMEDY in line for line in told.splitlines())
        return "refused by its job" if refused and "Traceback" not in told else "no word of it"
    try:
        read_table(path, ANY)
    except OnebitError as error:
        if "damaged" in str(error) and REMEDY in str(error):
            return "refused by its reader"
    return "same values" if path.read_bytes() == content else "wrong values"


def damage(project, other, name, way, rng):
    """Damage a table, run, follow the remedy, run again; return a row of the outcomes."""
    path = project.path / "results" / name
    content = path.read_bytes()
    path.write_bytes(way(content, rng))
    outcome = hear(project, name, content)
    path.unlink()
    again = project.snakemake(*TARGETS, f"results/{name}")
    restored = again.returncode == 0 and not different_tables(project, other)
    return {"table": name, "damage": way.__name__, "outcome": outcome, "restored": restored}


def main():
    """Run it all; exit with 1 where a damage was not told or not mended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUTCOMES)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        project, other = (make_project(Path(folder) / name) for name in ("project", "undisturbed"))
        project.snakemake(*TARGETS)
        shutil.copytree(project.path / "results", other.path / "results")
        rows = []
        for i, name in enumerate(chosen(tables(project), arguments.tables, rng)):
            rows.append(damage(project, other, name, WAYS[i % len(WAYS)], rng))
            print(rows[-1], flush=True)
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    good = {"refused by its job", "refused by its reader", "same values"}
    sys.exit(not all(row["outcome"] in good and row["restored"] for row in rows))


if __name__ == "__main__":
    main()

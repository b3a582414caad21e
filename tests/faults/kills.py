"""Kill a small run with SIGKILL at random moments, go on, and compare what it ends with to an undisturbed run.

    python tests/faults/kills.py --kills 100 --seed 0 --minutes 20

After every kill each file under a final name must be whole, and after every resumed run each table equal, value by
value but for times. What happened is written to tests/faults/kills.csv, a row a run that was resumed to its end.
"""

import argparse
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import Project, different_tables, load_yaml, shrink, tables
from onebit_rf.tables.whole import is_sealed

OUTCOMES = Path(__file__).with_name("kills.csv")
LATEST = 1 / 3  # of an undisturbed run's time: a kill comes before it, so that a run has several
ENDS = {".pdf": b"%%EOF", ".png": b"IEND", ".rst": b"\n"}
EXPERIMENTS = ("ridge", "entropy", "quantize_after", "digits")
FIGURES = ("ridge", "second_path", "images")
TRAINING = {
    "dataset": "digits",
    "network": "relu_512",
    "n_train": 50,
    "n_valid": 10,
    "models": ["float", "lsq:1"],
    "weight_decays": [0.0],
    "protocols": ["fixed_epochs"],
    "epochs": 4,
    "loss": 0.5,
    "batch": 32,
    "optimiser": "adam",
    "learning_rate": 0.01,
    "schedule": "cosine",
}


def make_project(path):
    """A project of all stages but those that measure times, at sizes of milliseconds."""
    config = shrink(load_yaml("config/config.yaml"), EXPERIMENTS, FIGURES)
    config["latency"] = None
    config["trainings"] = {"nets": TRAINING}
    path.mkdir()
    project = Project(path)
    project.configure(config)
    checkpoint = path / "src/onebit_rf/training/checkpoint.py"  # so that kills meet checkpoints
    checkpoint.write_text(checkpoint.read_text(encoding="utf-8").replace("EVERY = 20.0", "EVERY = 0.0"), "utf-8")
    return project


TARGETS = ("all", "results/ranking/ranking.parquet")


def run_until(project, seconds):
    """Run, and kill all of it after some seconds; say whether it had ended by itself."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *TARGETS]
    environment = {**os.environ, "PYTHONPATH": str(project.path / "src")}
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=project.path, env=environment, start_new_session=True, **streams)
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    if status:
        raise RuntimeError(f"a resumed run failed with status {status}, see {project.path}")
    return True


def unlock(project):
    """What `make resume` does first."""
    done = project.snakemake("--unlock", *TARGETS)
    if done.returncode:
        raise RuntimeError(done.stderr)


def broken(project):
    """Files under a final name that are not whole."""
    files = [path for path in (project.path / "results").rglob("*") if path.suffix in {".parquet", *ENDS}]
    return [path for path in files if not is_whole(path)]


def is_whole(path):
    return is_sealed(path) if path.suffix == ".parquet" else ENDS[path.suffix] in path.read_bytes()[-32:]


def left_over(project):
    return [path for path in (project.path / "results").rglob("*") if path.suffix in (".partial", ".npz")]


def kill_to_the_end(project, other, rng, longest, most):
    """Kill a run again and again until it ends by itself; return a row of the outcomes."""
    row = {"kills": 0, "seconds_until_kills": [], "tables_then": [], "broken_files": 0}
    while True:
        seconds = rng.uniform(0, longest) if row["kills"] < most else None
        if run_until(project, seconds):
            break
        row["kills"] += 1
        row["seconds_until_kills"].append(f"{seconds:.1f}")
        row["tables_then"].append(str(len(tables(project))))
        row["broken_files"] += len(broken(project))
        unlock(project)
    lost = different_tables(project, other)
    row |= {name: " ".join(row[name]) for name in ("seconds_until_kills", "tables_then")}
    return {**row, "tables": len(tables(other)), "different_tables": len(lost), "left_over": len(left_over(project))}


def main():
    """Run it all; exit with 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path, default=OUTCOMES)
    arguments = parser.parse_args()
    rng, rows, end = random.Random(arguments.seed), [], time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        other = make_project(Path(folder) / "undisturbed")
        start = time.monotonic()
        run_until(other, None)
        longest = LATEST * (time.monotonic() - start)
        while (left := arguments.kills - sum(row["kills"] for row in rows)) > 0 and time.monotonic() < end:
            project = make_project(Path(folder) / f"run{len(rows)}")
            rows.append(
                {"seed": arguments.seed, "run": len(rows), **kill_to_the_end(project, other, rng, longest, left)}
            )
            print(rows[-1], flush=True)
            shutil.rmtree(project.path)
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.exit(any(row["broken_files"] or row["different_tables"] or row["left_over"] for row in rows))


if __name__ == "__main__":
    main()

"""Shared by the tests: the default config, a tiny version of it, and a private copy of the project to run."""

import copy
import os

# Read when NumPy and torch load; small products lose by more threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Machines are shared and the first example pays for imports, so no deadline; the same examples on every run.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _full_precision():
    """Give torch its float32 products back: one of the backends takes bfloat16 where there is AMX."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_float32_matmul_precision("highest")


def load_yaml(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def config():
    return load_yaml("config/config.yaml")


def picture_files(root, rows=(2500, 4000)):
    """Put images of 10 classes below `root` as the overlays' data set parquet:cifar10 has them: grey squares."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    encoded = []
    for label in range(10):
        buffer = io.BytesIO()
        Image.new("RGB", (32, 32), (20 * label, 255 - 20 * label, 128)).save(buffer, "png")
        encoded.append({"bytes": buffer.getvalue(), "path": None})
    (root / "cifar10").mkdir(parents=True)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for split, n in zip(("train", "test"), rows, strict=True):
        columns = {"img": pa.array([encoded[i % 10] for i in range(n)], kind), "label": [i % 10 for i in range(n)]}
        pq.write_table(pa.table(columns), root / f"cifar10/{split}-00000-of-00001.parquet")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A data root with images in place of CIFAR-10, as many as the overlays take."""
    root = tmp_path_factory.mktemp("pictures")
    picture_files(root, (50_000, 10_000))
    return root


def shrink(config, experiments=None, figures=None):
    """The default config at sizes that run in milliseconds, one seed; of these experiments and figures, or of all."""
    tiny = copy.deepcopy(config)
    tiny["seeds"] = [0]
    for dataset in tiny["datasets"].values():
        dataset.update({"n_train": 60, "n_test": 20}, **({"dim": 40} if "dim" in dataset else {}))
    for network in tiny["networks"].values():
        network["widths"] = [48] * 2
    for experiment in tiny["experiments"].values():
        experiment["n_train"] = {"first": 10, "last": 40, "step": 10}
        if isinstance(experiment["dataset"], dict):
            experiment["dataset"].update(dim=40, n_train=60, n_test=20)
    for name in ("ridge", "classification", "phase"):
        tiny["experiments"][name]["n_train"]["last"] = 60  # past the width
    for name in ("depth", "second_path", "rounding"):
        tiny["figures"][name]["n_train"] = 20
    tiny["figures"]["distorted"]["at"]["n_train"] = 20
    tiny["latency"].update(d_in=64, networks=[[32], [32, 32]], batches=[1, 4], repetitions=3, seconds=0.0)
    for key, names in (("experiments", experiments), ("figures", figures)):
        tiny[key] = {name: tiny[key][name] for name in names or tiny[key]}
    return tiny


class Project:
    """A copy of the workflow with its own package sources, config and results."""

    def __init__(self, path):
        self.path = path
        for name in ("Snakefile", "profiles", "workflow", "config", "src"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, path / name)

    def configure(self, config):
        (self.path / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def snakemake(self, *arguments, cores=2, **environment):
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(self.path / "src"), **environment},
            capture_output=True,
            text=True,
        )

    def planned(self):
        """The files that a run would make, relative to results/."""
        run = self.snakemake("--summary", "all")
        assert run.returncode == 0, run.stderr
        rows = [line.split("\t") for line in run.stdout.splitlines()[1:]]
        return {row[0].removeprefix("results/") for row in rows if row[-1] == "update pending"}


def tables(project):
    """Every table of a project, by its name."""
    results = project.path / "results"
    return {str(path.relative_to(results)): path for path in sorted(results.rglob("*.parquet"))}


def different_tables(project, other):
    """Names of the tables that only one of two projects has, or whose values differ, but for times; NaN is NaN."""
    import pyarrow.parquet as pq

    def values(path):
        return pq.read_table(path).to_pandas().drop(columns="seconds", errors="ignore")

    one, two = tables(project), tables(other)
    both = one.keys() & two.keys()
    return sorted(one.keys() ^ two.keys()) + [name for name in both if not values(one[name]).equals(values(two[name]))]


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory):
    """A project whose tiny run is complete."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.configure(shrink(load_yaml("config/config.yaml")))
    run = project.snakemake("all")
    assert run.returncode == 0, run.stderr
    return project


@pytest.fixture
def fresh_project(tmp_path):
    project = Project(tmp_path)
    project.configure(shrink(load_yaml("config/config.yaml")))
    return project

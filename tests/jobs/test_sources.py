"""The import closure and its fingerprint: what a job's rerun depends on, and no more."""

from conftest import ROOT
from onebit_rf.jobs import sources
from onebit_rf.jobs.sources import fingerprint, source_closure

PACKAGE = ROOT / "src" / "onebit_rf"
SCRIPTS = ROOT / "workflow" / "scripts"


def closure(script, *modules):
    files = source_closure(SCRIPTS / f"{script}.py", *modules)
    return {str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT)) for path in files}


def test_closure_follows_imports_of_imports():
    files = closure("train_readout", "onebit_rf.readout.ridge")
    wanted = {"readout/stage.py", "readout/ridge.py", "readout/learning_curve.py", "jobs/seeds.py", "tables/files.py"}
    assert wanted | {"__init__.py", "workflow/scripts/train_readout.py"} <= files
    assert not files & {"features/extract.py", "weights/sampling.py", "config/checks.py"}


def test_members_of_registries_count_where_they_are_used():
    assert "readout/classifiers.py" not in closure("train_readout", "onebit_rf.readout.ridge")
    assert "readout/classifiers.py" in closure("train_readout", "onebit_rf.readout.classifier")
    assert not any(file.startswith("model/activations/r") for file in closure("extract_features"))


def test_stages_do_not_depend_on_later_ones():
    later = {"weights/sampling.py", "model/activations/__init__.py", "features/extract.py", "readout/stage.py"}
    assert not closure("make_data", "onebit_rf.data.kinds.gaussian") & later
    assert not closure("sample_weights", "onebit_rf.weights.laws.one_bit") & (later - {"weights/sampling.py"})


def test_a_table_of_one_stage_is_no_concern_of_another():
    files = closure("extract_features", "onebit_rf.features.layers.dense")
    assert {file for file in files if file.startswith("tables/")} == {
        f"tables/{name}.py" for name in ("__init__", "columns", "data", "features", "files", "whole")
    }


def test_native_kernel_counts_for_one_bit_layers_alone():
    files = closure("extract_features", "onebit_rf.features.layers.signs")
    assert {"kernels/_signs.c", "kernels/lookup/engine.h", "kernels/lookup/avx2.c"} <= files
    built = {path.name for path in (PACKAGE / "kernels").glob("_signs.*.so")}
    assert {name.removeprefix("kernels/") for name in files if name.endswith(".so")} == built
    assert not any("kernels" in file for file in closure("extract_features", "onebit_rf.features.layers.dense"))
    assert not any("kernels" in file for file in closure("sample_weights", "onebit_rf.weights.laws.one_bit"))


def test_a_figure_depends_on_its_own_module_alone():
    kinds = {name for name in closure("draw_figure", "onebit_rf.figures.kinds.depth") if "kinds/" in name}
    assert kinds == {"figures/kinds/__init__.py", "figures/kinds/depth.py"}


def make_package(tmp_path, monkeypatch, **files):
    package = tmp_path / "onebit_rf"
    for name, text in {"__init__": "", "inner/__init__": "", **files}.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sources, "_PACKAGE", package)
    for cached in (sources.fingerprint, sources._content, sources._imports, sources._package_imports):
        cached.cache_clear()
    return package


def test_relative_imports_are_followed(tmp_path, monkeypatch):
    files = {
        "a": "from .inner import b\n",
        "inner/b": "from .. import c\nfrom .d import x\n",
        "c": "",
        "inner/d": "x = 1",
    }
    package = make_package(tmp_path, monkeypatch, **files)
    script = tmp_path / "script.py"
    script.write_text("import onebit_rf.a\n")
    found = {str(path.relative_to(package)) for path in source_closure(script) if path != script}
    assert found == {"__init__.py", "a.py", "c.py", "inner/__init__.py", "inner/b.py", "inner/d.py"}


def test_fingerprint_is_of_content_and_of_numeric_libraries(tmp_path, monkeypatch):
    def taken(text, touched=False):
        package = make_package(tmp_path, monkeypatch, a=text)
        script = tmp_path / "script.py"
        script.write_text("from onebit_rf import a\n")
        if touched:
            import os

            os.utime(package / "a.py", (0, 0))
        return fingerprint(script)

    first = taken("import numpy as np\nimport msgspec\n")
    assert set(first) == {"sources", "numpy"}
    assert taken("import numpy as np\nimport msgspec\n", touched=True) == first
    assert taken("import numpy as np\nimport msgspec\n# an edit\n")["sources"] != first["sources"]

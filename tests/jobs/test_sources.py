"""The import closure: what a script's rerun depends on, and no more."""

from conftest import ROOT
from onebit_rf.jobs.sources import source_closure


def closure(script, monkeypatch):
    monkeypatch.chdir(ROOT)
    return {path.removeprefix("src/onebit_rf/") for path in source_closure(f"workflow/scripts/{script}.py")}


def test_closure_follows_imports_of_imports(monkeypatch):
    files = closure("train_readout", monkeypatch)
    assert {"readout/stage.py", "readout/learning_curve.py", "jobs/seeds.py", "tables/files.py", "__init__.py"} <= files
    assert "workflow/scripts/train_readout.py" in files
    assert not files & {"features.py", "weights/laws.py", "config/checks.py"}


def test_stages_do_not_depend_on_later_ones(monkeypatch):
    assert not closure("make_data", monkeypatch) & {
        "weights/laws.py",
        "model/activations.py",
        "features.py",
        "readout/stage.py",
    }
    assert not closure("sample_weights", monkeypatch) & {"data/datasets.py", "model/activations.py", "features.py"}


def test_native_kernel_counts_as_a_source_of_the_features(monkeypatch):
    files = closure("extract_features", monkeypatch)
    assert "kernels/_signs.c" in files
    built = {path.name for path in (ROOT / "src/onebit_rf/kernels").glob("_signs.*.so")}
    assert {name.removeprefix("kernels/") for name in files if name.endswith(".so")} == built


def test_a_figure_depends_on_its_own_module_alone(monkeypatch):
    figures = {name for name in closure("plot_depth", monkeypatch) if name.startswith("figures/")}
    assert figures == {"figures/__init__.py", "figures/style.py", "figures/depth.py"}

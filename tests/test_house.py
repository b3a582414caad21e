"""The house: which room may import which, no circles between rooms, and few doors in the corridor."""

import ast
import re

from conftest import ROOT

PACKAGE = ROOT / "src" / "onebit_rf"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

# Each room may import itself and the rooms in its list; `errors` is open to all.
MAY_IMPORT = {
    "jobs": [],
    "tables": ["jobs"],
    "model": [],
    "theory": ["model", "tables"],
    "explore": ["model", "theory"],
    "weights": ["model", "jobs", "tables"],
    "data": ["model", "jobs", "tables"],
    "figures": ["model", "tables"],
    "training": ["model", "data", "weights", "jobs", "tables"],
    "sharpness": ["model", "training", "jobs", "tables"],
    "ranking": ["jobs", "tables"],
    "config": ["model", "data", "weights", "training", "sharpness", "theory", "tables", "figures"],
    "kernels": ["model", "jobs", "weights"],
    "torch": ["jobs", "weights", "kernels"],
    "features": ["model", "data", "weights", "training", "kernels", "jobs", "tables"],
    "readout": ["model", "config", "theory", "weights", "features", "jobs", "tables"],
    "equivalents": ["model", "theory", "features", "readout", "jobs", "tables"],
    "conditions": ["model", "data", "jobs", "tables"],
    "agreement": ["tables"],
    "latency": ["model", "kernels", "features", "training", "jobs", "tables"],
    "sklearn": ["model", "weights", "kernels", "readout"],
    "cli": ["model", "theory", "explore", "weights", "data", "jobs", "readout", "latency"],
    "__main__": ["cli"],
}


def test_rooms_stand_in_an_order():
    above = {room: set(rooms) for room, rooms in MAY_IMPORT.items()}
    while above:
        lowest = {room for room, rooms in above.items() if not rooms & set(above)}
        assert lowest, f"a circle among {', '.join(above)}"
        above = {room: rooms for room, rooms in above.items() if room not in lowest}


def test_the_table_of_rooms_is_this_list():
    table = {}
    for room, rooms in re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", CONTRIBUTING, re.MULTILINE):
        table[room] = re.findall(r"`(\w+)`", rooms)
        assert table.keys() >= set(table[room]), f"{room} stands above a room that it imports"
    assert table == MAY_IMPORT


def test_every_folder_of_members_is_told_how_to_join():
    folders = {
        folder
        for file in PACKAGE.rglob("__init__.py")
        for folder in re.findall(r'= Registry\("([\w/]+)"', file.read_text(encoding="utf-8"))
    }
    assert "model/activations" in folders
    assert folders == set(re.findall(r"^\|[^|]+\| `([\w/]+)/` \|", CONTRIBUTING, re.MULTILINE))


def imported(file):
    """Modules of this package that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in filter(None, names):
            if name == "onebit_rf":
                yield from (f"onebit_rf.{alias.name}" for alias in node.names)
            elif name.startswith("onebit_rf."):
                yield name


def test_rooms_import_what_they_may():
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in ("__init__", "errors"):
            continue
        used = {name.split(".")[1] for name in imported(file)}
        assert used <= {room, "errors", *MAY_IMPORT[room]}, file


def test_modules_import_without_circles():
    """Imports at the top of a module; those inside functions happen when all modules are there."""
    graph = {}
    for file in PACKAGE.rglob("*.py"):
        name = ".".join(("onebit_rf", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        graph[name] = {
            f"{node.module}.{alias.name}" if (PACKAGE.parent / node.module.replace(".", "/")).is_dir() else node.module
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("onebit_rf")
            for alias in node.names
        }
    done: set[str] = set()

    def visit(name, above):
        assert name not in above, (*above, name)
        if name not in done:
            for below in graph.get(name, ()):
                visit(below, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_the_corridor_has_few_doors():
    assert len([entry for entry in PACKAGE.iterdir() if entry.name != "__pycache__"]) <= 25

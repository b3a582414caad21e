"""Which source files a script's result depends on, so that the workflow reruns what an edit affects and no more."""

import ast
import os
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def source_closure(script: str | Path) -> list[str]:
    """Return `script` and the files of this package that it imports, directly or not.

    Imports are read from the syntax tree, those inside functions too. A compiled extension module counts with its C
    file and with what it was built into, so that neither an edit nor a new build goes unnoticed. The package's own
    __init__ files along the way count as imported, as in Python. Paths are relative to the working directory, so that
    a moved project stays up to date.
    """
    seen = {Path(script)}
    todo = list(seen)
    while todo:
        for file in _imports(todo.pop()) - seen:
            seen.add(file)
            if file.suffix == ".py":
                todo.append(file)
    return sorted(os.path.relpath(path) for path in seen)


def _imports(file: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {path for name in names if name.split(".")[0] == _PACKAGE.name for path in _files(name.split(".")[1:])}


def _files(parts: list[str]) -> set[Path]:
    """Files that importing onebit_rf.<parts> runs; a last part that is no module is an attribute."""
    packages = [_PACKAGE.joinpath(*parts[:i], "__init__.py") for i in range(len(parts) + 1)]
    module = _PACKAGE.joinpath(*parts)
    sources = [module.with_suffix(suffix) for suffix in (".py", ".c")] if parts else []
    return {path for path in packages + sources if path.exists()} | set(module.parent.glob(f"{module.name}.*.so"))

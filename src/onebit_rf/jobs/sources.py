"""Which source files a job's result depends on, so that the workflow reruns what an edit affects and no more.

The dependence is by content: a job's parameters carry a fingerprint of its sources and of the libraries that they
import, so that time stamps, checkouts and copies change nothing and no edit goes unseen.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from onebit_rf.jobs.libraries import LIBRARIES, library_version

_PACKAGE = Path(__file__).resolve().parents[1]


def source_closure(script: str | Path, *modules: str) -> list[Path]:
    """Return `script`, and the files of this package that it or one of `modules` imports, directly or not.

    Imports are read from the syntax tree, those inside functions and relative ones too. What a registry imports by
    name is not seen there: those `modules` are given. A compiled extension module counts with all C files of its folder
    and with what it was built into, so that neither an edit nor a new build goes unnoticed. The package's own __init__
    files along the way count as imported, as in Python.
    """
    seen = {Path(script).resolve()}.union(*(_files(_PACKAGE, *module.split(".")[1:]) for module in modules))
    todo = [file for file in seen if file.suffix == ".py"]
    while todo:
        for file in _package_imports(todo.pop()) - seen:
            seen.add(file)
            if file.suffix == ".py":
                todo.append(file)
    return sorted(seen)


@cache
def fingerprint(script: str | Path, *modules: str) -> dict[str, str]:
    """Return the digest of a script's sources, and the versions of the numeric libraries that they import."""
    files, digest = source_closure(script, *modules), hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(f"{file.name}\n".encode() + _content(file) + b"\n")
    libraries = {name for file in files if file.suffix == ".py" for name in _imports(file)} & set(LIBRARIES)
    return {"sources": digest.hexdigest(), **{name: library_version(name) for name in sorted(libraries)}}


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _imports(file: Path) -> frozenset[str]:
    """Every dotted name that `file` imports, and the first part of each."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(_content(file), str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, (_package(file, node.level), node.module)))
            names.add(source)
            names.update(f"{source}.{alias.name}" for alias in node.names)
    return frozenset(names | {name.partition(".")[0] for name in names})


def _package(file: Path, level: int) -> str:
    """The package that an import with `level` leading dots starts from; empty for an absolute one."""
    if level == 0 or not file.is_relative_to(_PACKAGE):
        return ""
    parts = [_PACKAGE.name, *file.relative_to(_PACKAGE).parts]
    return ".".join(parts[: len(parts) - level])


@cache
def _package_imports(file: Path) -> frozenset[Path]:
    names = (name.split(".") for name in _imports(file))
    return frozenset(path for name in names if name[0] == _PACKAGE.name for path in _files(_PACKAGE, *name[1:]))


@cache
def _files(package: Path, *parts: str) -> frozenset[Path]:
    """Files that importing onebit_rf.<parts> runs; a last part that is no module is an attribute."""
    packages = [package.joinpath(*parts[:i], "__init__.py") for i in range(len(parts) + 1)]
    module = package.joinpath(*parts)
    built = module.parent.glob(f"{module.name}.*.so") if parts else ()
    in_c = module.parent.rglob("*.[ch]") if module.with_suffix(".c").exists() else ()
    return frozenset({path for path in [*packages, module.with_suffix(".py")] if path.exists()}.union(built, in_c))

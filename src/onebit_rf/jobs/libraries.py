"""The libraries whose version can move a number or a line of a figure; Arrow stores what it is given and is not one."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

# module → distribution
LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "gemlite": "gemlite",
    "matplotlib": "matplotlib",
    "PIL": "pillow",
}

# What else this process computes with, as told by what chooses it: name → version, in the provenance of its tables.
IN_USE: dict[str, str] = {}


@cache
def library_version(module: str) -> str:
    """Return the installed version of the library that `module` belongs to; `none` where it is not installed."""
    try:
        return version(LIBRARIES[module])
    except PackageNotFoundError:
        return "none"

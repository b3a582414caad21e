"""Registries: a folder of members, one file each, and the file's name is the member's name in config and tables.

A member's file defines one object, called as the registry says what its members are: `activation = …`, or a function
where the member has parameters: `def mirror(q: float)` is written NAME:NUMBER, one of a `str` NAME:TEXT. A new file is
a new member: schema, help, checks and messages read the folder. A member is imported only when it is asked for, so
that a job depends on the members it uses and on no others; what it may be asked for is read without importing it.
"""

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from onebit_rf.errors import OnebitError

Member = TypeVar("Member")
_PACKAGE = Path(__file__).parents[1]


def number_text(number: float) -> str:
    """Spell a number in one way, whatever it was read from: 0.5, 10, 0.001, 1e-05, 1e+06."""
    exact, short = repr(float(number)).removesuffix(".0"), f"{float(number):g}"
    return short if len(short) < len(exact) and float(short) == number else exact


@dataclass(frozen=True)
class Registry(Generic[Member]):
    """The members in the folder `folder` of the package.

    Attributes:
        folder: path below the package, e.g. `model/mirrors`.
        what: what a member is, e.g. `mirror`: the name of the object in its file, and the word in messages.
        joiner: what stands between the words of a name, where file names have `_`.
    """

    folder: str
    what: str
    joiner: str = "_"

    def names(self) -> list[str]:
        """Return the names of all members, in alphabetical order."""
        return _names(self)

    def module(self, text: str) -> str:
        """Return the module that defines the member named by `text`, parameters or not.

        Raises:
            OnebitError: no such member.
        """
        name = text.partition(":")[0]
        if name not in self.names():
            raise OnebitError(f"{self.what}: must be {self.forms()}, got {text!r}")
        return f"onebit_rf.{self.folder.replace('/', '.')}.{name.replace(self.joiner, '_')}"

    def spellings(self) -> list[str]:
        """Return how each member is written, its parameters included: `l2`, `q:Q`."""
        return [self._form(name) for name in self.names()]

    def forms(self) -> str:
        """Return the ways to write a member: `l2, q:Q or hypentropy:BETA`."""
        *others, last = self.spellings()
        return f"{', '.join(others)} or {last}" if others else last

    def get(self, text: str) -> Member:
        """Return the member that `text` names.

        Raises:
            OnebitError: no such member, or its parameters are not numbers, too few, too many or out of range.
        """
        return _member(self, text)

    def canonical(self, text: str) -> str:
        """Return `text` with its numbers spelled in one way; raises as `get`. A member with a `name` spells itself."""
        member = self.get(text)
        if hasattr(member, "name"):
            return member.name
        name, colon, argument = text.partition(":")
        return name + colon + ",".join(number_text(float(part)) for part in argument.split(",") if part)

    def _form(self, name: str) -> str:
        parameters, least = _parameters(self, name)
        needed, more = list(parameters)[:least], list(parameters)[least:]
        return name + (":" + ",".join(needed).upper() if parameters else "") + "".join(f"[,{p.upper()}]" for p in more)


@cache
def _names(registry: Registry) -> list[str]:
    files = (_PACKAGE / registry.folder).glob("[a-z]*.py")
    return sorted(file.stem.replace("_", registry.joiner) for file in files)


@cache
def _parameters(registry: Registry, name: str) -> tuple[dict[str, str], int]:
    """The parameters of a member with their annotations, and how many it needs, without importing its file."""
    file = _PACKAGE / registry.folder / f"{name.replace(registry.joiner, '_')}.py"
    body = ast.parse(file.read_text(encoding="utf-8")).body
    given = [node.args for node in body if isinstance(node, ast.FunctionDef) and node.name == registry.what]
    annotations = {each.arg: ast.unparse(each.annotation) for arguments in given for each in arguments.args}
    return annotations, len(annotations) - sum(len(arguments.defaults) for arguments in given)


def _arguments(annotations: list[str], least: int, argument: str) -> list[Any]:
    """What stands behind the colon, as numbers or as the text that a single `str` parameter takes."""
    if annotations == ["str"]:
        return [argument]
    numbers = [float(text) for text in argument.split(",")] if argument else []
    return numbers if least <= len(numbers) <= len(annotations) else []


@cache
def _member(registry: Registry, text: str) -> Any:
    name, _, argument = text.partition(":")
    member = getattr(importlib.import_module(registry.module(text)), registry.what)
    parameters, least = _parameters(registry, name)
    if not parameters and text == name:
        return member
    try:
        arguments = _arguments(list(parameters.values()), least, argument)
    except ValueError:
        arguments = []
    if not arguments:
        raise OnebitError(f"{registry.what}: must be {registry._form(name)}, got {text!r}")
    return member(*arguments)

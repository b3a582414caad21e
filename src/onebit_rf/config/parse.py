"""From YAML to records, with every mistake of a file in a line of its own: the key's path, what stands there, what may.

msgspec converts and checks the leaves; the walk over records and mappings is here, since msgspec stops at the first
mistake and does not name the key of a mapping. Text is taken for a number where a number belongs, as the command
line's `--config` gives it, and 8.0 for 8.
"""

import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from onebit_rf.errors import OnebitError
from onebit_rf.model.record import DISTINCT, UNBOUNDED, Record


def parse(kind: Any, node: Any, path: str = "") -> Any:
    """Return `node` as a record of `kind`; messages start from its key `path`.

    Raises:
        OnebitError: a line for every mistake, `a.b.c: what would be right, got what stands there`.
    """
    mistakes: list[str] = []
    record = _read(kind, node, path, mistakes)
    if mistakes:
        raise OnebitError("\n".join(mistakes))
    return record


def _read(kind: Any, node: Any, path: str, mistakes: list[str]) -> Any:
    """Return `node` as `kind`, or None after adding what is wrong to `mistakes`."""
    bare, metas = _unwrap(kind)
    if _is_record(bare):
        return _read_record(bare, node, path, mistakes)
    if get_origin(bare) in (Union, types.UnionType):
        return _read_union(get_args(bare), metas, node, path, mistakes)
    if get_origin(bare) is dict:
        return _read_mapping(bare, node, path, mistakes)
    if get_origin(bare) is list:
        return _read_list(bare, metas, node, path, mistakes)
    return _read_leaf(bare, metas, node, path, mistakes)


def _unwrap(kind: Any) -> tuple[Any, list[Meta]]:
    """Split Annotated[T, …] into T and its constraints."""
    return (get_args(kind)[0], list(get_args(kind)[1:])) if get_origin(kind) is Annotated else (kind, [])


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record)


def _read_union(kinds: tuple[Any, ...], metas: list[Meta], node: Any, path: str, mistakes: list[str]) -> Any:
    """Read what may be nothing, a name, or one of several records."""
    if node is None and types.NoneType in kinds:
        return None
    records, others = tuple(filter(_is_record, kinds)), [kind for kind in kinds if not _is_record(kind)]
    others = [kind for kind in others if kind is not types.NoneType]
    if others and (not records or isinstance(node, str)):
        return _read(Annotated[others[0], *metas] if metas else others[0], node, path, mistakes)
    if others and not isinstance(node, Mapping):
        mistakes.append(f"{path}: must be a name or a mapping, got {node!r}")
        return None
    return _read_tagged(records, node, path, mistakes)


@cache
def _fields(kind: type[Record]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}


@cache
def _required(kind: type[Record]) -> frozenset[str]:
    tag = kind.__struct_config__.tag_field if _usual_tag(kind) is None else None
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.required) | ({tag} if tag else set())


def _usual_tag(kind: type[Record]) -> str | None:
    """The kind of a record that names none, where there is a usual one."""
    return getattr(kind, "usual_kind", None)


def _read_record(kind: type[Record], node: Any, path: str, mistakes: list[str]) -> Any:
    if not _is_mapping(node, path, mistakes):
        return None
    fields, tag, before = _fields(kind), kind.__struct_config__.tag_field, len(mistakes)
    known = [name for name in (tag, *fields) if name]
    if unknown := [str(key) for key in node if key not in known]:
        mistakes.append(f"{path or 'top level'}: unknown key {', '.join(unknown)}; known are {', '.join(known)}")
    if missing := [name for name in known if name in _required(kind) and name not in node]:
        where = path or "top level"
        mistakes.append(f"{where}: missing key {', '.join(missing)}; config/config.yaml explains every key")
    values = {
        name: _read(field, node[name], _below(path, name), mistakes) for name, field in fields.items() if name in node
    }
    if len(mistakes) > before:
        return None
    try:
        return kind(**values)
    except OnebitError as error:
        mistakes.append(f"{path}: {error}")
    return None


def _read_tagged(kinds: tuple[type[Record], ...], node: Any, path: str, mistakes: list[str]) -> Any:
    if not _is_mapping(node, path, mistakes):
        return None
    tags = {kind.__struct_config__.tag: kind for kind in kinds}
    field = kinds[0].__struct_config__.tag_field
    if field is None:
        return _read_record(kinds[0], node, path, mistakes)
    tag = node.get(field, _usual_tag(kinds[0]))
    if tag is None:
        mistakes.append(f"{path}: missing key {field}; it is one of {', '.join(tags)}")
    elif not isinstance(tag, str) or tag not in tags:
        mistakes.append(f"{_below(path, field)}: must be one of {', '.join(tags)}, got {tag!r}")
    else:
        return _read_record(tags[tag], node, path, mistakes)
    return None


def _read_mapping(kind: Any, node: Any, path: str, mistakes: list[str]) -> Any:
    """Read a mapping of entries; one that is null is switched off, as overlays do."""
    if not _is_mapping(node, path, mistakes):
        return None
    key_kind, value_kind = get_args(kind)
    read = {}
    for key, value in node.items():
        if value is not None and _read(key_kind, key, f"{path}: the name {key!r}", mistakes) is not None:
            read[key] = _read(value_kind, value, _below(path, key), mistakes)
    return read


def _read_list(kind: Any, metas: list[Meta], node: Any, path: str, mistakes: list[str]) -> Any:
    if _read_leaf(list, metas, node, path, mistakes) is None:
        return None
    (item_kind,), before = get_args(kind), len(mistakes)
    items = [_read(item_kind, item, f"{path}.{i}", mistakes) for i, item in enumerate(node)]
    repeated = any(item in items[:i] for i, item in enumerate(items))
    if repeated and DISTINCT in metas and len(mistakes) == before:
        mistakes.append(f"{path}: must not repeat an item, got {items}")
    return items


def _read_leaf(kind: Any, metas: list[Meta], node: Any, path: str, mistakes: list[str]) -> Any:
    if get_origin(kind) is Literal and node not in get_args(kind):
        mistakes.append(f"{path}: must be one of {', '.join(get_args(kind))}, got {node!r}")
        return None
    try:
        value = msgspec.convert(node, Annotated[kind, *metas] if metas else kind, strict=False)
    except msgspec.ValidationError as error:
        mistakes.append(_explain(str(error), node, path))
        return None
    if isinstance(value, float) and not math.isfinite(value) and not (value == math.inf and UNBOUNDED in metas):
        mistakes.append(f"{path}: must be finite, got {value}")
    for registry in [meta.extra["member_of"] for meta in metas if meta.extra and "member_of" in meta.extra]:
        try:
            value = registry.canonical(value)
        except OnebitError as error:
            mistakes.append(f"{path}: {str(error).removeprefix(registry.what + ': ')}")
            return None
    return value


def _is_mapping(node: Any, path: str, mistakes: list[str]) -> bool:
    if isinstance(node, Mapping):
        return True
    mistakes.append(f"{path or 'top level'}: must be a mapping, got {node!r}")
    return False


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# msgspec says "Expected `int` >= 1 - at `$[0]`"; these are its words in ours.
_WORDS = {"`int`": "a whole number", "`float`": "a number", "`str`": "text", "`bool`": "true or false"}
_WORDS |= {
    "`array`": "a list",
    "`object`": "a mapping",
    "`null`": "nothing",
    " >= ": " ≥ ",
    " <= ": " ≤ ",
    "≥ 0.0": "≥ 0",
    "> 0.0": "> 0",
    "> 2.0": "> 2",
    "< 1.0": "< 1",
}
_WORDS |= {
    "of length ≥ 1": "with at least 1 item",
    "of length ≤ 1": "with at most 1 item",
    "of length": "with a number of items",
    "text matching regex '^[a-z][a-z0-9_]*$'": "a letter a–z, then letters a–z, digits and _",
}


def _explain(told: str, node: Any, path: str) -> str:
    """One line in the project's words: `path: must be …, got …`."""
    wanted = told.partition(", got ")[0].removeprefix("Expected ")
    for word, ours in _WORDS.items():
        wanted = wanted.replace(word, ours)
    return f"{path}: must be {wanted}, got {node!r}"

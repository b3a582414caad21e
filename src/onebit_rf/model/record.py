"""What every record of the configuration is: a frozen, closed class, each field with its meaning beside it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from onebit_rf.model.registry import Registry


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the configuration: every field must be given, no other may be."""


DISTINCT = Meta(extra={"distinct": True}, extra_json_schema={"uniqueItems": True})  # of a list: no item stands twice
UNBOUNDED = Meta(extra={"unbounded": True})  # of a number: it may be infinite

Count = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", description="lower-case letters, digits and _")]
NonNegative = Annotated[float, Meta(ge=0)]


def plain(record: Any) -> Any:
    """Return a record as mappings, lists and numbers, in an order of keys that the config's does not change."""
    return msgspec.to_builtins(record, order="sorted")


def member_of(registry: Registry, description: str = "") -> Meta:
    """Return the constraint of a field that names a member of `registry`; its numbers are then spelled in one way."""
    schema = {} if any(":" in form for form in registry.forms().split()) else {"enum": registry.names()}
    meaning = ": ".join(filter(None, (description, registry.forms())))
    return Meta(description=meaning, extra={"member_of": registry}, extra_json_schema=schema)

"""The JSON schema of the configuration, generated from its records."""

from typing import Any

import msgspec

from onebit_rf.config.network import Network
from onebit_rf.config.records import Config


def config_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of config/config.yaml."""
    schema = msgspec.json.schema(Config)
    schema["$defs"][Network.__name__]["required"].remove("kind")  # networks that name no kind are of this one
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

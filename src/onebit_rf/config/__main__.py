"""Check config files, each laid over the first, or print the schema that editors complete keys from.

python -m onebit_rf.config CONFIG [OVERLAY …]
python -m onebit_rf.config --schema > config/config.schema.json
"""

import json
import sys
from pathlib import Path

from onebit_rf.config.checks import merge, read_config
from onebit_rf.config.schema import config_schema
from onebit_rf.errors import OnebitError


def main(arguments: list[str]) -> None:
    """Run the command."""
    if arguments == ["--schema"]:
        print(json.dumps(config_schema(), indent=1, ensure_ascii=False))
        return
    import yaml

    base, *overlays = (yaml.safe_load(Path(path).read_text(encoding="utf-8")) for path in arguments)
    for path, overlay in zip(arguments, [{}, *overlays], strict=True):
        try:
            read_config(merge(base, overlay), base)
        except OnebitError as error:
            sys.exit("\n".join(f"{path}: {line}" for line in str(error).splitlines()))
        print(f"{path}: valid")


if __name__ == "__main__":
    main(sys.argv[1:])

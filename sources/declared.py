"""Reads what people declare in YAML, by the parser in C where PyYAML brings it: contracts are many, all read them."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """The text's one document. Raises yaml.YAMLError."""
    return yaml.load(text, _LOADER)

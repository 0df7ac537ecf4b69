"""Reads what people declare in YAML, by the parser in C where PyYAML brings it: contracts are many, all read them."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Once(_LOADER):
    """YAML itself would take the last of two keys that are the same, and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class _Texts(_Once):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag.endswith((":null", ":merge"))]
        for first, known in _LOADER.yaml_implicit_resolvers.items()
    }


def read_yaml(text: str) -> Any:
    """The text's one document. Raises yaml.YAMLError."""
    return yaml.load(text, _Once)


def read_texts(text: str) -> Any:
    """The same with every value a text: a column may be called no, on or 1. Raises yaml.YAMLError."""
    return yaml.load(text, _Texts)

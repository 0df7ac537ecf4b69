"""Reads vocabulary.yml, the words that names, places and goods are made of. Nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def words(section: str) -> Any:
    """One section of the vocabulary, as written."""
    return _vocabulary()[section]


@cache
def _vocabulary() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"), loader)

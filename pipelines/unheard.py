"""Models that this build need not make: those that rest on nothing but systems that have never landed anything.

The landing alone decides, not what is connected: a system that is disconnected keeps its records and their golden rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipelines.landing import EMPTY

UNION = "macro.assay.under_each_other"


def heard(files: Mapping[str, Collection[str]]) -> set[str]:
    """The systems with a load among the files by stream (`system/stream`), however long ago it came."""
    return {stream.split("/")[0] for stream, names in files.items() if any(EMPTY not in name for name in names)}


def unheard_models(manifest: Mapping[str, Any], systems: Collection[str]) -> list[str]:
    """Names of the models without a record of these `systems`, where nothing but such models and unions reads them."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    silent: set[str] = set()
    for key in nodes:
        if sources := _sources(manifest, key):
            silent |= set() if sources & set(systems) else {key}

    def needed(key: str) -> bool:
        readers = [child for child in manifest["child_map"][key] if child in nodes and child not in silent]
        return any(UNION not in nodes[reader]["depends_on"]["macros"] for reader in readers)

    while kept := {key for key in silent if needed(key)}:
        silent -= kept
    return sorted(nodes[key]["name"] for key in silent)


def reading_both(manifest: Mapping[str, Any], unheard: Collection[str]) -> list[str]:
    """Names of the tests that look at some of these models and at others too."""
    found = []
    for node in manifest["nodes"].values():
        read = {each.split(".")[2] for each in node["depends_on"].get("nodes", [])}
        if node["resource_type"] == "test" and read & set(unheard) and read - set(unheard):
            found.append(node["name"])
    return sorted(found)


def _sources(manifest: Mapping[str, Any], key: str) -> set[str]:
    """The systems that a model rests on; what only declares (seeds) is none."""
    waiting, seen = [key], set()
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting += manifest["parent_map"].get(found, [])
    return {each.split(".")[2] for each in seen if each.startswith("source.")}

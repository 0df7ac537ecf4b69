"""Contracts become dbt sources: one YAML file per system, with columns, classes, freshness and Dagster's asset key.

Generated, committed, and never edited by hand; a test compares them with the contracts.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from pipelines.resources import PROJECT
from sources.contract import NATIVE, Contract, Stream, load_contracts

STAGING = PROJECT / "dbt_project" / "models" / "staging"
HEADER = "# Generated from sources/{system}/contract.yml by `python -m pipelines.dbt_sources`; do not edit.\n"
ENVELOPE = {
    "_source_key": "The record's key in its own system.",
    "_unit": "The store or other unit that the record comes from; null where the stream has none.",
    "_event_at": "When the source says that this version came to be, UTC.",
    "_extracted_at": "When this version was read, UTC.",
    "_load_id": "The load that brought this version; later loads sort later.",
    "_payload_hash": "SHA-256 of the version's canonical content.",
    "_deleted": "Whether the source said that the record is gone.",
}
_ORIGIN = {
    "_file": "The file that this version came in.",
    "_line": "Its line there, or its place among the entries.",
    "_more": "Columns of the file that the contract does not know, as a JSON object.",
}


def write_sources(contracts: dict[str, Contract] | None = None, staging: Path = STAGING) -> list[Path]:
    """Write every system's source file below `staging`; returns the paths. Files that are up to date stay untouched."""
    paths = []
    for contract in (load_contracts() if contracts is None else contracts).values():
        path = staging / contract.system / f"_{contract.system}__sources.yml"
        text = source_yaml(contract)
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        paths.append(path)
    return paths


def source_yaml(contract: Contract) -> str:
    """One system's dbt source as YAML text."""
    source = {
        "name": contract.system,
        "description": contract.description.strip(),
        "config": {"meta": {"owner": contract.owner, "api_version": contract.api_version}},
        "tables": [_table(contract, name, stream) for name, stream in contract.streams.items()],
    }
    body = yaml.safe_dump({"sources": [source]}, sort_keys=False, allow_unicode=True, width=120)
    return HEADER.format(system=contract.system) + body


def _table(contract: Contract, name: str, stream: Stream) -> dict[str, Any]:
    glob = f"landing/{contract.system}/{name}/*.parquet"
    config: dict[str, Any] = {
        "meta": {
            "external_location": f"read_parquet('{glob}', union_by_name = true)",
            "dagster": {"asset_key": [contract.system, name]},
            "domain": stream.domain,
            "latency_class": stream.latency_class,
        },
    }
    if stream.sla:
        config["loaded_at_field"] = "_event_at"
        config["freshness"] = {"warn_after": _period(stream.sla.warn), "error_after": _period(stream.sla.fail)}
    return {
        "name": name,
        "description": f"{stream.description.strip()} One row per record and version that was read.",
        "config": config,
        "columns": _columns(contract, stream),
    }


def _columns(contract: Contract, stream: Stream) -> list[dict[str, Any]]:
    envelope = [{"name": name, "description": text} for name, text in ENVELOPE.items()]
    if contract.kind not in NATIVE:
        classes = sorted({column.sensitivity for column in stream.columns.values()})
        fields = ", ".join(stream.columns)
        envelope.append(
            {
                "name": "_payload",
                "description": f"The record as received, JSON: {fields}.",
                "config": {"meta": {"class": "pii" if "pii" in classes else classes[-1], "fields": _classes(stream)}},
            }
        )
        return envelope
    origin = _ORIGIN if contract.kind == "files" else {}
    return (
        [{"name": name, "description": text} for name, text in origin.items()]
        + envelope
        + [
            {"name": name, "description": column.description, "config": {"meta": {"class": column.sensitivity}}}
            for name, column in stream.columns.items()
        ]
    )


def _classes(stream: Stream) -> dict[str, str]:
    return {name: column.sensitivity for name, column in stream.columns.items()}


def _period(value: timedelta) -> dict[str, Any]:
    minutes = int(value.total_seconds() // 60)
    for period, size in (("day", 1440), ("hour", 60)):
        if minutes and minutes % size == 0:
            return {"count": minutes // size, "period": period}
    return {"count": max(minutes, 1), "period": "minute"}


if __name__ == "__main__":
    write_sources()

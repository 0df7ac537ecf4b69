"""May a domain be published now? Its data must be fresh by event time, and what was built of it must have passed.

Judged is what the last build saw: data that landed since does not make old golden records young. One bad record never
closes a gate; it is a rejected row. A dark store holds back the rows that rest on it and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines import quality
from pipelines.freshness import Reading, Watermark, judge
from pipelines.publish.policy import load_policy
from pipelines.resources import Settings
from sources.contract import Contract

BAD = {"fail": "fails", "error": "could not be run", "runtime error": "could not be run", "skipped": "was not reached"}


@dataclass
class Gate:
    """A verdict on one domain. `closed_by` says why it is closed, `reasons` also what is held back or worth knowing;
    `stale_units` hold rows back, and `held` golden records, by id, with the reason."""

    domain: str
    reasons: list[str] = field(default_factory=list)
    closed_by: list[str] = field(default_factory=list)
    stale_units: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether rows of the domain may be published."""
        return not self.closed_by

    def close(self, *reasons: str) -> None:
        """Closed, for each of these reasons; with none it stays as it is."""
        self.reasons += reasons
        self.closed_by += reasons


@dataclass(frozen=True)
class Built:
    """What the last build saw and what it broke. `failures` maps a dbt node to its domains and what became of it."""

    built_at: str
    watermarks: list[Watermark]
    failures: dict[str, dict[str, Any]]


def evaluate(settings: Settings, contracts: Mapping[str, Contract], now: datetime) -> dict[str, Gate]:
    """A gate for every domain that a contract or the publish policy names."""
    domains = {stream.domain for contract in contracts.values() for stream in contract.streams.values()}
    domains |= {policy.domain for policy in load_policy().objects.values()}
    gates = {domain: Gate(domain) for domain in sorted(domains)}
    built = last_build(settings)
    if built is None:
        for gate in gates.values():
            gate.close("nothing has been built and tested yet; run `assay build`")
        return gates
    for reading in judge(contracts, built.watermarks, now):
        gates[reading.domain].readings.append(reading)
    for gate in gates.values():
        _judge_freshness(gate, contracts)
        _judge_decisions(gate, settings)
        closed, notes = quality.objections(settings, gate.domain)
        gate.close(*closed)
        gate.reasons += notes
    for node, failure in built.failures.items():
        for domain in failure["domains"]:
            if domain in gates:
                gates[domain].close(f"{node} {failure['became']}")
    return gates


def record_build(settings: Settings, watermarks: list[Watermark] | None, at: datetime) -> Built:
    """Remember what dbt's last run says about each domain, beside the exports.

    watermarks: as measured before the build, or None after a build of a part, which makes nothing younger.
    """
    target, earlier = settings.home / "dbt", last_build(settings)
    manifest = json.loads((target / "manifest.json").read_bytes())
    failures = {
        name: failure
        for name, failure in (earlier.failures if earlier else {}).items()
        if failure["id"] in manifest["nodes"]
    }
    for result in json.loads((target / "run_results.json").read_bytes())["results"]:
        name = result["unique_id"].split(".")[2]
        if result["unique_id"] not in manifest["nodes"]:
            continue  # an exposure: it names a reader and builds nothing
        failures.pop(name, None)
        if result["status"] in BAD:
            failures[name] = {
                "id": result["unique_id"],
                "domains": sorted(domains_of(manifest, result["unique_id"])),
                "became": _became(result),
            }
    if watermarks is None:
        watermarks = earlier.watermarks if earlier else []
    built = Built(at.isoformat(), watermarks, dict(sorted(failures.items())))
    _write(_path(settings), asdict(built))
    return built


def last_build(settings: Settings) -> Built | None:
    """What `record_build` wrote last; None before the first build."""
    if not _path(settings).exists():
        return None
    said = json.loads(_path(settings).read_bytes())
    marks = [
        Watermark(**{**mark, "at": mark["at"] and datetime.fromisoformat(mark["at"])}) for mark in said["watermarks"]
    ]
    return Built(said["built_at"], marks, said["failures"])


def domains_of(manifest: Mapping[str, Any], unique_id: str) -> set[str]:
    """The domains that a model, test, seed or source of the dbt manifest concerns; all of them if nothing tells."""
    domains = {source["config"]["meta"].get("domain") for source in manifest["sources"].values()} - {None}
    return _domains(manifest, unique_id, domains) or domains


def _domains(manifest: Mapping[str, Any], unique_id: str, domains: set[str]) -> set[str]:
    if unique_id.startswith("source."):
        return {manifest["sources"][unique_id]["config"]["meta"].get("domain")} & domains
    node = manifest["nodes"].get(unique_id, {})
    if node.get("attached_node"):
        return _domains(manifest, node["attached_node"], domains)
    if published := load_policy().objects.get(node.get("name", "").removeprefix("publish_odoo__")):
        return {published.domain}
    if own := set(node.get("fqn", [])[1:-1]) & domains:
        return own
    parents = manifest["parent_map"].get(unique_id, [])
    return set().union(*(_domains(manifest, parent, domains) for parent in parents))


def _judge_freshness(gate: Gate, contracts: Mapping[str, Contract]) -> None:
    for reading in gate.readings:
        if reading.state != "stale":
            continue
        mark = reading.watermark
        if contracts[mark.system].streams[mark.stream].freshness.on_stale == "block":
            gate.close(reading.sentence)
        else:
            gate.stale_units |= _held(mark, gate.readings)
            gate.reasons.append(f"{reading.sentence}; what rests on it is held")


def _judge_decisions(gate: Gate, settings: Settings) -> None:
    """Holds the golden records about which stewards' decisions contradict each other."""
    folder = settings.exports / "matched"
    refused, ids = (folder / f"matched_{gate.domain}__{part}.parquet" for part in ("contradictions", "ids"))
    if not refused.exists() or not ids.exists():
        return
    told = pq.read_table(refused)
    for row in told.join(pq.read_table(ids), "record_id").sort_by("record_id").to_pylist():
        for name, golden_id in row.items():
            if name.endswith("_id") and name not in ("record_id", "component_id"):
                gate.held[golden_id] = f"stewards' decisions contradict each other: {row['decisions']}"
    for component in sorted(set(told["component_id"].to_pylist())):
        rows = told.filter(pc.field("component_id") == component)
        gate.reasons.append(
            f"{rows.num_rows} records around {component} keep their ids and wait, for decisions contradict each other: "
            f"{rows['decisions'][0]}; mend match_overrides.csv"
        )


def _held(mark: Watermark, readings: Iterable[Reading]) -> set[str]:
    """The units whose rows wait: the stale one, or all of the system if the stream as a whole is stale."""
    siblings = [r for r in readings if (r.watermark.system, r.watermark.stream) == (mark.system, mark.stream)]
    units = {r.watermark.place for r in siblings if r.watermark.unit}
    dark = {r.watermark.place for r in siblings if r.watermark.unit and r.state == "stale"}
    if mark.unit is None or units == dark:
        return units | {mark.system}
    return {mark.place}


def _became(result: Mapping[str, Any]) -> str:
    if result["status"] == "fail":
        return f"fails for {result['failures']} rows"
    return BAD[result["status"]]


def _path(settings: Settings) -> Path:
    return settings.exports / "built.json"


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1, default=lambda at: at.isoformat()))
    os.replace(partial, path)

"""How far one plan may reach: the caps of the policy against what the plan would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipelines.publish.policy import FieldCap, ObjectPolicy
from pipelines.publish.store import Line


def exceeded(
    name: str,
    policy: ObjectPolicy,
    counts: dict[str, Any],
    lines: Sequence[Line],
    behind: Callable[[str, list[str]], str] = lambda field, golden_ids: "",
) -> Iterator[str]:
    """One sentence per cap that the object's lines exceed, with the figure and the cap.

    behind: what stands behind the changes of a field on these golden ids, to be said along.
    """
    caps = policy.caps
    for action, done in (("create", "created"), ("update", "updated")):
        cap = getattr(caps, done)
        if counts[action] > cap:
            yield f"{name}: {counts[action]} records would be {done}, the cap is {cap}"
    existing = max(counts["existing"], 1)
    if counts["update"] > max(caps.floor, caps.updated_share * existing):
        share = counts["update"] / existing
        yield f"{name}: {share:.0%} of {existing} records would be updated, the cap is {caps.updated_share:.0%}"
    for field, changed in counts["fields"].items():
        own = caps.fields.get(field, FieldCap())
        cap = caps.field_share if own.share is None else own.share
        many = own.records is not None and changed > own.records
        if many or changed > max(caps.floor, cap * existing):
            allowed = f"{own.records} records" if many else f"{cap:.0%}"
            said = f"{name}.{field}: changes on {changed / existing:.0%} of {existing} records, the cap is {allowed}"
            why = behind(field, [line.golden_id for line in lines if line.action == "update" and field in line.after])
            yield f"{said}; {why}" if why else said
    for field, percent in caps.change_percent.items():
        steep = [line for line in lines if line.action == "update" and _change(line, field) > percent]
        if steep:
            some = ", ".join(line.golden_id for line in steep[:3])
            yield f"{name}.{field}: {len(steep)} change by more than {percent:g} %, such as {some}"


def merges_exceeded(name: str, policy: ObjectPolicy, impact: dict[str, Any]) -> Iterator[str]:
    """One sentence per cap that merges exceed."""
    archived, moved = impact.get("archived", 0), sum(impact.get("moves", {}).values())
    if archived > policy.caps.archived:
        yield f"{name}: merges would archive {archived} records, the cap is {policy.caps.archived}"
    if moved > policy.caps.moved:
        yield f"{name}: merges would move {moved} references, the cap is {policy.caps.moved}"


def _change(line: Line, field: str) -> float:
    """Change in percent of the old value; infinite from zero, 0 where the line leaves the field alone."""
    if field not in line.after:
        return 0.0
    old, new = line.before[field], line.after[field]
    return abs(new - old) / abs(old) * 100 if old else float("inf")

"""A stand-in for HubSpot's CRM: a search with filters that shows 10,000 results at most, and plain lists by token."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import get, instant, open_state, put, remove
from sources.estate.world import World
from sources.hubspot.fake_seed import stamp
from sources.records import to_utc

STREAMS = {
    "contacts": "contact",
    "companies": "company",
    "orders": "order",
    "line_items": "line_item",
    "deals": "deal",
    "products": "product",
    "tickets": "ticket",
}
_PATHS = {"deals": "0-3"}  # by the number of their kind
CREDENTIALS = {"HUBSPOT_TOKEN": "pat-estate-hubspot"}
MOST = 10_000
_CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
_MODIFIED = {kind: "hs_lastmodifieddate" for kind in STREAMS.values()} | {"contact": "lastmodifieddate"}
_OPERATORS = {"GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "EQ": "="}
_LISTED = {"limit", "after", "properties", "associations", "archived"}


def _said(category: str, message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": _CORRELATION, "category": category}


SAYS = {
    "throttled": {**_said("RATE_LIMITS", "You have reached your secondly limit."), "errorType": "RATE_LIMIT"},
    "error": _said("INTERNAL_ERROR", "internal error"),
}


def seed(world: World, path: Path) -> None:
    """Write the CRM's state."""
    seed_part(world, "hubspot", path)


def app(path: Path, faults: Any) -> Starlette:
    """The CRM at `path`; `faults` answers active(name) and spend(name)."""
    lists = {f"/crm/v3/objects/{_PATHS.get(name, name)}": partial(_list, kind) for name, kind in STREAMS.items()}
    searches = {f"POST /crm/v3/objects/{stream}/search": partial(_search, kind) for stream, kind in STREAMS.items()}
    return serve(path, faults, _admit, lists | searches)


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given properties, or a harmless one."""
    kind, when = STREAMS[stream], stamp(naive(at))
    with closing(open_state(path)) as connection:
        properties = get(connection, kind, key).body["properties"]
    properties |= {**(fields or {"hs_note": f"touched {when}"}), _MODIFIED[kind]: when}
    changed(path, kind, key, to_utc(when), {"properties": properties, "updatedAt": when})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Archive a record: it leaves search and list."""
    with closing(open_state(path)) as connection:
        remove(connection, STREAMS[stream], key, naive(at))


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Merge two contacts, or two companies; the survivor names the other."""
    with closing(open_state(path)) as connection:
        kind = "contact" if get(connection, "contact", kept) else "company"
        body, when = get(connection, kind, kept).body, stamp(naive(at))
        earlier = body["properties"].get("hs_merged_object_ids")
        own = {"hs_merged_object_ids": ";".join(filter(None, (earlier, gone))), _MODIFIED[kind]: when}
        body = {**body, "properties": {**body["properties"], **own}, "updatedAt": when}
        put(connection, kind, [(kept, to_utc(when), body)])
        remove(connection, kind, gone, naive(at))


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == f"Bearer {CREDENTIALS['HUBSPOT_TOKEN']}"
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("INVALID_AUTHENTICATION", "Authentication credentials not found."))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("MISSING_SCOPES", "This app hasn't been granted all required scopes."))


def _search(kind: str, ask: Ask) -> dict[str, Any]:
    sent = ask.sent or {}
    size, after = sent.get("limit", 10), int(sent.get("after") or 0)
    if not 1 <= size <= 200 or after + size > MOST or sent.get("sorts") != ["hs_object_id"]:
        raise _invalid()
    clauses, values = ["1"], []
    for one in [one for group in sent.get("filterGroups", [])[:1] for one in group["filters"]]:
        column, value = _filtered(kind, one)
        clauses.append(f"{column} {_OPERATORS[one['operator']]} ?")
        values.append(value)
    if len(values) > 1 and after == 0 and ask.faults.spend("repeating_cursor") is not None:
        values[0] = 0
    found, total = ask.select(kind, " and ".join(clauses), tuple(values), "cast(id as integer)", size, after)
    more = {"paging": {"next": {"after": str(after + size)}}} if after + size < total else {}
    return {"total": total, "results": found, **more}


def _filtered(kind: str, one: dict[str, str]) -> tuple[str, Any]:
    """The column behind a filter, and its value."""
    if one["operator"] not in _OPERATORS or not one.get("value"):
        raise _invalid()
    if one["propertyName"] == "hs_object_id":
        return "cast(id as integer)", int(one["value"])
    if one["propertyName"] == _MODIFIED[kind]:
        return "updated_at", instant(to_utc(one["value"]).replace(tzinfo=UTC))
    raise _invalid()


def _list(kind: str, ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _LISTED:
        raise _invalid()
    size = ask.whole("limit", 10, 1, 100, lambda name: _invalid())
    after = int(ask.given.get("after", 0))
    if after and ask.faults.spend("repeating_cursor") is not None:
        after = 0
    behind = "cast(id as integer) > ?"
    found, total = ask.select(kind, behind, (after,), "cast(id as integer)", size)
    last = ask.state.execute(
        f"select id from objects where type = ? and deleted = 0 and {behind} order by cast(id as integer)"
        " limit 1 offset ?", (kind, after, max(0, len(found) - 1))
    ).fetchone()  # fmt: skip
    more = {"paging": {"next": {"after": last[0]}}} if total > size else {}
    return {"results": found, **more}


def _invalid() -> Refused:
    return Refused(400, _said("VALIDATION_ERROR", "There was a problem with the request."))
